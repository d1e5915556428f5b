"""The one door to the marketplaces' APIs: an adapter for a seller account, whichever marketplace it is of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from django.conf import settings

from accounts.tenancy import tenant_tx
from marketplaces import credentials
from marketplaces.amazon import api as amazon_api
from marketplaces.amazon.adapter import AmazonAdapter
from marketplaces.amazon.sites import MARKETPLACE_IDS
from marketplaces.errors import AuthRevoked
from marketplaces.http import Api
from marketplaces.models import SellerAccount
from marketplaces.ratings import Performance
from marketplaces.records import (
    AccountFacts,
    FulfilmentRecord,
    MessageAction,
    OrderRecord,
    Page,
    RefundRecord,
    ReturnRecord,
    Subscription,
    Window,
)
from marketplaces.types import Marketplace
from marketplaces.walmart import api as walmart_api
from marketplaces.walmart.adapter import WalmartAdapter


class Adapter(Protocol):
    """What can be asked of every marketplace; every method may raise ApiError."""

    @property
    def streams(self) -> tuple[str, ...]:
        """The kinds of records this marketplace lets a seller read."""
        ...

    def orders(self, window: Window) -> Iterator[Page[OrderRecord]]:
        """All pages of the orders modified in the window."""
        ...

    def order(self, order_id: str) -> list[OrderRecord]:
        """The records of one customer's order; raises NotFound."""
        ...

    def returns(self, window: Window, *, pending: str = "") -> Iterator[Page[ReturnRecord]]:
        """All pages of the returns; raises NotReady while a report is being made, naming it for next time."""
        ...

    def fulfilments(self, window: Window) -> Iterator[Page[FulfilmentRecord]]:
        """All pages of what the marketplace ships for other channels."""
        ...

    def item_image(self, sku: str, item_id: str, image_url: str) -> str:
        """Where the item's picture lies; empty when there is none."""
        ...

    def message_actions(self, order_id: str) -> list[MessageAction]:
        """The kinds of messages the seller may begin for an order."""
        ...

    def send_message(self, order_id: str, action: str, text: str) -> str:
        """Begin a message; the marketplace's reference. Unsettled: nobody knows whether it was taken."""
        ...

    def buyer_locale(self, order_id: str) -> str:
        """The language an order's buyer reads, as a locale ("de-DE"); empty where nobody says."""
        ...

    def refunds(self, order_id: str) -> list[RefundRecord]:
        """Refunds of an order that its own record does not bring along."""
        ...

    def performance(self, *, pending: str = "", now: datetime) -> Performance:
        """How the marketplace rates the seller; raises NotReady while a report is being made."""
        ...

    def subscriptions(self) -> list[Subscription]:
        """What the marketplace tells this account's programs of, and where."""
        ...

    def subscribe(self, event: str, url: str, *, header: str, secret: str) -> Subscription:
        """Have a kind of event sent to an address, signed with the secret (HMAC-SHA256) in that header."""
        ...

    def unsubscribe(self, external_id: str) -> None:
        """Have it sent no more."""
        ...

    def check(self, *, thorough: bool = False) -> AccountFacts:
        """A cheap test of the account's key: what it may do, whose it is, what the time is there.

        `thorough` tries what no description tells: it reads an order and asks for a little of everything.
        """
        ...

    def picture(self, url: str) -> bytes:
        """An item's picture, at most 2 MB, from the marketplace's own picture hosts."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


@contextmanager
def adapter(account: SellerAccount, *, interactive: bool = False) -> Iterator[Adapter]:
    """An account's adapter; raises AuthRevoked when its API credentials are missing or do not open.

    `interactive` is for somebody who waits in front of a screen: such calls may use the part of the rate
    limits that tasks leave over. To be used outside of any transaction.
    """
    make = {Marketplace.WALMART: _walmart, Marketplace.AMAZON: _amazon}[account.marketplace]
    found = make(account, _secrets(account), interactive)
    try:
        yield found
    finally:
        found.close()


def _secrets(account: SellerAccount) -> dict[str, str]:
    with tenant_tx(account.tenant_id):
        try:
            fields = credentials.API_FIELDS[account.marketplace]
            return {field: credentials.secret_of(account, field) for field in fields}
        except credentials.CredentialFault as fault:
            raise AuthRevoked(str(fault)) from fault


def _walmart(account: SellerAccount, secrets: dict[str, str], interactive: bool) -> Adapter:
    region = account.site.region
    host = settings.MARKETPLACE_API_HOSTS[region]
    dialect = walmart_api.Dialect(region.removeprefix("walmart:"))
    auth = walmart_api.WalmartAuth(
        account,
        host=host,
        client_id=secrets["api_client_id"],
        client_secret=secrets["api_client_secret"],
        dialect=dialect,
    )
    api = Api(
        account, host=host, auth=auth, dialect=dialect, rates=walmart_api.RATES, interactive=interactive
    )
    hosts = settings.PICTURE_HOSTS["walmart"]
    return WalmartAdapter(api, picture_hosts=hosts, restricted=account.restricted_data)


def _amazon(account: SellerAccount, secrets: dict[str, str], interactive: bool) -> Adapter:
    hosts = settings.MARKETPLACE_API_HOSTS
    auth = amazon_api.AmazonAuth(
        account,
        login_host=hosts["amazon:login"],
        client_id=secrets["lwa_client_id"],
        client_secret=secrets["lwa_client_secret"],
        refresh_token=secrets["refresh_token"],
    )
    api = Api(
        account,
        host=hosts[account.site.region],
        auth=auth,
        dialect=amazon_api.Dialect(),
        rates=amazon_api.RATES,
        interactive=interactive,
    )
    return AmazonAdapter(
        api,
        marketplace_id=MARKETPLACE_IDS[account.market],
        document_hosts=settings.AMAZON_REPORT_HOSTS,
        picture_hosts=settings.PICTURE_HOSTS["amazon"],
        restricted=account.restricted_data,
    )
