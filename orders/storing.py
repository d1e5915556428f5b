"""Bring the marketplace's records into our tables, a page at a time: an older version never overwrites.

Everything of an order is written while its row is locked, and the rows are locked in the order of their
keys, so that a stream, a sweep and a single read may meet on the same order.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from accounts.upserting import upsert
from marketplaces import retention
from marketplaces.models import SellerAccount
from marketplaces.records import LineRecord, Money, OrderRecord, ReturnRecord, ShipmentRecord
from orders import summary
from orders.buyers_of import connect_buyers
from orders.merging import order_merged
from orders.models import Item, Order, OrderLine, PurchaseOrder, Return, Shipment, TrackingEvent
from orders.signals import orders_stored
from orders.storing_refunds import store_refunds

PURCHASE = (
    *("order_id", "modified_at", "status", "status_text", "fulfilment", "ordered_at", "ship_by"),
    *("deliver_by", "total", "currency", "seen_at", "fingerprint"),
)
ITEM = ("title", "item_id", "image_url", "image_due_at", "image_failures")
LINE = (
    *("order_id", "item_id", "sku", "title", "quantity", "unit_price", "currency", "status", "status_text"),
    *("cancel_requested", "cancel_reason"),
)
SHIPMENT = (
    *("purchase_order_id", "carrier", "tracking_number", "tracking_url", "status", "status_text", "by_mcf"),
    *("shipped_at", "estimated_at", "delivered_at"),
)


@dataclass(slots=True)
class Stored:
    """What a page changed: the orders written, and how many of its records were older than ours."""

    changed: list[int] = field(default_factory=list)
    stale: int = 0


Record = TypeVar("Record", OrderRecord, ReturnRecord)


def newest_versions(records: Iterable[Record]) -> dict[str, Record]:
    """Each record once, by its number: of two versions the newer, of two equally new ones the later."""
    newest: dict[str, Record] = {}
    for record in records:
        known = newest.get(record.external_id)
        if known is None or record.modified_at >= known.modified_at:
            newest[record.external_id] = record
    return newest


def store_orders(account: SellerAccount, records: Iterable[OrderRecord], *, now: datetime) -> Stored:
    """Store records inside the caller's transaction; an older version than ours changes nothing."""
    newest = newest_versions(records)
    adopt_placeholders(account, newest.values())
    orders = orders_by_number(account, {record.order_id for record in newest.values()}, now=now)
    purchases = PurchaseOrder.objects.filter(account=account, external_id__in=newest)
    held = {row.external_id: row for row in purchases}
    stored = Stored()
    fresh: list[tuple[OrderRecord, str]] = []
    for record in newest.values():
        row, mark = held.get(record.external_id), fingerprint(record)
        if row is not None and record.modified_at < row.modified_at:
            stored.stale += 1
        elif row is None or row.fingerprint != mark:
            fresh.append((record, mark))
    if fresh:
        _write(account, orders, fresh, now)
        connect_buyers(account, [(orders[record.order_id], record) for record, _ in fresh])
        summary.refresh(account, {orders[record.order_id].pk for record, _ in fresh}, now=now)
        stored.changed = sorted({orders[record.order_id].pk for record, _ in fresh})
    read = Order.objects.filter(pk__in=[order.pk for order in orders.values()])
    read.update(as_of=now, fault="")
    purchases.all().update(seen_at=now)
    if stored.changed:
        orders_stored.send(Order, account=account, orders=stored.changed, now=now)
    return stored


def fingerprint(record: OrderRecord) -> str:
    """The same for the same version of a record, however often it is read."""
    return hashlib.blake2b(repr(record).encode(), digest_size=16).hexdigest()


def orders_by_number(account: SellerAccount, numbers: Collection[str], *, now: datetime) -> dict[str, Order]:
    """The orders of these numbers, made where they are not there yet, locked until the transaction ends."""
    rows = Order.objects.filter(account=account, external_id__in=numbers).order_by("pk")
    known = set(rows.values_list("external_id", flat=True))
    missing = [
        Order(
            tenant_id=account.tenant_id,
            account=account,
            external_id=number,
            expires_at=retention.expires_at(
                account.marketplace, now, walmart_days=account.tenant.walmart_retention_days
            ),
        )
        for number in sorted(set(numbers) - known)
    ]
    insert_missing(missing)
    return {row.external_id: row for row in rows.select_for_update(no_key=True)}


def insert_missing(rows: list[Order]) -> None:
    """Insert orders; one that a mail or another worker made in the same moment stays as it is."""
    try:
        with transaction.atomic():
            Order.objects.bulk_create(rows)
    except IntegrityError:
        for row in rows:
            try:
                with transaction.atomic():
                    row.pk = None
                    row.save(force_insert=True)
            except IntegrityError:
                continue


def adopt_placeholders(account: SellerAccount, records: Iterable[OrderRecord]) -> None:
    """A mail may have named the purchase order's number: its placeholder becomes, or joins, the order."""
    by_purchase = {each.external_id: each.order_id for each in records if each.external_id != each.order_id}
    found = Order.objects.filter(account=account, external_id__in=by_purchase, is_placeholder=True)
    for placeholder in found.order_by("pk").select_for_update(no_key=True):
        number = by_purchase[placeholder.external_id]
        order = Order.objects.filter(account=account, external_id=number).first()
        if order is None:
            placeholder.external_id = number
            placeholder.save(update_fields=["external_id"])
        else:
            order_merged.send(Order, placeholder=placeholder, order=order)
            Return.objects.filter(order=placeholder).update(order=order)
            if order.buyer_id is None:
                Order.objects.filter(pk=order.pk).update(buyer=placeholder.buyer)
            placeholder.delete()


