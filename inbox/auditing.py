"""The nightly proof of one account, part by part, and the part that only the inbox can answer.

Walmart's own report of the response rate names the orders whose buyers wrote. One of which no message is here
is a message we never got.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.tenancy import tenant_tx
from inbox.models import Direction, Message
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
    moments = [row.received_at for row in rate.rows if row.received_at] if rate else []
    if rate is None or not moments:
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
        unheard = sorted(report.orders - _heard_of(account, report)) if report else []
    if report is None:
        words, state = (
            f"{account.facts.name} has given no report of the response rate yet.",
            AuditState.NOT_POSSIBLE,
        )
        found = Finding()
    else:
        found = Finding(
            theirs=len(report.orders),
            ours=len(report.orders) - len(unheard),
            missing=[f"order {number}: no message is here" for number in unheard],
        )
        words, state = _words(account, found), found.state
    auditing.keep(account, AuditPart.RESPONSE_RATE, day=day, now=now, found=found, words=words, state=state)


def _heard_of(account: SellerAccount, report: ResponseReport) -> set[str]:
    """The report's numbers of which a message came in its span; it may name orders or purchase orders."""
    purchases = PurchaseOrder.objects.filter(account=account, external_id__in=report.orders)
    order_of = {number: number for number in report.orders} | dict(
        purchases.values_list("external_id", "order__external_id")
    )
    heard = set(
        Message.objects.filter(
            account=account,
            direction=Direction.IN,
            sent_at__range=(report.since, report.until),
            conversation__order__external_id__in=set(order_of.values()),
        ).values_list("conversation__order__external_id", flat=True)
    )
    return {number for number, order in order_of.items() if order in heard}


def _words(account: SellerAccount, found: Finding) -> str:
    name = account.facts.name
    if not found.missing:
        return f"Of every order in {name}'s own report of the response rate a message is here."
    return (
        f"{name}'s own report counts messages about {len(found.missing)} orders of which none has come here."
        f" Look for them in {account.facts.seller_site}, and whether its mail reaches the mailbox."
    )
