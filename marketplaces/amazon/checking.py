"""What an Amazon authorisation covers: the site, and the app's roles, each tried by one cheap call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from marketplaces.amazon import finances
from marketplaces.errors import NotFound, Refused, ScopeMissing, Throttled
from marketplaces.http import Answer, Api, expect
from marketplaces.records import AccountFacts

RECENT = timedelta(days=30)
RETURNS_REPORT = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
# Stands in where the account has no order; a list about it is empty.
NO_ORDER = "000-0000000-0000000"


def facts(api: Api, marketplace_id: str, *, thorough: bool) -> AccountFacts:
    """The store's name; `thorough`: also a readable order, and what the app may not do, in words."""
    answer = api.request("getMarketplaceParticipations", "/sellers/v1/marketplaceParticipations")
    listed = expect(expect(answer.data, dict, "answer").get("payload"), list, "list of sites")
    entry = _of_site(listed, marketplace_id)
    if entry is None:
        found = AccountFacts(
            "The authorisation is good, but not for this site.", ("read this site",), covers_site=False
        )
    else:
        name = str(entry.get("storeName") or _inside(entry, "marketplace").get("name") or "")[:80]
        suspended = _inside(entry, "participation").get("hasSuspendedListings") is True
        more = "; Amazon has suspended some of its listings" if suspended else ""
        found = AccountFacts(f"{name} can be read{more}.", seller_name=name)
        found = _roles(api, marketplace_id, found) if thorough else found
    return replace(found, server_time=answer.server_time, clock_ahead=answer.clock_ahead)


def _roles(api: Api, marketplace_id: str, found: AccountFacts) -> AccountFacts:
    missing: list[str] = []
    advised: list[str] = []
    order = _number(_tried(missing, "read orders", lambda: _newest_orders(api, marketplace_id)))
    _tried(missing, "read returns", lambda: _reports(api, marketplace_id))
    if order:
        # Of an order that is not there Amazon may say 403, which would say nothing of the role.
        _tried(missing, "write to buyers", lambda: _attributes(api, order, marketplace_id))
    money = _tried(advised, "read refunds", lambda: _transactions(api, order or NO_ORDER))
    _tried(advised, "read Multi-Channel parcels", lambda: _parcels(api))
    return replace(
        found,
        summary=f"The app may not {' or '.join(missing)}." if missing else found.summary,
        missing=tuple(missing),
        advised=tuple(advised),
        seller_id=_seller(money),
        newest_order=order,
    )


def _tried(lacking: list[str], words: str, call: Callable[[], Answer]) -> Any:
    """The answer's data. A missing role is noted; what is not there, or has to wait, proves nothing."""
    try:
        return call().data
    except ScopeMissing:
        lacking.append(words)
    except (NotFound, Refused, Throttled):
        pass
    return None


def _newest_orders(api: Api, marketplace_id: str) -> Answer:
    query = {
        "createdAfter": _iso(datetime.now(UTC) - RECENT),
        "marketplaceIds": marketplace_id,
        "maxResultsPerPage": "1",
    }
    return api.request("searchOrders", "/orders/2026-01-01/orders", query)


def _reports(api: Api, marketplace_id: str) -> Answer:
    query = {"reportTypes": RETURNS_REPORT, "marketplaceIds": marketplace_id, "pageSize": "1"}
    return api.request("getReports", "/reports/2021-06-30/reports", query)


def _attributes(api: Api, order: str, marketplace_id: str) -> Answer:
    path = f"/messaging/v1/orders/{quote(order, safe='')}/attributes"
    return api.request("GetAttributes", path, {"marketplaceIds": marketplace_id})


def _transactions(api: Api, order: str) -> Answer:
    query = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order}
    return api.request("listTransactions", "/finances/2024-06-19/transactions", query)


def _parcels(api: Api) -> Answer:
    path = "/fba/outbound/2020-07-01/fulfillmentOrders"
    return api.request("listAllFulfillmentOrders", path, {"queryStartDate": _iso(datetime.now(UTC))})


def _of_site(listed: list[Any], marketplace_id: str) -> dict[str, Any] | None:
    for entry in listed:
        if isinstance(entry, dict) and _inside(entry, "marketplace").get("id") == marketplace_id:
            return entry
    return None


def _number(data: Any) -> str:
    orders = data.get("orders") if isinstance(data, dict) else None
    first = orders[0] if isinstance(orders, list) and orders else None
    number = first.get("orderId") if isinstance(first, dict) else None
    return number[:40] if isinstance(number, str) else ""


def _seller(data: Any) -> str:
    payload = data.get("payload") if isinstance(data, dict) else None
    listed = payload.get("transactions") if isinstance(payload, dict) else None
    return finances.seller_of(listed) if isinstance(listed, list) else ""


def _inside(value: dict[str, Any], key: str) -> dict[str, Any]:
    return expect(value.get(key) or {}, dict, key)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
