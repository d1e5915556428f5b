"""A Walmart account behind the shape both marketplaces share."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from marketplaces import pictures
from marketplaces.errors import NotFound, Refused, Temporary
from marketplaces.http import Api, expect
from marketplaces.ratings import Performance
from marketplaces.records import (
    AccountFacts,
    Expected,
    FulfilmentRecord,
    MessageAction,
    OrderRecord,
    Page,
    RefundRecord,
    ReturnRecord,
    Subscription,
    Window,
)
from marketplaces.walmart import checking, parse, ratings, returns, subscribing
from marketplaces.walmart.api import RATES

ORDERS_PAGE, RETURNS_PAGE = 200, 200
# Walmart lists what was created in the last seven days unless told otherwise, and reaches back 180 days.
REACH = timedelta(days=179)
MOST_PAGES = 500
# An empty list may come as 404 with this code; every other 404 to a list is a fault.
EMPTY_CODE = "CONTENT_NOT_FOUND"
CURSOR = re.compile(r"\??[\x21-\x22\x24-\x7e]{1,4000}")


class WalmartAdapter:
    """Reads orders, returns and figures; Walmart has no API for messages.

    With `restricted` it takes over the place a parcel goes to, which Walmart sends unasked.
    """

    streams = ("orders", "returns", "performance")

    def __init__(self, api: Api, *, picture_hosts: list[str], restricted: bool) -> None:
        self.api, self.picture_hosts, self.restricted = api, picture_hosts, restricted

    def close(self) -> None:
        """Close the connections."""
        self.api.close()

    def orders(self, window: Window) -> Iterator[Page[OrderRecord]]:
        """Purchase orders modified in the window: each ship node type is a list of its own."""
        query = {**_modified_in(window), "limit": str(ORDERS_PAGE), "productInfo": "true"}
        for node in parse.NODES:
            for values in self._order_pages({**query, "shipNodeType": node}):
                yield parse.orders(values, node, with_place=self.restricted)

    def order(self, order_id: str) -> list[OrderRecord]:
        """The purchase orders of a customer's order, or the one of that number; raises NotFound."""
        number = order_id.replace("-", "").strip()
        if not number.isalnum():
            raise NotFound("No order has such a number.")
        found: list[Page[OrderRecord]] = []
        query = {
            "customerOrderId": number,
            "createdStartDate": _iso(datetime.now(UTC) - REACH),
            "limit": str(ORDERS_PAGE),
            "productInfo": "true",
        }
        for node in parse.NODES:
            for values in self._order_pages({**query, "shipNodeType": node}):
                found.append(parse.orders(values, node, with_place=self.restricted))
        if not any(page.records or page.strange for page in found):
            answer = self.api.request(
                "order", f"/v3/orders/{quote(number, safe='')}", {"productInfo": "true"}
            )
            value = expect(expect(answer.data, dict, "order").get("order"), dict, "order")
            found = [parse.orders([value], "SellerFulfilled", with_place=self.restricted)]
        records = [record for page in found for record in page.records]
        if not records:
            raise Temporary("The order's record could not be read.")
        if any(number not in (record.order_id, record.external_id) for record in records):
            raise Temporary("Walmart answered with another order than the one asked for.")
        return records

    def expected_orders(self, window: Window) -> Expected:
        """Walmart counts them itself, beside the first page of each list."""
        orders, calls = 0, 0
        for node in parse.NODES:
            query = {**_modified_in(window), "limit": "1", "shipNodeType": node}
            try:
                answer = self.api.request("orders", "/v3/orders", query)
            except NotFound as fault:
                if fault.code.startswith(EMPTY_CODE):
                    continue
                raise
            listed = expect(expect(answer.data, dict, "list").get("list"), dict, "list of orders")
            found = expect(part_of(listed, "meta").get("totalCount"), int, "count of orders")
            orders, calls = orders + found, calls + 1 + found // ORDERS_PAGE
        return Expected(orders, calls / RATES["orders"].per_second)

    def returns(self, window: Window, *, pending: str = "") -> Iterator[Page[ReturnRecord]]:
        """Returns modified in the window; these lists are never made to wait for."""
        query = {
            "returnLastModifiedStartDate": _iso(window.since),
            "returnLastModifiedEndDate": _iso(window.until),
            "returnCreationStartDate": _iso(min(window.since, window.until - REACH)),
            "limit": str(RETURNS_PAGE),
        }
        for data in self._pages("returns", "/v3/returns", query):
            values = _listed(data.get("returnOrders"), part_of(data, "meta"), "list of returns")
            yield returns.returns(values)

    def fulfilments(self, window: Window) -> Iterator[Page[FulfilmentRecord]]:
        """Walmart ships for no other channel by this API."""
        return iter(())

    def item_image(self, sku: str, item_id: str, image_url: str) -> str:
        """The order's line names the picture; no other API does."""
        return image_url

    def picture(self, url: str) -> bytes:
        """The picture behind an address that came from this marketplace."""
        return pictures.fetch(url, api_host=self.api.host, suffixes=self.picture_hosts)

    def message_actions(self, order_id: str) -> list[MessageAction]:
        """None: at Walmart everything is said by mail."""
        return []

    def send_message(self, order_id: str, action: str, text: str) -> str:
        """Walmart has no API for messages."""
        raise Refused("Walmart has no API for messages.")

    def buyer_locale(self, order_id: str) -> str:
        """Walmart does not say which language a buyer reads."""
        return ""

    def refunds(self, order_id: str) -> list[RefundRecord]:
        """None beyond those the order itself brings."""
        return []

    def performance(self, *, pending: str = "", now: datetime) -> Performance:
        """Walmart's figures and the messages its response rate counts, as far as there are any."""
        return ratings.performance(self.api, now=now)

    def subscriptions(self) -> list[Subscription]:
        """What Walmart tells this account's programs, and where."""
        return subscribing.listed(self.api)

    def subscribe(self, event: str, url: str, *, header: str, secret: str) -> Subscription:
        """Have Walmart send a kind of event to an address, signed with the secret in that header."""
        return subscribing.subscribe(self.api, event, url, header=header, secret=secret)

    def unsubscribe(self, external_id: str) -> None:
        """Have it sent no more; one that is already gone is no fault."""
        subscribing.unsubscribe(self.api, external_id)

    def check(self, *, thorough: bool = False) -> AccountFacts:
        """What the key may do, from the token's own description; `thorough` reads an order for proof."""
        return checking.facts(self.api, thorough=thorough)

    def _order_pages(self, query: dict[str, str]) -> Iterator[list[object]]:
        for data in self._pages("orders", "/v3/orders", query):
            listed = expect(data.get("list"), dict, "list of orders")
            values = part_of(listed, "elements").get("order")
            yield _listed(values, part_of(listed, "meta"), "list of orders")

    def _pages(self, operation: str, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """The pages of a list, by a cursor that is Walmart's own query and goes back as it came."""
        seen: set[str] = set()
        cursor = ""
        for _ in range(MOST_PAGES):
            try:
                answer = self.api.request(operation, path, None if cursor else query, raw_query=cursor)
            except NotFound as fault:
                if fault.code.startswith(EMPTY_CODE) and not cursor:
                    return
                raise Temporary(
                    "The list is not where it should be (404).", request_id=fault.request_id
                ) from fault
            data = expect(answer.data, dict, "list")
            yield data
            found = part_of(data if operation == "returns" else part_of(data, "list"), "meta").get(
                "nextCursor"
            )
            if found is None or found == "":
                return
            if not isinstance(found, str) or not CURSOR.fullmatch(found):
                raise Temporary("The page has a cursor that cannot be followed.")
            if found in seen:
                raise Temporary("The same page of the list came again.")
            seen.add(found)
            cursor = found
        raise Temporary("The list has no end.")


def part_of(data: dict[str, Any], key: str) -> dict[str, Any]:
    """An object inside the answer; empty where it is absent."""
    return expect(data.get(key) or {}, dict, key)


def _listed(values: object, meta: dict[str, Any], what: str) -> list[object]:
    """The records of a page. A page without a list is empty only where the count beside it says so."""
    if values is None and meta.get("totalCount") == 0:
        return []
    return expect(values, list, what)


def _modified_in(window: Window) -> dict[str, str]:
    return {
        "lastModifiedStartDate": _iso(window.since),
        "lastModifiedEndDate": _iso(window.until),
        "createdStartDate": _iso(min(window.since, window.until - REACH)),
    }


def _iso(at: datetime) -> str:
    """A moment as Walmart's own samples write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
