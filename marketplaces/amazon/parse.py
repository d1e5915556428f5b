"""Amazon's orders as records (Orders API, version 2026-01-01)."""

from collections.abc import Iterable

from marketplaces.records import (
    Fulfilment,
    LineRecord,
    Money,
    Oddity,
    OrderRecord,
    OrderStatus,
    Page,
    ShipmentRecord,
    ShipmentStatus,
    Strange,
)
from marketplaces.wire import (
    Json,
    Odd,
    ident,
    left_out,
    moment,
    money,
    part,
    parts,
    text,
    unknown,
    whole,
    word,
)

STATUSES = {
    "PENDING_AVAILABILITY": OrderStatus.PENDING,
    "PENDING": OrderStatus.PENDING,
    "UNSHIPPED": OrderStatus.UNSHIPPED,
    "PARTIALLY_SHIPPED": OrderStatus.PARTLY_SHIPPED,
    "SHIPPED": OrderStatus.SHIPPED,
    "CANCELLED": OrderStatus.CANCELLED,
    # Amazon cannot ship it; none of our words says so, the original one stands beside it.
    "UNFULFILLABLE": OrderStatus.UNKNOWN,
}
CHANNELS = {"MERCHANT": Fulfilment.SELLER, "AMAZON": Fulfilment.FBA}
PACKAGES = {
    "PENDING": ShipmentStatus.PRE_TRANSIT,
    "SHIPPED": ShipmentStatus.IN_TRANSIT,
    "IN_TRANSIT": ShipmentStatus.IN_TRANSIT,
    "DELIVERED": ShipmentStatus.DELIVERED,
    "CANCELLED": ShipmentStatus.EXCEPTION,
    "UNDELIVERABLE": ShipmentStatus.EXCEPTION,
}
DETAILED = {"OUT_FOR_DELIVERY": ShipmentStatus.OUT_FOR_DELIVERY}


def orders(values: Iterable[object], marketplace_id: str) -> Page[OrderRecord]:
    """A page of orders; those of another site than `marketplace_id` are not among the records."""
    records: list[OrderRecord] = []
    strange: list[Strange] = []
    for value in values:
        try:
            if not isinstance(value, dict):
                raise Odd("it is no object")
            found = order(value, strange)
        except Odd as odd:
            strange.append(left_out(value, "orderId", odd, "An order"))
            continue
        if found.marketplace_id in ("", marketplace_id):
            records.append(found)
        else:
            strange.append(Strange(Oddity.FOREIGN, "An order of another site came.", found.external_id))
    return Page(tuple(records), tuple(strange))


def order(value: Json, strange: list[Strange]) -> OrderRecord:
    """One order; adds to `strange` what is unknown about it. Raises Odd."""
    number = ident(value, "orderId")
    ordered_at, modified_at = moment(value, "createdTime"), moment(value, "lastUpdatedTime")
    if ordered_at is None or modified_at is None:
        raise Odd("createdTime or lastUpdatedTime is missing")
    items = parts(value, "orderItems")
    if not items:
        raise Odd("orderItems are missing")
    fulfilment, buyer = part(value, "fulfillment"), part(value, "buyer")
    shipments = tuple(_shipment(each, number, strange) for each in parts(value, "packages"))
    said = word(fulfilment, "fulfillmentStatus")
    status = _status(said, shipments)
    if said not in STATUSES:
        strange.append(unknown("A status of an order", said, number))
    by = word(fulfilment, "fulfilledBy")
    if by and by not in CHANNELS:
        strange.append(unknown("Who ships an order", by, number))
    return OrderRecord(
        order_id=number,
        external_id=number,
        ordered_at=ordered_at,
        modified_at=modified_at,
        status=status,
        status_text=said,
        fulfilment=CHANNELS.get(by, Fulfilment.SELLER),
        lines=tuple(_line(each, status) for each in items),
        relay_address=_address(buyer),
        buyer_name=text(buyer, "buyerName", 200),
        ship_to_place=_place(part(part(value, "recipient"), "deliveryAddress")),
        ship_by=moment(part(fulfilment, "shipByWindow"), "latestDateTime"),
        deliver_by=moment(part(fulfilment, "deliverByWindow"), "latestDateTime"),
        total=_money(part(value, "proceeds"), "grandTotal"),
        programs=_programs(value),
        shipments=shipments,
        marketplace_id=text(part(value, "salesChannel"), "marketplaceId", 40),
    )


def _status(said: str, shipments: tuple[ShipmentRecord, ...]) -> OrderStatus:
    """Amazon's word; it knows no delivered order, but delivered packages."""
    status = STATUSES.get(said, OrderStatus.UNKNOWN)
    arrived = [each for each in shipments if each.status is ShipmentStatus.DELIVERED]
    if status is OrderStatus.SHIPPED and arrived and len(arrived) == len(shipments):
        return OrderStatus.DELIVERED
    return status


def _line(value: Json, status: OrderStatus) -> LineRecord:
    product, cancellation = part(value, "product"), part(value, "cancellation")
    request, done = part(cancellation, "cancellationRequest"), part(cancellation, "cancellationExecution")
    quantity = whole(value, "quantityOrdered", 1)
    return LineRecord(
        external_id=ident(value, "orderItemId"),
        sku=text(product, "sellerSku", 100),
        title=text(product, "title"),
        quantity=quantity,
        item_id=text(product, "asin", 40),
        unit_price=_money(part(product, "price"), "unitPrice"),
        status=OrderStatus.CANCELLED if done else _line_status(part(value, "fulfillment"), quantity, status),
        cancel_requested=bool(request),
        cancel_reason=text(request, "cancelReason", 200) or text(done, "cancelReason", 200),
    )


def _line_status(fulfilment: Json, quantity: int, status: OrderStatus) -> OrderStatus:
    """By the units shipped, where a partly shipped order says so; else as the order."""
    if status is not OrderStatus.PARTLY_SHIPPED or "quantityFulfilled" not in fulfilment:
        return status
    shipped = whole(fulfilment, "quantityFulfilled")
    if shipped >= quantity:
        return OrderStatus.SHIPPED
    return OrderStatus.PARTLY_SHIPPED if shipped else OrderStatus.UNSHIPPED


def _shipment(value: Json, number: str, strange: list[Strange]) -> ShipmentRecord:
    state = part(value, "packageStatus")
    said, detailed = word(state, "status"), word(state, "detailedStatus")
    if said and said not in PACKAGES:
        strange.append(unknown("A status of a package", said, number))
    tracking = text(value, "trackingNumber", 100)
    return ShipmentRecord(
        external_id=tracking or f"package {ident(value, 'packageReferenceId')}",
        carrier=word(value, "carrier"),
        tracking_number=tracking,
        status=DETAILED.get(detailed) or PACKAGES.get(said, ShipmentStatus.UNKNOWN),
        status_text=detailed or said,
        shipped_at=moment(value, "shipTime"),
    )


def _address(buyer: Json) -> str:
    found = text(buyer, "buyerEmail", 254)
    return found if "@" in found else ""


def _place(address: Json) -> str:
    town, region = text(address, "city", 100), text(address, "stateOrRegion", 60)
    return " ".join(filter(None, [", ".join(filter(None, [town, region])), text(address, "postalCode", 20)]))


def _programs(value: Json) -> tuple[str, ...]:
    found = value.get("programs")
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Odd("programs is no list of words")
    return tuple(dict.fromkeys(each[:40] for each in found[:20]))


def _money(value: Json, key: str) -> Money | None:
    return money(value, key, amount_key="amount", currency_key="currencyCode")
