"""Bring refunds into our tables, whatever told of them."""

from collections.abc import Iterable

from accounts.upserting import upsert
from marketplaces.records import RefundRecord
from orders.models import Order, Refund
from orders.signals import refunds_stored

REFUND = ("amount", "currency", "at", "reason", "issued_by")


def store_refunds(found: Iterable[tuple[Order, RefundRecord]]) -> None:
    """Store records inside the caller's transaction; the same one read again changes nothing."""
    found = list(found)
    rows = [
        Refund(
            tenant_id=order.tenant_id,
            order=order,
            external_id=record.external_id[:100],
            amount=record.amount.amount,
            currency=record.amount.currency,
            at=record.at,
            reason=record.reason[:100],
            issued_by=record.issued_by[:20],
        )
        for order, record in found
    ]
    upsert(Refund, rows, ("order", "external_id"), REFUND)
    if rows:
        refunds_stored.send(Refund, orders=list({order.pk: order for order, _ in found}.values()))
