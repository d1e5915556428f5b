"""When a channel counts as unusually quiet: a table of channels, and the moment each is looked at."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from marketplaces.silence import gap_words, judge

# A Wednesday.
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def channel(
    *, every_minutes: float, hours: range = range(24), weekend: float = 1.0, days: int = 28, ended: datetime
) -> list[datetime]:
    """Arrivals at random moments, so many minutes apart in the mean, within these hours of the day."""
    rng, at = Random(1), ended - timedelta(days=days)
    found: list[datetime] = []
    while True:
        at += timedelta(minutes=rng.expovariate(1 / every_minutes))
        if at > ended:
            return [*found, ended]
        if at.hour in hours and (at.weekday() < 5 or rng.random() < weekend):
            found.append(at)


def ago(**span: float) -> datetime:
    return NOON - timedelta(**span)


OFFICE = range(8, 20)
FRIDAY = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
CASES: dict[str, tuple[list[datetime], datetime, bool]] = {
    "a busy channel of twenty minutes": (channel(every_minutes=20, ended=ago(minutes=20)), NOON, False),
    "a busy channel under the shortest silence": (
        channel(every_minutes=5, ended=ago(minutes=110)), NOON, False,
    ),
    "a busy channel after six hours": (channel(every_minutes=20, ended=ago(hours=6)), NOON, True),
    "a slow channel after six hours": (channel(every_minutes=300, ended=ago(hours=6)), NOON, False),
    "a slow channel after four days": (channel(every_minutes=300, ended=ago(days=4)), NOON, True),
    "an office's night": (
        channel(every_minutes=20, hours=OFFICE, ended=NOON.replace(hour=19, minute=50)),
        NOON.replace(hour=7) + timedelta(days=1),
        False,
    ),
    "an office's morning in which nothing comes": (
        channel(every_minutes=20, hours=OFFICE, ended=NOON.replace(hour=19, minute=50) - timedelta(days=1)),
        NOON.replace(hour=14),
        True,
    ),
    "a weekend that is always quiet": (
        channel(every_minutes=20, hours=OFFICE, weekend=0.01, ended=FRIDAY),
        datetime(2026, 11, 22, 18, tzinfo=UTC),
        False,
    ),
    "a weekend that never is": (
        channel(every_minutes=20, ended=FRIDAY),
        datetime(2026, 11, 21, 18, tzinfo=UTC),
        True,
    ),
    "a channel that was away for three days last week": (
        [
            at
            for at in channel(every_minutes=60, ended=ago(hours=14))
            if not ago(days=9) < at < ago(days=6)
        ],
        NOON,
        True,
    ),
    "a new channel": (channel(every_minutes=20, days=6, ended=ago(hours=20)), NOON, False),
    "a channel with hardly anything": (channel(every_minutes=3000, ended=ago(days=9)), NOON, False),
    "a channel that never brought anything": ([], NOON, False),
}  # fmt: skip


@pytest.mark.parametrize(("arrivals", "now", "silent"), CASES.values(), ids=CASES)
def test_a_channel_is_silent_at_three_times_its_usual_gap(
    arrivals: list[datetime], now: datetime, silent: bool
) -> None:
    found = judge(arrivals, now=now)
    assert found.silent_since == (arrivals[-1] if silent else None), found


@pytest.mark.parametrize("new", [lambda at: at, lambda at: at - timedelta(minutes=1)])
def test_the_next_arrival_ends_a_silence(new: Callable[[datetime], datetime]) -> None:
    arrivals = channel(every_minutes=20, ended=ago(hours=6))
    assert judge(arrivals, now=NOON).silent_since == ago(hours=6)
    assert judge([*arrivals, new(NOON)], now=NOON).silent_since is None


def test_a_gap_is_said_as_people_say_it() -> None:
    said = [gap_words(seconds) for seconds in (20, 2400, 7100, 86_400, 400_000)]
    assert said == ["1 min", "40 min", "2 h", "24 h", "5 days"]
