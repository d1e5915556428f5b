"""An order in Walmart's words: `GetOrderResponseRecord`, its lines `OrderLineType`, of the models."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.api import Call
from simulator.orders.order import Line, Order, ms

NODES = {"seller": "SellerFulfilled", "wfs": "WFSFulfilled", "3pl": "3PLFulfilled"}
PLACEHOLDER = "nocxemail@walmartone.com"
_CARRIERS = ("UPS", "USPS", "FedEx", "DHL", "GLS", "Canada Post", "Royal Mail")
_TAX = Decimal("0.0825")
_CENT = Decimal("0.01")
_REFUND_REASONS = {
    "DAMAGED": "DamagedItem",
    "DEFECTIVE": "DefectiveItem",
    "NOT_AS_DESCRIBED": "ItemNotAsAdvertised",
    "ARRIVED_LATE": "CustomerReceivedItemLate",
    "INCORRECT_ITEM": "IncorrectItemReceived",
    "NO_LONGER_WANTED": "CustomerChangedMind",
    "Goodwill": "Finance -> Goodwill",
}


def shaped(order: Order, call: Call, now: datetime) -> dict[str, Any]:
    """The order as the API tells it; pictures only with `productInfo=true`."""
    query = call.request.query
    pictures = call.request.base_url if query.get("productInfo", "false").lower() == "true" else ""
    address = order.address
    ready = order.relay_ready_at <= ms(now)
    shape: dict[str, Any] = {
        "purchaseOrderId": order.id,
        "customerOrderId": order.customer_order_id,
        "customerEmailId": order.relay_address if ready else PLACEHOLDER,
        "orderDate": order.ordered_at,
        "shippingInfo": {
            "phone": "5555550100",
            "estimatedDeliveryDate": order.promised_by,
            "estimatedShipDate": order.ship_by,
            "methodCode": order.speed,
            "postalAddress": {
                "name": order.buyer_name,
                "address1": address.street,
                "address2": None,
                "city": address.city,
                "state": address.state or address.city,
                "postalCode": address.postal_code,
                "country": address.country,
                "addressType": "RESIDENTIAL",
            },
        },
        "orderLines": {"orderLine": [_line(one, order, pictures) for one in order.lines]},
        "paymentTypes": ["CREDITCARD"],
        "orderSummary": {
            "totalAmount": {
                "currencyAmount": float((order.total * (1 + _TAX)).quantize(_CENT)),
                "currencyUnit": order.currency,
            }
        },
        "shipNode": {
            "type": NODES[order.fulfilment],
            "name": call.account.name,
            "id": call.account.api.seller_id,
        },
    }
    if query.get("replacementInfo", "false").lower() == "true":
        shape["orderType"] = "REGULAR"
    return shape


def _money(amount: Decimal, currency: str) -> dict[str, Any]:
    return {"currency": currency, "amount": float(amount.quantize(_CENT))}


def _charge(amount: Decimal, currency: str, *, name: str = "ItemPrice") -> dict[str, Any]:
    tax = _money(amount * _TAX, currency)
    return {
        "chargeType": "PRODUCT",
        "chargeName": name,
        "chargeAmount": _money(amount, currency),
        "tax": {"taxName": "Tax1", "taxAmount": tax},
    }


def _line(line: Line, order: Order, pictures: str) -> dict[str, Any]:
    # An item's price is that of all its pieces, as in the published samples.
    price = Decimal(line.price) * line.quantity
    shape: dict[str, Any] = {
        "lineNumber": str(line.number),
        "item": {"productName": line.title, "sku": line.sku, "condition": "New"},
        "charges": {"charge": [_charge(price, order.currency)]},
        "orderLineQuantity": _pieces(line.quantity),
        "statusDate": order.modified_at,
        "orderLineStatuses": {"orderLineStatus": _statuses(line, order)},
        "fulfillment": {
            "fulfillmentOption": "S2H",
            "shipMethod": order.speed.upper(),
            "pickUpDateTime": order.promised_by,
        },
    }
    if pictures:
        shape["item"] |= {
            "imageUrl": f"{pictures}/images/{line.sku}.png",
            "weight": {"value": "2.5", "unit": "Pounds"},
        }
    if order.cancel_requested_at is not None and order.status in ("created", "acknowledged"):
        shape["intentToCancel"] = "true"
    back = next((one for one in order.returns if one.line == line.number), None)
    if back is not None:
        shape["returnOrderId"] = back.id
    if order.refunds and line.number == 1:
        shape["refund"] = {
            "refundId": f"RF{order.id}",
            "refundComments": order.refunds[-1].by,
            "refundCharges": {
                "refundCharge": [
                    {
                        "refundReason": _REFUND_REASONS.get(refund.reason, "Others"),
                        "charge": _charge(-Decimal(refund.amount), order.currency),
                    }
                    for refund in order.refunds
                ]
            },
        }
    return shape


def _pieces(count: int) -> dict[str, str]:
    return {"unitOfMeasurement": "EACH", "amount": str(count)}


def _statuses(line: Line, order: Order) -> list[dict[str, Any]]:
    statuses: list[dict[str, Any]] = []
    left = line.quantity - line.cancelled
    if left:
        status: dict[str, Any] = {"status": order.status.capitalize(), "statusQuantity": _pieces(left)}
        if order.parcel is not None:
            carrier = order.parcel.carrier
            known = {"carrier": carrier} if carrier in _CARRIERS else {"otherCarrier": carrier}
            tracking = order.parcel.tracking
            status["trackingInfo"] = {
                "shipDateTime": order.parcel.shipped_at,
                "carrierName": known,
                "methodCode": order.speed,
                "trackingNumber": tracking,
                "trackingURL": f"https://www.walmart.com/tracking?tracking_id={tracking}&order_id={order.id}",
            }
        statuses.append(status)
    if line.cancelled:
        reason = order.cancel_reason or "SELLER_CANCEL_OUT_OF_STOCK"
        statuses.append(
            {"status": "Cancelled", "statusQuantity": _pieces(line.cancelled), "cancellationReason": reason}
        )
    return statuses
