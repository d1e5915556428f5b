"""Read how the marketplaces rate a seller account, keep it day by day, and say it in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog

from accounts.tenancy import tenant_tx
from accounts.upserting import upsert
from marketplaces import registry, streams
from marketplaces.errors import ApiError, NotReady, Throttled
from marketplaces.models import ApiStream, PerformanceFigure, ResponseReport, SellerAccount
from marketplaces.ratings import Figure, Performance, ResponseRateRow, Risk

log = structlog.get_logger(__name__)

# The marketplaces reckon once a day, at an hour of their own.
EVERY = timedelta(hours=6)
SOONER = timedelta(minutes=30)  # where some of it could not be read
REPORT_PAUSE = timedelta(minutes=1)
FIGURES_KEPT = timedelta(days=400)
REPORTS_KEPT = timedelta(days=35)
FIGURE = ("rate", "standard", "at_least", "risk", "orders", "affected", "as_of", "read_at")
TITLES = {
    "response_rate": "Answered in time",
    "on_time_delivery": "Delivered on time",
    "valid_tracking": "Valid tracking",
    "cancellations": "Cancelled by you",
    "returns": "Returned",
    "item_not_received": "Not received",
    "negative_feedback": "Negative feedback",
    "order_defects": "Order defects",
    "late_shipment": "Shipped late",
    "invoice_defects": "Invoice defects",
    "account_status": "Account status",
}
RISKS = {
    Risk.GOOD: "meets the standard",
    Risk.MONITOR: "needs watching",
    Risk.URGENT: "needs action now",
    Risk.UNKNOWN: "",
}


@dataclass(frozen=True, slots=True)
class ResponseRate:
    """Walmart's response rate and the messages behind it, as last read.

    `figure` is None where only the report could be read. `rows` are of the last `period_days` days up to
    `day`; each names one order by the number in the report (customer or purchase order).
    """

    figure: PerformanceFigure | None
    rows: tuple[ResponseRateRow, ...]
    period_days: int
    day: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as a screen shows it; `bar` and `line` are hundredths of the bar's width, None without one."""

    title: str
    rate: str
    standard: str
    verdict: str
    face: str  # ok, amber, red or nothing
    counted: str
    period: str
    as_of: datetime
    bar: int | None
    line: int | None


def read(stream: ApiStream, *, now: datetime) -> None:
    """Read the figures of a stream the caller has claimed; faults end up in its health, in words."""
    try:
        with registry.adapter(stream.account) as adapter:
            found = adapter.performance(pending=stream.pending, now=now)
    except NotReady as fault:
        pause = timedelta(seconds=fault.retry_after) or REPORT_PAUSE
        streams.waits_for(stream, fault.pending, until=now, now=now, again_in=pause)
    except Throttled as fault:
        streams.stopped(stream, fault, began=False, now=now)
    except ApiError as fault:
        streams.failed(stream, fault, now=now)
    else:
        with tenant_tx(stream.tenant_id):
            store(stream.account, found, now=now)
        remark = " ".join(found.remarks)
        streams.succeeded(
            stream,
            read_since=now,
            read_until=now,
            now=now,
            again_in=SOONER if remark else EVERY,
            remark=remark,
        )


def store(account: SellerAccount, found: Performance, *, now: datetime) -> None:
    """Keep figures and report inside the caller's transaction; a day read twice is stored once."""
    upsert(
        PerformanceFigure,
        [_row(account, figure, now) for figure in found.figures],
        ("account", "metric", "period_days", "day"),
        FIGURE,
    )
    if found.responses is not None:
        report = ResponseReport(
            tenant_id=account.tenant_id,
            account=account,
            day=now.astimezone(UTC).date(),
            period_days=found.responses_period_days,
            rows=[_packed(row) for row in found.responses],
            read_at=now,
        )
        upsert(ResponseReport, [report], ("account", "period_days", "day"), ("rows", "read_at"))
    PerformanceFigure.objects.filter(account=account, day__lt=(now - FIGURES_KEPT).date()).delete()
    ResponseReport.objects.filter(account=account, day__lt=(now - REPORTS_KEPT).date()).delete()


def latest_response_rate(account: SellerAccount) -> ResponseRate | None:
    """Walmart's last report on answered messages, inside the caller's transaction; None before the first."""
    return latest_response_rates([account]).get(account.pk)


