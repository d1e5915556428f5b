"""The only place that reads the clock."""

from datetime import UTC, datetime, timedelta

_behind = timedelta()


def run_behind(seconds: float) -> None:
    """Let this company's clocks be that many seconds behind everybody else's."""
    global _behind
    _behind = timedelta(seconds=seconds)


def now() -> datetime:
    """This moment in UTC, by this company's clocks."""
    return datetime.now(UTC) - _behind


def at(seconds: float) -> datetime:
    """The moment so many seconds after 1970."""
    return datetime.fromtimestamp(seconds, UTC)
