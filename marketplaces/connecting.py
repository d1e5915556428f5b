"""Begin, finish and give up connecting a seller account."""

from collections.abc import Collection
from datetime import datetime, timedelta

from accounts import audit
from accounts.models import Membership
from marketplaces import backfills, checking, credentials, health, mail_login, streams, subscribing
from marketplaces.models import CheckName, CheckState, Credential, SellerAccount


class NotReady(Exception):
    """The account cannot be finished yet; the message says what it still needs."""


def start(account: SellerAccount, *, now: datetime) -> SellerAccount:
    """Store a new account that is being connected, inside the caller's transaction: nothing is read yet."""
    account.connecting_since = account.health_since = account.clocks_from = now
    account.save()
    return account


def open_points(account: SellerAccount) -> list[str]:
    """What still keeps the account from being finished, in words."""
    states = dict(account.checks.values_list("name", "state"))
    # An account may do without a key: then only its mailbox is read.
    needed = checking.COMPULSORY if credentials.has_key(account) else (CheckName.MAILBOX,)
    return [f"“{name.label}” has to pass" for name in needed if states.get(name) != CheckState.PASSED]


def entered(accounts: Collection[SellerAccount]) -> dict[int, set[str]]:
    """By account: which of "key" and "mailbox" hold what was tried and works."""
    held: dict[int, set[str]] = {account.pk: set() for account in accounts}
    of = {account.pk: account.marketplace for account in accounts}
    for account_id, field in Credential.objects.filter(account__in=of).values_list("account_id", "field"):
        if field == credentials.API_FIELDS[of[account_id]][-1]:
            held[account_id].add("key")
        if field in (*credentials.MAILBOX_FIELDS, mail_login.REFRESH_TOKEN):
            held[account_id].add("mailbox")
    return held


def finish(account: SellerAccount, *, history_days: int, by: Membership, now: datetime) -> None:
    """Begin to read and send, inside the caller's transaction; raises NotReady.

    What was written to the account before this moment comes in closed and starts no clock; of that, so many
    days are fetched beside what arrives.
    """
    # Held, and read anew: a second press of an old page would make all that waits history.
    row = SellerAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.connecting_since is None:
        raise NotReady("It is connected already.")
    if points := open_points(account):
        raise NotReady(f"Not yet: {' and '.join(points)}.")
    account.connecting_since, account.clocks_from = None, now
    account.save(update_fields=["connecting_since", "clocks_from"])
    if credentials.has_key(account):
        streams.begin(account, now=now)
        subscribing.want(account, now=now)
    health.mended(account, now=now)
    backfills.begin(account, since=now - timedelta(days=history_days), by=by, now=now)
    audit.record(
        tenant_id=account.tenant_id,
        by=by,
        action="account_connected",
        subject=f"seller account {account.name}",
        details={"history_days": history_days},
        now=now,
    )


def discard(account: SellerAccount) -> None:
    """Forget an account that was never finished, with everything entered for it."""
    for draft in SellerAccount.objects.filter(pk=account.pk, connecting_since__isnull=False):
        draft.delete()
