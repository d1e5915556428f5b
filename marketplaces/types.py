"""The marketplaces we serve and what is fixed about each; pure data."""

from dataclasses import dataclass
from enum import StrEnum


class Marketplace(StrEnum):
    """A marketplace by its stored name."""

    WALMART = "walmart"
    AMAZON = "amazon"


@dataclass(frozen=True, slots=True)
class MarketplaceFacts:
    """What holds for every seller on a marketplace.

    reply_hours: how long a seller has to answer a buyer (Walmart Customer Care Policy: 48 h; Amazon Contact
    Response Time: 24 h; both count weekends and holidays). no_response_needed: whether a message may be
    settled without an answer (Amazon yes; Walmart wants every message answered). seller_site: what the
    marketplace calls its site for sellers.
    """

    name: str
    letter: str
    reply_hours: int
    no_response_needed: bool
    seller_site: str
    max_attachment_bytes: int


FACTS: dict[Marketplace, MarketplaceFacts] = {
    Marketplace.WALMART: MarketplaceFacts("Walmart", "W", 48, False, "Seller Center", 10 * 2**20),
    Marketplace.AMAZON: MarketplaceFacts("Amazon", "a", 24, True, "Seller Central", 10 * 2**20),
}


@dataclass(frozen=True, slots=True)
class Market:
    """A country's site of a marketplace: its API region, the clock people there go by, and their money."""

    marketplace: Marketplace
    region: str
    time_zone: str
    currency: str


MARKETS: dict[str, Market] = {
    "walmart-us": Market(Marketplace.WALMART, "walmart:us", "America/Los_Angeles", "USD"),
    "walmart-ca": Market(Marketplace.WALMART, "walmart:ca", "America/Toronto", "CAD"),
    "amazon-us": Market(Marketplace.AMAZON, "amazon:na", "America/Los_Angeles", "USD"),
    "amazon-ca": Market(Marketplace.AMAZON, "amazon:na", "America/Toronto", "CAD"),
    "amazon-mx": Market(Marketplace.AMAZON, "amazon:na", "America/Mexico_City", "MXN"),
    "amazon-br": Market(Marketplace.AMAZON, "amazon:na", "America/Sao_Paulo", "BRL"),
    "amazon-uk": Market(Marketplace.AMAZON, "amazon:eu", "Europe/London", "GBP"),
    "amazon-de": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Berlin", "EUR"),
    "amazon-fr": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Paris", "EUR"),
    "amazon-it": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Rome", "EUR"),
    "amazon-es": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Madrid", "EUR"),
    "amazon-nl": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Amsterdam", "EUR"),
    "amazon-se": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Stockholm", "SEK"),
    "amazon-pl": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Warsaw", "PLN"),
    "amazon-be": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Brussels", "EUR"),
    "amazon-ie": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Dublin", "EUR"),
    "amazon-tr": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Istanbul", "TRY"),
    "amazon-ae": Market(Marketplace.AMAZON, "amazon:eu", "Asia/Dubai", "AED"),
    "amazon-sa": Market(Marketplace.AMAZON, "amazon:eu", "Asia/Riyadh", "SAR"),
    "amazon-eg": Market(Marketplace.AMAZON, "amazon:eu", "Africa/Cairo", "EGP"),
    "amazon-in": Market(Marketplace.AMAZON, "amazon:eu", "Asia/Kolkata", "INR"),
    "amazon-jp": Market(Marketplace.AMAZON, "amazon:fe", "Asia/Tokyo", "JPY"),
    "amazon-au": Market(Marketplace.AMAZON, "amazon:fe", "Australia/Sydney", "AUD"),
    "amazon-sg": Market(Marketplace.AMAZON, "amazon:fe", "Asia/Singapore", "SGD"),
}

# The stream that holds no records but how the marketplace rates the seller.
PERFORMANCE = "performance"
# The kinds of records each marketplace's API lets a seller read.
STREAMS: dict[Marketplace, tuple[str, ...]] = {
    Marketplace.WALMART: ("orders", "returns", PERFORMANCE),
    Marketplace.AMAZON: ("orders", "returns", "fulfilments", PERFORMANCE),
}
# What people call them; fulfilments are what Amazon ships for the seller's other shops.
STREAM_TITLES = {
    "orders": "Orders",
    "returns": "Returns",
    "fulfilments": "Multi-Channel parcels",
    PERFORMANCE: "Performance figures",
}
# Walmart tells its figures of sellers in the United States only.
WITHOUT_PERFORMANCE = ("walmart-ca",)


def streams_of(market: str) -> tuple[str, ...]:
    """The streams that can be read on a country's site."""
    return tuple(
        name
        for name in STREAMS[MARKETS[market].marketplace]
        if name != PERFORMANCE or market not in WITHOUT_PERFORMANCE
    )
