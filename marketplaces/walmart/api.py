"""How Walmart's Marketplace API is spoken to: hosts, headers, tokens, errors and limits."""

import base64
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from marketplaces.buckets import Budget, Rate
from marketplaces.errors import AuthRevoked, Refused, Throttled
from marketplaces.http import Fault
from marketplaces.models import SellerAccount
from marketplaces.tokens import Grant, TokenAuth, grant_of
from marketplaces.walmart.performance import METRICS
from marketplaces.wire import decoded

# Walmart publishes no figures for these; it tells its own count in headers, which correct ours.
RATES = {name: Rate(1.0, 20.0) for name in ("orders", "order", "returns", "token detail")}
# Figures change once a day, and for years were to be asked for once a minute at most.
RATES |= {f"performance {metric.path}": Rate(1 / 60, 3.0) for metric in METRICS.values()}
RATES["response rate report"] = Rate(1 / 60, 3.0)
# As the pages on subscriptions state them, a minute: 50 lists, 200 new ones, 10 removed.
RATES |= {
    "subscriptions": Rate(50 / 60, 10.0),
    "subscribe": Rate(1.0, 10.0),
    "unsubscribe": Rate(1 / 6, 10.0),
}
XML_CODE = re.compile(r"<(?:\w+:)?code>\s*([\w.]{1,80})\s*<")
EXPIRED_CODE = "INVALID_TOKEN"
SERVICE_NAME = "Helpdesk"


class Dialect:
    """Walmart's ways of saying things."""

    name = "walmart"

    def __init__(self, country: str) -> None:
        self.country = country

    def headers(self, now: datetime) -> dict[str, str]:
        """The headers every call must carry; countries other than the US are named."""
        return {
            "Accept": "application/json",
            "WM_SVC.NAME": SERVICE_NAME,
            "WM_QOS.CORRELATION_ID": str(uuid.uuid4()),
            **({} if self.country == "us" else {"WM_MARKET": self.country, "WM_GLOBAL_VERSION": "3.1"}),
        }

    def request_id(self, sent: Mapping[str, str], response: httpx.Response | None) -> str:
        """Walmart keeps our own correlation id."""
        return sent["WM_QOS.CORRELATION_ID"]

    def fault(self, content: bytes) -> Fault | None:
        """The first error, under `errors`, `error`, by itself, or as XML from the gateway."""
        data = decoded(content)
        found: Any = data
        if isinstance(data, dict):
            found = data.get("errors") or data.get("error") or data
        if isinstance(found, dict) and isinstance(found.get("error"), list):
            found = found["error"]
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, dict) and isinstance(found.get("code"), str):
            words = found.get("description") or found.get("message") or found.get("info") or ""
            return Fault(found["code"][:80], str(words)[:300])
        code = XML_CODE.search(content[:4000].decode("utf-8", "replace"))
        return Fault(code.group(1), "") if code else None

    def budget(self, headers: Mapping[str, str], now: datetime) -> Budget:
        """Tokens left, and when the next comes; the second header is written in two ways."""
        left = _number(headers.get("x-current-token-count", ""))
        stated = headers.get("x-next-replenishment-time") or headers.get("x-next-replenish-time") or ""
        return Budget(left=left, again_at=_replenished(stated, now))


class WalmartAuth(TokenAuth):
    """Client id and secret for a token of 15 minutes, renewed at 12."""

    renew_early = timedelta(minutes=3)

    def __init__(
        self, account: SellerAccount, *, host: str, client_id: str, client_secret: str, dialect: Dialect
    ) -> None:
        super().__init__(account)
        self.host, self.dialect = host.rstrip("/"), dialect
        self._basic = "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode("ascii")

    def ask(self) -> httpx.Request:
        """POST /v3/token with the key pair."""
        headers = {**self.dialect.headers(datetime.now(UTC)), "Authorization": self._basic}
        return httpx.Request(
            "POST", f"{self.host}/v3/token", data={"grant_type": "client_credentials"}, headers=headers
        )

    def granted(self, response: httpx.Response) -> Grant:
        """The token in the answer; 401 means that the key pair is no longer good."""
        if response.status_code in (400, 401, 403):
            fault = self.dialect.fault(response.content)
            if response.status_code == 401 or (fault and "CLIENT" in fault.code.upper()):
                raise AuthRevoked("Walmart does not accept the client id and secret of this account.")
            if fault:
                raise Refused(f"Walmart gives this account no access token ({fault.code}).", code=fault.code)
        if response.status_code == 429:
            raise Throttled("Walmart asks for a pause before the next access token.", retry_after=60)
        return grant_of(response, "Walmart")

    def put(self, request: httpx.Request, token: str) -> None:
        """Walmart's own header for it; its Insights calls want the key pair beside it."""
        request.headers["WM_SEC.ACCESS_TOKEN"] = token
        if request.url.path.startswith("/v3/insights/"):
            request.headers["Authorization"] = self._basic

    def is_expired(self, response: httpx.Response) -> bool:
        """401, or the older 400 with its own code."""
        if response.status_code == 400:
            fault = self.dialect.fault(response.content)
            return fault is not None and fault.code.startswith(EXPIRED_CODE)
        return response.status_code == 401


def _number(written: str) -> float | None:
    try:
        found = float(written)
    except ValueError:
        return None
    return found if 0 <= found < 1e15 else None


def _replenished(written: str, now: datetime) -> datetime | None:
    """A moment written as milliseconds or seconds since 1970, as seconds from now, or in ISO 8601."""
    number = _number(written)
    try:
        if number is None:
            found = datetime.fromisoformat(written)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        if number < 1e6:
            return now + timedelta(seconds=number)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None
