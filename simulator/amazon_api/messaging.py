"""The Messaging API v1: which messages an order allows, and sending one."""

import re
from typing import Any

from simulator import clock
from simulator.accounts import SellerAccount
from simulator.amazon_api.asked import check_names, on_one_site
from simulator.api import Call, Refused
from simulator.eventlog import EventLog
from simulator.http import Response
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook
from simulator.orders.order import Order
from simulator.relay import alias_of
from simulator.store import Store

# The longest text of each action. Those that need a file are never offered: nothing can be uploaded here.
_LENGTHS = {
    "confirmCustomizationDetails": 800,
    "confirmDeliveryDetails": 2000,
    "confirmOrderDetails": 2000,
    "confirmServiceDetails": 2000,
    "digitalAccessKey": 400,
    "unexpectedProblem": 2000,
}
_MARKUP = re.compile(r"<\s*/?\s*[a-zA-Z!]")
_MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
_LINK = re.compile(r"https?://([^/\s]+)", re.IGNORECASE)
_LOCALES = {
    "us": "en-US",
    "ca": "en-CA",
    "uk": "en-GB",
    "au": "en-AU",
    "br": "pt-BR",
    "mx": "es-MX",
    "jp": "ja-JP",
}


class Messaging:
    """Messages from the seller to the buyer of one order."""

    def __init__(self, store: Store, book: OrderBook, log: EventLog) -> None:
        self._store, self._book, self._log = store, book, log

    def actions(self, call: Call) -> Response:
        """What may be sent about this order, in HAL; for some orders nothing."""
        account, order = self._order(call)
        base, query = f"/messaging/v1/orders/{order.id}", f"?marketplaceIds={account.site.marketplace_id}"
        offered = _offered(order)

        def link(name: str) -> dict[str, str]:
            return {"href": f"{base}/messages/{name}{query}", "name": name}

        def action(name: str) -> dict[str, Any]:
            schema = {"href": f"{base}/messages/{name}/schema", "name": name}
            return {
                "_links": {"self": link(name), "schema": schema},
                "_embedded": {"schema": {"_links": {"self": schema}, "payload": _schema(name)}},
                "payload": {"name": name},
            }

        return Response.json(
            {
                "_links": {"self": {"href": f"{base}{query}"}, "actions": [link(name) for name in offered]},
                "_embedded": {"actions": [action(name) for name in offered]},
            }
        )

    def attributes(self, call: Call) -> Response:
        """The buyer's language."""
        account, _ = self._order(call)
        language = account.site.language
        locale = _LOCALES.get(account.market, f"{language}-{language.upper()}")
        return Response.json({"buyer": {"locale": locale}})

    def send(self, call: Call) -> Response:
        """Send a message: it lies in the buyer's mailbox at once."""
        account, order = self._order(call)
        action = call.parts[1]
        if action not in _offered(order):
            raise Refused(403, "Unauthorized", f"The message {action} is not available for this order.")
        text = _text(call, _LENGTHS[action])
        alias = alias_of(order.relay_address)
        self._store.add_received(
            alias,
            {
                "kind": "messaging",
                "to": alias,
                "at": clock.now().isoformat(),
                "subject": action,
                "text": text,
                "message_id": "",
                "in_reply_to": "",
                "attachments": [],
                "order_id": order.id,
            },
        )
        self._log.add(
            "messaging", account=account.address, rcpt=alias, order_id=order.id, action=action, text=text
        )
        return Response.json({}, 201)

    def _order(self, call: Call) -> tuple[SellerAccount, Order]:
        check_names(call.request, ("marketplaceIds",))
        account = on_one_site(call)
        order = self._book.find(account.address, call.parts[0])
        if order is None or order.fulfilment == "mcf":
            raise Refused(404, "NotFound", f"Order {call.parts[0]} was not found.")
        return account, order


def _offered(order: Order) -> list[str]:
    if order.status == "cancelled":
        return []
    return [name for name in order.actions if name in _LENGTHS]


def _schema(name: str) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": _LENGTHS[name]}
    return {"type": "object", "properties": {"text": text}, "required": ["text"]}


def _text(call: Call, longest: int) -> str:
    """The message's text, once it is what Amazon takes."""
    try:
        body = call.request.json()
    except Mistake as mistake:
        raise Refused(400, "InvalidInput", str(mistake)) from None
    text = body.get("text")
    if set(body) - {"text", "attachments"} or not isinstance(text, str):
        raise Refused(400, "InvalidInput", "The body is an object with a text.")
    if body.get("attachments"):
        raise Refused(400, "InvalidInput", "This uploadDestinationId is not known.")
    if not 1 <= len(text) <= longest:
        raise Refused(400, "InvalidInput", f"text has 1 to {longest} characters.")
    if _MARKUP.search(text) or _MAIL_ADDRESS.search(text):
        raise Refused(400, "InvalidInput", "text holds no HTML and no mail addresses.")
    if any(".amazon." not in f".{host.lower()}" for host in _LINK.findall(text)):
        raise Refused(400, "InvalidInput", "Only links related to completing the order are allowed.")
    return text
