"""Disconnect a seller account: its secrets go at once, what names its buyers 30 days later at the latest.

Amazon's Data Protection Policy asks for both within 30 days of the end of an authorization; the same holds
here for Walmart. What stands in the apps above hears of it by signals.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.dispatch import Signal

from accounts import audit
from accounts.models import Membership
from marketplaces import backfills, credentials, health, streams, subscribing, tokens
from marketplaces.models import (
    ApiStream,
    Credential,
    Health,
    InboundRaw,
    SellerAccount,
    TokenPurpose,
)

PURGE_AFTER = timedelta(days=30)
# Sent by SellerAccount with `account`. `what_goes` is answered with two Counters, of what goes at once and of
# what goes later; `account_disconnected` (also with `by` and `now`) comes inside the transaction.
what_goes = Signal()
account_disconnected = Signal()


@dataclass(frozen=True, slots=True)
class Preview:
    """What disconnecting would delete: at once, and by `purge_at` at the latest; counts by name."""

    at_once: Counter[str]
    later: Counter[str]
    purge_at: datetime


def preview(account: SellerAccount, *, now: datetime) -> Preview:
    """Count what would go, inside the caller's transaction; nothing is changed."""
    at_once: Counter[str] = Counter({"stored secrets": Credential.objects.filter(account=account).count()})
    later: Counter[str] = Counter(
        {"mails": InboundRaw.objects.filter(account=account, purged_at__isnull=True).count()}
    )
    for _, counted in what_goes.send(SellerAccount, account=account):
        soon, then = cast("tuple[Counter[str], Counter[str]]", counted)
        at_once += soon
        later += then
    return Preview(+at_once, +later, purge_at=now + PURGE_AFTER)


def disconnect(account: SellerAccount, *, by: Membership, now: datetime) -> None:
    """Delete its secrets, stop reading and sending, set the day of the purge; in the caller's transaction.

    A second call changes nothing.
    """
    # Held, so that no poll's or delivery's end writes over it.
    row = SellerAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.disconnected_at is None:
        reason = f"Disconnected by {by.user.name}."
        secrets = Credential.objects.filter(account=row)
        if subscribing.unwant(row, now=now):
            # Walmart is told first, which takes the key; it goes right after that (subscribing.unsubscribe).
            secrets = secrets.exclude(field__in=credentials.API_FIELDS[row.marketplace])
        secrets.delete()
        for purpose in TokenPurpose:
            tokens.forget(row, purpose=purpose)
        ApiStream.objects.filter(account=row).update(
            health=Health.PAUSED, health_reason=reason, health_since=now, next_at=None, pending=""
        )
        SellerAccount.objects.filter(pk=row.pk).update(
            health=Health.PAUSED,
            health_reason=reason,
            health_since=now,
            next_poll_at=None,
            silent_since=None,
            connecting_since=None,
            disconnected_at=now,
            purge_at=now + PURGE_AFTER,
        )
        # What was tried and checked was so with secrets that are gone: connecting again begins anew.
        row.trials.all().delete()
        row.checks.all().delete()
        backfills.end_all(row, why=reason, now=now)
        account_disconnected.send(SellerAccount, account=row, by=by, now=now)
        audit.record(
            tenant_id=row.tenant_id,
            by=by,
            action="account_disconnected",
            subject=f"seller account {row.name}",
            now=now,
        )
    account.refresh_from_db()


def reconnect(account: SellerAccount, *, now: datetime) -> None:
    """New secrets are stored: only what has passed its own moment is purged any more, and reading begins."""
    account.disconnected_at = account.purge_at = account.purged_at = None
    account.save(update_fields=["disconnected_at", "purge_at", "purged_at"])
    health.mended(account, now=now)
    if credentials.has_key(account):
        streams.begin(account, now=now)
        subscribing.want(account, now=now)
