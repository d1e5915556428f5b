"""How Amazon's Selling Partner API is spoken to: headers, tokens (Login with Amazon), errors and limits."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx

from marketplaces.buckets import Budget, Rate
from marketplaces.errors import AuthRevoked, ConsentRevoked, Refused, Throttled
from marketplaces.http import Fault
from marketplaces.models import SellerAccount
from marketplaces.tokens import Grant, TokenAuth, grant_of
from marketplaces.wire import decoded

# Rate and burst as each operation's own page states them.
RATES = {
    "searchOrders": Rate(0.0056, 20),
    "getOrder": Rate(0.5, 30),
    "createReport": Rate(0.0167, 15),
    "getReport": Rate(2, 15),
    "getReportDocument": Rate(0.0167, 15),
    "getReports": Rate(0.0222, 10),
    "listAllFulfillmentOrders": Rate(2, 30),
    "getFulfillmentOrder": Rate(2, 30),
    "getPackageTrackingDetails": Rate(2, 30),
    "getMessagingActionsForOrder": Rate(1, 5),
    "GetAttributes": Rate(1, 5),
    "sendMessage": Rate(1, 5),
    "listTransactions": Rate(0.5, 10),
    "getCatalogItem": Rate(2, 2),
    "getMarketplaceParticipations": Rate(0.016, 15),
}
# What Login with Amazon says when the seller, or Amazon, has taken the consent back; and when it does not
# know, or no longer knows, the app's own key.
REVOKED = "invalid_grant"
KEY_REFUSED = ("invalid_client", "unauthorized_client")


class Dialect:
    """Amazon's ways of saying things."""

    name = "amazon"

    def headers(self, now: datetime) -> dict[str, str]:
        """The headers every call carries beside the token."""
        return {"Accept": "application/json", "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ")}

    def request_id(self, sent: Mapping[str, str], response: httpx.Response | None) -> str:
        """Amazon's number for the request, as its support asks for it."""
        found = "" if response is None else response.headers.get("x-amzn-requestid", "")
        return found[:80] if found.isprintable() else ""

    def fault(self, content: bytes) -> Fault | None:
        """The first of `errors`, which some APIs put inside their own answer."""
        data = decoded(content)
        errors = data.get("errors") if isinstance(data, dict) else None
        first = errors[0] if isinstance(errors, list) and errors else None
        if not isinstance(first, dict) or not isinstance(first.get("code"), str):
            return None
        words = " ".join(str(first[key]) for key in ("message", "details") if first.get(key))
        return Fault(first["code"][:80], words[:300])

    def budget(self, headers: Mapping[str, str], now: datetime) -> Budget:
        """The rate that holds for this account and operation; Amazon does not say what is left."""
        try:
            rate = float(headers.get("x-amzn-ratelimit-limit", ""))
            pause = float(headers.get("retry-after", "0"))
        except ValueError:
            return Budget()
        again_at = now + timedelta(seconds=pause) if 0 < pause < 3600 else None
        return Budget(per_second=rate if 0 < rate < 10_000 else None, again_at=again_at)


class AmazonAuth(TokenAuth):
    """The seller's consent (refresh token) and the app's key for a token of an hour."""

    renew_early = timedelta(minutes=5)

    def __init__(
        self,
        account: SellerAccount,
        *,
        login_host: str,
        client_id: str,
        client_secret: str,
        refresh_token: str,
    ) -> None:
        super().__init__(account)
        self.login_host = login_host.rstrip("/")
        self._form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
        }

    def ask(self) -> httpx.Request:
        """POST /auth/o2/token."""
        headers = {"Accept": "application/json"}
        return httpx.Request("POST", f"{self.login_host}/auth/o2/token", data=self._form, headers=headers)

    def granted(self, response: httpx.Response) -> Grant:
        """The token in the answer; raises ConsentRevoked or AuthRevoked when there is none any more."""
        if response.status_code == 429:
            raise Throttled("Amazon asks for a pause before the next access token.", retry_after=60)
        if response.status_code in (400, 401, 403):
            data = decoded(response.content)
            said = data.get("error") if isinstance(data, dict) else None
            if said == REVOKED:
                raise ConsentRevoked(
                    "Amazon no longer accepts this account's authorisation; authorise it again."
                )
            if said in KEY_REFUSED:
                raise AuthRevoked("Amazon does not accept the app's LWA client id and secret.")
            if isinstance(said, str):
                raise Refused("Amazon gives this account no access token.", code=said[:80])
        return grant_of(response, "Amazon")

    def put(self, request: httpx.Request, token: str) -> None:
        """Amazon's own header for it."""
        request.headers["x-amz-access-token"] = token

    def is_expired(self, response: httpx.Response) -> bool:
        """403 (or 401) that speaks of an expired token; every other 403 is about what the key may do."""
        if response.status_code == 400:
            return False
        return b"expired" in response.content[:4000].lower()
