"""What a Walmart key may do: the description of its token, and one order read for proof."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from marketplaces.errors import AuthRevoked, NotFound, ScopeMissing, Temporary
from marketplaces.http import Api, expect
from marketplaces.records import AccountFacts
from marketplaces.wire import Odd, moment

NEEDED = {"orders": "read orders", "returns": "read returns"}
# Of use, and named by newer descriptions only: one that says nothing of them takes nothing away.
ADVISED = {
    "insights": "read performance figures",
    "feeds": "be told of performance alarms",
}
NONE = "no_access"
LONGEST_NAME = 40
NEWEST = timedelta(days=90)
SELLER = re.compile(r"\d{4,20}")


def facts(api: Api, *, thorough: bool) -> AccountFacts:
    """Scopes and expiry of the token; `thorough`: an order's number, and the seller's where one names it."""
    answer = api.request("token detail", "/v3/token/detail")
    data = expect(answer.data, dict, "token detail")
    if data.get("is_valid") is False:
        raise AuthRevoked("Walmart says that this account's key is not valid.")
    scopes = _scopes(expect(data.get("scopes"), dict, "scopes"))
    missing = [words for scope, words in NEEDED.items() if scopes.get(scope, NONE) == NONE]
    advised = [words for scope, words in ADVISED.items() if scopes.get(scope) == NONE]
    order, seller = "", ""
    if thorough and NEEDED["orders"] not in missing:
        try:
            order, seller = _newest_order(api)
        except ScopeMissing:
            # The description promised more than the API gives.
            missing.append(NEEDED["orders"])
    summary = f"The key may not {' or '.join(missing)}." if missing else "Orders and returns can be read."
    return AccountFacts(
        summary,
        tuple(missing),
        tuple(advised),
        seller_id=seller,
        scopes=scopes,
        expires_at=_expires_at(data),
        newest_order=order,
        server_time=answer.server_time,
        clock_ahead=answer.clock_ahead,
    )


def _scopes(said: dict[str, Any]) -> dict[str, str]:
    return {
        str(name)[:LONGEST_NAME]: access[:LONGEST_NAME]
        for name, access in list(said.items())[:LONGEST_NAME]
        if isinstance(access, str)
    }


def _expires_at(data: dict[str, Any]) -> datetime | None:
    try:
        return moment(data, "expire_at")
    except Odd:
        return None


def _newest_order(api: Api) -> tuple[str, str]:
    """An order's number and the seller's, which only the cursor to the next order names; each may be ""."""
    since = (datetime.now(UTC) - NEWEST).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    try:
        answer = api.request("orders", "/v3/orders", {"createdStartDate": since, "limit": "1"})
    except NotFound:
        return "", ""  # Walmart's way to say that there is none
    listed = expect(expect(answer.data, dict, "list").get("list"), dict, "list of orders")
    orders = expect(listed.get("elements") or {}, dict, "elements").get("order") or []
    first = expect(orders, list, "list of orders")[:1]
    number = first[0].get("customerOrderId") if first and isinstance(first[0], dict) else ""
    if first and not number:
        raise Temporary("The order's record could not be read.")
    cursor = expect(listed.get("meta") or {}, dict, "meta").get("nextCursor")
    told = parse_qs(cursor.lstrip("?")) if isinstance(cursor, str) else {}
    seller = next((each for name in ("sellerId", "partnerId") for each in told.get(name, [])), "")
    return str(number)[:LONGEST_NAME], seller if SELLER.fullmatch(seller) else ""
