"""Business hours: windows in a week, less the holidays, and time counted within them alone. Pure.

Moments are UTC or carry their zone; windows are wall-clock times in the zone of the hours, so that an hour
lost or won by a clock change inside a window is lost or won by the window too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY = timedelta(days=1)
# A week that opens at least a minute, with every day of some years a holiday, must still come to an end.
MOST_DAYS = 3660
MOST_WINDOWS = 12
MOST_HOLIDAYS = 200
LONGEST_NAME = 60
WINDOW = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")

Window = tuple[time, time]


class HoursFault(ValueError):
    """The hours make no sense; the message is a sentence that names the day and the windows."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a team works: seven days of windows from Monday on, a zone, and the days off with their names."""

    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    holidays: Mapping[date, str]

    def add(self, start: datetime, minutes: int) -> datetime:
        """The moment at which so many minutes of business time have passed since `start`.

        Raises HoursFault where the holidays leave none of the next ten years.
        """
        # In UTC: adding to a moment that bears its zone would be adding to the wall clock.
        start, left = start.astimezone(UTC), timedelta(minutes=minutes)
        if left <= timedelta(0):
            return start
        for opens, closes in self._open_from(start):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= max(closes - begins, timedelta(0))
        raise HoursFault("The holidays leave no business time in the next ten years.")

    def between(self, start: datetime, end: datetime) -> int:
        """How many whole minutes of business time lie between two moments; 0 unless `end` is the later."""
        passed = timedelta(0)
        for opens, closes in self._open_from(start):
            if opens >= end:
                break
            passed += max(min(closes, end) - max(opens, start), timedelta(0))
        return int(passed.total_seconds()) // 60

    def _open_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open stretches from the local day of `start` on, in UTC, in order and apart."""
        day = start.astimezone(self.zone).date()
        reached = datetime.min.replace(tzinfo=UTC)
        for _ in range(MOST_DAYS):
            for opens, closes in () if day in self.holidays else self.week[day.weekday()]:
                # Where the clocks go forward a window can begin in an hour there is not; it may not then
                # reach back into the one before it.
                begins = max(_utc(day, opens, self.zone), reached)
                reached = max(begins, _utc(day, closes, self.zone))
                if reached > begins:
                    yield begins, reached
            day += DAY


def parse_hours(zone: str, days: Sequence[str], holidays: str) -> Hours:
    """Read what a person typed: a line of windows for each weekday, and a line for each holiday.

    "9:00-12:30, 13:00-17:00" and "2026-12-25 Christmas Day"; raises HoursFault.
    """
    try:
        known = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as fault:
        raise HoursFault("Choose one of the time zones.") from fault
    week = tuple(_day(name, text) for name, text in zip(WEEKDAYS, days, strict=True))
    if not any(week):
        raise HoursFault("The week is empty: give at least one day a window, such as 09:00-17:00.")
    return Hours(known, week, _holidays(holidays))


def windows_text(windows: Sequence[Window]) -> str:
    """A day's windows as a person types them."""
    return ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in windows)


def _day(name: str, text: str) -> tuple[Window, ...]:
    windows = [_window(name, part) for part in re.split(r"[,;\n]", text) if part.strip()]
    if len(windows) > MOST_WINDOWS:
        raise HoursFault(f"{name}: more than {MOST_WINDOWS} windows.")
    windows.sort()
    for before, after in pairwise(windows):
        if after[0] < before[1]:
            raise HoursFault(f"{name}: {windows_text([before])} and {windows_text([after])} overlap.")
    return tuple(windows)


def _window(name: str, text: str) -> Window:
    said = " ".join(text.split())[:30]
    found = WINDOW.fullmatch(text.strip())
    if found is None:
        raise HoursFault(f"{name}: “{said}” is no window; write it as 09:00-17:00.")
    first, second, third, fourth = map(int, found.groups())
    try:
        opens, closes = time(first, second), time(third, fourth)
    except ValueError as fault:
        raise HoursFault(f"{name}: “{said}” names no time of a day; the last one is 23:59.") from fault
    if closes == opens:
        raise HoursFault(f"{name}: {said} ends when it begins.")
    if closes < opens:
        raise HoursFault(
            f"{name}: {said} ends before it begins. Over midnight, write two windows on two days."
        )
    return opens, closes


def _holidays(text: str) -> dict[date, str]:
    found: dict[date, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        day_text, _, name = line.partition(" ")
        try:
            day = date.fromisoformat(day_text)
        except ValueError as fault:
            raise HoursFault(f"“{line[:40]}” is no holiday; write it as 2026-12-25 Christmas Day.") from fault
        if not name.strip():
            raise HoursFault(f"The holiday of {day} has no name.")
        if day in found:
            raise HoursFault(f"{day} is a holiday twice: {found[day]} and {name.strip()[:LONGEST_NAME]}.")
        found[day] = name.strip()[:LONGEST_NAME]
    if len(found) > MOST_HOLIDAYS:
        raise HoursFault(f"More than {MOST_HOLIDAYS} holidays; leave out those that are over.")
    return dict(sorted(found.items()))


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
