"""The API streams of a seller account: whose turn it is, which span to read, and how the last try went."""

import random
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.db.models.functions import Greatest, Now

from accounts.tenancy import tenant_tx
from marketplaces import faults
from marketplaces.errors import ApiError, AuthRevoked, ConsentRevoked, ScopeMissing
from marketplaces.models import CONNECTED, ApiStream, Health, SellerAccount
from marketplaces.records import Window
from marketplaces.types import Marketplace, streams_of

log = structlog.get_logger(__name__)

# What the marketplace's clock and its indexes may lag behind: read again what lies this close to the cursor,
# and never up to the present moment.
OVERLAP = timedelta(minutes=15)
SETTLING = timedelta(minutes=2)
SWEEP_DAYS = 30
SWEEP_SLICE = timedelta(days=1)
SWEEP_EVERY = SWEEP_SLICE / SWEEP_DAYS
# Amazon's returns report is whole each time. A fulfilment may come before the order it is for: that one is
# read by another account's stream.
SWEPT: dict[Marketplace, tuple[str, ...]] = {
    Marketplace.WALMART: ("orders", "returns"),
    Marketplace.AMAZON: ("orders", "fulfilments"),
}
SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=10)
WIDEST = timedelta(days=30)
MOST_TRIES_OF_A_REPORT = 3
# A worker that dies while reading holds its stream no longer than this; each page renews it.
STALE_CLAIM = timedelta(seconds=60)


def begin(account: SellerAccount, *, now: datetime) -> None:
    """Give an account whose API credentials were stored (again) its streams; each is read at once."""
    for name in streams_of(account.market):
        ApiStream.objects.update_or_create(
            tenant_id=account.tenant_id,
            account=account,
            name=name,
            defaults={"next_at": now, "failures": 0, "health": Health.OK, "health_reason": ""},
            create_defaults={"next_at": now, "health_since": now},
        )


def claim(stream_id: int, *, tenant_id: int, now: datetime) -> ApiStream | None:
    """Take a stream that is due, so that no second worker reads it now; None when it is not."""
    with tenant_tx(tenant_id):
        connected = SellerAccount.objects.filter(CONNECTED)
        due = ApiStream.objects.filter(pk=stream_id, next_at__lte=now, account__in=connected)
        if not due.exclude(health=Health.PAUSED).update(next_at=now + STALE_CLAIM):
            return None
        return ApiStream.objects.select_related("account__tenant").get(pk=stream_id)


def renew(stream: ApiStream) -> None:
    """Hold the stream a little longer: another page has come."""
    ApiStream.objects.filter(pk=stream.pk).update(next_at=Now() + STALE_CLAIM)


def window(stream: ApiStream, *, now: datetime) -> Window:
    """What to read now: from a little before the cursor, the first time from the account's beginning."""
    until = stream.pending_until or now - SETTLING
    since = stream.read_until - OVERLAP if stream.read_until else stream.account.clocks_from
    if stream.span_seconds and not stream.pending_until:
        until = min(until, since + OVERLAP + timedelta(seconds=stream.span_seconds))
    return Window(min(since, until), until)


def behind(read: Window, *, now: datetime) -> bool:
    """Whether more is waiting right after the window that was read."""
    return read.until < now - SETTLING


def sweep_window(stream: ApiStream, *, now: datetime) -> Window | None:
    """The next day to read again, so that once a day the last 30 were; None when it is not time.

    One day at a time, because a marketplace may allow no more than a few pages an hour.
    """
    if stream.name not in SWEPT[stream.account.marketplace] or stream.read_until is None:
        return None
    if stream.swept_at is not None and stream.swept_at > now - SWEEP_EVERY:
        return None
    # What lies in the overlap is still expected, and not missed.
    until = stream.read_until - OVERLAP - stream.sweep_day * SWEEP_SLICE
    return Window(until - SWEEP_SLICE, until)


