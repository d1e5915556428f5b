"""Fetch the history of a stream of records, the newest first, beside what the stream itself reads.

A part is a window of modification moments. It is small enough for the marketplace's limits: halved when one
stops us in the middle, doubled when all went well.
"""

import time
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from marketplaces import backfills, buckets, registry
from marketplaces.errors import ApiError, Throttled
from marketplaces.health import SHUT
from marketplaces.models import ApiStream, Backfill, Health
from marketplaces.records import Page, Window
from orders.models import Order
from orders.paging import STORING_FAULTS, ask_singly, stored_pages
from orders.storing import Stored

log = structlog.get_logger(__name__)

SPAN, SHORTEST_SPAN, LONGEST_SPAN = timedelta(days=7), timedelta(hours=1), timedelta(days=30)
# A part is begun only while so much of every bucket is left: what the stream reads comes first.
LEFT_FOR_STREAMS = 0.5


def read_records(backfill_id: int, *, tenant_id: int, now: datetime) -> int:
    """Read a part of a stream's history that is due; returns how many records came.

    Faults of the API end up in the backfill's row, in words; none is raised.
    """
    backfill = backfills.claim(backfill_id, tenant_id=tenant_id, now=now)
    if backfill is None or _must_wait(backfill, now=now):
        return 0
    part = Part(backfill)
    try:
        with registry.adapter(backfill.account) as adapter:
            _read_parts(part, adapter, now=now)
    except Throttled as fault:
        cursor = {"span_seconds": part.halved} if part.pages else {}
        until = now + max(timedelta(seconds=fault.retry_after), backfills.SHORTEST_PAUSE)
        backfills.waits(backfill, "The marketplace's limit is used up for the moment.", until=until, **cursor)
    except ApiError as fault:
        backfills.failed(backfill, str(fault), now=now, retry_after=fault.retry_after)
    except STORING_FAULTS as fault:
        log.error("page not stored", account=backfill.account_id, fault=type(fault).__name__)
        backfills.failed(backfill, "An answer could not be stored; reading it again.", now=now)
    return part.count


class Part:
    """The window being read: how wide, how many pages and records of it have come."""

    def __init__(self, backfill: Backfill) -> None:
        self.backfill = backfill
        self.span = timedelta(seconds=backfill.span_seconds or SPAN.total_seconds())
        self.pages = self.records = self.count = 0
        self.mine = True
        self._named: set[int] = set()

    @property
    def halved(self) -> int:
        """The span in seconds after a limit has stopped this one."""
        return int(max(SHORTEST_SPAN, self.span / 2).total_seconds())

    def window(self) -> Window | None:
        """What to read next; None when the beginning is reached."""
        until = self.backfill.reached or self.backfill.until
        if until <= self.backfill.since:
            return None
        return Window(max(self.backfill.since, until - self.span), until)

    def before(self, page: Page[object]) -> None:
        """Orders a page has open already, known from a mail only: their pages will want to hear of it."""
        numbers = {getattr(record, "order_id", "") for record in page.records}
        known = Order.objects.filter(account=self.backfill.account, external_id__in=numbers)
        self._named = set(known.filter(is_placeholder=True).values_list("pk", flat=True))

    def along(self, stored: Stored) -> None:
        """A page is stored."""
        for order_id in self._named.intersection(stored.changed):
            announce(self.backfill.tenant_id, "order", order=order_id)

    def add(self, records: int) -> None:
        """A page of so many records has come."""
        self.pages += 1
        self.records += records
        self.count += records
        with tenant_tx(self.backfill.tenant_id):
            self.mine = backfills.seen(self.backfill, self.records)


def _read_parts(part: Part, adapter: registry.Adapter, *, now: datetime) -> None:
    backfill, ends = part.backfill, time.monotonic() + backfills.PART_SECONDS
    account = backfill.account
    while window := part.window():
        part.pages = part.records = 0
        for page, _ in stored_pages(
            account, backfill.stream, adapter, window, now=now, before=part.before, along=part.along
        ):
            part.add(len(page.records))
            ask_singly(account, backfill.stream, page.strange, now=now)
            if not part.mine:
                return
        wider = min(LONGEST_SPAN, part.span * 2)
        if not backfills.part_finished(
            backfill,
            in_part=part.records,
            reached=window.since,
            span_seconds=int(wider.total_seconds()),
        ):
            return
        part.span = wider
        if time.monotonic() > ends or _is_short(backfill):
            backfills.gives_way(backfill, now=now)
            return
    backfills.finished(backfill, now=now)


def _must_wait(backfill: Backfill, *, now: datetime) -> bool:
    """Whether the stream itself cannot be read, or needs what the marketplace's limits have left."""
    with tenant_tx(backfill.tenant_id):
        stream = ApiStream.objects.filter(account=backfill.account_id, name=backfill.stream).first()
    if stream is None or stream.health in (*SHUT, Health.PAUSED):
        words = "Waits until the account's key is accepted again."
        backfills.waits(backfill, words, until=now + backfills.LONGEST_WAIT)
        return True
    if _is_short(backfill):
        words = "Waits until the marketplace's limit allows more; what is new comes first."
        backfills.waits(backfill, words, until=now + backfills.SHORTEST_PAUSE)
        return True
    return False


def _is_short(backfill: Backfill) -> bool:
    with tenant_tx(backfill.tenant_id):
        return buckets.least_left(backfill.account, now=timezone.now()) < LEFT_FOR_STREAMS
