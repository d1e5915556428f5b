"""What the next two days ask for, hour by hour."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from inbox import sla
from inbox.models import Deadline
from inbox.promises import REPLY
from reports.hours import HOUR
from reports.shapes import HourLoad, Narrowed

HOURS = 48


def load(*, now: datetime, zone: str, narrowed: Narrowed) -> list[HourLoad]:
    """The running deadlines of the hour that is and the 47 after it, as the reader's clock has hours."""
    there = now.astimezone(ZoneInfo(zone))
    begins = now - timedelta(minutes=there.minute, seconds=there.second, microseconds=there.microsecond)
    rows = Deadline.objects.filter(
        stopped_at__isnull=True, breached_at__isnull=True, due_at__gte=now, due_at__lt=begins + HOURS * HOUR
    )
    if narrowed.account_id:
        rows = rows.filter(conversation__account=narrowed.account_id)
    if narrowed.tag_id:
        rows = rows.filter(conversation__tags__tag=narrowed.tag_id)
    hours = [[0, 0, 0] for _ in range(HOURS)]
    for due_at, kind in rows.values_list("due_at", "kind"):
        hour = hours[(due_at - begins) // HOUR]
        hour[0] += 1
        hour[1] += due_at < now + sla.CRITICAL
        hour[2] += kind != REPLY
    return [HourLoad(begins + at * HOUR, *counts) for at, counts in enumerate(hours)]
