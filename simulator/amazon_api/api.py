"""Amazon's API: Login with Amazon, access tokens, error bodies and rate limit headers."""

from dataclasses import replace
from typing import Any

from simulator import apps
from simulator.accounts import Accounts, SellerAccount
from simulator.amazon_api import catalog, sellers
from simulator.amazon_api.finances import Finances
from simulator.amazon_api.mcf import Mcf
from simulator.amazon_api.messaging import Messaging
from simulator.amazon_api.orders import Orders
from simulator.amazon_api.reports import Reports
from simulator.api import Api, Call, Operation, Refused, Surroundings
from simulator.consent import Consent
from simulator.http import Response
from simulator.orders.book import OrderBook
from simulator.store import Store
from simulator.tokens import Tokens

_LIFE = 3600
_ONE = "/([^/]+)"
_ITEMS = "/catalog/2022-04-01/items"
_ABOUT = "/messaging/v1/orders"
_REPORTS = "/reports/2021-06-30"
_MCF = "/fba/outbound/2020-07-01"
_ORDERS = "/orders/2026-01-01/orders"
_CODES = {400: "InvalidInput", 403: "Unauthorized", 404: "NotFound", 429: "QuotaExceeded"}


class AmazonApi(Api):
    """Answers Login with Amazon and every Selling Partner API."""

    marketplace = "amazon"

    def __init__(
        self,
        around: Surroundings,
        accounts: Accounts,
        book: OrderBook,
        store: Store,
        consent: Consent,
    ) -> None:
        super().__init__(around)
        self._consent = consent
        self._accounts, self._tokens = accounts, Tokens("Atza|IwEBI", _LIFE)
        self._answered_so_far = 0
        orders = Orders(accounts, book, around.limits)
        messaging, reports, mcf = Messaging(store, book, around.log), Reports(book), Mcf(book)
        finances = Finances(book)
        self.operations = (
            Operation("token", "POST", "/auth/o2/token", "api.token", 10, 50, self._token, needs_token=False),
            Operation("searchOrders", "GET", _ORDERS, "api.orders", 0.0056, 20, orders.search),
            Operation("getOrder", "GET", _ORDERS + _ONE, "api.order", 0.5, 30, orders.one),
            Operation("getCatalogItem", "GET", _ITEMS + _ONE, "api.catalog", 2, 2, catalog.item),
            Operation("getMessagingActions", "GET", _ABOUT + _ONE, "api.messaging", 1, 5, messaging.actions),
            Operation(
                "getAttributes",
                "GET",
                f"{_ABOUT}{_ONE}/attributes",
                "api.messaging",
                1,
                5,
                messaging.attributes,
            ),
            Operation(
                "sendMessage", "POST", f"{_ABOUT}{_ONE}/messages{_ONE}", "api.messaging", 1, 5, messaging.send
            ),
            Operation(
                "createReport", "POST", f"{_REPORTS}/reports", "api.reports", 0.0167, 15, reports.create
            ),
            Operation("getReports", "GET", f"{_REPORTS}/reports", "api.reports", 0.0222, 10, reports.listed),
            Operation(
                "listTransactions",
                "GET",
                "/finances/2024-06-19/transactions",
                "api.finances",
                0.5,
                10,
                finances.transactions,
            ),
            Operation("getReport", "GET", f"{_REPORTS}/reports{_ONE}", "api.reports", 2, 15, reports.show),
            Operation(
                "getReportDocument",
                "GET",
                f"{_REPORTS}/documents{_ONE}",
                "api.reports",
                0.0167,
                15,
                reports.document,
            ),
            Operation(
                "document",
                "GET",
                f"/documents{_ONE}",
                "api.reports",
                50,
                500,
                reports.file,
                needs_token=False,
            ),
            Operation(
                "listFulfillmentOrders", "GET", f"{_MCF}/fulfillmentOrders", "api.mcf", 2, 30, mcf.listed
            ),
            Operation(
                "getFulfillmentOrder", "GET", f"{_MCF}/fulfillmentOrders{_ONE}", "api.mcf", 2, 30, mcf.one
            ),
            Operation("getPackageTracking", "GET", f"{_MCF}/tracking", "api.mcf", 2, 30, mcf.tracking),
            Operation(
                "getMarketplaceParticipations",
                "GET",
                "/sellers/v1/marketplaceParticipations",
                "api.sellers",
                0.016,
                15,
                sellers.participations,
            ),
        )

    # Who calls.

    def who(self, call: Call) -> tuple[SellerAccount, ...]:
        """The accounts the token opens: one seller's, on all its sites; first the site that is asked for."""
        if call.operation.name == "token":
            return self._with_keys(call)
        if not call.operation.needs_token:
            return ()
        addresses = self._tokens.opens(call.request.headers.get("x-amz-access-token", ""))
        found = [self._accounts.get(address) for address in addresses]
        accounts = [account for account in found if account is not None and not account.api.revoked]
        if not accounts:
            raise self.expired(call)
        asked = call.request.all("marketplaceIds")
        accounts.sort(key=lambda account: account.site.marketplace_id not in asked)
        return tuple(accounts)

    def _with_keys(self, call: Call) -> tuple[SellerAccount, ...]:
        form = call.request.form()
        keys = (form.get("client_id"), form.get("client_secret"))
        amazon = self._accounts.of_marketplace("amazon")
        registered = keys == (apps.AMAZON.client_id, apps.AMAZON.client_secret)
        own = any(keys == (account.api.client_id, account.api.client_secret) for account in amazon)
        if not registered and not own:
            raise Refused(401, "invalid_client", "Client authentication failed")
        if form.get("grant_type") == "authorization_code":
            account = self._consent.redeem(form.get("code", ""), form["client_id"])
            if account is None or account.api.revoked:
                raise Refused(400, "invalid_grant", "The request has an invalid grant parameter : code")
            return (account,)
        if form.get("grant_type") != "refresh_token":
            raise Refused(400, "unsupported_grant_type", "The authorization grant type is not supported")
        if registered:
            return self._consented(form.get("refresh_token", ""))
        found = tuple(
            account
            for account in amazon
            if (*keys, form.get("refresh_token"))
            == (account.api.client_id, account.api.client_secret, account.api.refresh_token)
            and not account.api.revoked
        )
        if not found:
            raise Refused(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
        return found

    def _consented(self, refresh_token: str) -> tuple[SellerAccount, ...]:
        """Whose consent to the registered program this is: one seller, on all sites of the same keys."""
        amazon = self._accounts.of_marketplace("amazon")
        owner = next((each for each in amazon if refresh_token == each.api.consent_token), None)
        if owner is None or owner.api.revoked:
            raise Refused(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
        same = [each for each in amazon if each.api.refresh_token == owner.api.refresh_token]
        return tuple(each for each in same if not each.api.revoked)

    def _token(self, call: Call) -> Response:
        registered = call.request.form().get("client_id") == apps.AMAZON.client_id
        token = self._tokens.issue(tuple(account.address for account in call.accounts))
        return Response.json(
            {
                "access_token": token,
                "refresh_token": (
                    call.account.api.consent_token if registered else call.account.api.refresh_token
                ),
                "token_type": "bearer",
                "expires_in": _LIFE,
            }
        )

    # How Amazon says no.

    def refusal(self, call: Call, refused: Refused) -> Response:
        """`errors` with a code; Login with Amazon has `error` and `error_description` instead."""
        code = refused.code or _CODES.get(refused.status, "InternalFailure")
        if call.operation.name == "token":
            code = code if code.islower() else "server_error"
            return Response.json({"error": code, "error_description": refused.message}, refused.status)
        error = {"code": code, "message": refused.message, "details": refused.details}
        return Response.json({"errors": [error]}, refused.status)

    def throttled(self, call: Call) -> Response:
        """429 QuotaExceeded."""
        return self.refusal(
            call, Refused(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
        )

    def expired(self, call: Call) -> Refused:
        """403; the token is good for nothing from now on."""
        self._tokens.forget(call.request.headers.get("x-amz-access-token", ""))
        return Refused(
            403,
            "Unauthorized",
            "Access to requested resource is denied.",
            details="The access token you provided has expired.",
        )

    def forbidden(self, call: Call) -> Refused:
        """403: the application lacks the role."""
        return Refused(
            403,
            "Unauthorized",
            "Access to requested resource is denied.",
            details="The application lacks a role.",
        )

    def garbled(self, body: Any, how: str) -> Any:
        """Break the first order of an answer, or whatever else it holds."""
        found = body.get("orders") or body.get("order") or body.get("payload") or body
        first = found[0] if isinstance(found, list) else found
        if how == "missing_field":
            first.pop(next(iter(first)))
        elif how == "wrong_type":
            name = "createdTime" if "createdTime" in first else next(iter(first))
            first[name] = {"unexpected": True}
        elif "orderItems" in first:
            first.setdefault("fulfillment", {})["fulfillmentStatus"] = "TELEPORTED"
        else:
            first[next(iter(first))] = "TELEPORTED"
        return body

    def stamped(self, call: Call, response: Response) -> Response:
        """A request id always; the rate limit on most answers, and rarely on a 429."""
        self._answered_so_far += 1
        headers = {"x-amzn-RequestId": call.request_id}
        told = self._answered_so_far % 10
        if call.accounts and (told == 0 if response.status == 429 else told != 0 and response.status < 300):
            headers["x-amzn-RateLimit-Limit"] = str(call.bucket.rate)
        return replace(response, headers={**headers, **response.headers})
