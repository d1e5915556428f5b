"""Messages a seller may begin for an order (Messaging API, version 1): only templates that are plain text."""

import re
from urllib.parse import quote

from marketplaces.errors import Refused, Unsettled
from marketplaces.http import Api, expect
from marketplaces.records import MessageAction

# The model's limits. Kinds that need attachments or dates are not offered.
LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
LONGEST = {
    "confirmCustomizationDetails": 800,
    "confirmDeliveryDetails": 2000,
    "confirmOrderDetails": 2000,
    "confirmServiceDetails": 2000,
    "digitalAccessKey": 400,
    "unexpectedProblem": 2000,
}


def actions(api: Api, order_id: str, marketplace_id: str) -> list[MessageAction]:
    """What Amazon allows for this order now, as far as it is plain text."""
    answer = api.request("getMessagingActionsForOrder", _path(order_id), {"marketplaceIds": marketplace_id})
    links = expect(expect(answer.data, dict, "answer").get("_links"), dict, "list of actions")
    named = [
        expect(each, dict, "action").get("name")
        for each in expect(links.get("actions"), list, "list of actions")
    ]
    return [MessageAction(name, longest) for name, longest in LONGEST.items() if name in named]


def locale(api: Api, order_id: str, marketplace_id: str) -> str:
    """The buyer's language as Amazon has it ("de-DE"); empty where it says nothing of use."""
    answer = api.request("GetAttributes", f"{_path(order_id)}/attributes", {"marketplaceIds": marketplace_id})
    buyer = expect(expect(answer.data, dict, "answer").get("buyer") or {}, dict, "buyer")
    found = buyer.get("locale")
    return found if isinstance(found, str) and LOCALE.fullmatch(found) else ""


def send(api: Api, order_id: str, action: str, text: str, marketplace_id: str) -> str:
    """Send the text once; Amazon's number for the request. Raises Unsettled when it may have been taken."""
    if action not in LONGEST:
        raise Refused("Amazon has no such kind of message.")
    if not 1 <= len(text) <= LONGEST[action]:
        raise Refused(f"The text must have 1 to {LONGEST[action]} characters.")
    answer = api.request(
        "sendMessage",
        f"{_path(order_id)}/messages/{action}",
        {"marketplaceIds": marketplace_id},
        method="POST",
        body={"text": text},
        once=True,
    )
    if answer.status != 201:
        raise Unsettled(
            f"Amazon answered with {answer.status} where it says 201.", request_id=answer.request_id
        )
    return answer.request_id


def _path(order_id: str) -> str:
    return f"/messaging/v1/orders/{quote(order_id, safe='')}"
