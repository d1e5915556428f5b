"""getMarketplaceParticipations of the Sellers API v1: the sites a token opens."""

from typing import Any

from simulator.accounts import SellerAccount
from simulator.amazon_api.asked import check_names
from simulator.api import Call
from simulator.http import Response

# The only site whose country has another code than the one the site is known by.
_COUNTRIES = {"uk": "GB"}


def participations(call: Call) -> Response:
    """Every site of the seller; all take part, and none has suspended listings."""
    check_names(call.request, ())
    return Response.json({"payload": [_shaped(account) for account in call.accounts]})


def _shaped(account: SellerAccount) -> dict[str, Any]:
    site = account.site
    country = _COUNTRIES.get(site.code, site.code.upper())
    return {
        "marketplace": {
            "id": site.marketplace_id,
            "name": site.site.capitalize(),
            "countryCode": country,
            "defaultCurrencyCode": site.currency,
            "defaultLanguageCode": f"{site.language}_{country}",
            "domainName": f"www.{site.site}",
        },
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
        "storeName": account.name,
    }
