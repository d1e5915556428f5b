"""GET /v3/items: section 3.4 of the Walmart field notes. There are no pictures here."""

import base64
import binascii
from typing import Any

from simulator.api import Call, Refused
from simulator.http import Response
from simulator.stories.catalogue import ITEMS, CatalogueItem
from simulator.walmart_api import cursor

_KNOWN = (
    "nextCursor",
    "sku",
    "offset",
    "limit",
    "lifecycleStatus",
    "publishedStatus",
    "variantGroupId",
)


class Items:
    """The seller's listings: the whole catalogue, all published."""

    def listed(self, call: Call) -> Response:
        """A page of items; the first is asked for with `nextCursor=*` or nothing."""
        query = call.request.query
        unknown = set(query) - set(_KNOWN)
        if unknown:
            raise Refused(400, "", f"Unknown parameter: {', '.join(sorted(unknown))}.")
        limit = cursor.number(call.request, "limit", default=20, most=50)
        begin = _place(query.get("nextCursor", "*")) or int(query.get("offset", "0") or 0)
        found = [
            item
            for item in ITEMS
            if query.get("sku") in (None, item.sku)
            and query.get("lifecycleStatus") in (None, "ACTIVE")
            and query.get("publishedStatus") in (None, "PUBLISHED")
        ]
        if not found:
            raise Refused(404, "CONTENT_NOT_FOUND.GMP_ITEM_QUERY_API", "No items were found.")
        answer: dict[str, Any] = {
            "ItemResponse": [_shaped(item, call) for item in found[begin : begin + limit]],
            "totalItems": len(found),
        }
        if begin + limit < len(found):
            answer["nextCursor"] = base64.urlsafe_b64encode(f"item/{begin + limit}".encode()).decode()
        return Response.json(answer)


def _place(given: str) -> int:
    if given == "*":
        return 0
    try:
        kind, _, place = base64.urlsafe_b64decode(given).decode().partition("/")
    except (binascii.Error, UnicodeDecodeError):
        kind = place = ""
    if kind != "item" or not place.isdigit():
        raise Refused(400, "INVALID_CURSOR.GMP_ITEM_QUERY_API", "This nextCursor was not given out.")
    return int(place)


def _shaped(item: CatalogueItem, call: Call) -> dict[str, Any]:
    return {
        "mart": "WALMART_CA" if call.account.market == "ca" else "WALMART_US",
        "sku": item.sku,
        "wpid": f"0R{item.asin}",
        "upc": f"886{item.item_id}",
        "gtin": f"00886{item.item_id}",
        "productName": item.title,
        "productType": item.short.title(),
        "price": {"currency": call.account.site.currency, "amount": float(item.price)},
        "publishedStatus": "PUBLISHED",
        "lifecycleStatus": "ACTIVE",
    }
