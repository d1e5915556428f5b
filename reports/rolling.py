"""Keep the hourly roll-ups up: hours that were marked are counted again from the raw rows.

Who takes marked hours away counts them in the same transaction, after the taking: whatever was committed with
a mark that was taken is seen, and whatever was not has a mark of its own left. One worker a tenant at a time,
because a slower one would write what it saw earlier over what a faster one saw later.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, fields
from datetime import datetime

from accounts.tenancy import current_tenant_id, tenant_tx
from reports import facts, rows
from reports.facts import Span, Wanted
from reports.hours import HOUR
from reports.models import CaseHour, HourFigures
from reports.tally import CaseCount, CaseKey, Count, Key, tally, tally_cases

BATCH = 2000  # marks taken at once; an hour has as many as changes
HOURS_AT_ONCE = 200

WAIT = "SELECT pg_advisory_xact_lock(hashtextextended('reports.rolling', %(tenant)s))"
ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('reports.rolling', %(tenant)s))"
TAKE = """
    WITH taken AS (
        DELETE FROM reports_dirtyhour
        WHERE id IN (SELECT id FROM reports_dirtyhour ORDER BY id LIMIT %(most)s)
        RETURNING account_id, hour
    ) SELECT DISTINCT account_id, hour FROM taken ORDER BY hour, account_id
"""
REMOVE = """
    DELETE FROM reports_hourfigures f
    USING unnest(%(accounts)s::bigint[], %(hours)s::timestamptz[]) AS given(account_id, hour)
    WHERE f.account_id = given.account_id AND f.hour = given.hour
"""
REMOVE_CASES = REMOVE.replace("reports_hourfigures", "reports_casehour")
COLUMNS = tuple(each.name for each in fields(Count))
CASE_COLUMNS = tuple(each.name for each in fields(CaseCount))
Hours = Collection[tuple[int, datetime]]


def roll(tenant_id: int, *, most: int = BATCH) -> int:
    """Count some marked hours of a tenant again; how many, 0 when none is left or somebody else is at it."""
    with tenant_tx(tenant_id):
        if not alone():
            return 0
        hours = [(account_id, hour) for account_id, hour in rows.read(TAKE, {"most": most})]
        recount(hours)
    return len(hours)


def roll_all(tenant_id: int) -> int:
    """Count all marked hours of a tenant again, part by part; how many hours."""
    total = 0
    while counted := roll(tenant_id):
        total += counted
    return total


def alone() -> bool:
    """Be the only one who writes the tenant's roll-ups until the transaction ends; False: another is."""
    return bool(rows.read(ALONE, {"tenant": current_tenant_id()})[0][0])


def wait_to_be_alone() -> None:
    """Like `alone`, once whoever is at it has finished."""
    rows.read(WAIT, {"tenant": current_tenant_id()})


def recount(hours: Hours) -> None:
    """Write what these hours of accounts come to over what was there, inside the caller's transaction."""
    wanted = sorted(set(hours), key=lambda each: each[1])
    for first in range(0, len(wanted), HOURS_AT_ONCE):
        part = wanted[first : first + HOURS_AT_ONCE]
        _write(part, counted(part), counted_cases(part))


def counted(hours: Hours) -> dict[Key, Count]:
    """What these hours come to, counted from the raw rows."""
    return tally(facts.all_facts(Wanted(_spans(hours))))


def counted_cases(hours: Hours) -> dict[CaseKey, CaseCount]:
    """What cases did in these hours, counted from the raw rows."""
    return tally_cases(facts.case_facts(Wanted(_spans(hours))))


def _spans(hours: Hours) -> list[Span]:
    return [Span(account_id, hour, hour + HOUR) for account_id, hour in hours]


def _write(hours: Hours, counts: Mapping[Key, Count], cases: Mapping[CaseKey, CaseCount]) -> None:
    """Rows are written over, not changed one by one: those of a member who has none any more must go."""
    given = {"accounts": [account_id for account_id, _ in hours], "hours": [hour for _, hour in hours]}
    rows.change(REMOVE, given)
    rows.change(REMOVE_CASES, given)
    HourFigures.objects.bulk_create(_figures(counts.items()))
    CaseHour.objects.bulk_create(
        CaseHour(
            tenant_id=current_tenant_id(),
            account_id=key.account_id,
            hour=key.hour,
            type=key.type,
            currency=key.currency,
            **dict(zip(CASE_COLUMNS, astuple(count), strict=True)),
        )
        for key, count in cases.items()
    )


def _figures(counts: Iterable[tuple[Key, Count]]) -> list[HourFigures]:
    return [
        HourFigures(
            tenant_id=current_tenant_id(),
            account_id=key.account_id,
            hour=key.hour,
            member_id=key.member_id,
            **dict(zip(COLUMNS, astuple(count), strict=True)),
        )
        for key, count in counts
    ]
