"""Orders Amazon ships for another channel, as records (Fulfillment Outbound API, version 2020-07-01)."""

from dataclasses import replace
from datetime import datetime

from marketplaces.records import FulfilmentRecord, ShipmentRecord, ShipmentStatus, TrackingRecord
from marketplaces.wire import Json, Odd, ident, link, moment, part, parts, text, whole, word

STATUSES = {
    "IN_TRANSIT": ShipmentStatus.IN_TRANSIT,
    "DELAYED": ShipmentStatus.IN_TRANSIT,
    "PICKUP_SCHEDULED": ShipmentStatus.PRE_TRANSIT,
    "OUT_FOR_DELIVERY": ShipmentStatus.OUT_FOR_DELIVERY,
    "AVAILABLE_FOR_PICKUP": ShipmentStatus.AVAILABLE_FOR_PICKUP,
    "DELIVERED": ShipmentStatus.DELIVERED,
    "PICKUP_SUCCESSFUL": ShipmentStatus.DELIVERED,
    "UNDELIVERABLE": ShipmentStatus.EXCEPTION,
    "CUSTOMER_ACTION": ShipmentStatus.EXCEPTION,
    "DELIVERY_ATTEMPTED": ShipmentStatus.EXCEPTION,
    "PICKUP_ATTEMPTED": ShipmentStatus.EXCEPTION,
    "PICKUP_CANCELLED": ShipmentStatus.EXCEPTION,
    "RETURNING": ShipmentStatus.RETURNED,
    "RETURNED": ShipmentStatus.RETURNED,
    "RETURN_REQUEST_ACCEPTED": ShipmentStatus.RETURNED,
    "RETURN_RECEIVED_IN_FC": ShipmentStatus.RETURNED,
    "REFUND_ISSUED": ShipmentStatus.RETURNED,
    "UNKNOWN": ShipmentStatus.UNKNOWN,
}


def changed_at(order: Json) -> datetime:
    """When the order last changed; raises Odd."""
    found = moment(order, "statusUpdatedDate")
    if found is None:
        raise Odd("statusUpdatedDate is missing")
    return found


def fulfilment(value: Json, tracked: dict[int, Json]) -> FulfilmentRecord:
    """The order with its packages, and what tracking says of each by package number. Raises Odd."""
    order = part(value, "fulfillmentOrder")
    return FulfilmentRecord(
        external_id=ident(order, "sellerFulfillmentOrderId"),
        order_id=text(order, "displayableOrderId", 40),
        modified_at=changed_at(order),
        status_text=word(order, "fulfillmentOrderStatus"),
        shipments=tuple(
            _shipment(package, shipment, tracked.get(whole(package, "packageNumber"), {}))
            for shipment in parts(value, "fulfillmentShipments")
            for package in parts(shipment, "fulfillmentShipmentPackage")
        ),
    )


def packages(value: Json) -> list[int]:
    """The numbers of the packages that are under way or have arrived."""
    return [
        whole(package, "packageNumber")
        for shipment in parts(value, "fulfillmentShipments")
        for package in parts(shipment, "fulfillmentShipmentPackage")
    ]


def _shipment(package: Json, shipment: Json, tracked: Json) -> ShipmentRecord:
    number = text(package, "trackingNumber", 100)
    record = ShipmentRecord(
        external_id=number or f"package {ident(package, 'packageNumber')}",
        carrier=word(package, "carrierCode"),
        tracking_number=number,
        status=ShipmentStatus.PRE_TRANSIT,
        status_text=word(shipment, "fulfillmentShipmentStatus"),
        shipped_at=moment(shipment, "shippingDate"),
        estimated_at=moment(package, "estimatedArrivalDate") or moment(shipment, "estimatedArrivalDate"),
    )
    if not tracked:
        return record
    said = word(tracked, "currentStatus")
    events = tuple(_event(each) for each in parts(tracked, "trackingEvents"))
    status = STATUSES.get(said, ShipmentStatus.UNKNOWN)
    arrived = max((each.at for each in events), default=None) if status is ShipmentStatus.DELIVERED else None
    return replace(
        record,
        tracking_url=link(tracked, "customerTrackingLink") or link(tracked, "carrierURL"),
        status=status,
        status_text=said,
        shipped_at=moment(tracked, "shipDate") or record.shipped_at,
        estimated_at=moment(tracked, "estimatedArrivalDate") or record.estimated_at,
        delivered_at=arrived,
        events=events,
    )


def _event(value: Json) -> TrackingRecord:
    at = moment(value, "eventDate")
    if at is None:
        raise Odd("eventDate is missing")
    place = part(value, "eventAddress")
    named = ", ".join(filter(None, (text(place, key, 60) for key in ("city", "state", "country"))))
    return TrackingRecord(at, word(value, "eventCode"), text(value, "eventDescription", 200), named[:120])
