"""Where a parcel can be followed: the carriers' own pages, as data; pure."""

import re
from urllib.parse import quote, urlsplit

# Names and codes as the marketplaces write them, without spaces and signs, in lower case.
PAGES = {
    "ups": "https://www.ups.com/track?tracknum={number}",
    "upsmi": "https://www.ups.com/track?tracknum={number}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={number}",
    "fedexground": "https://www.fedex.com/fedextrack/?trknbr={number}",
    "fedexhomedelivery": "https://www.fedex.com/fedextrack/?trknbr={number}",
    "fedexsmartpost": "https://www.fedex.com/fedextrack/?trknbr={number}",
    "ontrac": "https://www.ontrac.com/tracking/?number={number}",
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}",
    "dhlexpress": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}",
    "dhlecommerce": "https://webtrack.dhlecs.com/?trackingnumber={number}",
    "dhlde": "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={number}",
    "canadapost": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={number}",
    "royalmail": "https://www.royalmail.com/track-your-item#/tracking-results/{number}",
    "evri": "https://www.evri.com/track/parcel/{number}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{number}",
    "gls": "https://gls-group.com/track/{number}",
    "amazonlogistics": "https://track.amazon.com/tracking/{number}",
    "amzl": "https://track.amazon.com/tracking/{number}",
    "amzlus": "https://track.amazon.com/tracking/{number}",
    "swiship": "https://www.swiship.com/track?id={number}",
}


def tracking_page(carrier: str, number: str, given: str = "") -> str:
    """The page that follows a parcel: the marketplace's own where it names one by https, else the carrier's.

    "" for a carrier nobody here knows: no page is better than a wrong one.
    """
    if given:
        parts = urlsplit(given)
        if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc:
            return given
    page = PAGES.get(re.sub(r"[^a-z0-9]", "", carrier.lower()), "")
    return page.format(number=quote(number.replace(" ", ""), safe="")) if page and number else ""
