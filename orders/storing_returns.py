"""Bring returns into our tables; one that arrives before its order makes the order's placeholder."""

from collections.abc import Iterable
from datetime import datetime

from accounts.upserting import upsert
from marketplaces import retention
from marketplaces.models import SellerAccount
from marketplaces.records import ReturnRecord
from orders.models import Order, Return, ReturnLine
from orders.signals import returns_stored
from orders.storing import Stored, money, newest_versions, orders_by_number

MOST_EVENTS = 50
RETURN = (
    *("order_id", "modified_at", "status", "status_text", "requested_at", "return_by", "received_at"),
    *("refunded_at", "carrier", "tracking_number", "channel", "refund_channel", "refund_amount", "currency"),
    *("in_policy", "a_to_z", "safe_t", "safe_t_reason", "safe_t_at", "safe_t_paid", "events"),
)
LINE = (
    *("sku", "title", "quantity", "reason", "comment", "purchase_order_id", "keep_it", "status_text"),
    *("tracking_text", "refund_text"),
)


def store_returns(account: SellerAccount, records: Iterable[ReturnRecord], *, now: datetime) -> Stored:
    """Store records inside the caller's transaction; an older version than ours changes nothing."""
    newest = newest_versions(records)
    orders = orders_by_number(account, {record.order_id for record in newest.values()}, now=now)
    held = {row.external_id: row for row in Return.objects.filter(account=account, external_id__in=newest)}
    stored = Stored()
    rows: dict[str, Return] = {}
    changed: dict[str, Return] = {}
    forgotten: set[str] = set()
    for record in newest.values():
        row, new = held.get(record.external_id), _return(account, orders[record.order_id], record)
        if row is not None and record.modified_at < row.modified_at:
            stored.stale += 1
            continue
        rows[record.external_id] = new
        if row is None or _differs(row, new):
            changed[record.external_id] = new
        if row is not None and row.purged_at is not None:
            forgotten.add(record.external_id)
    upsert(Return, rows.values(), ("account", "external_id"), (*RETURN, "expires_at"))
    lines = [
        ReturnLine(
            tenant_id=account.tenant_id,
            parent=rows[record.external_id],
            external_id=line.external_id[:40],
            sku=line.sku[:100],
            title=line.title[:500],
            quantity=line.quantity,
            reason="" if record.external_id in forgotten else line.reason[:100],
            comment="" if record.external_id in forgotten else line.comment[:500],
            purchase_order_id=line.purchase_order_id[:40],
            keep_it=line.keep_it,
            status_text=line.status_text[:60],
            tracking_text=line.tracking_text[:100],
            refund_text=line.refund_text[:60],
        )
        for record in newest.values()
        if record.external_id in rows
        for line in record.lines
    ]
    upsert(ReturnLine, lines, ("parent", "external_id"), LINE)
    stored.changed = sorted({row.order_id for row in changed.values()})
    touched = Order.objects.filter(pk__in=[order.pk for order in orders.values()])
    touched.update(returns_as_of=now)
    # A return before its order: have the order read by itself.
    touched.filter(is_placeholder=True, wanted_at__isnull=True, fault="").update(wanted_at=now)
    if changed:
        returns_stored.send(Return, account=account, returns=list(changed.values()), now=now)
    return stored


def _return(account: SellerAccount, order: Order, record: ReturnRecord) -> Return:
    return Return(
        tenant_id=account.tenant_id,
        account=account,
        order=order,
        external_id=record.external_id[:60],
        modified_at=record.modified_at,
        status=record.status.value,
        status_text=record.status_text[:60],
        requested_at=record.requested_at,
        return_by=record.return_by,
        received_at=record.received_at,
        refunded_at=record.refunded_at,
        carrier=record.carrier[:60],
        tracking_number=record.tracking_number[:100],
        channel=record.channel[:40],
        refund_channel=record.refund_channel[:60],
        **money(record.refund, "refund_amount"),
        in_policy=record.in_policy,
        a_to_z=record.a_to_z,
        safe_t=record.safe_t[:100],
        safe_t_reason=record.safe_t_reason[:100],
        safe_t_at=record.safe_t_at,
        safe_t_paid=record.safe_t_paid.amount if record.safe_t_paid else None,
        events=[
            {"at": each.at.isoformat(), "code": each.code[:60], "text": each.text[:200]}
            for each in record.events[:MOST_EVENTS]
        ],
        expires_at=retention.expires_at(
            account.marketplace,
            record.modified_at,
            walmart_days=account.tenant.walmart_retention_days,
        ),
    )


def _differs(held: Return, new: Return) -> bool:
    return any(getattr(held, name) != getattr(new, name) for name in RETURN)
