"""searchOrders and getOrder of the Orders API 2026-01-01."""

import base64
import binascii
import hashlib
import heapq
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.amazon_api.asked import check_names, listed, on_sites
from simulator.amazon_api.order_shape import DATASETS, STATUSES, shaped, status_of
from simulator.api import Call, Refused
from simulator.http import Request, Response
from simulator.limits import Limits
from simulator.mistakes import Mistake
from simulator.orders.book import EVER, OrderBook, Window
from simulator.orders.order import Order, iso, moment, ms

_KNOWN = (
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
    "maxResultsPerPage",
    "paginationToken",
    "includedData",
)
_SHIPPERS = {"MERCHANT": "seller", "AMAZON": "fba"}
_TWO_MINUTES = 120_000
_TOKEN_LIFE = 24 * 3600


class Orders:
    """The two ways to read orders."""

    def __init__(self, accounts: Accounts, book: OrderBook, limits: Limits) -> None:
        self._accounts, self._book, self._limits = accounts, book, limits

    def one(self, call: Call) -> Response:
        """One order of the seller, on any of its sites."""
        check_names(call.request, ("includedData",))
        included = listed(call.request, "includedData", DATASETS)
        for account in call.accounts:
            order = self._book.find(account.address, call.parts[0])
            if order is not None and order.fulfilment in _SHIPPERS.values():
                return Response.json({"order": shaped(order, account, included)})
        raise Refused(404, "NotFound", f"Order {call.parts[0]} was not found.")

    def search(self, call: Call) -> Response:
        """A page of orders, those placed or changed first first."""
        request = call.request
        check_names(request, _KNOWN)
        included = listed(request, "includedData", DATASETS)
        statuses = listed(request, "fulfillmentStatuses", STATUSES) or STATUSES
        window, until = self._window(request)
        accounts = on_sites(call)
        limit = _page_size(request)
        found = (found for found in self._merged(accounts, window) if status_of(found[1]) in statuses)
        page = list(itertools.islice(found, limit + 1))
        more, page = len(page) > limit, page[:limit]
        answer: dict[str, Any] = {}
        if more or call.repeat:
            # A repeated page is one whose token leads to where it began.
            after = window.after if call.repeat else window.place(page[-1][1])
            answer["pagination"] = {"nextToken": _token(call, after)}
        answer["lastUpdatedBefore" if window.by_modified else "createdBefore"] = iso(until)
        if call.foreign:
            page.append(self._foreign(call))
        answer["orders"] = [shaped(order, account, included) for account, order in page]
        return Response.json(answer)

    def _window(self, request: Request) -> tuple[Window, int]:
        """Which orders are asked for, and until which moment."""
        query = request.query
        by_modified = "lastUpdatedAfter" in query
        if by_modified == ("createdAfter" in query):
            raise Refused(400, "InvalidInput", "Provide exactly one of createdAfter and lastUpdatedAfter.")
        wrong = (
            ("createdAfter", "createdBefore") if by_modified else ("lastUpdatedAfter", "lastUpdatedBefore")
        )
        if any(name in query for name in wrong):
            raise Refused(400, "InvalidInput", f"{wrong[1]} does not go with the other filter.")
        start, end = (
            ("lastUpdatedAfter", "lastUpdatedBefore") if by_modified else ("createdAfter", "createdBefore")
        )
        begins = moment(query[start])
        now = ms(clock.now())
        until = now - int(self._limits.lag_seconds * 1000)
        if end in query:
            until = moment(query[end])
            if until < begins or until > now - _TWO_MINUTES:
                raise Refused(
                    400,
                    "InvalidInput",
                    f"{end} lies after {start} and at least two minutes before the request.",
                )
        by = [_SHIPPERS[who] for who in listed(request, "fulfilledBy", tuple(_SHIPPERS)) or _SHIPPERS]
        after = _place(request) if "paginationToken" in query else (-1, "")
        span = (begins, until)
        window = Window(
            by,
            created=EVER if by_modified else span,
            modified=span if by_modified else EVER,
            by_modified=by_modified,
            after=after,
        )
        return window, until

    def _merged(
        self, accounts: tuple[SellerAccount, ...], window: Window
    ) -> Iterator[tuple[SellerAccount, Order]]:
        """The orders of one seller on several sites, in one sequence."""

        def of(account: SellerAccount) -> Iterator[tuple[tuple[int, str], SellerAccount, Order]]:
            for order in self._book.through(account.address, window):
                yield window.place(order), account, order

        for _, account, order in heapq.merge(*map(of, accounts), key=lambda one: one[0]):
            yield account, order

    def _foreign(self, call: Call) -> tuple[SellerAccount, Order]:
        own = {account.address for account in call.accounts}
        sites = {account.market for account in call.accounts}
        # Of another site, where there is one: only that can be told by looking at it.
        others = sorted(self._accounts.of_marketplace("amazon"), key=lambda other: other.market in sites)
        for account in others:
            if account.address not in own:
                for order in self._book.through(account.address, Window(("seller",))):
                    return account, order
        raise Mistake("foreign needs another Amazon account with an order.")


def _page_size(request: Request) -> int:
    given = request.query.get("maxResultsPerPage", "100")
    if not given.isdigit() or not 1 <= int(given) <= 100:
        raise Refused(400, "InvalidInput", "maxResultsPerPage is a number from 1 to 100.")
    return int(given)


def _asked(request: Request) -> str:
    """What a page token belongs to: everything asked for but the page itself."""
    kept = sorted((name, value) for name, value in request.query.items() if name != "paginationToken")
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:16]


def _token(call: Call, after: tuple[int, str]) -> str:
    facts = [*after, _asked(call.request), int(time.time())]
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()


def _place(request: Request) -> tuple[int, str]:
    try:
        at, order_id, asked, issued = json.loads(base64.urlsafe_b64decode(request.query["paginationToken"]))
    except (binascii.Error, ValueError, TypeError):
        raise Refused(400, "InvalidInput", "This paginationToken was not given out.") from None
    if asked != _asked(request):
        raise Refused(400, "InvalidInput", "A paginationToken goes with the same filters as the page before.")
    if issued < time.time() - _TOKEN_LIFE:
        raise Refused(400, "InvalidInput", "This paginationToken is older than 24 hours.")
    return at, order_id