def succeeded(
    stream: ApiStream,
    *,
    read_since: datetime,
    read_until: datetime,
    now: datetime,
    again_in: timedelta,
    remark: str = "",
) -> None:
    """The last page is stored: move the cursor, never back, and be well again but for the remark."""
    state = Health.DEGRADED if remark else Health.OK
    with tenant_tx(stream.tenant_id):
        row = ApiStream.objects.filter(pk=stream.pk)
        row.filter(read_until__isnull=True).update(read_until=read_until, read_since=read_since)
        row.update(
            read_until=Greatest(F("read_until"), read_until),
            pending="",
            pending_until=None,
            span_seconds=_wider(stream.span_seconds),
            last_ok_at=now,
            next_at=now + again_in,
            failures=0,
            unreadable=0,
        )
        alive = row.exclude(health=Health.PAUSED)
        alive.exclude(health=state).update(health_since=now)
        if alive.exclude(health=state, health_reason=remark[:500]).update(
            health=state, health_reason=remark[:500]
        ):
            log.info("stream read", account=stream.account_id, stream=stream.name, health=state.value)
        if remark:
            faults.met(stream.account_id, stream.name, remark, now=now)
        else:
            faults.cleared(stream.account_id, stream.name, now=now)


def stopped(stream: ApiStream, fault: ApiError, *, began: bool, now: datetime) -> None:
    """A rate limit stopped the reading, which is nobody's fault: come back when it allows.

    A window that was begun is too large for what the limit gives: the next one is half as long.
    """
    span = None
    if began:
        tried = window(stream, now=now)
        span = max(OVERLAP, (tried.until - tried.since) / 2).total_seconds()
    with tenant_tx(stream.tenant_id):
        row = ApiStream.objects.filter(pk=stream.pk)
        row.update(next_at=now + max(SHORTEST_WAIT, timedelta(seconds=fault.retry_after)))
        if span is not None:
            row.update(span_seconds=int(span))


def swept(stream: ApiStream, *, found: int, now: datetime) -> None:
    """A day was read again; `found` rows had been missed and are mended now."""
    if found:
        log.warning("sweep found what was missed", account=stream.account_id, stream=stream.name, count=found)
    before = stream.sweep_found if stream.sweep_day else 0
    following = (stream.sweep_day + 1) % SWEEP_DAYS
    with tenant_tx(stream.tenant_id):
        ApiStream.objects.filter(pk=stream.pk).update(
            swept_at=now, sweep_day=following, sweep_found=before + found
        )


def unreadable(stream: ApiStream) -> None:
    """The window holds a record that cannot be read: count how often in a row."""
    with tenant_tx(stream.tenant_id):
        ApiStream.objects.filter(pk=stream.pk).update(unreadable=F("unreadable") + 1)


def waits_for(
    stream: ApiStream, pending: str, *, until: datetime, now: datetime, again_in: timedelta
) -> None:
    """The marketplace is making a report of the window up to `until`: ask again for it later."""
    with tenant_tx(stream.tenant_id):
        ApiStream.objects.filter(pk=stream.pk).update(
            pending=pending[:100], pending_until=until, next_at=now + again_in
        )


def failed(stream: ApiStream, fault: ApiError, *, now: datetime) -> None:
    """A try did not succeed: keep the cursor, say why, and try again later where that helps."""
    stop = isinstance(fault, AuthRevoked) and stream.health_reason.startswith(_words(fault)[:80])
    wait = min(LONGEST_WAIT, timedelta(seconds=5) * 2 ** min(stream.failures, 10)) * random.uniform(0.5, 1)  # noqa: S311
    if isinstance(fault, (AuthRevoked, ScopeMissing)):
        wait = LONGEST_WAIT
    again_at = None if stop else now + max(wait, timedelta(seconds=fault.retry_after))
    refused = Health.REVOKED if isinstance(fault, ConsentRevoked) else Health.AUTH_FAILED
    state = refused if stop else Health.DEGRADED
    log.warning(
        "stream not read",
        account=stream.account_id,
        stream=stream.name,
        health=state.value,
        fault=type(fault).__name__,
        request_id=fault.request_id,
    )
    with tenant_tx(stream.tenant_id):
        row = ApiStream.objects.filter(pk=stream.pk)
        row.exclude(health=state).update(health_since=now)
        row.exclude(health=Health.PAUSED).update(
            health=state, health_reason=_words(fault), failures=F("failures") + 1, next_at=again_at
        )
        faults.met(stream.account_id, stream.name, _words(fault), now=now)
        # A report that cannot be read the third time is not read the fourth: have another one made.
        row.filter(failures__gte=MOST_TRIES_OF_A_REPORT).update(pending="", pending_until=None)


def _wider(span_seconds: int | None) -> int | None:
    """Twice the span, and no limit any more once that is all of a sweep's."""
    if span_seconds is None or span_seconds * 2 >= WIDEST.total_seconds():
        return None
    return span_seconds * 2


def _words(fault: ApiError) -> str:
    return str(fault)[:500]
