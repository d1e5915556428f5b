"""Access tokens: one per account, sealed in the database, fetched by one process at a time.

The others go on with the token in store while it lasts, or wait a moment for the one who fetches. No
transaction is open while a token is fetched.
"""

import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import credentials
from marketplaces.errors import Temporary, Throttled
from marketplaces.models import ApiToken, SellerAccount, TokenPurpose
from marketplaces.wire import decoded

FIELD = "access_token"
LEASE = timedelta(seconds=30)
LONGEST_WAIT_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Grant:
    """A token fresh from the marketplace."""

    token: str
    lifetime: timedelta

    def __repr__(self) -> str:
        return "Grant(…)"


@dataclass(frozen=True, slots=True)
class Turn:
    """A token to use, or a lease to fetch one under; neither: somebody else is fetching."""

    token: str = ""
    lease: str = ""

    def __repr__(self) -> str:
        return "Turn(…)"


class TokenAuth(httpx.Auth):
    """Puts the account's token on each request; one that is refused as expired is renewed once."""

    renew_early: timedelta
    longest_wait_seconds = LONGEST_WAIT_SECONDS
    purpose = TokenPurpose.API

    def __init__(self, account: SellerAccount) -> None:
        self.account = account

    def ask(self) -> httpx.Request:
        """The request for a new token."""
        raise NotImplementedError

    def granted(self, response: httpx.Response) -> Grant:
        """What the marketplace gave; raises ApiError when it gave none."""
        raise NotImplementedError

    def put(self, request: httpx.Request, token: str) -> None:
        """Write the token where the marketplace looks for it; a mailbox's token goes on no request."""

    def is_expired(self, response: httpx.Response) -> bool:
        """Whether this (read) answer says that the token is no longer good."""
        return False

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with a token; once more with a new one when the first is refused."""
        token = yield from self._token("")
        self.put(request, token)
        response = yield request
        if response.status_code in (400, 401, 403):
            response.read()
            if self.is_expired(response):
                token = yield from self._token(token)
                self.put(request, token)
                yield request

    def _token(self, refused: str) -> Generator[httpx.Request, httpx.Response, str]:
        ends = time.monotonic() + self.longest_wait_seconds
        while True:
            turn = turn_of(self.account, now=timezone.now(), refused=refused, purpose=self.purpose)
            if turn.token:
                return turn.token
            if turn.lease:
                return (yield from self._fetch(turn.lease))
            if time.monotonic() > ends:
                raise Throttled("Another process is still fetching an access token.", retry_after=5)
            time.sleep(LOOK_EVERY_SECONDS)

    def _fetch(self, lease: str) -> Generator[httpx.Request, httpx.Response, str]:
        try:
            response = yield self.ask()
            response.read()
            grant = self.granted(response)
        except BaseException:
            # Also when the connection breaks: then httpx closes this generator.
            give_up(self.account, lease, purpose=self.purpose)
            raise
        keep(
            self.account, lease, grant, renew_early=self.renew_early, now=timezone.now(), purpose=self.purpose
        )
        return grant.token


def current(auth: TokenAuth, client: httpx.Client) -> str:
    """The account's token itself, fetched when there is none; raises ApiError and httpx.HTTPError."""
    asking = auth._token("")
    try:
        request = next(asking)
        while True:
            request = asking.send(client.send(request))
    except StopIteration as done:
        return str(done.value)


def tried(auth: TokenAuth, client: httpx.Client) -> Grant:
    """A token fetched to see whether the key is good, kept nowhere; raises ApiError and httpx.HTTPError."""
    response = client.send(auth.ask())
    return auth.granted(response)


def turn_of(
    account: SellerAccount,
    *,
    now: datetime,
    refused: str = "",
    purpose: TokenPurpose = TokenPurpose.API,
) -> Turn:
    """What to do for a token: `refused` is one the marketplace no longer takes."""
    with tenant_tx(account.tenant_id):
        rows = ApiToken.objects.filter(account=account, purpose=purpose)
        row = rows.first()
        if row is not None and row.renew_at is not None and now < row.renew_at:
            token = _open(account, row)
            if token and token != refused:
                return Turn(token)
        ApiToken.objects.get_or_create(tenant_id=account.tenant_id, account=account, purpose=purpose)
        row = rows.select_for_update().get()
        token = _open(account, row)
        if token == refused or row.expires_at is None or row.expires_at <= now:
            token = ""
        if token and row.renew_at is not None and now < row.renew_at:
            return Turn(token)
        if row.lease_until is not None and row.lease_until > now:
            return Turn(token)
        row.lease, row.lease_until = secrets.token_hex(16), now + LEASE
        row.save(update_fields=["lease", "lease_until"])
        return Turn(lease=row.lease)


def keep(
    account: SellerAccount,
    lease: str,
    grant: Grant,
    *,
    renew_early: timedelta,
    now: datetime,
    purpose: TokenPurpose = TokenPurpose.API,
) -> None:
    """Store a fresh token, unless the lease has passed to somebody else in the meantime."""
    key_id, sealed = credentials.sealed(account, FIELD, grant.token)
    with tenant_tx(account.tenant_id):
        ApiToken.objects.filter(account=account, purpose=purpose, lease=lease).update(
            key_id=key_id,
            sealed=sealed,
            expires_at=now + grant.lifetime,
            renew_at=now + max(grant.lifetime - renew_early, grant.lifetime / 2),
            lease="",
            lease_until=None,
        )


def give_up(account: SellerAccount, lease: str, *, purpose: TokenPurpose = TokenPurpose.API) -> None:
    """No token came: let another process try."""
    with tenant_tx(account.tenant_id):
        held = ApiToken.objects.filter(account=account, purpose=purpose, lease=lease)
        held.update(lease="", lease_until=None)


def forget(account: SellerAccount, *, purpose: TokenPurpose = TokenPurpose.API) -> None:
    """The account has a new key: what was fetched with the old one is not to be used."""
    ApiToken.objects.filter(account=account, purpose=purpose).delete()


def _open(account: SellerAccount, row: ApiToken) -> str:
    if not row.sealed:
        return ""
    try:
        return credentials.opened(account, FIELD, row.key_id, bytes(row.sealed))
    except credentials.CredentialFault:
        return ""  # sealed with a former key: fetch another


def grant_of(response: httpx.Response, name: str) -> Grant:
    """The token and its lifetime; raises Temporary when there is none in the answer."""
    data = decoded(response.content) if response.is_success else None
    token = data.get("access_token") if isinstance(data, dict) else None
    seconds = data.get("expires_in", 0) if isinstance(data, dict) else 0
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise Temporary(f"Asked for an access token, {name} answered with {response.status_code} and none.")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds <= 86_400:
        raise Temporary(f"{name} gave an access token without a lifetime.")
    return Grant(token, timedelta(seconds=seconds))
