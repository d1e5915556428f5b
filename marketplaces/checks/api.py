"""The checks of an account's key: token, rights, seller, one order, clock."""

import time
from collections.abc import Iterator
from datetime import timedelta

from accounts.tenancy import tenant_tx
from marketplaces import registry, remedies
from marketplaces.checks.findings import Finding, failed, passed, waiting
from marketplaces.errors import ApiError
from marketplaces.models import CheckName, SellerAccount
from marketplaces.records import AccountFacts
from marketplaces.remedies import Remedy
from marketplaces.types import Marketplace

LONGEST_SKEW = timedelta(seconds=60)
NAMES = (CheckName.TOKEN, CheckName.RIGHTS, CheckName.SELLER, CheckName.ORDER, CheckName.CLOCK)


def look(account: SellerAccount) -> Iterator[Finding]:
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
        yield from _what_it_opens(account, adapter)


def _what_it_opens(account: SellerAccount, adapter: registry.Adapter) -> Iterator[Finding]:
    # What tells of the account is the token's detail at Walmart, and the list of its sites at Amazon.
    about = CheckName.RIGHTS if account.marketplace is Marketplace.WALMART else CheckName.SELLER
    try:
        facts = adapter.check()
    except ApiError as fault:
        yield failed(about, remedies.of_call(account, fault, "Reading what the key is for"))
        yield from waiting(about, *(name for name in NAMES[1:] if name is not about))
        return
    yield _clock(account, facts)
    if not facts.covers_site:
        yield _seller(account, facts)
        yield from waiting(CheckName.SELLER, CheckName.RIGHTS, CheckName.ORDER)
        return
    began = time.monotonic()
    try:
        facts = adapter.check(thorough=True)
    except ApiError as fault:
        yield _seller(account, facts)
        yield failed(CheckName.ORDER, remedies.of_call(account, fault, "Reading one order"))
        if about is CheckName.RIGHTS:
            yield _rights(account, facts)
        else:
            yield from waiting(CheckName.ORDER, CheckName.RIGHTS)
        return
    took = round((time.monotonic() - began) * 1000)
    yield _seller(account, facts)
    yield _rights(account, facts)
    if facts.missing:
        yield from waiting(CheckName.RIGHTS, CheckName.ORDER)
        return
    found = facts.newest_order
    words = f"Order {found} was read." if found else "There is no order of late to read."
    yield passed(CheckName.ORDER, words, milliseconds=took)


def _rights(account: SellerAccount, facts: AccountFacts) -> Finding:
    """What the key may not do that reading needs; what would only be of help is said beside it."""
    if facts.missing:
        return failed(CheckName.RIGHTS, remedies.of_rights(account, facts.missing))
    beside = f" Without: {', '.join(facts.advised)}." if facts.advised else ""
    return passed(CheckName.RIGHTS, f"{facts.summary}{beside}")


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
    if facts.seller_id and not account.seller_id:
        with tenant_tx(account.tenant_id):
            SellerAccount.objects.filter(pk=account.pk, seller_id="").update(seller_id=facts.seller_id)
    name = facts.seller_name or facts.seller_id or account.seller_id
    return passed(CheckName.SELLER, f"Signed in as {name}." if name else facts.summary)


def _clock(account: SellerAccount, facts: AccountFacts) -> Finding:
    """Whether the marketplace's clock and ours agree: deadlines are counted by ours."""
    name = account.facts.name
    if facts.clock_ahead is None:
        return passed(CheckName.CLOCK, f"{name} does not tell its time.")
    behind = facts.clock_ahead.total_seconds()
    if abs(behind) > LONGEST_SKEW.total_seconds():
        way = "behind" if behind > 0 else "ahead of"
        return failed(
            CheckName.CLOCK,
            Remedy(
                f"This server's clock is {abs(behind):.0f} s {way} {name}'s.",
                "Have your operator set the server's clock by NTP: deadlines are counted by it.",
            ),
        )
    return passed(CheckName.CLOCK, f"Ours and {name}'s agree to {max(1, round(abs(behind)))} s.")
