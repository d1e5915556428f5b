"""GET /v3/orders and /v3/orders/{purchaseOrderId}: sections 3.2 and 3.7 of the Walmart field notes."""

import itertools
from collections.abc import Callable

from simulator import clock
from simulator.accounts import Accounts
from simulator.api import Call, Refused
from simulator.http import Request, Response
from simulator.mistakes import Mistake
from simulator.orders.book import EVER, OrderBook, Window
from simulator.orders.order import Order, moment, ms
from simulator.orders.parts import DAY
from simulator.walmart_api import cursor
from simulator.walmart_api.order_shape import NODES, shaped

_REACH = 180 * DAY
_DEFAULT_REACH = 7 * DAY
_STATUSES = {"Created", "Acknowledged", "Shipped", "Delivered", "Cancelled"}
_KNOWN = (
    "sku",
    "customerOrderId",
    "purchaseOrderId",
    "status",
    "createdStartDate",
    "createdEndDate",
    "fromExpectedShipDate",
    "toExpectedShipDate",
    "lastModifiedStartDate",
    "lastModifiedEndDate",
    "limit",
    "productInfo",
    "shipNodeType",
    "shippingProgramType",
    "replacementInfo",
    "orderType",
    "sortBy",
    "sortOrder",
)
_OF_CURSORS = ("hasMoreElements", "soIndex", "poIndex", "partnerId", "sellerId")


class Orders:
    """The two ways to read orders."""

    def __init__(self, accounts: Accounts, book: OrderBook) -> None:
        self._accounts, self._book = accounts, book

    def one(self, call: Call) -> Response:
        """One purchase order, whoever ships it."""
        order = self._book.find(call.account.address, call.parts[0])
        if order is None:
            raise Refused(
                404, "CONTENT_NOT_FOUND.GMP_ORDER_API", "No order was found for the purchase order id."
            )
        return Response.json({"order": shaped(order, call, clock.now())})

    def listed(self, call: Call) -> Response:
        """A page of orders of one kind of ship node."""
        request, account = call.request, call.account
        follows = "soIndex" in request.query
        unknown = set(request.query) - {*_KNOWN, *(_OF_CURSORS if follows else ())}
        if unknown:
            raise Refused(400, "", f"Unknown parameter: {', '.join(sorted(unknown))}.")
        if follows:
            cursor.check(request)
            if request.query.get("sellerId") != account.api.seller_id:
                raise Refused(400, "INVALID_CURSOR.GMP_ORDER_API", "This cursor belongs to another seller.")
        limit = cursor.number(request, "limit", default=100, most=200)
        window, wanted = _window(request), _filter(request)
        found = (order for order in self._book.through(account.address, window) if wanted(order))
        page = list(itertools.islice(found, limit + 1))
        more, page = len(page) > limit, page[:limit]
        if not page and account.api.empty_is_404:
            raise Refused(404, "CONTENT_NOT_FOUND.GMP_ORDER_API", "No orders were found.")
        meta: dict[str, object] = {"totalCount": self._book.count(account.address, window), "limit": limit}
        if more or call.repeat:
            # A repeated page is one whose cursor leads to where it began.
            after = window.after if call.repeat else window.place(page[-1])
            meta["nextCursor"] = _cursor(request, account.api.seller_id, limit, after, window)
        if call.foreign:
            page.append(self._foreign(call))
        now = clock.now()
        shapes = [shaped(order, call, now) for order in page]
        return Response.json({"list": {"meta": meta, "elements": {"order": shapes}}})

    def _foreign(self, call: Call) -> Order:
        for account in self._accounts.of_marketplace("walmart"):
            if account.address != call.account.address:
                for order in self._book.through(account.address, Window(("seller",))):
                    return order
        raise Mistake("foreign needs another Walmart account with an order.")


def _window(request: Request) -> Window:
    query = request.query
    now = ms(clock.now())
    node = query.get("shipNodeType", "SellerFulfilled")
    if node not in NODES.values():
        raise Refused(400, "", f"shipNodeType is one of: {', '.join(NODES.values())}.")
    start = moment(query["createdStartDate"]) if "createdStartDate" in query else now - _DEFAULT_REACH
    end = moment(query["createdEndDate"]) if "createdEndDate" in query else now
    modified = EVER
    by_modified = "lastModifiedStartDate" in query or "lastModifiedEndDate" in query
    if by_modified:
        modified = (
            moment(query["lastModifiedStartDate"]) if "lastModifiedStartDate" in query else 0,
            moment(query["lastModifiedEndDate"]) if "lastModifiedEndDate" in query else now,
        )
    after = (-1, "")
    if "soIndex" in query:
        so = query["soIndex"]
        if not so.lstrip("-").isdigit():
            raise Refused(400, "INVALID_CURSOR.GMP_ORDER_API", "soIndex is a number.")
        after = (int(so), query.get("poIndex", ""))
    return Window(
        fulfilments=[kind for kind, name in NODES.items() if name == node],
        created=(max(start, now - _REACH), end),
        modified=modified,
        by_modified=by_modified,
        after=after,
    )


def _filter(request: Request) -> Callable[[Order], bool]:
    query = request.query
    status = query.get("status", "")
    if status and status not in _STATUSES:
        raise Refused(400, "", f"status is one of: {', '.join(sorted(_STATUSES))}.")
    ship_from = moment(query["fromExpectedShipDate"]) if "fromExpectedShipDate" in query else 0
    ship_to = moment(query["toExpectedShipDate"]) if "toExpectedShipDate" in query else EVER[1]

    def wanted(order: Order) -> bool:
        return (
            query.get("sku") in (None, *(line.sku for line in order.lines))
            and query.get("customerOrderId") in (None, order.customer_order_id)
            and query.get("purchaseOrderId") in (None, order.id)
            and (not status or order.status == status.lower())
            and ship_from <= order.ship_by <= ship_to
            and query.get("orderType", "REGULAR") == "REGULAR"
            and "shippingProgramType" not in query
        )

    return wanted


def _cursor(request: Request, seller_id: str, limit: int, after: tuple[int, str], window: Window) -> str:
    kept = {name: value for name, value in request.query.items() if name in _KNOWN and name != "limit"}
    # Without these the default span would move with the clock between two pages.
    kept.setdefault("createdStartDate", _iso_ms(window.created[0]))
    kept.setdefault("createdEndDate", _iso_ms(window.created[1]))
    return cursor.written(
        {
            "limit": str(limit),
            "hasMoreElements": "true",
            "soIndex": str(max(after[0], 0)),
            "poIndex": after[1] or "0",
            "partnerId": f"100{seller_id[-6:]}",
            "sellerId": seller_id,
            **kept,
        }
    )


def _iso_ms(at: int) -> str:
    seconds, rest = divmod(at, 1000)
    text = clock.at(seconds).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z"
