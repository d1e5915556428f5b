"""When a channel is quieter than it ever is; pure.

What is usual comes from the arrivals of the last 28 days, measured in the channel's waking hours: those of
working days and of weekends in which it brings something at all. So a night or a quiet Sunday is no silence
where nights and Sundays are always quiet. Nine of ten gaps between two arrivals are not longer than the usual
gap; three times that is silence.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

LOOKED_BACK = timedelta(days=28)
TIMES = 3
# Less is no silence, however busy a channel is.
SHORTEST = timedelta(hours=2)
# With fewer arrivals, or fewer days since the first one, nobody knows what is usual.
FEWEST = 20
NEWEST = timedelta(days=7)
# An hour is a waking one when it and its neighbours bring at least so much of what three hours do on average.
WAKING_SHARE = 0.25
HOUR = timedelta(hours=1)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Quiet:
    """How a channel does: what is usual for it, and since when it has been silent, if it is."""

    usual_gap: timedelta | None = None
    silent_since: datetime | None = None


def judge(arrivals: Sequence[datetime], *, now: datetime) -> Quiet:
    """Whether a channel with these arrivals, the oldest first, is silent at this moment (all UTC)."""
    recent = [at for at in arrivals if now - LOOKED_BACK <= at <= now]
    if len(recent) < FEWEST or now - recent[0] < NEWEST:
        return Quiet()
    waking = WakingTime(recent, until=now)
    passed = [waking.before(at) for at in recent]
    gaps = sorted(later - earlier for earlier, later in pairwise(passed))
    usual = gaps[len(gaps) * 9 // 10]
    quiet_for = waking.before(now) - passed[-1]
    silent = quiet_for >= SHORTEST and quiet_for > TIMES * usual
    return Quiet(usual, recent[-1] if silent else None)


class WakingTime:
    """A clock that stands still in the hours in which a channel never brings anything."""

    def __init__(self, arrivals: Sequence[datetime], *, until: datetime) -> None:
        first = arrivals[0].replace(minute=0, second=0, microsecond=0)
        self._hours = [first + number * HOUR for number in range((until - first) // HOUR + 2)]
        of_kind = Counter(map(_kind, self._hours))
        brought = Counter(map(_kind, arrivals))
        average = 3 * len(arrivals) / len(self._hours)
        awake = {
            kind
            for kind in of_kind
            if sum(brought[near] / (of_kind[near] or 1) for near in _around(kind)) >= WAKING_SHARE * average
        }
        self._awake = [_kind(hour) in awake for hour in self._hours]
        self._passed = [timedelta(0)]
        for is_awake in self._awake:
            self._passed.append(self._passed[-1] + (HOUR if is_awake else timedelta(0)))

    def before(self, at: datetime) -> timedelta:
        """How much waking time had passed at a moment."""
        place = bisect_right(self._hours, at) - 1
        return self._passed[place] + (at - self._hours[place] if self._awake[place] else timedelta(0))


def gap_words(seconds: int) -> str:
    """A gap as people say it: "40 min", "3 h", "2 days"."""
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def _kind(at: datetime) -> tuple[bool, int]:
    """Working day or weekend, and the hour."""
    return at.weekday() >= SATURDAY, at.hour


def _around(kind: tuple[bool, int]) -> list[tuple[bool, int]]:
    weekend, hour = kind
    return [(weekend, (hour + step) % 24) for step in (-1, 0, 1)]