def latest_response_rates(accounts: Iterable[SellerAccount]) -> dict[int, ResponseRate]:
    """The last report of each account that has one, by its id, in two statements."""
    ids = [account.pk for account in accounts]
    reports = ResponseReport.objects.filter(account__in=ids).order_by("account", "-day", "-read_at")
    figures = PerformanceFigure.objects.filter(account__in=ids, metric="response_rate")
    newest = figures.order_by("account", "-day", "-read_at").distinct("account")
    figure_of = {figure.account_id: figure for figure in newest}
    return {
        report.account_id: ResponseRate(
            figure=figure_of.get(report.account_id),
            rows=tuple(_unpacked(row) for row in report.rows),
            period_days=report.period_days,
            day=datetime.combine(report.day, datetime.min.time(), UTC),
            read_at=report.read_at,
        )
        for report in reports.distinct("account")
    }


def shown(account: SellerAccount) -> list[Shown]:
    """The newest of each figure, for a screen, inside the caller's transaction."""
    rows = PerformanceFigure.objects.filter(account=account).order_by("metric", "-day", "-read_at")
    newest = {row.metric: row for row in rows.distinct("metric")}
    return [_shown(newest[metric]) for metric in TITLES if metric in newest]


def _row(account: SellerAccount, figure: Figure, now: datetime) -> PerformanceFigure:
    return PerformanceFigure(
        tenant_id=account.tenant_id,
        account=account,
        metric=figure.metric[:30],
        period_days=figure.period_days,
        day=figure.as_of.astimezone(UTC).date(),
        rate=figure.rate,
        standard=figure.standard,
        at_least=figure.at_least,
        risk=figure.risk.value,
        orders=figure.orders,
        affected=figure.affected,
        as_of=figure.as_of,
        read_at=now,
    )


def _packed(row: ResponseRateRow) -> list[object]:
    moments = [at.isoformat() if at else None for at in (row.received_at, row.answered_at)]
    return [row.order_id, *moments, row.in_time]


def _unpacked(row: list[object]) -> ResponseRateRow:
    order_id, received, answered, in_time = row
    return ResponseRateRow(
        str(order_id),
        datetime.fromisoformat(str(received)) if received else None,
        datetime.fromisoformat(str(answered)) if answered else None,
        in_time if isinstance(in_time, bool) else None,
    )


def _shown(row: PerformanceFigure) -> Shown:
    risk = Risk(row.risk)
    met = _met(row)
    if risk is Risk.UNKNOWN and met is not None:
        risk = Risk.GOOD if met else Risk.URGENT
    counted = [f"{row.orders:,} counted" if row.orders is not None else ""]
    counted += [f"{row.affected:,} affected" if row.affected is not None else ""]
    bar, line = _bar(row)
    return Shown(
        title=TITLES[row.metric],
        rate=_percent(row.rate) if row.rate is not None else "",
        standard=f"{'at least' if row.at_least else 'at most'} {_percent(row.standard)}"
        if row.standard is not None
        else "",
        verdict=RISKS[risk],
        face={Risk.GOOD: "ok", Risk.MONITOR: "amber", Risk.URGENT: "red", Risk.UNKNOWN: ""}[risk],
        counted=", ".join(filter(None, counted)),
        period=f"{row.period_days} days" if row.period_days else "",
        as_of=row.as_of,
        bar=bar,
        line=line,
    )


def _met(row: PerformanceFigure) -> bool | None:
    if row.rate is None or row.standard is None:
        return None
    return row.rate >= row.standard if row.at_least else row.rate <= row.standard


def _bar(row: PerformanceFigure) -> tuple[int | None, int | None]:
    """Where the rate and the standard lie, on a scale on which the space between them can be seen."""
    if row.rate is None:
        return None, None
    standard = row.standard if row.standard is not None else row.rate
    if row.at_least:
        begin = max(Decimal(0), min(row.rate, standard) - 10)
        end = Decimal(100)
    else:
        begin, end = Decimal(0), max(row.rate, standard) * Decimal("1.5") or Decimal(1)
    width = end - begin

    def place(value: Decimal) -> int:
        return max(0, min(100, round((value - begin) / width * 100)))

    return place(row.rate), None if row.standard is None else place(row.standard)


def _percent(value: Decimal) -> str:
    """With as many places as say something, two at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + " %"
