"""An order in Amazon's words: `Order` of the Orders API 2026-01-01."""

from decimal import Decimal
from typing import Any

from simulator.accounts import SellerAccount
from simulator.orders.order import Line, Order, Parcel, iso

DATASETS = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)
STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
_STATUS = {
    "created": "UNSHIPPED",
    "acknowledged": "UNSHIPPED",
    "shipped": "SHIPPED",
    "delivered": "SHIPPED",
    "cancelled": "CANCELLED",
}
_LEVELS = {"Value": "FREE_ECONOMY", "Standard": "STANDARD", "Express": "EXPEDITED"}
_DAY = 24 * 3_600_000


def status_of(order: Order) -> str:
    """The order's FulfillmentStatus."""
    return _STATUS[order.status]


def shaped(order: Order, account: SellerAccount, included: tuple[str, ...]) -> dict[str, Any]:
    """The order with the datasets that were asked for."""
    site = account.site
    shape: dict[str, Any] = {
        "orderId": order.id,
        "createdTime": iso(order.ordered_at),
        "lastUpdatedTime": iso(order.modified_at),
        "programs": ["PRIME"] if order.fulfilment == "fba" else [],
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": site.marketplace_id,
            "marketplaceName": site.site.capitalize(),
        },
        "orderItems": [_item(line, order, included) for line in order.lines],
    }
    if "BUYER" in included:
        shape["buyer"] = _buyer(order)
    if "RECIPIENT" in included:
        shape["recipient"] = {"deliveryAddress": address(order)}
    if "PROCEEDS" in included:
        shape["proceeds"] = {"grandTotal": money(order.total, order)}
    if "FULFILLMENT" in included:
        shape["fulfillment"] = {
            "fulfillmentStatus": status_of(order),
            "fulfilledBy": "AMAZON" if order.fulfilment == "fba" else "MERCHANT",
            "fulfillmentServiceLevel": _LEVELS[order.speed],
            "shipByWindow": {
                "earliestDateTime": iso(order.ordered_at),
                "latestDateTime": iso(order.ship_by),
            },
            "deliverByWindow": {
                "earliestDateTime": iso(order.promised_by - 2 * _DAY),
                "latestDateTime": iso(order.promised_by),
            },
        }
    if "PACKAGES" in included and order.parcel is not None:
        shape["packages"] = [_package(order, order.parcel)]
    return shape


def money(amount: Decimal, order: Order) -> dict[str, str]:
    """Amazon's money: the amount is a text."""
    return {"amount": str(amount), "currencyCode": order.currency}


def address(order: Order) -> dict[str, str]:
    """The recipient."""
    return {
        "name": order.buyer_name,
        "addressLine1": order.address.street,
        "city": order.address.city,
        "stateOrRegion": order.address.state,
        "postalCode": order.address.postal_code,
        "countryCode": order.address.country[:2],
        "addressType": "RESIDENTIAL",
    }


def _buyer(order: Order) -> dict[str, str]:
    buyer = {"buyerName": order.buyer_name}
    # Only merchant-fulfilled orders that are not cancelled have an address to write to.
    if order.fulfilment == "seller" and order.status != "cancelled":
        buyer["buyerEmail"] = order.relay_address
    return buyer


def _item(line: Line, order: Order, included: tuple[str, ...]) -> dict[str, Any]:
    price = Decimal(line.price)
    shape: dict[str, Any] = {
        "orderItemId": line.ref,
        "quantityOrdered": line.quantity,
        "product": {
            "asin": line.asin,
            "title": line.title,
            "sellerSku": line.sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW", "conditionNote": ""},
            "price": {"unitPrice": money(price, order)},
        },
    }
    if "PROCEEDS" in included:
        total = money(price * (line.quantity - line.cancelled), order)
        shape["proceeds"] = {
            "proceedsTotal": total,
            "breakdowns": [{"type": "ITEM", "subtotal": total}],
        }
    if "CANCELLATION" in included:
        cancellation: dict[str, Any] = {}
        if order.cancel_requested_at is not None:
            cancellation["cancellationRequest"] = {"requester": "BUYER", "cancelReason": order.cancel_reason}
        if line.cancelled:
            cancellation["cancellationExecution"] = {
                "cancelledBy": order.cancelled_by or "MERCHANT",
                "cancelReason": order.cancel_reason or "Out of stock",
            }
        if cancellation:
            shape["cancellation"] = cancellation
    if "FULFILLMENT" in included:
        gone = 0 if order.parcel is None else line.quantity - line.cancelled
        shape["fulfillment"] = {
            "quantityFulfilled": gone,
            "quantityUnfulfilled": line.quantity - line.cancelled - gone,
        }
    return shape


def _package(order: Order, parcel: Parcel) -> dict[str, Any]:
    delivered = parcel.delivered_at is not None
    return {
        "packageReferenceId": "1",
        "createdTime": iso(parcel.shipped_at),
        "packageStatus": {
            "status": "DELIVERED" if delivered else "IN_TRANSIT",
            "detailedStatus": "DELIVERED" if delivered else "PICKED_UP",
        },
        "carrier": parcel.carrier,
        "shipTime": iso(parcel.shipped_at),
        "shippingService": f"{parcel.carrier} Ground",
        "trackingNumber": parcel.tracking,
        "packageItems": [
            {"orderItemId": line.ref, "quantity": line.quantity - line.cancelled}
            for line in order.lines
            if line.quantity > line.cancelled
        ],
    }
