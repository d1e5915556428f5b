"""An Amazon account behind the shape both marketplaces share."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from marketplaces import pictures
from marketplaces.amazon import checking, finances, fulfilments, messages, parse, reports
from marketplaces.amazon.api import RATES
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
    Strange,
    Subscription,
    Window,
)
from marketplaces.wire import Odd, left_out

# What an order's card and its clock need. None of it is restricted.
INCLUDED = "PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES"
# The buyer's name and alias (BUYER), the parcel's place (RECIPIENT): both restricted roles, both done without
# unless the tenant wants them. The alias comes with every mail of the buyer's own.
RESTRICTED = f"BUYER,RECIPIENT,{INCLUDED}"
ORDERS_PAGE = 100
TRANSACTIONS = "/finances/2024-06-19/transactions"
# Amazon refuses an end less than two minutes ago, by its clock; left to itself it takes that as the end.
AMAZONS_OWN = timedelta(minutes=3)
DENSITY_SPAN = timedelta(days=7)
MOST_PAGES = 500
ORDER_ID = re.compile(r"[0-9A-Z-]{5,40}")
# A picture as wide as the panel shows it twice over; the largest ones are several thousand points wide.
WIDEST_PICTURE = 600


class AmazonAdapter:
    """Reads orders, MCF orders, the reports of returns and figures; begins messages Amazon allows.

    Only with `restricted` are buyers' names and places asked for; a token for restricted data never is.
    """

    streams = ("orders", "returns", "fulfilments", "performance")

    def __init__(
        self,
        api: Api,
        *,
        marketplace_id: str,
        document_hosts: list[str],
        picture_hosts: list[str],
        restricted: bool,
    ) -> None:
        self.api, self.marketplace_id = api, marketplace_id
        self.included = RESTRICTED if restricted else INCLUDED
        self.document_hosts, self.picture_hosts = document_hosts, picture_hosts

    def close(self) -> None:
        """Close the connections."""
        self.api.close()

    def orders(self, window: Window) -> Iterator[Page[OrderRecord]]:
        """Orders updated in the window, on this account's site."""
        page = {"maxResultsPerPage": str(ORDERS_PAGE), "includedData": self.included}
        query = {**self._updated_in(window), **page}
        for data in self._pages("searchOrders", "/orders/2026-01-01/orders", query):
            yield parse.orders(expect(data.get("orders"), list, "list of orders"), self.marketplace_id)

    def expected_orders(self, window: Window) -> Expected:
        """Amazon counts nothing: what the first page of the last days holds, stretched over the window."""
        begin = max(window.since, window.until - DENSITY_SPAN)
        query = {**self._updated_in(Window(begin, window.until)), "maxResultsPerPage": str(ORDERS_PAGE)}
        data = next(self._pages("searchOrders", "/orders/2026-01-01/orders", query))
        listed = expect(data.get("orders"), list, "list of orders")
        span = window.until - begin
        if _inside(data, "pagination").get("nextToken"):
            moments = [record.modified_at for record in parse.orders(listed, self.marketplace_id).records]
            span = max(moments) - min(moments) if len(moments) > 1 else span
        share = (window.until - window.since) / max(span, timedelta(minutes=1))
        orders, rate = round(len(listed) * share), RATES["searchOrders"]
        calls = 1 + orders // ORDERS_PAGE
        return Expected(orders, max(0.0, calls - rate.burst / 2) / rate.per_second + calls)

    def order(self, order_id: str) -> list[OrderRecord]:
        """The order of that number; raises NotFound."""
        if not ORDER_ID.fullmatch(order_id):
            raise NotFound("No order has such a number.")
        path = f"/orders/2026-01-01/orders/{quote(order_id, safe='')}"
        data = expect(self.api.request("getOrder", path, {"includedData": self.included}).data, dict, "order")
        page = parse.orders([expect(data.get("order"), dict, "order")], self.marketplace_id)
        if any(strange.oddity == "foreign" for strange in page.strange):
            raise NotFound("The order was made on another site than this account's.")
        if not page.records:
            raise Temporary("The order's record could not be read.")
        if page.records[0].order_id != order_id:
            raise Temporary("Amazon answered with another order than the one asked for.")
        return list(page.records)

    def returns(self, window: Window, *, pending: str = "") -> Iterator[Page[ReturnRecord]]:
        """The returns report up to the window's end; raises NotReady until Amazon has made it."""
        yield reports.returns(self.api, window, pending, self.marketplace_id, self.document_hosts)

    def fulfilments(self, window: Window) -> Iterator[Page[FulfilmentRecord]]:
        """MCF orders updated in the window: a page for each, with its packages and where they are."""
        query = {"queryStartDate": _iso(window.since)}
        path = "/fba/outbound/2020-07-01/fulfillmentOrders"
        for data in self._pages("listAllFulfillmentOrders", path, query, wrapped=True):
            for listed in expect(data.get("fulfillmentOrders"), list, "list of fulfilment orders"):
                try:
                    if not isinstance(listed, dict):
                        raise Odd("it is no object")
                    if fulfilments.changed_at(listed) > window.until:
                        continue
                    yield Page((self._fulfilment(listed),))
                except Odd as odd:
                    yield Page((), (_not_read(listed, odd),))

    def item_image(self, sku: str, item_id: str, image_url: str) -> str:
        """The main picture in Amazon's catalogue; empty when there is none."""
        if not re.fullmatch(r"[0-9A-Z]{10}", item_id):
            return ""
        query = {"marketplaceIds": self.marketplace_id, "includedData": "images"}
        try:
            answer = self.api.request("getCatalogItem", f"/catalog/2022-04-01/items/{item_id}", query)
        except NotFound:
            return ""
        return _main_picture(expect(answer.data, dict, "item"))

    def picture(self, url: str) -> bytes:
        """The picture behind an address that came from this marketplace."""
        return pictures.fetch(url, api_host=self.api.host, suffixes=self.picture_hosts)

    def message_actions(self, order_id: str) -> list[MessageAction]:
        """The kinds of messages Amazon lets the seller begin for this order."""
        return messages.actions(self.api, order_id, self.marketplace_id)

    def send_message(self, order_id: str, action: str, text: str) -> str:
        """Begin a message; raises Unsettled when nobody can say whether it was taken."""
        return messages.send(self.api, order_id, action, text, self.marketplace_id)

    def buyer_locale(self, order_id: str) -> str:
        """The language the buyer of an order reads, as a locale; empty where Amazon does not say."""
        return messages.locale(self.api, order_id, self.marketplace_id)

    def refunds(self, order_id: str) -> list[RefundRecord]:
        """What was given back on an order; Amazon knows of it within 48 hours."""
        query = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_id}
        found: list[RefundRecord] = []
        for data in self._pages("listTransactions", TRANSACTIONS, query, wrapped=True):
            found += finances.refunds(expect(data.get("transactions") or [], list, "transactions"), order_id)
        return found

    def performance(self, *, pending: str = "", now: datetime) -> Performance:
        """The account's health; raises NotReady until Amazon has made its report."""
        return reports.ratings(self.api, pending, self.marketplace_id, self.document_hosts, now=now)

    def subscriptions(self) -> list[Subscription]:
        """None: Amazon tells programs of changes only through an AWS account of the seller's."""
        return []

    def subscribe(self, event: str, url: str, *, header: str, secret: str) -> Subscription:
        """Amazon calls no address of ours."""
        raise Refused("Amazon calls no web address.")

    def unsubscribe(self, external_id: str) -> None:
        """There is none."""

    def check(self, *, thorough: bool = False) -> AccountFacts:
        """Whether the authorisation covers this account's site; `thorough`: which roles the app lacks."""
        return checking.facts(self.api, self.marketplace_id, thorough=thorough)

    def _updated_in(self, window: Window) -> dict[str, str]:
        recent = window.until > datetime.now(UTC) - AMAZONS_OWN
        return {
            "lastUpdatedAfter": _iso(window.since),
            **({} if recent else {"lastUpdatedBefore": _iso(window.until)}),
            "marketplaceIds": self.marketplace_id,
        }

    def _fulfilment(self, listed: Mapping[str, Any]) -> FulfilmentRecord:
        number = quote(str(listed.get("sellerFulfillmentOrderId", "")), safe="")
        path = "/fba/outbound/2020-07-01"
        answer = self.api.request("getFulfillmentOrder", f"{path}/fulfillmentOrders/{number}")
        value = expect(expect(answer.data, dict, "answer").get("payload"), dict, "fulfilment order")
        tracked: dict[str, Mapping[str, Any]] = {}
        for package in fulfilments.packages(value):
            query = {"packageNumber": package}
            try:
                told = self.api.request("getPackageTrackingDetails", f"{path}/tracking", query)
            except NotFound:
                continue  # a package the carrier has not seen yet
            tracked[package] = expect(expect(told.data, dict, "answer").get("payload"), dict, "tracking")
        return fulfilments.fulfilment(value, tracked)

    def _pages(
        self, operation: str, path: str, query: dict[str, str], *, wrapped: bool = False
    ) -> Iterator[dict[str, Any]]:
        """The pages of a list; the token goes back with the same query. Older APIs wrap all in `payload`."""
        seen: set[str] = set()
        following: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            try:
                answer = self.api.request(operation, path, {**query, **following})
            except NotFound as fault:
                raise Temporary(
                    "The list is not where it should be (404).", request_id=fault.request_id
                ) from fault
            data = expect(answer.data, dict, "answer")
            if wrapped:
                data = expect(data.get("payload"), dict, "payload")
            yield data
            found = (data if wrapped else _inside(data, "pagination")).get("nextToken")
            if found is None or found == "":
                return
            if not isinstance(found, str) or found in seen:
                raise Temporary("The same page of the list came again.")
            seen.add(found)
            following = {"nextToken" if wrapped else "paginationToken": found}
        raise Temporary("The list has no end.")


def _inside(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return expect(value.get(key) or {}, dict, key)


def _not_read(listed: object, odd: Odd) -> Strange:
    return left_out(listed, "sellerFulfillmentOrderId", odd, "A fulfilment order")


def _main_picture(item: dict[str, Any]) -> str:
    """The largest main picture that is not larger than needed, else the first."""
    found: list[tuple[int, str]] = []
    for group in expect(item.get("images") or [], list, "images"):
        for image in expect(expect(group, dict, "images").get("images") or [], list, "images"):
            link, width = image.get("link"), image.get("width")
            if image.get("variant") == "MAIN" and isinstance(link, str) and isinstance(width, int):
                found.append((width, link))
    fitting = [each for each in found if each[0] <= WIDEST_PICTURE]
    return max(fitting)[1] if fitting else min(found)[1] if found else ""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
