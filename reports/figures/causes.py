"""Why deadlines were missed."""

from reports.figures.reading import totals
from reports.shapes import Cause, Narrowed, Period
from reports.tally import Count
from reports.why import Why

# As the board lists them.
LISTED = (Why.LATE_FROM_SYNC, Why.NOBODY_ASSIGNED, Why.WAREHOUSE, Why.BOUNCED, Why.IDLE)


def causes(period: Period, narrowed: Narrowed) -> list[Cause]:
    """How many deadlines that came due in the period were missed, by cause, all causes each time."""
    now, before = Count(), Count()
    for count in totals(period.begins_at, period.ends_at, narrowed).values():
        now.add(count)
    for count in totals(period.before_begins_at, period.begins_at, narrowed).values():
        before.add(count)
    return [Cause(each.value, getattr(now, each.value), getattr(before, each.value)) for each in LISTED]
