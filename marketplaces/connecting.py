"""Begin, finish and give up connecting a seller account."""

from datetime import datetime

from marketplaces import checking, health, streams
from marketplaces.models import CheckState, Credential, SellerAccount


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
    has_key = Credential.objects.filter(account=account).exclude(field__startswith="trial:").count() > 0
    points = []
    for name in checking.COMPULSORY:
        if states.get(name) == CheckState.PASSED:
            continue
        if name in states or has_key or name != checking.COMPULSORY[0]:
            points.append(f"“{name.label}” has to pass")
    return points


def finish(account: SellerAccount, *, now: datetime) -> None:
    """Begin to read and send, inside the caller's transaction; raises NotReady.

    What was written to the account before this moment comes in closed and starts no clock.
    """
    if points := open_points(account):
        raise NotReady(f"Not yet: {' and '.join(points)}.")
    account.connecting_since, account.clocks_from = None, now
    account.save(update_fields=["connecting_since", "clocks_from"])
    if account.checks.filter(name=checking.COMPULSORY[0]).exists():
        streams.begin(account, now=now)
    health.mended(account, now=now)


def discard(account: SellerAccount) -> None:
    """Forget an account that was never finished, with everything entered for it."""
    for draft in SellerAccount.objects.filter(pk=account.pk, connecting_since__isnull=False):
        draft.delete()
