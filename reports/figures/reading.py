"""Sum hours up: whole ones from the roll-ups, the parts of hours at a span's ends from the raw rows.

A span in a time zone that is off by half an hour, or one that ends this second, is as exact as any other.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from marketplaces.models import SellerAccount
from reports import facts, rows
from reports.facts import Span, Wanted
from reports.hours import cut
from reports.shapes import Narrowed
from reports.tally import CaseCount, Count, tally, tally_cases

SUMS = """
    SELECT account_id, member_id, sum(received), sum(in_time), sum(answered_late), sum(unanswered),
           sum(excluded), sum(sent), sum(reopened), sum(bounced), sum(late_from_sync), sum(warehouse),
           sum(nobody_assigned), sum(idle),
           string_agg(array_to_string(first_response_seconds, ','), ',')
             FILTER (WHERE cardinality(first_response_seconds) > 0),
           string_agg(array_to_string(resolution_seconds, ','), ',')
             FILTER (WHERE cardinality(resolution_seconds) > 0)
    FROM reports_hourfigures
    WHERE hour >= %(begins)s AND hour < %(ends)s AND (%(account)s = 0 OR account_id = %(account)s)
    GROUP BY account_id, member_id
"""
CASE_SUMS = """
    SELECT type, currency, sum(opened), sum(won), sum(partly), sum(lost), sum(other), sum(at_stake),
           sum(paid), sum(saved)
    FROM reports_casehour
    WHERE hour >= %(begins)s AND hour < %(ends)s AND (%(account)s = 0 OR account_id = %(account)s)
    GROUP BY type, currency
"""


class Whose(NamedTuple):
    """The seller account and the member of a sum; nobody's has no member."""

    account_id: int
    member_id: int | None


def account_ids(narrowed: Narrowed) -> list[int]:
    """The seller accounts the reader sees and has not narrowed away."""
    accounts = SellerAccount.objects.order_by("pk")
    if narrowed.account_id:
        accounts = accounts.filter(pk=narrowed.account_id)
    return list(accounts.values_list("pk", flat=True))


def totals(begins_at: datetime, ends_at: datetime, narrowed: Narrowed) -> dict[Whose, Count]:
    """What a span comes to, by account and member; a tag's is counted from the raw rows of the span."""
    found: defaultdict[Whose, Count] = defaultdict(Count)
    pieces = cut(begins_at, ends_at)
    edges = pieces.edges
    if narrowed.tag_id:
        edges = ((begins_at, ends_at),)
    else:
        for account_id, member_id, *sums in rows.read(SUMS, _given(pieces.whole, narrowed)):
            *counts, first, resolution = sums
            found[Whose(account_id, member_id)].add(Count(*[*counts, _seconds(first), _seconds(resolution)]))
    if edges:
        for key, count in tally(facts.all_facts(_wanted(edges, narrowed))).items():
            found[Whose(key.account_id, key.member_id)].add(count)
    return dict(found)


def case_totals(
    begins_at: datetime, ends_at: datetime, narrowed: Narrowed
) -> dict[tuple[str, str], CaseCount]:
    """What cases came to in a span, by type and currency."""
    found: defaultdict[tuple[str, str], CaseCount] = defaultdict(CaseCount)
    pieces = cut(begins_at, ends_at)
    edges = pieces.edges
    if narrowed.tag_id:
        edges = ((begins_at, ends_at),)
    else:
        for type_, currency, *sums in rows.read(CASE_SUMS, _given(pieces.whole, narrowed)):
            found[type_, currency].add(CaseCount(*sums))
    if edges:
        for key, count in tally_cases(facts.case_facts(_wanted(edges, narrowed))).items():
            found[key.type, key.currency].add(count)
    return dict(found)


def _given(span: tuple[datetime, datetime], narrowed: Narrowed) -> dict[str, object]:
    return {"begins": span[0], "ends": span[1], "account": narrowed.account_id}


def _wanted(edges: Iterable[tuple[datetime, datetime]], narrowed: Narrowed) -> Wanted:
    spans = [Span(account_id, *edge) for account_id in account_ids(narrowed) for edge in edges]
    return Wanted(spans, narrowed.tag_id)


def _seconds(listed: str | None) -> list[int]:
    return [int(each) for each in listed.split(",")] if listed else []
