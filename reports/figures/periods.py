"""Spans of whole days as the reader's clock has them; pure."""

from datetime import datetime

from accounts.days import last_days
from reports.shapes import Period


def period(days: int, now: datetime, zone: str) -> Period:
    """The last `days` days of somebody in this zone, today among them to its end."""
    begins_at, ends_at = last_days(days, now, zone)
    return Period(
        days=days,
        begins_at=begins_at,
        ends_at=ends_at,
        before_begins_at=last_days(2 * days, now, zone)[0],
    )


def before(span: Period) -> Period:
    """The equal span that ends where this one begins."""
    length = span.begins_at - span.before_begins_at
    return Period(span.days, span.before_begins_at, span.begins_at, span.before_begins_at - length)
