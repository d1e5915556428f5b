"""The one door to the marketplaces' APIs: an adapter for a seller account, whichever marketplace it is of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import httpx
from django.conf import settings

from accounts.tenancy import tenant_tx
from marketplaces import credentials, tokens, transport
from marketplaces.amazon import api as amazon_api
from marketplaces.amazon import consent as amazon_consent
from marketplaces.amazon.adapter import AmazonAdapter
from marketplaces.amazon.sites import MARKETPLACE_IDS
from marketplaces.errors import AuthRevoked, Temporary
from marketplaces.http import Api
from marketplaces.models import SellerAccount
from marketplaces.ratings import Performance
from marketplaces.records import (
    AccountFacts,
    Expected,
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

    def expected_orders(self, window: Window) -> Expected:
        """What reading the orders of a window would take, for a few calls."""
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


def sign_in(account: SellerAccount, secrets: Mapping[str, str] | None = None) -> None:
    """Have an access token given and keep it nowhere: whether the key is good. Raises ApiError.

    `secrets` are those to try; without them the account's own.
    """
    auths = {Marketplace.WALMART: _walmart_auth, Marketplace.AMAZON: _amazon_auth}
    auth = auths[account.marketplace](account, _secrets(account) if secrets is None else secrets)
    try:
        with transport.client() as client:
            tokens.tried(auth, client)
    except httpx.HTTPError as error:
        raise Temporary(f"{account.facts.name} cannot be reached.") from error


def consent_url(account: SellerAccount, *, application_id: str, state: str, redirect_uri: str) -> str:
    """Where Amazon asks the seller whether the application may come in."""
    site = settings.AMAZON_CONSENT_HOSTS[account.site.region]
    return amazon_consent.consent_url(
        site, application_id=application_id, state=state, redirect_uri=redirect_uri
    )


def redeemed_consent(secrets: Mapping[str, str], *, code: str, redirect_uri: str) -> str:
    """The refresh token behind the code Amazon sent the seller back with; raises ApiError."""
    key = with_operators_app(secrets)
    return amazon_consent.redeemed(
        settings.MARKETPLACE_API_HOSTS["amazon:login"],
        code=code,
        client_id=key["lwa_client_id"],
        client_secret=key["lwa_client_secret"],
        redirect_uri=redirect_uri,
    )


def with_operators_app(secrets: Mapping[str, str]) -> dict[str, str]:
    """An Amazon key, made whole with the operator's own application where the account brings none."""
    app = {name: value for name, value in settings.AMAZON_APP.items() if name != "application_id"}
    return {**secrets} if secrets.get("lwa_client_id") else {**app, **secrets}


def _secrets(account: SellerAccount) -> dict[str, str]:
    with tenant_tx(account.tenant_id):
        try:
            return credentials.api_secrets(account)
        except credentials.CredentialFault as fault:
            raise AuthRevoked(str(fault)) from fault


def _walmart_dialect(account: SellerAccount) -> walmart_api.Dialect:
    return walmart_api.Dialect(account.site.region.removeprefix("walmart:"))


def _walmart_auth(account: SellerAccount, secrets: Mapping[str, str]) -> tokens.TokenAuth:
    return walmart_api.WalmartAuth(
        account,
        host=settings.MARKETPLACE_API_HOSTS[account.site.region],
        client_id=secrets["api_client_id"],
        client_secret=secrets["api_client_secret"],
        dialect=_walmart_dialect(account),
    )


def _walmart(account: SellerAccount, secrets: Mapping[str, str], interactive: bool) -> Adapter:
    api = Api(
        account,
        host=settings.MARKETPLACE_API_HOSTS[account.site.region],
        auth=_walmart_auth(account, secrets),
        dialect=_walmart_dialect(account),
        rates=walmart_api.RATES,
        interactive=interactive,
    )
    hosts = settings.PICTURE_HOSTS["walmart"]
    return WalmartAdapter(api, picture_hosts=hosts, restricted=account.restricted_data)


def _amazon_auth(account: SellerAccount, secrets: Mapping[str, str]) -> tokens.TokenAuth:
    key = with_operators_app(secrets)
    return amazon_api.AmazonAuth(
        account,
        login_host=settings.MARKETPLACE_API_HOSTS["amazon:login"],
        client_id=key["lwa_client_id"],
        client_secret=key["lwa_client_secret"],
        refresh_token=key["refresh_token"],
    )


def _amazon(account: SellerAccount, secrets: Mapping[str, str], interactive: bool) -> Adapter:
    api = Api(
        account,
        host=settings.MARKETPLACE_API_HOSTS[account.site.region],
        auth=_amazon_auth(account, secrets),
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
