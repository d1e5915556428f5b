"""Mailboxes opened by consent instead of a password: Gmail and Microsoft 365 (RFC 6749, 4.1; XOAUTH2).

The provider's addresses and our registration there are the operator's data: a token must never be sent to a
host a tenant has named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from django.conf import settings

from marketplaces import transport
from marketplaces.errors import AuthRevoked, Refused, Temporary
from marketplaces.models import MailSignIn, SellerAccount, TokenPurpose
from marketplaces.tokens import Grant, TokenAuth, grant_of
from marketplaces.wire import decoded

REVOKED = ("invalid_grant", "interaction_required")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one of the provider's servers listens; security is tls, starttls or plain."""

    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A mail provider that asks its people for consent."""

    title: str
    client_id: str
    client_secret: str = field(repr=False)
    consent_url: str
    token_url: str
    scope: str
    imap: Place
    smtp: Place
    asked: Mapping[str, str] = field(default_factory=dict)


def providers() -> dict[str, Provider]:
    """The providers at which the operator has registered this installation, by MailSignIn."""
    return {key: _provider(key) for key, facts in settings.MAIL_PROVIDERS.items() if facts["client_id"]}


def _provider(key: str) -> Provider:
    facts: dict[str, Any] = {**settings.MAIL_PROVIDERS[key]}
    facts["imap"], facts["smtp"] = _place(facts["imap"]), _place(facts["smtp"])
    return Provider(title=MailSignIn(key).label, **facts)


def _place(written: str) -> Place:
    host, port, security = written.rsplit(":", 2)
    return Place(host, int(port), security)


def consent_url(provider: Provider, *, redirect_uri: str, state: str, address: str) -> str:
    """Where the mailbox's owner is asked."""
    asked = {
        "client_id": provider.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": provider.scope,
        "state": state,
        "login_hint": address,
        **provider.asked,
    }
    return f"{provider.consent_url}?{urlencode(asked)}"


def redeemed(provider: Provider, *, code: str, redirect_uri: str) -> str:
    """The refresh token behind the code a consent came back with; raises ApiError. The code is good once."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
    }
    try:
        with transport.client() as client:
            response = client.post(provider.token_url, data=form)
    except httpx.HTTPError as error:
        raise Temporary(f"{provider.title} cannot be reached.") from error
    _check(response, provider)
    data = decoded(response.content)
    token = data.get("refresh_token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not token:
        raise Refused(f"{provider.title} gave no lasting consent. Sign in there again.")
    return token


class MailAuth(TokenAuth):
    """A mailbox owner's consent (refresh token) for a token of an hour."""

    renew_early = timedelta(minutes=5)
    purpose = TokenPurpose.MAIL

    def __init__(self, account: SellerAccount, *, provider: Provider, refresh_token: str) -> None:
        super().__init__(account)
        self.provider = provider
        self._form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
        }

    def ask(self) -> httpx.Request:
        """POST to the provider's token address."""
        return httpx.Request("POST", self.provider.token_url, data=self._form)

    def granted(self, response: httpx.Response) -> Grant:
        """The token in the answer; raises AuthRevoked when the consent is gone."""
        _check(response, self.provider)
        return grant_of(response, self.provider.title)


def _check(response: httpx.Response, provider: Provider) -> None:
    if response.status_code in (400, 401, 403):
        data = decoded(response.content)
        said = data.get("error") if isinstance(data, dict) else None
        if said in REVOKED:
            raise AuthRevoked(f"{provider.title} no longer lets the helpdesk into this mailbox.")
        if isinstance(said, str):
            raise Refused(
                f"{provider.title} refuses the helpdesk's registration ({said[:60]}).", code=said[:80]
            )
