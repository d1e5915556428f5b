"""Orders with what belongs to them, put there without the marketplace that would tell of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces.models import SellerAccount
from marketplaces.records import Fulfilment, OrderStatus, ReturnStatus, ShipmentStatus
from orders.models import (
    Item,
    Order,
    OrderLine,
    PurchaseOrder,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    TrackingEvent,
)

Facts = dict[str, Any]


def make_order(
    account: SellerAccount,
    *,
    lines: list[Facts] | None = None,
    shipments: list[Facts] | None = None,
    returns: list[Facts] | None = None,
    refunds: list[Facts] | None = None,
    **facts: Any,
) -> Order:
    """An order as it stands once it was read: unshipped, due in a day, one line, unless told otherwise.

    A shipment's `events` are its scans, a return's `lines` what comes back; every other fact is a column.
    """
    now = timezone.now()
    status = facts.get("status", OrderStatus.UNSHIPPED.value)
    known = {
        "external_id": f"2000{uuid4().int % 10**11:011d}",
        "is_placeholder": False,
        "status": status,
        "fulfilment": Fulfilment.SELLER.value,
        "ordered_at": now - timedelta(days=1),
        "ship_by": now + timedelta(days=1),
        "deliver_by": now + timedelta(days=5),
        "total": Decimal("89.00"),
        "currency": "USD",
        "as_of": now - timedelta(minutes=3),
        "returns_as_of": now - timedelta(minutes=3),
        "expires_at": now + timedelta(days=60),
        **facts,
    }
    with tenant_tx(account.tenant_id):
        order, _ = Order.objects.update_or_create(
            tenant_id=account.tenant_id, account=account, external_id=known.pop("external_id"), defaults=known
        )
        purchase = PurchaseOrder.objects.create(
            order=order,
            account=account,
            external_id=f"po-{order.external_id}",
            modified_at=now,
            seen_at=now,
            status=status,
            fulfilment=known["fulfilment"],
            ordered_at=known["ordered_at"] or now,
        )
        for line in [{}] if lines is None else lines:
            add_line(order, purchase, **line)
        for shipment in shipments or []:
            add_shipment(order, purchase, **shipment)
        for each in returns or []:
            add_return(order, **each)
        for number, each in enumerate(refunds or []):
            Refund.objects.create(
                order=order,
                **{
                    "external_id": str(number),
                    "amount": Decimal("10.00"),
                    "currency": "USD",
                    "at": now,
                    **each,
                },
            )
    return order


def add_line(order: Order, purchase: PurchaseOrder, **facts: Any) -> OrderLine:
    """A line with its article; `image_path` is the article's."""
    sku = facts.pop("sku", "LO-ARC-BRS-02")
    image = {"image_path": facts.pop("image_path")} if "image_path" in facts else {}
    title = facts.get("title", "Arched floor lamp")
    item, _ = Item.objects.update_or_create(
        tenant_id=order.tenant_id, account=order.account, sku=sku, defaults={"title": title, **image}
    )
    known = {
        "external_id": uuid4().hex[:20],
        "title": title,
        "quantity": 1,
        "unit_price": Decimal("89.00"),
        "currency": order.currency,
        "status": order.status,
        **facts,
    }
    line: OrderLine = OrderLine.objects.create(
        order=order, purchase_order=purchase, item=item, sku=sku, **known
    )
    return line


def add_shipment(order: Order, purchase: PurchaseOrder, **facts: Any) -> Shipment:
    """A parcel on its way."""
    events = facts.pop("events", [])
    known = {
        "external_id": uuid4().hex,
        "carrier": "FedEx",
        "tracking_number": "771288401296",
        "status": ShipmentStatus.IN_TRANSIT.value,
        **facts,
    }
    parcel: Shipment = Shipment.objects.create(order=order, purchase_order=purchase, **known)
    for number, event in enumerate(events):
        at: datetime = event.pop("at", timezone.now() - timedelta(hours=number))
        TrackingEvent.objects.create(shipment=parcel, at=at, **{"code": f"scan-{number}", **event})
    return parcel


def add_return(order: Order, **facts: Any) -> Return:
    """A return that was opened yesterday."""
    lines = facts.pop("lines", [{}])
    now = timezone.now()
    known = {
        "external_id": uuid4().hex[:17],
        "modified_at": now,
        "status": ReturnStatus.STARTED.value,
        "requested_at": now - timedelta(days=1),
        "currency": order.currency,
        "expires_at": order.expires_at,
        **facts,
    }
    back: Return = Return.objects.create(order=order, account=order.account, **known)
    for number, line in enumerate(lines):
        ReturnLine.objects.create(
            parent=back, **{"external_id": str(number), "title": "Arched floor lamp", **line}
        )
    return back
