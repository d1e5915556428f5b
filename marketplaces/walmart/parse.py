"""Walmart's purchase orders as records (Marketplace API v3, orders)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from marketplaces.records import (
    Fulfilment,
    LineRecord,
    Money,
    OrderRecord,
    OrderStatus,
    Page,
    RefundRecord,
    ShipmentRecord,
    ShipmentStatus,
    Strange,
)
from marketplaces.wire import (
    LONGEST_WORD,
    Json,
    Odd,
    flag,
    ident,
    left_out,
    link,
    moment,
    money,
    part,
    parts,
    text,
    unknown,
    whole,
    word,
)

# What stands where a buyer's relay address is not ready yet begins so; never to be written to.
PLACEHOLDER = "nocxemail"
NODES = {
    "SellerFulfilled": Fulfilment.SELLER,
    "WFSFulfilled": Fulfilment.WFS,
    "3PLFulfilled": Fulfilment.THIRD_PARTY,
}
# "Refund" is a line's word after it was shipped: the goods' own way ends with the shipment.
STATUSES = {
    "Created": OrderStatus.UNSHIPPED,
    "Acknowledged": OrderStatus.UNSHIPPED,
    "Shipped": OrderStatus.SHIPPED,
    "Delivered": OrderStatus.DELIVERED,
    "Cancelled": OrderStatus.CANCELLED,
    "Refund": OrderStatus.SHIPPED,
}


def orders(values: Iterable[object], node: str, *, with_place: bool = False) -> Page[OrderRecord]:
    """A page of purchase orders asked for by ship node type.

    Walmart sends the buyer's place unasked; without `with_place` it is not taken over.
    """
    records: list[OrderRecord] = []
    strange: list[Strange] = []
    for value in values:
        try:
            if not isinstance(value, dict):
                raise Odd("it is no object")
            found = order(value, node, strange)
            records.append(found if with_place else replace(found, ship_to_place=""))
        except Odd as odd:
            strange.append(left_out(value, "purchaseOrderId", odd, "A purchase order"))
    return Page(tuple(records), tuple(strange))


def order(value: Json, node: str, strange: list[Strange]) -> OrderRecord:
    """One purchase order; adds to `strange` what is unknown about it. Raises Odd."""
    number = ident(value, "purchaseOrderId")
    ordered_at = moment(value, "orderDate")
    if ordered_at is None:
        raise Odd("orderDate is missing")
    shipping, place = part(value, "shippingInfo"), part(part(value, "shippingInfo"), "postalAddress")
    raw_lines = parts(part(value, "orderLines"), "orderLine")
    if not raw_lines:
        raise Odd("orderLines are missing")
    estimated = moment(shipping, "estimatedDeliveryDate")
    lines = tuple(_line(each, number, strange) for each in raw_lines)
    shipments = _shipments(raw_lines, estimated)
    total = money(
        part(value, "orderSummary"), "totalAmount", amount_key="currencyAmount", currency_key="currencyUnit"
    )
    address = text(value, "customerEmailId", 254)
    return OrderRecord(
        order_id=ident(value, "customerOrderId"),
        external_id=number,
        ordered_at=ordered_at,
        modified_at=max([ordered_at, *_moments(raw_lines)]),
        status=_combined({line.status for line in lines}),
        status_text=", ".join(dict.fromkeys(line.status_text for line in lines if line.status_text))[
            :LONGEST_WORD
        ],
        fulfilment=_fulfilment(part(value, "shipNode"), node, number, strange),
        lines=lines,
        relay_address="" if address.lower().startswith(PLACEHOLDER) else address,
        buyer_name=text(place, "name", 200),
        ship_to_place=_place(place),
        ship_by=moment(shipping, "estimatedShipDate"),
        deliver_by=estimated,
        total=total or _sum_of_charges(raw_lines),
        programs=tuple(dict.fromkeys(filter(None, (_program(each) for each in raw_lines)))),
        shipments=shipments,
        refunds=_refunds(raw_lines, number),
    )


def _line(value: Json, number: str, strange: list[Strange]) -> LineRecord:
    item = part(value, "item")
    states = _states(value)
    words = [said for said, _ in states]
    for said in words:
        if said not in STATUSES:
            strange.append(unknown("A status of an order line", said, number))
    # A line whose units went different ways names each with its count.
    told = [f"{said} {count}" for said, count in states] if len(states) > 1 else words
    reasons = [text(each, "cancellationReason", 200) for each in _line_states(value)]
    prices = [
        money(charge, "chargeAmount", amount_key="amount", currency_key="currency")
        for charge in parts(part(value, "charges"), "charge")
        if text(charge, "chargeType") == "PRODUCT"
    ]
    return LineRecord(
        external_id=ident(value, "lineNumber"),
        sku=text(item, "sku", 100),
        title=text(item, "productName"),
        quantity=whole(part(value, "orderLineQuantity"), "amount", 1),
        unit_price=next(filter(None, prices), None),
        image_url=link(item, "imageUrl", 1000),
        status=_combined({STATUSES.get(said, OrderStatus.UNKNOWN) for said in words}),
        status_text=", ".join(told)[:LONGEST_WORD],
        cancel_requested=flag(value, "intentToCancel"),
        cancel_reason=next(filter(None, reasons), ""),
    )


def _line_states(value: Json) -> list[Json]:
    return parts(part(value, "orderLineStatuses"), "orderLineStatus")


def _states(value: Json) -> list[tuple[str, int]]:
    """The words that hold for at least one unit, with the number of units."""
    found: dict[str, int] = {}
    for each in _line_states(value):
        count = whole(part(each, "statusQuantity"), "amount", 1)
        said = word(each, "status")
        if said and count:
            found[said] = found.get(said, 0) + count
    return list(found.items())


def _combined(found: set[OrderStatus]) -> OrderStatus:
    """One word for parts that may have gone different ways; what was cancelled no longer counts."""
    going = found - {OrderStatus.CANCELLED}
    if not going:
        return OrderStatus.CANCELLED if found else OrderStatus.UNKNOWN
    if len(going) == 1:
        return going.pop()
    if OrderStatus.UNKNOWN in going:
        return OrderStatus.UNKNOWN
    if going == {OrderStatus.SHIPPED, OrderStatus.DELIVERED}:
        return OrderStatus.SHIPPED
    return OrderStatus.PARTLY_SHIPPED


def _moments(lines: list[Json]) -> Iterable[datetime]:
    for line in lines:
        if changed := moment(line, "statusDate"):
            yield changed
        for state in _line_states(line):
            if shipped := moment(part(state, "trackingInfo"), "shipDateTime"):
                yield shipped


def _fulfilment(ship_node: Json, asked: str, number: str, strange: list[Strange]) -> Fulfilment:
    said = word(ship_node, "type")
    if said and said not in NODES:
        strange.append(unknown("A ship node type", said, number))
    return NODES.get(said) or NODES.get(asked, Fulfilment.SELLER)


def _place(address: Json) -> str:
    town, region = text(address, "city", 100), text(address, "state", 60)
    return " ".join(filter(None, [", ".join(filter(None, [town, region])), text(address, "postalCode", 20)]))


def _program(line: Json) -> str:
    return word(part(line, "fulfillment"), "shippingProgramType")


def _shipments(lines: list[Json], estimated: datetime | None) -> tuple[ShipmentRecord, ...]:
    """The parcels; lines that travel under one tracking number are one parcel."""
    found: dict[str, ShipmentRecord] = {}
    for line in lines:
        for state in _line_states(line):
            info, said = part(state, "trackingInfo"), word(state, "status")
            if not info:
                continue
            tracking, shipped = text(info, "trackingNumber", 100), moment(info, "shipDateTime")
            key = tracking or f"line {ident(line, 'lineNumber')}"
            delivered = said == "Delivered"
            if key in found and not delivered:
                continue
            carrier = part(info, "carrierName")
            found[key] = ShipmentRecord(
                external_id=key,
                carrier=word(carrier, "carrier") or word(carrier, "otherCarrier"),
                tracking_number=tracking,
                tracking_url=link(info, "trackingURL"),
                status=ShipmentStatus.DELIVERED if delivered else ShipmentStatus.IN_TRANSIT,
                status_text=said,
                shipped_at=shipped,
                estimated_at=estimated,
                delivered_at=moment(line, "statusDate") if delivered else None,
            )
    return tuple(found.values())


def _refunds(lines: list[Json], number: str) -> tuple[RefundRecord, ...]:
    """What was given back by line; Walmart writes amounts given back as negative."""
    found = []
    for line in lines:
        refund = part(line, "refund")
        charges = parts(part(refund, "refundCharges"), "refundCharge")
        given = [money for each in charges for money in _charged(part(each, "charge"))]
        if not given:
            continue
        found.append(
            RefundRecord(
                external_id=text(refund, "refundId", 60) or f"{number}/{ident(line, 'lineNumber')}",
                amount=Money(abs(sum((each.amount for each in given), Decimal())), given[0].currency),
                reason=next(filter(None, (text(each, "refundReason", 100) for each in charges)), ""),
            )
        )
    return tuple(found)


def _charged(charge: Json) -> Iterable[Money]:
    """A charge and its tax."""
    for inner, key in ((charge, "chargeAmount"), (part(charge, "tax"), "taxAmount")):
        found = money(inner, key, amount_key="amount", currency_key="currency")
        if found is not None:
            yield found


def _sum_of_charges(lines: list[Json]) -> Money | None:
    """What the buyer paid, for an answer without a summary; unknown when currencies are mixed.

    Also unknown where a line has several units: Walmart does not say whether a charge is for one of them.
    """
    if any(whole(part(line, "orderLineQuantity"), "amount", 1) > 1 for line in lines):
        return None
    paid = [
        each
        for line in lines
        for charge in parts(part(line, "charges"), "charge")
        for each in _charged(charge)
    ]
    if len({each.currency for each in paid}) != 1:
        return None
    return Money(sum((each.amount for each in paid), Decimal()), paid[0].currency)
