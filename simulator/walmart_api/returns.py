"""GET /v3/returns: section 3.3 of the Walmart field notes."""

from decimal import Decimal
from typing import Any

from simulator import clock
from simulator.accounts import Accounts
from simulator.api import Call, Refused
from simulator.http import Request, Response
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook, Window
from simulator.orders.order import Order, Return, moment
from simulator.orders.parts import DAY
from simulator.walmart_api import cursor
from simulator.walmart_api.order_shape import NODES

_KNOWN = (
    "returnOrderId",
    "customerOrderId",
    "status",
    "replacementInfo",
    "returnType",
    "isWFSEnabled",
    "returnCreationStartDate",
    "returnCreationEndDate",
    "returnLastModifiedStartDate",
    "returnLastModifiedEndDate",
    "limit",
)
_ALL = Window(tuple(NODES), with_returns=True)
_STATUSES = ("INITIATED", "DELIVERED", "COMPLETED")
_TAX = Decimal("0.0825")


class Returns:
    """Every order's returns, oldest first, by offset."""

    def __init__(self, accounts: Accounts, book: OrderBook) -> None:
        self._accounts, self._book = accounts, book

    def listed(self, call: Call) -> Response:
        """A page of returns."""
        request, account = call.request, call.account
        follows = "offset" in request.query
        unknown = set(request.query) - {*_KNOWN, *(("sellerId", "offset") if follows else ())}
        if unknown:
            raise Refused(400, "", f"Unknown parameter: {', '.join(sorted(unknown))}.")
        offset = 0
        if follows:
            cursor.check(request)
            if (
                request.query.get("sellerId") != account.api.seller_id
                or not request.query["offset"].isdigit()
            ):
                raise Refused(400, "INVALID_CURSOR.GMP_ORDER_API", "This cursor belongs to another seller.")
            offset = int(request.query["offset"])
        if request.query.get("status", "INITIATED") not in _STATUSES:
            raise Refused(400, "", f"status is one of: {', '.join(_STATUSES)}.")
        limit = cursor.number(request, "limit", default=10, most=200)
        found = [(order, back) for order, back in self._of(account.address) if _wanted(order, back, request)]
        if not found and account.api.empty_is_404:
            raise Refused(404, "CONTENT_NOT_FOUND.GMP_ORDER_API", "No returns were found.")
        page = found[offset : offset + limit]
        meta: dict[str, Any] = {"totalCount": len(found), "limit": limit, "nextCursor": ""}
        reached = offset if call.repeat else offset + limit
        if reached < len(found):
            kept = {
                name: value for name, value in request.query.items() if name in _KNOWN and name != "limit"
            }
            meta["nextCursor"] = cursor.written(
                {"sellerId": account.api.seller_id, "limit": str(limit), "offset": str(reached), **kept}
            )
        if call.foreign:
            page.append(self._foreign(call))
        return Response.json({"meta": meta, "returnOrders": [_shaped(order, back) for order, back in page]})

    def _of(self, account: str) -> list[tuple[Order, Return]]:
        found = [(order, back) for order in self._book.through(account, _ALL) for back in order.returns]
        return sorted(found, key=lambda one: (one[1].started_at, one[1].id))

    def _foreign(self, call: Call) -> tuple[Order, Return]:
        for account in self._accounts.of_marketplace("walmart"):
            if account.address != call.account.address and (found := self._of(account.address)):
                return found[0]
        raise Mistake("foreign needs another Walmart account with a return.")


def _changed_at(back: Return) -> int:
    return back.refunded_at or back.received_at or back.started_at


def _wanted(order: Order, back: Return, request: Request) -> bool:
    query = request.query

    def within(at: int, start: str, end: str) -> bool:
        after = start not in query or moment(query[start]) <= at
        return after and (end not in query or at <= moment(query[end]))

    return (
        query.get("returnOrderId") in (None, back.id)
        and query.get("customerOrderId") in (None, order.customer_order_id)
        and query.get("status") in (None, back.status)
        and query.get("returnType") in (None, "REFUND")
        and query.get("isWFSEnabled") in (None, "Y" if order.fulfilment == "wfs" else "N")
        and within(back.started_at, "returnCreationStartDate", "returnCreationEndDate")
        and within(_changed_at(back), "returnLastModifiedStartDate", "returnLastModifiedEndDate")
    )


