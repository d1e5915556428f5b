"""Where days begin and end on the clock of whoever reads; pure. Moments are UTC."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def day_of(moment: datetime, zone: str) -> date:
    """The day it is in this zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The moment a day begins in a zone."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def end_of_day(now: datetime, zone: str) -> datetime:
    """Midnight at the end of the day somebody in this zone is in."""
    return midnight(day_of(now, zone) + timedelta(days=1), zone)


def last_days(days: int, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """Where the last so many days begin and end, today among them to its end."""
    first = day_of(now, zone) - timedelta(days=days - 1)
    return midnight(first, zone), end_of_day(now, zone)


def end_of_month(now: datetime, zone: str) -> tuple[date, datetime]:
    """The last day of the month somebody in this zone is in, and the moment it ends."""
    following = (day_of(now, zone).replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1), midnight(following, zone)
