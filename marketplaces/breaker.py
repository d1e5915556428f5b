"""Leave an API alone that fails again and again: after five failures in a row, then one probe at a time."""

import random
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from accounts.tenancy import tenant_tx
from marketplaces.errors import CircuitOpen
from marketplaces.models import ApiCircuit, SellerAccount

log = structlog.get_logger(__name__)

MOST_FAILURES = 5
SHORTEST = timedelta(seconds=30)
LONGEST = timedelta(minutes=10)
# A probe that never comes back (its process died) keeps the next one waiting no longer than this.
PROBE_LASTS = timedelta(seconds=90)


def enter(account: SellerAccount, api: str, *, now: datetime) -> bool:
    """Whether this request is the probe of an open circuit; raises CircuitOpen when it may not be made."""
    with tenant_tx(account.tenant_id):
        row = ApiCircuit.objects.filter(account=account, api=api)
        open_until = row.values_list("open_until", flat=True).first()
        if open_until is None:
            return False
        free = Q(probe_until__isnull=True) | Q(probe_until__lte=now)
        if row.filter(free, open_until__lte=now).update(probe_until=now + PROBE_LASTS):
            return True
    wait = max((open_until - now).total_seconds(), 5.0)
    raise CircuitOpen(
        "The API has failed several times in a row; it is left alone for a while.", retry_after=wait
    )


def failed(account: SellerAccount, api: str, *, probe: bool, now: datetime) -> None:
    """A request got no proper answer."""
    with tenant_tx(account.tenant_id):
        ApiCircuit.objects.get_or_create(tenant_id=account.tenant_id, account=account, api=api)
        row = ApiCircuit.objects.select_for_update().get(account=account, api=api)
        if row.open_until is not None and not probe:
            return  # a straggler, sent before the circuit opened
        row.failures += 1
        if probe or row.failures >= MOST_FAILURES:
            pause = min(LONGEST, SHORTEST * 2 ** min(row.openings, 5) * random.uniform(1, 1.3))  # noqa: S311
            row.open_until, row.probe_until = now + pause, None
            row.openings += 1
            log.warning("api left alone", account=account.pk, api=api, seconds=round(pause.total_seconds()))
        row.save()


def answered(account: SellerAccount, api: str) -> None:
    """The API has answered: it is well."""
    with tenant_tx(account.tenant_id):
        ailing = ApiCircuit.objects.filter(account=account, api=api).exclude(failures=0, open_until=None)
        if ailing.update(failures=0, openings=0, open_until=None, probe_until=None):
            log.info("api answers again", account=account.pk, api=api)


def given_up(account: SellerAccount, api: str) -> None:
    """The probe was not sent after all: let another one go."""
    with tenant_tx(account.tenant_id):
        ApiCircuit.objects.filter(account=account, api=api).update(probe_until=None)
