"""Compare the orders the marketplace has modified in the last seven days with ours: numbers and versions."""

from datetime import date, datetime, timedelta
from typing import Any

import structlog

from accounts.tenancy import tenant_tx
from marketplaces import auditing, registry, streams
from marketplaces.auditing import Finding
from marketplaces.errors import ApiError, Throttled
from marketplaces.health import SHUT
from marketplaces.models import ApiStream, AuditPart, AuditResult, AuditState, Health, SellerAccount
from marketplaces.records import OrderRecord, Page, Window
from orders.models import PurchaseOrder
from orders.paging import STORING_FAULTS, ask_singly, stored_pages
from orders.storing import fingerprint, newest_versions

log = structlog.get_logger(__name__)

DAY = timedelta(days=1)
MOST_AT_ONCE = 300


def audit_orders(account: SellerAccount, *, day: date, now: datetime) -> float | None:
    """Compare part by part, the oldest first; a difference is mended by the same storing.

    Returns None when it is over, or in how many seconds the marketplace's limit lets it go on.
    """
    with tenant_tx(account.tenant_id):
        stream = ApiStream.objects.filter(account=account, name="orders").first()
        begun = AuditResult.objects.filter(account=account, day=day, part=AuditPart.ORDERS).first()
    if why := _cannot(stream):
        state = AuditState.FAILED if stream else AuditState.NOT_POSSIBLE
        auditing.keep(account, AuditPart.ORDERS, day=day, now=now, found=Finding(), words=why, state=state)
        return None
    assert stream is not None  # noqa: S101 - or there would be a reason
    comparison = Comparison(account, begun if begun and begun.state == AuditState.RUNNING else None)
    window = _span(account, stream, comparison.reached)
    at_once = _at_once(account, window)
    try:
        with registry.adapter(account) as adapter:
            while window.since < window.until:
                part = Window(window.since, min(window.until, window.since + at_once))
                comparison.compare(adapter, part, now=now)
                window = Window(part.until, window.until)
    except Throttled as fault:
        _keep(comparison, day=day, now=now, goes_on=True)
        return max(fault.retry_after, 1.0)
    except ApiError as fault:
        auditing.not_compared(account, AuditPart.ORDERS, str(fault), day=day, now=now)
    except STORING_FAULTS as fault:
        log.error("audited page not stored", account=account.pk, fault=type(fault).__name__)
        auditing.not_compared(account, AuditPart.ORDERS, "An answer could not be stored.", day=day, now=now)
    else:
        _keep(comparison, day=day, now=now, goes_on=False)
    return None


class Comparison:
    """Counts what each page holds beside what we had before it was stored."""

    def __init__(self, account: SellerAccount, begun: AuditResult | None) -> None:
        self.account, self.found = account, Finding()
        self.reached = begun.reached if begun else None
        if begun is not None:
            self.found = Finding(begun.theirs, begun.ours, list(begun.missing), begun.fetched)

    def compare(self, adapter: registry.Adapter, window: Window, *, now: datetime) -> None:
        """Compare a part and mend it; counts only once all of it is read."""
        part = Finding()
        for page, _ in stored_pages(
            self.account,
            "orders",
            adapter,
            window,
            now=now,
            before=lambda page: self._look(page, part),
            along=lambda stored: None,
        ):
            ask_singly(self.account, "orders", page.strange, now=now)
            left_out = [each for each in page.strange if each.oddity == "left_out"]
            part.theirs += len(left_out)
            part.missing += [f"{each.external_id or 'an order'}: it could not be read" for each in left_out]
        self.found.theirs += part.theirs
        self.found.ours += part.ours
        self.found.fetched += part.fetched
        self.found.missing += part.missing
        self.reached = window.until

    def _look(self, page: Page[Any], part: Finding) -> None:
        records: dict[str, OrderRecord] = newest_versions(page.records)
        held = PurchaseOrder.objects.filter(account=self.account, external_id__in=records)
        known = {row.external_id: row for row in held.only("external_id", "modified_at", "fingerprint")}
        for number, record in records.items():
            part.theirs += 1
            row = known.get(number)
            if row is None:
                part.missing.append(f"{number}: it was not here")
            elif row.modified_at <= record.modified_at and row.fingerprint != fingerprint(record):
                part.missing.append(f"{number}: ours was older")
            else:
                part.ours += 1
                continue
            part.fetched += 1


def _cannot(stream: ApiStream | None) -> str:
    if stream is None:
        return "No key to the marketplace is stored; only the mailbox can be compared."
    if stream.health in (*SHUT, Health.PAUSED):
        return f"The marketplace was not asked. {stream.health_reason}".strip()
    return "" if stream.read_until else "The orders have not been read once yet."


def _span(account: SellerAccount, stream: ApiStream, reached: datetime | None) -> Window:
    """The last seven days, without what the next reading still looks at and what was never asked for."""
    assert stream.read_until is not None  # noqa: S101 - _cannot has looked
    until = stream.read_until - streams.OVERLAP
    begin = max(until - auditing.SPAN, stream.read_since or account.clocks_from)
    return Window(max(begin, reached) if reached else begin, until)


def _at_once(account: SellerAccount, window: Window) -> timedelta:
    """How much to compare in one go: few calls for a small shop, and for a large one no part too long."""
    with tenant_tx(account.tenant_id):
        ours = PurchaseOrder.objects.filter(
            account=account, modified_at__range=(window.since, window.until)
        ).count()
    return max(DAY, (window.until - window.since) / (1 + ours // MOST_AT_ONCE))


def _keep(comparison: Comparison, *, day: date, now: datetime, goes_on: bool) -> None:
    found = comparison.found
    told = auditing.words(found, "order", "orders")
    if goes_on:
        told = "The marketplace's limit is used up for the moment; the comparison goes on by itself."
    auditing.keep(
        comparison.account,
        AuditPart.ORDERS,
        day=day,
        now=now,
        found=found,
        words=told,
        state=AuditState.RUNNING if goes_on else None,
        reached=comparison.reached,
    )
