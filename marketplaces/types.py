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
    """A country's site of a marketplace: its API region and the clock people there go by."""

    marketplace: Marketplace
    region: str
    time_zone: str


MARKETS: dict[str, Market] = {
    "walmart-us": Market(Marketplace.WALMART, "walmart:us", "America/Los_Angeles"),
    "walmart-ca": Market(Marketplace.WALMART, "walmart:ca", "America/Toronto"),
    "amazon-us": Market(Marketplace.AMAZON, "amazon:na", "America/Los_Angeles"),
    "amazon-ca": Market(Marketplace.AMAZON, "amazon:na", "America/Toronto"),
    "amazon-mx": Market(Marketplace.AMAZON, "amazon:na", "America/Mexico_City"),
    "amazon-br": Market(Marketplace.AMAZON, "amazon:na", "America/Sao_Paulo"),
    "amazon-uk": Market(Marketplace.AMAZON, "amazon:eu", "Europe/London"),
    "amazon-de": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Berlin"),
    "amazon-fr": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Paris"),
    "amazon-it": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Rome"),
    "amazon-es": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Madrid"),
    "amazon-nl": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Amsterdam"),
    "amazon-se": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Stockholm"),
    "amazon-pl": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Warsaw"),
    "amazon-be": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Brussels"),
    "amazon-ie": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Dublin"),
    "amazon-tr": Market(Marketplace.AMAZON, "amazon:eu", "Europe/Istanbul"),
    "amazon-ae": Market(Marketplace.AMAZON, "amazon:eu", "Asia/Dubai"),
    "amazon-sa": Market(Marketplace.AMAZON, "amazon:eu", "Asia/Riyadh"),
    "amazon-eg": Market(Marketplace.AMAZON, "amazon:eu", "Africa/Cairo"),
    "amazon-in": Market(Marketplace.AMAZON, "amazon:eu", "Asia/Kolkata"),
    "amazon-jp": Market(Marketplace.AMAZON, "amazon:fe", "Asia/Tokyo"),
    "amazon-au": Market(Marketplace.AMAZON, "amazon:fe", "Australia/Sydney"),
    "amazon-sg": Market(Marketplace.AMAZON, "amazon:fe", "Asia/Singapore"),
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
