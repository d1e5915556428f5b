"""Spans of whole days and months as the reader's clock has them; pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.shapes import Period


def period(days: int, now: datetime, zone: str) -> Period:
    """The last `days` days of somebody in this zone, today among them to its end."""
    today = now.astimezone(ZoneInfo(zone)).date()
    first = today - timedelta(days=days - 1)
    return Period(
        days=days,
        begins_at=midnight(first, zone),
        ends_at=midnight(today + timedelta(days=1), zone),
        before_begins_at=midnight(first - timedelta(days=days), zone),
    )


def before(span: Period) -> Period:
    """The equal span that ends where this one begins."""
    length = span.begins_at - span.before_begins_at
    return Period(span.days, span.before_begins_at, span.begins_at, span.before_begins_at - length)


def midnight(day: date, zone: str) -> datetime:
    """The moment a day begins in a zone."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def end_of_day(now: datetime, zone: str) -> datetime:
    """Midnight at the end of the day somebody in this zone is in."""
    return midnight(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), zone)


def end_of_month(now: datetime, zone: str) -> tuple[date, datetime]:
    """The last day of the month somebody in this zone is in, and the moment it ends."""
    there = now.astimezone(ZoneInfo(zone)).date()
    following = (there.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1), midnight(following, zone)
