"""Webhooks: /v3/webhooks, and their deliveries. Section 3.5 of the Walmart field notes.

Subscriptions live as long as the process. Only HMAC signs here; hex and base64 take turns,
because no page says which it is.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.api import Call, Refused
from simulator.eventlog import EventLog
from simulator.faults import Faults
from simulator.http import Response
from simulator.mistakes import Mistake
from simulator.orders.order import Order, iso, ms

# Each kind with its resource, and the scope that is needed to subscribe to it.
EVENTS = {
    "ORDER_UPDATES": ("ORDER", "orders"),
    "RETURN_CREATED": ("RETURNS", "returns"),
    "SELLER_PERFORMANCE_NOTIFICATIONS": ("FEEDS", "feeds"),
    "INVENTORY_OOS": ("INVENTORY", "inventory"),
    "OFFER_UNPUBLISHED": ("ITEM", "item"),
    "REPORT_STATUS": ("REPORTS", "reports"),
}
POINT = "hook.delivery"
_REQUIRED = ("eventType", "eventVersion", "resourceName", "eventUrl", "status")
_TRIES = 3
_PAUSE_SECONDS = 1.0
_LONGEST_SECONDS = 10.0


@dataclass(frozen=True)
class _Subscription:
    id: str
    account: str
    event: str
    resource: str
    url: str
    auth: dict[str, str]
    headers: dict[str, str]
    status: str

    def described(self) -> dict[str, Any]:
        return {
            "eventType": self.event,
            "subscriptionId": self.id,
            "eventVersion": "V1",
            "resourceName": self.resource,
            "eventUrl": self.url,
            "headers": self.headers,
            "authDetails": {name: value for name, value in self.auth.items() if name != "clientSecret"},
            "status": self.status,
        }


class Webhooks:
    """Who is told of what, and the telling."""

    def __init__(self, accounts: Accounts, faults: Faults, log: EventLog) -> None:
        self._accounts, self._faults, self._log = accounts, faults, log
        self._subscriptions: dict[str, _Subscription] = {}
        self._signed = itertools.count()
        self._running: set[asyncio.Task[None]] = set()

    # The API.

    def kinds(self, call: Call) -> Response:
        """Every kind of event."""
        kinds = [
            {"resourceName": resource, "eventType": event, "eventVersion": "V1", "description": event}
            for event, (resource, _) in EVENTS.items()
        ]
        return Response.json({"events": kinds})

    def listed(self, call: Call) -> Response:
        """The account's subscriptions."""
        return Response.json({"events": [self._told(each, call.account) for each in self._of(call.account)]})

    def create(self, call: Call) -> Response:
        """Subscribe to one kind or several; all of them or none."""
        try:
            asked = call.request.json().get("events")
        except Mistake as mistake:
            raise Refused(400, "", str(mistake)) from None
        if not isinstance(asked, list) or not asked:
            raise Refused(400, "", "events is a list of subscriptions.")
        made = [self._made(each, call.account) for each in asked]
        self._subscriptions |= {each.id: each for each in made}
        return Response.json({"events": [self._told(each, call.account) for each in made]})

    def remove(self, call: Call) -> Response:
        """Take one back."""
        found = self._subscriptions.get(call.parts[0])
        if found is None or found.account != call.account.address:
            raise Refused(404, "CONTENT_NOT_FOUND.GMP_WEBHOOK_API", "There is no such subscription.")
        del self._subscriptions[found.id]
        return Response.json({"subscriptionId": found.id, "message": "The subscription was deleted."})

    def _made(self, asked: Any, account: SellerAccount) -> _Subscription:
        if not isinstance(asked, dict) or any(not asked.get(name) for name in _REQUIRED):
            raise Refused(400, "", f"A subscription needs {', '.join(_REQUIRED)}.")
        event, auth = str(asked["eventType"]), asked.get("authDetails") or {}
        if event not in EVENTS or EVENTS[event][0] != asked["resourceName"]:
            raise Refused(400, "", "There is no such event of this resource.")
        if account.api.scopes.get(EVENTS[event][1]) == "no_access":
            raise Refused(403, "FORBIDDEN.GMP_GATEWAY_API", f"The scope for {event} is not granted.")
        if auth.get("authMethod") != "HMAC" or not auth.get("authHeaderName") or not auth.get("clientSecret"):
            raise Refused(400, "", "Here only HMAC signs, with an authHeaderName and a clientSecret.")
        if urlsplit(str(asked["eventUrl"])).scheme not in ("http", "https"):
            raise Refused(400, "", "eventUrl is a web address.")
        return _Subscription(
            id=str(uuid.uuid4()),
            account=account.address,
            event=event,
            resource=str(asked["resourceName"]),
            url=str(asked["eventUrl"]),
            auth={str(name): str(value) for name, value in auth.items()},
            headers={str(name): str(value) for name, value in (asked.get("headers") or {}).items()},
            status=str(asked["status"]),
        )

    def _told(self, each: _Subscription, account: SellerAccount) -> dict[str, Any]:
        return {**each.described(), "partnerId": account.api.seller_id}

    def _of(self, account: SellerAccount) -> list[_Subscription]:
        return [each for each in self._subscriptions.values() if each.account == account.address]

    # What happens.

    def moved(self, order: Order, step: str) -> None:
        """An order of any account has moved on, or is new; those of Walmart are told of."""
        named = {"purchaseOrderId": order.id, "customerOrderId": order.customer_order_id}
        if step in ("placed", "cancel_requested"):
            kind = {"placed": "PO_CREATED", "cancel_requested": "INTENT_TO_CANCEL"}[step]
            self.tell(order.account, "ORDER_UPDATES", {"subEventType": kind, **named})
        elif step == "return_started":
            back = {"returnOrderId": order.returns[-1].id, **named}
            self.tell(order.account, "RETURN_CREATED", back)

    def tell(self, address: str, event: str, payload: Mapping[str, Any]) -> int:
        """Send an event to all who have subscribed to it; returns how many."""
        account = self._accounts.get(address)
        if account is None or account.marketplace != "walmart":
            return 0
        wanted = [each for each in self._of(account) if each.event == event and each.status == "ACTIVE"]
        for each in wanted:
            body = {
                "source": {
                    "eventType": event,
                    "eventTime": iso(ms(clock.now())),
                    "eventId": str(uuid.uuid4()),
                },
                "payload": {"partnerId": account.api.seller_id, **payload},
            }
            task = asyncio.get_running_loop().create_task(self._deliver(each, body))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(wanted)

    async def _deliver(self, each: _Subscription, body: dict[str, Any]) -> None:
        """Send it, up to three times, as faulty as ordered."""
        fault = self._faults.take(POINT, each.account, (each.event,))
        action = fault.action if fault else ""
        if fault is not None and action == "late":
            await asyncio.sleep(fault.seconds)
        content = json.dumps(body).encode()
        digest = hmac.digest(each.auth["clientSecret"].encode(), content, hashlib.sha256)
        if action == "forged":
            digest = hashlib.sha256(content).digest()
        if action == "garbled":
            content = content[: len(content) // 2]
        signature = digest.hex() if next(self._signed) % 2 else base64.b64encode(digest).decode()
        headers = {**each.headers, each.auth["authHeaderName"]: signature}
        for _ in range(2 if action == "twice" else 1):
            for attempt in range(_TRIES):
                status = await _posted(each.url, content, headers)
                self._log.add(
                    "hook",
                    account=each.account,
                    event=each.event,
                    event_id=body["source"]["eventId"],
                    status=status,
                    fault=action,
                )
                if 200 <= status < 300 or fault is not None:
                    break
                if attempt + 1 < _TRIES:
                    await asyncio.sleep(_PAUSE_SECONDS)


async def _posted(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer to a POST, 0 when there was none; the loopback only, without TLS."""
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost") or parts.scheme != "http":
        return 0
    with suppress(OSError, asyncio.TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(_LONGEST_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                head = (
                    f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{more}"
                    f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + content)
                await writer.drain()
                return int((await reader.readline()).split()[1])
            finally:
                writer.close()
    return 0
