"""Read one stream of a seller account from the marketplace's API and store what it says, page by page.

The cursor moves only after the last page. A try that fails begins again at the window's start, because page
tokens expire; storing the same page twice changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from accounts.announcing import announce
from marketplaces import performance, registry, streams
from marketplaces.errors import ApiError, NotReady, Temporary, Throttled
from marketplaces.models import ApiStream
from marketplaces.records import Oddity, Page, Strange, Window
from marketplaces.types import PERFORMANCE
from orders.paging import STORING_FAULTS, ask_singly, stored_pages
from orders.storing import Stored

log = structlog.get_logger(__name__)

REPORT_PAUSE = timedelta(seconds=30)
# How often a window with an unreadable record is read again before the cursor passes it; the record's number
# is kept and asked for by itself.
TRIES = 3


@dataclass(slots=True)
class Reading:
    """What one pass over a window has met so far."""

    pages: int = 0
    changed: int = 0
    strange: list[Strange] = field(default_factory=list)


def read(stream_id: int, *, tenant_id: int, now: datetime) -> int:
    """Read what is new in a stream that is due; returns how many orders changed.

    Faults of the API end up in the stream's health, in words; none is raised.
    """
    stream = streams.claim(stream_id, tenant_id=tenant_id, now=now)
    if stream is None:
        return 0
    if stream.name == PERFORMANCE:
        performance.read(stream, now=now)
        return 0
    reading = Reading()
    try:
        with registry.adapter(stream.account) as adapter:
            _read_window(stream, adapter, reading, now=now)
            _sweep(stream, adapter, now=now)
    except NotReady as fault:
        until = streams.window(stream, now=now).until
        pause = timedelta(seconds=fault.retry_after) or REPORT_PAUSE
        streams.waits_for(stream, fault.pending, until=until, now=now, again_in=pause)
    except Throttled as fault:
        streams.stopped(stream, fault, began=reading.pages > 0, now=now)
    except ApiError as fault:
        streams.failed(stream, fault, now=now)
    except STORING_FAULTS as fault:
        # Its text may hold a record's words; its type says enough where to look.
        log.error(
            "page not stored", account=stream.account_id, stream=stream.name, fault=type(fault).__name__
        )
        streams.failed(stream, Temporary("An answer could not be stored; reading it again."), now=now)
    return reading.changed


def _read_window(stream: ApiStream, adapter: registry.Adapter, reading: Reading, *, now: datetime) -> None:
    window = streams.window(stream, now=now)
    for page, stored in _pages(stream, adapter, window, now=now):
        reading.pages += 1
        reading.changed += len(stored.changed)
        reading.strange.extend(page.strange)
    left_out = [each for each in reading.strange if each.oddity is Oddity.LEFT_OUT]
    if left_out and stream.unreadable < TRIES:
        streams.unreadable(stream)
        raise Temporary(f"{left_out[0].text} {len(left_out)} such records; reading them again.")
    ask_singly(stream.account, stream.name, reading.strange, now=now)
    streams.succeeded(
        stream,
        read_since=window.since,
        read_until=window.until,
        now=now,
        again_in=timedelta(0) if streams.behind(window, now=now) else poll_pause(),
        remark=reading.strange[0].text if reading.strange else "",
    )


def _sweep(stream: ApiStream, adapter: registry.Adapter, *, now: datetime) -> None:
    """Read a day of the last 30 again; what changes then, a window had missed."""
    window = streams.sweep_window(stream, now=now)
    if window is None:
        return
    found = 0
    try:
        for page, stored in _pages(stream, adapter, window, now=now):
            found += len(stored.changed)
            ask_singly(stream.account, stream.name, page.strange, now=now)
    except Temporary as fault:
        # The stream itself is read; the sweep comes to it again.
        log.info("sweep put off", account=stream.account_id, stream=stream.name, fault=type(fault).__name__)
        return
    streams.swept(stream, found=found, now=now)


def _pages(
    stream: ApiStream, adapter: registry.Adapter, window: Window, *, now: datetime
) -> Iterator[tuple[Page[Any], Stored]]:
    def along(stored: Stored) -> None:
        streams.renew(stream)
        for order_id in stored.changed:
            announce(stream.tenant_id, "order", order=order_id)

    return stored_pages(
        stream.account, stream.name, adapter, window, pending=stream.pending, now=now, along=along
    )


def poll_pause() -> timedelta:
    """How long a stream that is up to date rests."""
    return timedelta(seconds=settings.API_POLL_SECONDS)