def _write(
    account: SellerAccount, orders: dict[str, Order], fresh: list[tuple[OrderRecord, str]], now: datetime
) -> None:
    purchases = {
        record.external_id: PurchaseOrder(
            tenant_id=account.tenant_id,
            account=account,
            order=orders[record.order_id],
            external_id=record.external_id,
            modified_at=record.modified_at,
            status=record.status.value,
            status_text=record.status_text[:60],
            fulfilment=record.fulfilment.value,
            ordered_at=record.ordered_at,
            ship_by=record.ship_by,
            deliver_by=record.deliver_by,
            **money(record.total, "total"),
            seen_at=now,
            fingerprint=mark,
        )
        for record, mark in fresh
    }
    upsert(PurchaseOrder, purchases.values(), ("account", "external_id"), PURCHASE)
    records = [record for record, _ in fresh]
    items = _items(account, [line for record in records for line in record.lines], now)
    lines = [_line(purchases[record.external_id], line, items) for record in records for line in record.lines]
    upsert(OrderLine, lines, ("purchase_order", "external_id"), LINE)
    held = {row.pk for row in lines}
    OrderLine.objects.filter(purchase_order__in=purchases.values()).exclude(pk__in=held).delete()
    parcels = write_shipments(
        [
            (purchases[record.external_id].order, purchases[record.external_id], shipment)
            for record in records
            for shipment in record.shipments
        ]
    )
    gone = Shipment.objects.filter(purchase_order__in=purchases.values(), by_mcf=False)
    gone.exclude(pk__in=parcels).delete()
    store_refunds((orders[record.order_id], refund) for record in records for refund in record.refunds)


def write_shipments(found: Iterable[tuple[Order, PurchaseOrder | None, ShipmentRecord]]) -> list[int]:
    """Write parcels and add the scans not here yet; returns the parcels' ids.

    A parcel Amazon tracks for us (MCF) keeps its own news: the channel it was sold through knows less.
    """
    found = list(found)
    orders = {order.pk for order, _, _ in found}
    tracked = set(
        Shipment.objects.filter(order__in=orders, by_mcf=True).values_list("order_id", "external_id")
    )
    rows = {
        (order.pk, each.external_id[:100]): (_shipment(order, purchase, each), each.events)
        for order, purchase, each in found
        if purchase is None or (order.pk, each.external_id[:100]) not in tracked
    }
    upsert(Shipment, [row for row, _ in rows.values()], ("order", "external_id"), SHIPMENT)
    seen = set(
        TrackingEvent.objects.filter(shipment__in=[row.pk for row, _ in rows.values()]).values_list(
            "shipment_id", "at", "code"
        )
    )
    scans: dict[tuple[int, datetime, str], TrackingEvent] = {}
    for row, events in rows.values():
        for scan in events:
            key = (row.pk, scan.at, scan.code[:60])
            if key not in seen:
                scans[key] = TrackingEvent(
                    tenant_id=row.tenant_id,
                    shipment=row,
                    at=scan.at,
                    code=scan.code[:60],
                    text=scan.text[:200],
                    place=scan.place[:120],
                )
    TrackingEvent.objects.bulk_create(scans.values())
    return [row.pk for row, _ in rows.values()]


def _shipment(order: Order, purchase: PurchaseOrder | None, record: ShipmentRecord) -> Shipment:
    return Shipment(
        tenant_id=order.tenant_id,
        order=order,
        purchase_order=purchase,
        external_id=record.external_id[:100],
        carrier=record.carrier[:60],
        tracking_number=record.tracking_number[:100],
        tracking_url=record.tracking_url if len(record.tracking_url) <= 500 else "",
        status=record.status.value,
        status_text=record.status_text[:60],
        by_mcf=purchase is None,
        shipped_at=record.shipped_at,
        estimated_at=record.estimated_at,
        delivered_at=record.delivered_at,
    )


def _items(account: SellerAccount, lines: list[LineRecord], now: datetime) -> dict[str, Item]:
    """The items of these lines by SKU; a new one, or one whose picture has moved, is due for its picture."""
    wanted = {line.sku[:100]: line for line in lines}
    held = {row.sku: row for row in Item.objects.filter(account=account, sku__in=wanted)}
    rows = []
    for sku, line in sorted(wanted.items()):
        row = held.get(sku)
        url = line.image_url if len(line.image_url) <= 1000 else ""
        known = (row.title, row.item_id, row.image_url) if row else None
        new = (
            line.title[:500] or (row.title if row else ""),
            line.item_id[:40] or (row.item_id if row else ""),
            url or (row.image_url if row else ""),
        )
        if new == known:
            continue
        row = row or Item(tenant_id=account.tenant_id, account=account, sku=sku)
        if known is None or new[1:] != known[1:]:
            row.image_due_at, row.image_failures = (now if new[1] or new[2] else None), 0
        row.title, row.item_id, row.image_url = new
        rows.append(row)
    upsert(Item, rows, ("account", "sku"), ITEM)
    return held | {row.sku: row for row in rows}


def _line(purchase: PurchaseOrder, line: LineRecord, items: dict[str, Item]) -> OrderLine:
    return OrderLine(
        tenant_id=purchase.tenant_id,
        order_id=purchase.order_id,
        purchase_order=purchase,
        item=items[line.sku[:100]],
        external_id=line.external_id[:40],
        sku=line.sku[:100],
        title=line.title[:500],
        quantity=line.quantity,
        **money(line.unit_price, "unit_price"),
        status=line.status.value,
        status_text=line.status_text[:60],
        cancel_requested=line.cancel_requested,
        cancel_reason=line.cancel_reason[:200],
    )


def money(value: Money | None, name: str) -> dict[str, Any]:
    """An amount and its currency as columns; both empty where the source names none."""
    return {name: value.amount if value else None, "currency": value.currency[:3] if value else ""}
