"""Compare the roll-ups with a recount of the raw rows, hour by hour, by the definition that made them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from accounts.tenancy import tenant_tx
from marketplaces.models import SellerAccount
from reports import rolling
from reports.hours import HOUR, whole_hour
from reports.models import CaseHour, DirtyHour, HourFigures
from reports.tally import CaseCount, CaseKey, Count, Key

log = structlog.get_logger(__name__)

DAYS = 92  # more than any figure looks back
ONE_DAY = timedelta(days=1)
Some = TypeVar("Some", Count, CaseCount)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of an hour that is not what the raw rows come to; `whose` is a member, or a case type."""

    account_id: int
    hour: datetime
    whose: str
    figure: str
    rolled: Any
    recounted: Any


def check(tenant_id: int, *, now: datetime, days: int = DAYS, mend: bool = False) -> list[Difference]:
    """Compare the hours of the last days, a day in a transaction; hours that wait to be counted are left out.

    With `mend` what differs is counted again. A line is logged when anything differs.
    """
    found = [
        difference
        for back in range(days + 1)
        for difference in _of_a_day(tenant_id, whole_hour(now) + HOUR - back * ONE_DAY, mend=mend)
    ]
    if found:
        hours = {(each.account_id, each.hour) for each in found}
        log.error("roll-ups differ", tenant=tenant_id, differences=len(found), hours=len(hours), mended=mend)
    return found


def _of_a_day(tenant_id: int, ends: datetime, *, mend: bool) -> list[Difference]:
    with tenant_tx(tenant_id):
        # Nobody may roll between the two readings; where somebody does just now, the day is waited for.
        rolling.wait_to_be_alone()
        hours = _hours(ends)
        found = [
            *_compared(rolling.counted(hours), _rolled(hours), Count()),
            *_compared(rolling.counted_cases(hours), _rolled_cases(hours), CaseCount()),
        ]
        # Whatever was written between two statements of ours has left a mark.
        marked = set(DirtyHour.objects.filter(hour__lt=ends).values_list("account_id", "hour"))
        found = [each for each in found if (each.account_id, each.hour) not in marked]
        if mend:
            rolling.recount({(each.account_id, each.hour) for each in found})
    return found


def _hours(ends: datetime) -> list[tuple[int, datetime]]:
    accounts = SellerAccount.objects.order_by("pk").values_list("pk", flat=True)
    return [(pk, ends - back * HOUR) for pk in accounts for back in range(1, 25)]


def _rolled(hours: list[tuple[int, datetime]]) -> dict[Key, Count]:
    rows = HourFigures.objects.filter(hour__range=_reach(hours)) if hours else []
    return {
        Key(row.account_id, row.hour, row.member_id): Count(
            **{name: getattr(row, name) for name in rolling.COLUMNS}
        )
        for row in rows
    }


def _rolled_cases(hours: list[tuple[int, datetime]]) -> dict[CaseKey, CaseCount]:
    rows = CaseHour.objects.filter(hour__range=_reach(hours)) if hours else []
    return {
        CaseKey(row.account_id, row.hour, row.type, row.currency): CaseCount(
            **{name: getattr(row, name) for name in rolling.CASE_COLUMNS}
        )
        for row in rows
    }


def _reach(hours: list[tuple[int, datetime]]) -> tuple[datetime, datetime]:
    return min(hour for _, hour in hours), max(hour for _, hour in hours)


def _compared(recounted: dict[Any, Some], rolled: dict[Any, Some], nothing: Some) -> Iterator[Difference]:
    for key in sorted(recounted.keys() | rolled.keys(), key=str):
        there, here = recounted.get(key, nothing), rolled.get(key, nothing)
        for each in fields(nothing):
            was, is_ = getattr(here, each.name), getattr(there, each.name)
            if was != is_:
                whose = " ".join(str(part) for part in key[2:] if part) or "nobody"
                yield Difference(key.account_id, key.hour, whose, each.name, was, is_)
