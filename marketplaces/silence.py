"""When a channel is quieter than it ever is; pure.

What is usual comes from the arrivals of the last 28 days, measured by a clock that runs as fast as the
channel does: it hardly moves in hours of a working day or a weekend that bring little, and stands still in
those that never bring anything. So a night or a quiet Sunday is no silence where nights and Sundays always
are. Nine of ten gaps between two arrivals are not longer than the usual gap; three times that is silence.
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
    pace = Pace(recent, until=now)
    passed = [pace.before(at) for at in recent]
    gaps = sorted(later - earlier for earlier, later in pairwise(passed))
    usual = gaps[len(gaps) * 9 // 10]
    silent = now - recent[-1] >= SHORTEST and pace.before(now) - passed[-1] > TIMES * usual
    return Quiet(usual, recent[-1] if silent else None)


class Pace:
    """A clock that goes by how much a channel brings at such an hour; in a usual one an hour is an hour."""

    def __init__(self, arrivals: Sequence[datetime], *, until: datetime) -> None:
        first = arrivals[0].replace(minute=0, second=0, microsecond=0)
        self._hours = [first + number * HOUR for number in range((until - first) // HOUR + 2)]
        of_kind, brought = Counter(map(_kind, self._hours)), Counter(map(_kind, arrivals))
        # Together with the hours beside it, for four weeks have few of each.
        rate = {
            kind: sum(brought[near] for near in _around(kind)) / sum(of_kind[near] for near in _around(kind))
            for kind in of_kind
        }
        usual = sum(rate[kind] * number for kind, number in brought.items()) / len(arrivals)
        self._speed = [rate[_kind(hour)] / usual for hour in self._hours]
        self._passed = [timedelta(0)]
        for speed in self._speed:
            self._passed.append(self._passed[-1] + speed * HOUR)

    def before(self, at: datetime) -> timedelta:
        """How much of the channel's time had passed at a moment."""
        place = bisect_right(self._hours, at) - 1
        return self._passed[place] + self._speed[place] * (at - self._hours[place])


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
