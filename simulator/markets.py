"""The marketplaces' sites: their mail domains, ids, languages and how long a seller has to answer."""

from dataclasses import dataclass
from datetime import timedelta

from simulator.mistakes import Mistake


@dataclass(frozen=True)
class Market:
    """One national site of a marketplace."""

    marketplace: str
    code: str
    site: str
    relay_domain: str
    language: str
    currency: str
    marketplace_id: str = ""

    @property
    def allowance(self) -> timedelta:
        """The time a seller has to answer a buyer's message."""
        return timedelta(hours=48 if self.marketplace == "walmart" else 24)


def _amazon(code: str, tld: str, language: str, currency: str, marketplace_id: str) -> Market:
    return Market(
        "amazon", code, f"amazon.{tld}", f"marketplace.amazon.{tld}", language, currency, marketplace_id
    )


_MARKETS = (
    Market("walmart", "us", "walmart.com", "relay.walmart.com", "en", "USD"),
    Market("walmart", "ca", "walmart.ca", "relay.walmart.com", "en", "CAD"),
    _amazon("us", "com", "en", "USD", "ATVPDKIKX0DER"),
    _amazon("ca", "ca", "en", "CAD", "A2EUQ1WTGCTBG2"),
    _amazon("mx", "com.mx", "es", "MXN", "A1AM78C64UM0Y8"),
    _amazon("br", "com.br", "pt", "BRL", "A2Q3Y263D00KWC"),
    _amazon("uk", "co.uk", "en", "GBP", "A1F83G8C2ARO7P"),
    _amazon("de", "de", "de", "EUR", "A1PA6795UKMFR9"),
    _amazon("fr", "fr", "fr", "EUR", "A13V1IB3VIYZZH"),
    _amazon("it", "it", "it", "EUR", "APJ6JRA9NG5V4"),
    _amazon("es", "es", "es", "EUR", "A1RKKUPIHCS9HS"),
    _amazon("jp", "co.jp", "ja", "JPY", "A1VC38T7YXB528"),
    _amazon("au", "com.au", "en", "AUD", "A39IBJ37TRP1C6"),
)
_BY_KEY = {(market.marketplace, market.code): market for market in _MARKETS}


def market_of(marketplace: str, code: str) -> Market:
    """The market of that name; raises Mistake when there is none."""
    try:
        return _BY_KEY[marketplace, code]
    except KeyError:
        known = ", ".join(f"{m.marketplace}/{m.code}" for m in _MARKETS)
        raise Mistake(f"There is no market {marketplace}/{code}. Known: {known}.") from None
