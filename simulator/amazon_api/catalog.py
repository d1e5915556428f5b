"""getCatalogItem of the Catalog Items API 2022-04-01: titles and pictures."""

from typing import Any

from simulator.amazon_api.asked import check_names, listed, on_one_site
from simulator.api import Call, Refused
from simulator.http import Response
from simulator.pictures.canvas import SIDE
from simulator.stories.catalogue import ITEMS

_DATASETS = (
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
    "vendorDetails",
)


def item(call: Call) -> Response:
    """One item; of the datasets there are images and summaries."""
    check_names(call.request, ("marketplaceIds", "includedData", "locale"))
    included = listed(call.request, "includedData", _DATASETS) or ("summaries",)
    site = on_one_site(call).site
    found = next((one for one in ITEMS if one.asin == call.parts[0]), None)
    if found is None:
        raise Refused(
            404, "NOT_FOUND", f"Requested item '{call.parts[0]}' not found in {site.marketplace_id}."
        )
    shape: dict[str, Any] = {"asin": found.asin}
    if "images" in included:
        link = f"{call.request.base_url}/images/{found.sku}.png"
        main = {"variant": "MAIN", "link": link, "height": SIDE, "width": SIDE}
        shape["images"] = [{"marketplaceId": site.marketplace_id, "images": [main]}]
    if "summaries" in included:
        title = found.title_in(site.language)
        shape["summaries"] = [
            {"marketplaceId": site.marketplace_id, "brand": title.split()[0], "itemName": title}
        ]
    return Response.json(shape)