def _at(at: int) -> str:
    return f"{clock.at(at // 1000):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _shaped(order: Order, back: Return) -> dict[str, Any]:
    first, _, last = order.buyer_name.partition(" ")
    paid = Decimal(back.amount) * (1 + _TAX)
    return {
        "returnOrderId": back.id,
        "customerEmailId": order.relay_address,
        "customerName": {"firstName": first, "lastName": last},
        "customerOrderId": order.customer_order_id,
        "refundMode": "POST_DELIVERY",
        "returnOrderDate": _at(back.started_at),
        "returnType": "REFUND",
        "returnByDate": _at(back.started_at + 30 * DAY),
        "totalRefundAmount": _money(paid, order),
        "returnLineGroups": [
            {
                "groupNo": 1,
                "returnLines": [{"returnOrderLineNumber": 1}],
                "labels": [
                    {
                        "labelImageURL": f"https://labels.walmart.example/{back.id}.png",
                        "carrierInfoList": [
                            {
                                "carrierId": "11",
                                "carrierName": back.carrier.upper(),
                                "serviceType": f"{back.carrier} Ground",
                                "trackingNo": back.tracking,
                            }
                        ],
                    }
                ],
                "returnExpectedFlag": True,
            }
        ],
        "returnOrderLines": [_line(order, back)],
        "returnChannel": {"channelName": back.channel},
    }


def _money(amount: Decimal, order: Order) -> dict[str, Any]:
    return {"currencyAmount": float(amount.quantize(Decimal("0.01"))), "currencyUnit": order.currency}


def _line(order: Order, back: Return) -> dict[str, Any]:
    line = next(line for line in order.lines if line.number == back.line)
    price = Decimal(line.price)
    marketplace = any(refund.by == "marketplace" for refund in order.refunds)
    shape: dict[str, Any] = {
        "returnOrderLineNumber": 1,
        "salesOrderLineNumber": line.number,
        "returnReason": back.reason,
        "purchaseOrderId": order.id,
        "purchaseOrderLineNumber": line.number,
        "isReturnForException": False,
        "item": {"sku": line.sku, "productName": line.title},
        "charges": [
            {
                "chargeCategory": "PRODUCT",
                "chargeName": "ItemPrice",
                "chargePerUnit": _money(price, order),
                "isDiscount": False,
                "isBillable": True,
                "tax": [{"taxName": "Tax1", "taxPerUnit": _money(price * _TAX, order)}],
            }
        ],
        "unitPrice": _money(price, order),
        "quantity": {"unitOfMeasure": "EACH", "measurementValue": float(back.quantity)},
        "returnExpectedFlag": True,
        "isFastReplacement": False,
        "isKeepIt": False,
        "lastItem": False,
        "refundedQty": float(back.quantity if back.refunded_at else 0),
        "status": back.status,
        "statusTime": _at(_changed_at(back)),
        "currentDeliveryStatus": "DELIVERED" if back.received_at else "IN_TRANSIT",
        "currentRefundStatus": "REFUND_COMPLETED" if back.refunded_at else "REFUND_NOT_INITIATED",
        "returnTrackingDetail": _events(back),
    }
    if back.refunded_at:
        shape["refundChannel"] = "WALMART_TRIGGERED_REFUND" if marketplace else "SELLER_MANUAL_REFUND"
    return shape


def _events(back: Return) -> list[dict[str, Any]]:
    events = [("RETURN_INITIATED", back.started_at)]
    if back.received_at:
        events.append(("RETURN_IN_TRANSIT", (back.started_at + back.received_at) // 2))
        events.append(("DELIVERED_AT_RETURN_CENTER", back.received_at))
    if back.refunded_at:
        events.append(("REFUND_ISSUED", back.refunded_at))
    # Newest first, as in the published sample.
    return [
        {
            "sequenceNo": number,
            "eventTag": tag,
            "eventDescription": tag.replace("_", " ").title(),
            "eventTime": _at(at),
        }
        for number, (tag, at) in reversed(list(enumerate(events)))
    ]
