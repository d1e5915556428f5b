"""Multi-Channel Fulfillment 2020-07-01: reading the shipments Amazon makes for other marketplaces' orders."""

import base64
import binascii
import itertools
import json
from typing import Any

from simulator.amazon_api.asked import check_names
from simulator.api import Call, Refused
from simulator.http import Response
from simulator.orders.book import EVER, OrderBook, Window
from simulator.orders.order import Order, Parcel, iso, moment

_PAGE = 20
_HOUR = 3_600_000
_STATUS = {
    "created": "Received",
    "acknowledged": "Planning",
    "shipped": "Complete",
    "delivered": "Complete",
    "cancelled": "Cancelled",
}
_SPEEDS = {"Value": "Standard", "Standard": "Standard", "Express": "Expedited"}


class Mcf:
    """Fulfillment orders of one Amazon account."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book

    def listed(self, call: Call) -> Response:
        """A page of fulfillment orders changed since `queryStartDate`."""
        query = call.request.query
        check_names(call.request, ("queryStartDate", "nextToken"))
        begins, after = _place(query["nextToken"]) if "nextToken" in query else (0, (-1, ""))
        if "queryStartDate" in query:
            begins = moment(query["queryStartDate"])
        window = Window(("mcf",), modified=(begins, EVER[1]), by_modified=True, after=after)
        page = list(itertools.islice(self._book.through(call.account.address, window), _PAGE + 1))
        more, page = len(page) > _PAGE, page[:_PAGE]
        payload: dict[str, Any] = {"fulfillmentOrders": [_shaped(order, call) for order in page]}
        if more or call.repeat:
            place = window.after if call.repeat else window.place(page[-1])
            payload["nextToken"] = base64.urlsafe_b64encode(json.dumps([begins, *place]).encode()).decode()
        return Response.json({"payload": payload})

    def one(self, call: Call) -> Response:
        """One fulfillment order with its items and shipments."""
        check_names(call.request, ())
        order = self._book.find(call.account.address, call.parts[0])
        if order is None or order.fulfilment != "mcf":
            raise Refused(404, "NotFound", f"Fulfillment order {call.parts[0]} was not found.")
        items = [
            {
                "sellerSku": line.sku,
                "sellerFulfillmentOrderItemId": line.ref,
                "quantity": line.quantity,
                "cancelledQuantity": line.cancelled,
                "unfulfillableQuantity": 0,
                "estimatedShipDate": iso(order.ship_by),
                "estimatedArrivalDate": iso(order.promised_by),
            }
            for line in order.lines
        ]
        return Response.json(
            {
                "payload": {
                    "fulfillmentOrder": _shaped(order, call),
                    "fulfillmentOrderItems": items,
                    "fulfillmentShipments": [] if order.parcel is None else [_shipment(order, order.parcel)],
                    "returnItems": [],
                    "returnAuthorizations": [],
                }
            }
        )

    def tracking(self, call: Call) -> Response:
        """Where a package is, by the number its fulfillment order tells."""
        check_names(call.request, ("packageNumber",))
        number = call.request.query.get("packageNumber", "")
        if not number.isdigit():
            raise Refused(400, "InvalidInput", "packageNumber is a number.")
        for order in self._book.through(call.account.address, Window(("mcf",))):
            if order.parcel is not None and order.parcel.number == int(number):
                return Response.json({"payload": _tracking(order, order.parcel)})
        raise Refused(404, "NotFound", f"Package {number} was not found.")


def _place(token: str) -> tuple[int, tuple[int, str]]:
    try:
        begins, at, order_id = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError):
        raise Refused(400, "InvalidInput", "This nextToken was not given out.") from None
    return begins, (at, order_id)


def _shaped(order: Order, call: Call) -> dict[str, Any]:
    return {
        "sellerFulfillmentOrderId": order.id,
        "marketplaceId": call.account.site.marketplace_id,
        "displayableOrderId": order.customer_order_id,
        "displayableOrderDate": iso(order.ordered_at),
        "displayableOrderComment": "Thank you for your order.",
        "shippingSpeedCategory": _SPEEDS[order.speed],
        "destinationAddress": {
            "name": order.buyer_name,
            "addressLine1": order.address.street,
            "city": order.address.city,
            "stateOrRegion": order.address.state,
            "postalCode": order.address.postal_code,
            "countryCode": order.address.country[:2],
        },
        "fulfillmentAction": "Ship",
        "fulfillmentPolicy": "FillOrKill",
        "receivedDate": iso(order.ordered_at),
        "fulfillmentOrderStatus": _STATUS[order.status],
        "statusUpdatedDate": iso(order.modified_at),
        "featureConstraints": [{"featureName": "BLANK_BOX", "featureFulfillmentPolicy": "Required"}],
    }


def _shipment(order: Order, parcel: Parcel) -> dict[str, Any]:
    return {
        "amazonShipmentId": f"D{parcel.number}",
        "fulfillmentCenterId": "MDW2",
        "fulfillmentShipmentStatus": "SHIPPED",
        "shippingDate": iso(parcel.shipped_at),
        "estimatedArrivalDate": iso(order.promised_by),
        "fulfillmentShipmentItem": [
            {
                "sellerSku": line.sku,
                "sellerFulfillmentOrderItemId": line.ref,
                "quantity": line.quantity - line.cancelled,
                "packageNumber": parcel.number,
            }
            for line in order.lines
        ],
        "fulfillmentShipmentPackage": [
            {
                "packageNumber": parcel.number,
                "carrierCode": parcel.carrier,
                "trackingNumber": parcel.tracking,
                "estimatedArrivalDate": iso(order.promised_by),
            }
        ],
    }


def _tracking(order: Order, parcel: Parcel) -> dict[str, Any]:
    place = {"city": order.address.city, "state": order.address.state, "country": order.address.country[:2]}
    events = [
        (parcel.shipped_at, "EVENT_102", "Shipment picked up from seller's facility."),
        (parcel.shipped_at + 6 * _HOUR, "EVENT_202", "Departure scan."),
    ]
    if parcel.delivered_at is not None:
        events = [event for event in events if event[0] < parcel.delivered_at]
        events.append((parcel.delivered_at, "EVENT_301", "Delivered."))
    events = [event for event in events if event[0] <= order.modified_at] or events[:1]
    return {
        "packageNumber": parcel.number,
        "trackingNumber": parcel.tracking,
        "carrierCode": parcel.carrier,
        "shipDate": iso(parcel.shipped_at),
        "estimatedArrivalDate": iso(order.promised_by),
        "shipToAddress": place,
        "currentStatus": "IN_TRANSIT" if parcel.delivered_at is None else "DELIVERED",
        "trackingEvents": [
            {"eventDate": iso(at), "eventAddress": place, "eventCode": code, "eventDescription": said}
            for at, code, said in reversed(events)
        ],
    }
