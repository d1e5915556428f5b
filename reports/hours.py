"""The hours (UTC) that everything is counted in; pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)


def whole_hour(moment: datetime) -> datetime:
    """The beginning of the hour a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def next_whole_hour(moment: datetime) -> datetime:
    """The first beginning of an hour that is not before a moment."""
    begun = whole_hour(moment)
    return begun if begun == moment else begun + HOUR


@dataclass(frozen=True, slots=True)
class Pieces:
    """A stretch of time cut at whole hours: `whole` may be empty, `edges` are less than an hour each."""

    whole: tuple[datetime, datetime]
    edges: tuple[tuple[datetime, datetime], ...]


def cut(begins_at: datetime, ends_at: datetime) -> Pieces:
    """Cut a stretch at the first and at the last whole hour in it."""
    first, last = next_whole_hour(begins_at), whole_hour(ends_at)
    if first > last:  # both ends lie in one hour
        return Pieces((first, first), ((begins_at, ends_at),))
    edges = ((begins_at, first), (last, ends_at))
    return Pieces((first, last), tuple(edge for edge in edges if edge[0] < edge[1]))
