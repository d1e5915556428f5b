"""The nightly proof of one account, part by part, and the part that only the inbox can answer.

Walmart's own report of the response rate names the orders whose buyers wrote. One of which no message is here
is a message we never got.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q

from accounts.tenancy import tenant_tx
from inbox.models import Direction, Message, Outcome
from inbox.promises import REPLY
from marketplaces import auditing, performance
from marketplaces.auditing import Finding
from marketplaces.models import AuditPart, AuditState, SellerAccount
from orders.auditing import audit_orders
from orders.models import PurchaseOrder


@dataclass(frozen=True, slots=True)
class ResponseReport:
    """The marketplace's report of the response rate: the orders whose buyers wrote between two moments."""

    since: datetime
    until: datetime
    orders: frozenset[str]


# The marketplace's moment of a message, and the mail's own, may lie a little apart.
SLACK = timedelta(hours=1)
ReportOf = Callable[[SellerAccount], ResponseReport | None]


def stored_report(account: SellerAccount) -> ResponseReport | None:
    """The marketplace's last report; None where it has given none."""
    rate = performance.latest_response_rate(account)
    return report_in(account, rate) if rate else None


def report_in(account: SellerAccount, rate: performance.ResponseRate) -> ResponseReport | None:
    """What a report says of the time since the account is here; None where it names no message."""
    moments = [row.received_at for row in rate.rows if row.received_at]
    if not moments:
        return None
    # What was written before the account was here is no message we should have had.
    since = max(min(moments), account.clocks_from)
    named = frozenset(row.order_id for row in rate.rows if row.received_at and row.received_at >= since)
    return ResponseReport(since - SLACK, max(moments) + SLACK, named)


def audit(
    account_id: int,
    *,
    tenant_id: int,
    now: datetime,
    arrived: Callable[[list[int]], None],
    report_of: ReportOf = stored_report,
) -> None:
    """Compare everything of an account whose audit is due; differences are fetched and the result is kept.

    `arrived` gets the ids of raw mails that had been missing. No fault is raised: it is the result.
    """
    turn = auditing.claim(account_id, tenant_id=tenant_id, now=now)
    if turn is None:
        return
    account, day = turn.account, turn.day
    if not turn.goes_on:
        auditing.audit_mail(account, day=day, now=now, arrived=arrived)
        audit_response_rate(account, report_of, day=day, now=now)
    again_in = audit_orders(account, day=day, now=now)
    auditing.over(account, now=now, again_in=again_in)


def audit_response_rate(account: SellerAccount, report_of: ReportOf, *, day: date, now: datetime) -> None:
    """Look for a message of every order the marketplace's report names."""
    with tenant_tx(account.tenant_id):
        report = report_of(account)
        missing = unheard({account.pk: report})[account.pk] if report else []
    if report is None:
        words, state = (
            f"{account.facts.name} has given no report of the response rate yet.",
            AuditState.NOT_POSSIBLE,
        )
        found = Finding()
    else:
        found = Finding(
            theirs=len(report.orders),
            ours=len(report.orders) - len(missing),
            missing=[f"order {number}: no message is here" for number in missing],
        )
        words, state = _words(account, found), found.state
    auditing.keep(account, AuditPart.RESPONSE_RATE, day=day, now=now, found=found, words=words, state=state)


def unheard(reports: Mapping[int, ResponseReport]) -> dict[int, list[str]]:
    """By seller account, the orders its report names of which no message is here; in two statements."""
    orders = _orders_of(reports)
    named = {order for numbers in orders.values() for order in numbers.values()}
    rows = Message.objects.filter(_in(reports), conversation__order__external_id__in=named)
    heard = set(rows.values_list("account_id", "conversation__order__external_id"))
    return {
        account_id: sorted(number for number, order in numbers.items() if (account_id, order) not in heard)
        for account_id, numbers in orders.items()
    }


def unreported(reports: Mapping[int, ResponseReport]) -> dict[int, list[str]]:
    """By seller account, the orders its report does not name though a message was answered or late here."""
    orders = _orders_of(reports)
    named = {(account_id, order) for account_id, numbers in orders.items() for order in numbers.values()}
    known = Q(deadlines__outcome__in=(Outcome.REPLIED, Outcome.ANSWERED_ELSEWHERE))
    known |= Q(deadlines__outcome="", deadlines__breached_at__isnull=False)
    rows = Message.objects.filter(
        _in(reports), known, deadlines__kind=REPLY, conversation__order__isnull=False
    )
    found = set(rows.values_list("account_id", "conversation__order__external_id")) - named
    return {
        account_id: sorted(order for owner, order in found if owner == account_id) for account_id in reports
    }


def _orders_of(reports: Mapping[int, ResponseReport]) -> dict[int, dict[str, str]]:
    """The order of each number a report names; it may name orders or purchase orders."""
    numbers = {number for report in reports.values() for number in report.orders}
    purchases = PurchaseOrder.objects.filter(account__in=list(reports), external_id__in=numbers)
    rows = purchases.values_list("account_id", "external_id", "order__external_id")
    known = {(account_id, number): order for account_id, number, order in rows}
    return {
        account_id: {number: known.get((account_id, number), number) for number in report.orders}
        for account_id, report in reports.items()
    }


def _in(reports: Mapping[int, ResponseReport]) -> Q:
    """What buyers wrote in each account in the span of its report."""
    spans = [
        Q(account=account_id, sent_at__range=(report.since, report.until))
        for account_id, report in reports.items()
    ]
    return Q(direction=Direction.IN) & reduce(or_, spans, Q(pk__in=()))


def _words(account: SellerAccount, found: Finding) -> str:
    name = account.facts.name
    if not found.missing:
        return f"Of every order in {name}'s own report of the response rate a message is here."
    return (
        f"{name}'s own report counts messages about {len(found.missing)} orders of which none has come here."
        f" Look for them in {account.facts.seller_site}, and whether its mail reaches the mailbox."
    )
