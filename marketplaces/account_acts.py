"""What an admin does about the reading of a seller account; each act leaves an audit entry."""

from datetime import datetime

from accounts import audit
from accounts.announcing import announce
from accounts.models import Membership
from marketplaces import auditing, backfills, health
from marketplaces.models import ApiStream, Backfill, Health, SellerAccount


def pause(account: SellerAccount, *, by: Membership, now: datetime) -> None:
    """Read and send nothing until somebody resumes it; inside the caller's transaction."""
    paused = {"health": Health.PAUSED, "health_reason": f"{by.user.name} paused it.", "health_since": now}
    SellerAccount.objects.filter(pk=account.pk).exclude(health=Health.PAUSED).update(**paused)
    ApiStream.objects.filter(account=account).exclude(health=Health.PAUSED).update(**paused)
    _record(account, "account_paused", by=by, now=now)


def resume(account: SellerAccount, *, by: Membership, now: datetime) -> None:
    """Read and send again, at once; inside the caller's transaction."""
    health.mended(account, now=now)
    ApiStream.objects.filter(account=account).update(
        health=Health.OK, health_reason="", health_since=now, failures=0, next_at=now
    )
    backfills.wake(account, now=now)
    _record(account, "account_resumed", by=by, now=now)


def check_again(account: SellerAccount, *, by: Membership, now: datetime) -> None:
    """Try everything now, also what is not tried any more by itself; inside the caller's transaction.

    A refused sign-in gets one try: the reason stays, so that the next refusal is the last again.
    """
    row = SellerAccount.objects.filter(pk=account.pk).exclude(health=Health.PAUSED)
    # A mailbox that could not send is told anew by the next reply that cannot leave.
    row.filter(health_reason__startswith=health.SENDING).update(
        health=Health.OK, health_reason="", health_since=now
    )
    row.filter(health__in=health.SHUT).update(health=Health.DEGRADED, health_since=now)
    row.update(next_poll_at=now)
    streams = ApiStream.objects.filter(account=account).exclude(health=Health.PAUSED)
    streams.filter(health__in=health.SHUT).update(health=Health.DEGRADED, health_since=now)
    streams.update(next_at=now)
    backfills.wake(account, now=now)
    _record(account, "account_checked", by=by, now=now)


def refetch_from(account: SellerAccount, since: datetime, *, by: Membership, now: datetime) -> list[Backfill]:
    """Read everything since then again: what is missing comes in, nothing is doubled."""
    rows = backfills.begin(account, since=since, by=by, now=now)
    _record(account, "account_refetched", by=by, now=now, since=since.isoformat())
    return rows


def compare(account: SellerAccount, *, by: Membership, now: datetime) -> None:
    """Have mailbox and orders counted on both sides now; inside the caller's transaction."""
    auditing.ask(account, now=now)
    _record(account, "account_compared", by=by, now=now)


def ask_for_names(account: SellerAccount, *, wanted: bool, by: Membership, now: datetime) -> None:
    """Have buyers' names and places asked for, or not any more; inside the caller's transaction."""
    SellerAccount.objects.filter(pk=account.pk).update(restricted_data=wanted)
    _record(account, "account_names_wanted" if wanted else "account_names_unwanted", by=by, now=now)


def _record(account: SellerAccount, act: str, *, by: Membership, now: datetime, **data: str) -> None:
    """The one place these acts are written down at."""
    subject = f"seller account {account.name}"
    audit.record(tenant_id=account.tenant_id, by=by, action=act, subject=subject, details=data, now=now)
    announce(account.tenant_id, "account", account=account.pk)
