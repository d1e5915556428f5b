"""What an order's own row says: the sum of the marketplace's records it consists of."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal

from marketplaces import retention
from marketplaces.models import SellerAccount
from marketplaces.records import Fulfilment, OrderStatus, ShipmentStatus
from orders.models import Order, OrderLine, PurchaseOrder, Shipment

SUMMED = (
    *("is_placeholder", "status", "fulfilment", "ordered_at", "ship_by", "deliver_by", "delivered_at"),
    *("total", "currency", "expires_at", "shown_item_id"),
)
TO_SHIP = (OrderStatus.UNSHIPPED, OrderStatus.PARTLY_SHIPPED)
NOT_GONE = (OrderStatus.PENDING, *TO_SHIP)
LEFT = (OrderStatus.SHIPPED, OrderStatus.DELIVERED)


def refresh(account: SellerAccount, order_ids: Collection[int], *, now: datetime) -> None:
    """Sum up orders the caller has locked."""
    purchases: dict[int, list[PurchaseOrder]] = defaultdict(list)
    for purchase in PurchaseOrder.objects.filter(order__in=order_ids).order_by("pk"):
        purchases[purchase.order_id].append(purchase)
    parcels: dict[int, list[Shipment]] = defaultdict(list)
    for parcel in Shipment.objects.filter(order__in=order_ids):
        parcels[parcel.order_id].append(parcel)
    items: dict[int, int] = {}
    lines = OrderLine.objects.filter(order__in=order_ids).order_by("purchase_order", "pk")
    for order_id, item_id in lines.values_list("order_id", "item_id"):
        items.setdefault(order_id, item_id)
    rows = list(Order.objects.filter(pk__in=order_ids))
    for row in rows:
        if purchases[row.pk]:
            _sum_up(row, purchases[row.pk], parcels[row.pk])
            row.shown_item_id = items.get(row.pk)
            row.expires_at = retention.order_expires_at(
                account.marketplace,
                delivered_at=row.delivered_at,
                otherwise=now,
                walmart_days=account.tenant.walmart_retention_days,
            )
    Order.objects.bulk_update(rows, SUMMED)


def _sum_up(row: Order, purchases: list[PurchaseOrder], parcels: list[Shipment]) -> None:
    all_delivered = (
        bool(parcels)
        and all(each.status == ShipmentStatus.DELIVERED for each in parcels)
        # What has not left yet has no parcel to look at.
        and not any(each.status in NOT_GONE for each in purchases)
    )
    row.is_placeholder = False
    row.status = status_of([OrderStatus(each.status) for each in purchases], all_delivered=all_delivered)
    kinds = {each.fulfilment for each in purchases}
    row.fulfilment = kinds.pop() if len(kinds) == 1 else Fulfilment.SELLER.value
    row.ordered_at = min(each.ordered_at for each in purchases)
    to_ship = [each for each in purchases if each.status in TO_SHIP] or purchases
    row.ship_by = min((each.ship_by for each in to_ship if each.ship_by), default=None)
    row.deliver_by = max((each.deliver_by for each in purchases if each.deliver_by), default=None)
    if not all_delivered:
        row.delivered_at = None
    elif said := [each.delivered_at for each in parcels if each.delivered_at]:
        row.delivered_at = max(said)
    elif row.delivered_at is None:
        # Amazon says that a parcel is there and not since when: at the latest when it said so first.
        row.delivered_at = max(each.modified_at for each in purchases)
    row.total, row.currency = _total(purchases)


def status_of(statuses: Iterable[OrderStatus], *, all_delivered: bool) -> OrderStatus:
    """The status of the whole from those of its parts; a cancelled part counts only when all are."""
    parts = set(statuses)
    alive = parts - {OrderStatus.CANCELLED}
    if not alive:
        return OrderStatus.CANCELLED
    if len(alive) > 1 and alive & {*LEFT, OrderStatus.PARTLY_SHIPPED}:
        return OrderStatus.PARTLY_SHIPPED if alive - {*LEFT} else OrderStatus.SHIPPED
    if len(alive) > 1:
        return OrderStatus.UNSHIPPED if OrderStatus.UNSHIPPED in alive else OrderStatus.PENDING
    status = alive.pop()
    return OrderStatus.DELIVERED if status is OrderStatus.SHIPPED and all_delivered else status


def _total(purchases: list[PurchaseOrder]) -> tuple[Decimal | None, str]:
    """The sum in the currency all records share; none where one has no amount or another currency."""
    currencies = {each.currency for each in purchases}
    amounts = [each.total for each in purchases if each.total is not None]
    if len(currencies) != 1 or len(amounts) != len(purchases):
        return None, ""
    return sum(amounts, Decimal()), currencies.pop()
