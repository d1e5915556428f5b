"""Walmart's API: its tokens, required headers, error bodies and throttling."""

import base64
import binascii
import re
import time
from dataclasses import replace
from typing import Any

from simulator.accounts import Accounts, SellerAccount
from simulator.api import Api, Call, Operation, Refused, Surroundings
from simulator.http import Response
from simulator.orders.book import OrderBook
from simulator.store import Store
from simulator.tokens import Tokens
from simulator.walmart_api.insights import Insights
from simulator.walmart_api.items import Items
from simulator.walmart_api.orders import Orders
from simulator.walmart_api.returns import Returns
from simulator.walmart_api.webhooks import Webhooks

_LIFE = 900
_REQUIRED = ("WM_SVC.NAME", "WM_QOS.CORRELATION_ID")
_PERFORMANCE = "/v3/insights/performance"
_SCOPES = ("reports", "item", "price", "lagtime", "feeds", "returns", "orders", "inventory", "content")


class WalmartApi(Api):
    """Answers everything under /v3/."""

    marketplace = "walmart"

    def __init__(
        self, around: Surroundings, accounts: Accounts, book: OrderBook, store: Store, webhooks: Webhooks
    ) -> None:
        super().__init__(around)
        insights, hooks = Insights(store, book), "/v3/webhooks"
        self._accounts, self._tokens = accounts, Tokens("eyJraWQiOiI", _LIFE)
        orders, returns, items = Orders(accounts, book), Returns(accounts, book), Items()
        # Walmart publishes no rates for these; a call a second is the field notes' advice.
        self.operations = (
            Operation("token", "POST", "/v3/token", "api.token", 5, 50, self._token, needs_token=False),
            Operation("tokenDetail", "GET", "/v3/token/detail", "api.token", 1, 20, self._token_detail),
            Operation("getOrders", "GET", "/v3/orders", "api.orders", 1, 20, orders.listed),
            Operation("getOrder", "GET", "/v3/orders/([0-9]+)", "api.order", 1, 20, orders.one),
            Operation("getReturns", "GET", "/v3/returns", "api.returns", 1, 20, returns.listed),
            Operation("getItems", "GET", "/v3/items", "api.catalog", 1, 20, items.listed),
            Operation(
                "getSummary", "GET", f"{_PERFORMANCE}/(\\w+)/summary", "api.insights", 1, 20, insights.summary
            ),
            Operation(
                "getReport", "GET", f"{_PERFORMANCE}/srr/report", "api.insights", 1, 20, insights.report
            ),
            Operation("getEventTypes", "GET", f"{hooks}/eventTypes", "api.webhooks", 1, 5, webhooks.kinds),
            Operation(
                "getSubscriptions", "GET", f"{hooks}/subscriptions", "api.webhooks", 1, 50, webhooks.listed
            ),
            Operation(
                "createSubscription",
                "POST",
                f"{hooks}/subscriptions",
                "api.webhooks",
                3,
                200,
                webhooks.create,
            ),
            Operation(
                "deleteSubscription",
                "DELETE",
                f"{hooks}/subscriptions/([^/]+)",
                "api.webhooks",
                0.2,
                10,
                webhooks.remove,
            ),
        )

    # Who calls.

    def who(self, call: Call) -> tuple[SellerAccount, ...]:
        """The account of the token, or for a new token the one whose keys are given."""
        headers = call.request.headers
        missing = [name for name in _REQUIRED if not headers.get(name.lower())]
        if missing:
            raise Refused(
                400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", f"Required header missing: {missing[0]}"
            )
        if not call.operation.needs_token:
            return (self._with_keys(headers.get("authorization", "")),)
        token = headers.get("wm_sec.access_token", "")
        account = self._accounts.get(*(self._tokens.opens(token) or ("",)))
        if account is None or account.api.revoked:
            raise self.expired(call)
        return (account,)

    def _with_keys(self, authorization: str) -> SellerAccount:
        kind, _, rest = authorization.partition(" ")
        try:
            name, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = secret = ""
        for account in self._accounts.of_marketplace("walmart"):
            keys = account.api
            if (
                kind == "Basic"
                and (name, secret) == (keys.client_id, keys.client_secret)
                and not keys.revoked
            ):
                return account
        raise Refused(
            401,
            "INVALID_CLIENT.GMP_GATEWAY_API",
            "Unauthorized token or incorrect authorization header. Please verify correct format: "
            '"Authorization: Basic Base64Encode(clientId:clientSecret)"',
        )

    def _token(self, call: Call) -> Response:
        if call.request.form().get("grant_type") != "client_credentials":
            raise Refused(400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API", "grant_type is client_credentials.")
        token = self._tokens.issue((call.account.address,))
        return Response.json({"access_token": token, "token_type": "Bearer", "expires_in": _LIFE})

    def _token_detail(self, call: Call) -> Response:
        until = self._tokens.until(call.request.headers["wm_sec.access_token"])
        return Response.json(
            {
                "expire_at": str(int(until * 1000)),
                "issued_at": str(int((until - _LIFE) * 1000)),
                "is_valid": True,
                "is_channel_match": True,
                "scopes": dict.fromkeys(_SCOPES, "full_access")
                | {"price": "no_access", "reports": "view_only"}
                | {
                    name: access
                    for name, access in call.account.api.scopes.items()
                    if name in (*_SCOPES, "insights")
                },
            }
        )

    # How Walmart says no.

    def refusal(self, call: Call, refused: Refused) -> Response:
        """`errors`, or `error` where the gateway speaks."""
        code = refused.code or ("SYSTEM_ERROR.GMP_GATEWAY_API" if refused.status >= 500 else "")
        code = code or "INVALID_REQUEST_PARAM.GMP_ORDER_API"
        system = refused.status >= 500
        one: dict[str, Any] = {
            "code": code,
            "field": code.partition(".")[0],
            "description": refused.message,
            "info": refused.details or refused.message,
            "severity": "ERROR",
            "category": "SYSTEM" if system else "DATA",
            "causes": [],
            "errorIdentifiers": {},
        }
        return Response.json(
            {"error" if system or refused.status == 429 else "errors": [one]}, refused.status
        )

    def throttled(self, call: Call) -> Response:
        """429; when the next call is allowed stands in a header, and there is no Retry-After."""
        refused = Refused(
            429, "REQUEST_THRESHOLD_VIOLATED", "You have exceeded the allowed number of requests."
        )
        response = self.refusal(call, refused)
        return replace(response, headers=self._counts(0, call.bucket.seconds_to_next))

    def expired(self, call: Call) -> Refused:
        """401; the token is good for nothing from now on."""
        self._tokens.forget(call.request.headers.get("wm_sec.access_token", ""))
        return Refused(
            401, "UNAUTHORIZED.GMP_GATEWAY_API", "Unauthorized", details="Token is expired or invalid."
        )

    def forbidden(self, call: Call) -> Refused:
        """403: the keys lack the scope."""
        return Refused(403, "FORBIDDEN.GMP_GATEWAY_API", "The requested scope is not granted to this client.")

    def garbled(self, body: Any, how: str) -> Any:
        """Break the first order, return or item of an answer."""
        orders = body.get("list", {}).get("elements", {}).get("order")
        first = (orders or body.get("returnOrders") or body.get("ItemResponse") or [body.get("order", body)])[
            0
        ]
        lines = first.get("orderLines", {}).get("orderLine") or first.get("returnOrderLines")
        if how == "missing_field":
            first.pop(next(iter(first)))
        elif how == "wrong_type":
            first["orderDate" if "orderDate" in first else next(iter(first))] = {"unexpected": True}
        elif lines and "orderLineStatuses" in lines[0]:
            lines[0]["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Teleported"
        elif lines:
            lines[0]["status"] = "TELEPORTED"
        else:
            first["publishedStatus"] = "TELEPORTED"
        return body

    def stamped(self, call: Call, response: Response) -> Response:
        """The correlation id comes back, and the calls left."""
        correlation = call.request.headers.get("wm_qos.correlation_id", "")
        headers = {"WM_QOS.CORRELATION_ID": re.sub(r"[^ -~]", "", correlation)} if correlation else {}
        if call.accounts:
            headers |= self._counts(call.bucket.level, call.bucket.seconds_to_next)
        return replace(response, headers={**headers, **response.headers})

    def _counts(self, left: int, seconds: float) -> dict[str, str]:
        return {
            "x-current-token-count": str(left),
            "x-next-replenishment-time": str(int((time.time() + seconds) * 1000)),
        }
