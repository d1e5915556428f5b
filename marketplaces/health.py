"""What we know about reading an account: every change of it has a reason in words and a next try."""

import random
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from accounts.tenancy import tenant_tx
from marketplaces import faults
from marketplaces.models import MAIL, Health, SellerAccount

log = structlog.get_logger(__name__)

# Begins the reason of a refused sign-in. A mailbox may lock itself after a few wrong passwords, so the second
# refusal in a row is the last.
REFUSED = "The mailbox refuses user and password"
LONGEST_WAIT = timedelta(minutes=10)
SENDING = "Sending: "  # begins the reason of a fault that reading cannot heal
# Nothing is tried any more until a person has acted.
SHUT = (Health.AUTH_FAILED, Health.REVOKED)


def succeeded(account: SellerAccount, *, now: datetime, again_in: timedelta) -> None:
    """A poll went through: the account is well again, unless what ails it is sending."""
    with tenant_tx(account.tenant_id):
        row = SellerAccount.objects.filter(pk=account.pk)
        row.update(last_ok_at=now, next_poll_at=now + again_in)
        faults.cleared(account.pk, MAIL, now=now)
        ailing = row.filter(Q(failures__gt=0) | ~Q(health=Health.OK)).exclude(health=Health.PAUSED)
        if ailing.exclude(health_reason__startswith=SENDING).update(
            health=Health.OK, health_reason="", health_since=now, failures=0
        ):
            log.info("account healthy again", account=account.pk)


def failed(account: SellerAccount, reason: str, *, now: datetime) -> None:
    """A poll failed in a way that may pass: try again, each time a little later."""
    wait = min(LONGEST_WAIT, timedelta(seconds=5) * 2 ** min(account.failures, 10))
    _note(account, Health.DEGRADED, reason, now=now, again_at=now + wait * random.uniform(0.5, 1))  # noqa: S311


def sign_in_refused(account: SellerAccount, reason: str, *, now: datetime) -> None:
    """User and password were refused: the second time in a row polling stops until somebody mends it."""
    stop = account.health_reason.startswith(REFUSED)
    state = Health.AUTH_FAILED if stop else Health.DEGRADED
    reason = f"{REFUSED}: {reason}"
    _note(account, state, reason, now=now, again_at=None if stop else now + timedelta(seconds=5))


def consent_revoked(account: SellerAccount, reason: str, *, now: datetime) -> None:
    """Whoever let us into the mailbox has taken that back: polling stops until somebody consents anew."""
    _note(account, Health.REVOKED, reason, now=now, again_at=None)


def sending_refused(account: SellerAccount, reason: str, *, now: datetime) -> None:
    """The outgoing server does not let us in; inside the caller's transaction. Reading goes on."""
    row = SellerAccount.objects.filter(pk=account.pk).exclude(health__in=[*SHUT, Health.PAUSED])
    row.update(health=Health.AUTH_FAILED, health_reason=(SENDING + reason)[:500], health_since=now)
    faults.met(account.pk, faults.SENDING, reason, now=now)


def mended(account: SellerAccount, *, now: datetime) -> None:
    """Somebody gave new settings or a new password: try at once."""
    faults.cleared(account.pk, MAIL, faults.SENDING, now=now)
    account.health, account.health_reason, account.failures = Health.OK, "", 0
    account.health_since = account.next_poll_at = now
    account.save(update_fields=["health", "health_reason", "failures", "health_since", "next_poll_at"])


def _note(
    account: SellerAccount, state: Health, reason: str, *, now: datetime, again_at: datetime | None
) -> None:
    log.warning("mailbox not read", account=account.pk, health=state.value, reason=reason)
    with tenant_tx(account.tenant_id):
        row = SellerAccount.objects.filter(pk=account.pk)
        row.exclude(health=state).update(health_since=now)
        row.exclude(health=Health.PAUSED).update(
            health=state, health_reason=reason[:500], failures=F("failures") + 1, next_poll_at=again_at
        )
        faults.met(account.pk, MAIL, reason, now=now)
