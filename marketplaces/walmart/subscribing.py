"""Walmart's webhooks, as they are asked for and taken back (Notifications API, /v3/webhooks)."""

from typing import Any
from urllib.parse import quote

from marketplaces.errors import NotFound, Temporary
from marketplaces.http import Api, expect
from marketplaces.records import Subscription

PATH = "/v3/webhooks/subscriptions"
# Each kind with the resource whose scope it needs. ORDER_UPDATES holds the wish to cancel (INTENT_TO_CANCEL).
RESOURCES = {
    "ORDER_UPDATES": "ORDER",
    "RETURN_CREATED": "RETURNS",
    "SELLER_PERFORMANCE_NOTIFICATIONS": "FEEDS",
}
LONGEST_ID = 64


def listed(api: Api) -> list[Subscription]:
    """Every subscription of the account, ours and others'."""
    try:
        answer = api.request("subscriptions", PATH)
    except NotFound:
        return []
    return [found for each in _events(answer.data) if (found := _read(each))]


def subscribe(api: Api, event: str, url: str, *, header: str, secret: str) -> Subscription:
    """One kind of event to one address; HMAC over the body, in a header of our choice."""
    wish = {
        "eventType": event,
        "eventVersion": "V1",
        "resourceName": RESOURCES[event],
        "eventUrl": url,
        "authDetails": {"authMethod": "HMAC", "authHeaderName": header, "clientSecret": secret},
        "headers": {"content-type": "application/json"},
        "status": "ACTIVE",
    }
    answer = api.request("subscribe", PATH, method="POST", body={"events": [wish]})
    for each in _events(answer.data):
        found = _read(each)
        if found is not None and found.event == event:
            return found
    raise Temporary("The answer names no subscription.")


def unsubscribe(api: Api, external_id: str) -> None:
    """Remove one; none of that number is as good."""
    try:
        api.request("unsubscribe", f"{PATH}/{quote(external_id, safe='')}", method="DELETE")
    except NotFound:
        return


def _events(data: object) -> list[dict[str, Any]]:
    """The events of an answer: its examples list them flat, its schemas nest them under `event`."""
    told = expect(data, dict, "answer")
    outer = expect(told.get("events") or told.get("event") or [], list, "list of subscriptions")
    found: list[dict[str, Any]] = []
    for each in outer:
        inner = expect(each, dict, "subscription").get("event")
        found += [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else [each]
    return found


def _read(value: dict[str, Any]) -> Subscription | None:
    event, number, url = (value.get(name) or "" for name in ("eventType", "subscriptionId", "eventUrl"))
    if not all(isinstance(each, str) for each in (event, number, url)) or not 0 < len(number) <= LONGEST_ID:
        return None
    return Subscription(event, number, url, active=value.get("status") != "INACTIVE")
