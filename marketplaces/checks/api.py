"""The checks of an account's key: token, rights, seller, one order, clock."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import registry, remedies
from marketplaces.checks.findings import Finding, failed, passed, waiting
from marketplaces.errors import ApiError, ScopeMissing
from marketplaces.models import CheckName, SellerAccount
from marketplaces.records import AccountFacts, Window
from marketplaces.remedies import Remedy
from marketplaces.types import Marketplace

LONGEST_SKEW = timedelta(seconds=60)
RECENT = timedelta(days=30)
NAMES = (CheckName.TOKEN, CheckName.RIGHTS, CheckName.SELLER, CheckName.ORDER, CheckName.CLOCK)


def look(account: SellerAccount, *, now: datetime) -> Iterator[Finding]:
    """Look at everything the key should open, one thing after the other; outside of any transaction."""
    began = time.monotonic()
    try:
        registry.sign_in(account)
    except ApiError as fault:
        yield failed(CheckName.TOKEN, remedies.of_key(account, fault))
        yield from waiting(CheckName.TOKEN, *NAMES[1:])
        return
    took = round((time.monotonic() - began) * 1000)
    yield passed(CheckName.TOKEN, f"{account.facts.name} takes the key.", milliseconds=took)
    with registry.adapter(account, interactive=True) as adapter:
        # What tells of the account is the token's detail at Walmart, and the list of its sites at Amazon.
        about = CheckName.RIGHTS if account.marketplace is Marketplace.WALMART else CheckName.SELLER
        try:
            facts = adapter.check()
        except ApiError as fault:
            yield failed(about, remedies.of_call(account, fault, "Reading what the key may do"))
            yield from waiting(about, *(name for name in NAMES[1:] if name is not about))
            return
        yield from _about(account, facts)
        yield from _order(account, adapter, facts, now=now)


def _about(account: SellerAccount, facts: AccountFacts) -> Iterator[Finding]:
    yield _seller(account, facts)
    yield _clock(account, facts)


def _seller(account: SellerAccount, facts: AccountFacts) -> Finding:
    """Whether the key is this seller's, for this site, and connected only once."""
    with tenant_tx(account.tenant_id):
        others = SellerAccount.objects.filter(market=account.market, disconnected_at__isnull=True)
        seller = facts.seller_id or account.seller_id
        twin = others.filter(seller_id=seller).exclude(pk=account.pk).first() if seller else None
    if not facts.covers_site:
        return failed(
            CheckName.SELLER,
            Remedy(
                f"The consent does not cover {account.market.rpartition('-')[2].upper()}.",
                "Choose the market this seller sells on, or authorise the application for this one.",
            ),
        )
    if facts.seller_id and account.seller_id and facts.seller_id != account.seller_id:
        return failed(
            CheckName.SELLER,
            Remedy(
                f"The key belongs to seller {facts.seller_id}, not to {account.seller_id}.",
                "Give the key of the right seller, or correct the seller id in the first step.",
            ),
        )
    if twin is not None:
        return failed(
            CheckName.SELLER,
            Remedy(
                f"This seller is connected already, as {twin.name}.",
                "Discard this connection. Connected twice, every message would come in twice.",
            ),
        )
    name = facts.seller_name or facts.seller_id or account.seller_id
    return passed(CheckName.SELLER, f"Signed in as {name}." if name else facts.summary)


def _clock(account: SellerAccount, facts: AccountFacts) -> Finding:
    """Whether the marketplace's clock and ours agree: deadlines are counted by ours."""
    if facts.server_time is None:
        return passed(CheckName.CLOCK, f"{account.facts.name} does not tell its time.")
    ahead = (timezone.now() - facts.server_time).total_seconds()
    if abs(ahead) > LONGEST_SKEW.total_seconds():
        way = "ahead of" if ahead > 0 else "behind"
        return failed(
            CheckName.CLOCK,
            Remedy(
                f"This server's clock is {abs(ahead):.0f} s {way} {account.facts.name}'s.",
                "Have your operator set the server's clock by NTP: deadlines are counted by it.",
            ),
        )
    return passed(CheckName.CLOCK, f"Ours and {account.facts.name}'s agree to {max(1, round(abs(ahead)))} s.")


def _order(
    account: SellerAccount, adapter: registry.Adapter, facts: AccountFacts, *, now: datetime
) -> Iterator[Finding]:
    """Rights, and one order as their proof: what a list of rights promises a reading must keep."""
    if facts.missing:
        yield failed(CheckName.RIGHTS, remedies.of_rights(account, facts.missing))
        yield from waiting(CheckName.RIGHTS, CheckName.ORDER)
        return
    began = time.monotonic()
    until = now - timedelta(minutes=3)
    try:
        page = next(iter(adapter.orders(Window(until - RECENT, until))), None)
    except ScopeMissing:
        yield failed(CheckName.RIGHTS, remedies.of_rights(account, ("read orders",)))
        yield from waiting(CheckName.RIGHTS, CheckName.ORDER)
        return
    except ApiError as fault:
        yield passed(CheckName.RIGHTS, facts.summary)
        yield failed(CheckName.ORDER, remedies.of_call(account, fault, "Reading one order"))
        return
    took = round((time.monotonic() - began) * 1000)
    yield passed(CheckName.RIGHTS, facts.summary)
    found = page.records[0].order_id if page and page.records else ""
    words = f"Order {found} was read." if found else "There are no orders of the last 30 days to read."
    yield passed(CheckName.ORDER, words, milliseconds=took)
