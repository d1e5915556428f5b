"""Each table of the board as CSV, for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounts import audit
from accounts.models import Membership
from reports import board
from reports.figures import cases, causes, load, periods, present, rates
from reports.filters import Filters
from reports.shapes import NowFigures
from reports.words import CAUSES

Cell = str | int | Decimal | datetime | None
BOM = "\ufeff"  # without it Excel takes UTF-8 for the code page of its country
# A spreadsheet takes a cell that begins so for a formula, and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the board: its columns by name, and where its rows come from (filters, now, zone)."""

    columns: dict[str, Callable[[Any], Cell]]
    rows: Callable[[Filters, datetime, str], Iterable[Any]]


def _now_rows(filters: Filters, now: datetime, zone: str) -> Iterable[Any]:
    found: NowFigures = present.now_figures(now=now, zone=zone, narrowed=filters.narrowed)
    return (found.late, found.under_2h, found.under_8h, found.unassigned_today)


TABLES: dict[str, Table] = {
    "now": Table(
        {
            "figure": lambda row: row.key,
            "conversations": lambda row: row.count,
            "counting_stopped": lambda row: int(row.more),
            "first_conversation": lambda row: row.first_number or None,
            "first_due_at": lambda row: row.first_due_at,
        },
        _now_rows,
    ),
    "rates": Table(
        {
            "account": lambda row: row.account,
            "marketplace": lambda row: row.marketplace,
            "window_days": lambda row: row.window_days,
            "received": lambda row: row.received,
            "in_time": lambda row: row.in_time,
            "late": lambda row: row.late,
            "running": lambda row: row.running,
            "excluded": lambda row: row.excluded,
            "rate": lambda row: row.rate,
            "line": lambda row: row.line,
            "line_is_our_own": lambda row: int(row.line_is_own),
            "projected": lambda row: row.projected,
            "projected_for": lambda row: row.period_end.isoformat(),
            "may_still_be_late": lambda row: row.spare,
            "in_a_row_to_recover": lambda row: row.to_recover,
            "marketplaces_own_rate": lambda row: row.official and row.official.rate,
            "marketplaces_own_as_of": lambda row: row.official and row.official.as_of,
            "its_messages_unknown_here": lambda row: row.official and row.official.unknown_here,
            "our_messages_unknown_there": lambda row: row.official and row.official.unknown_there,
        },
        lambda filters, now, zone: rates.rates(now=now, zone=zone, narrowed=filters.narrowed),
    ),
    "load": Table(
        {
            "hour_begins_at": lambda row: row.begins_at,
            "deadlines": lambda row: row.count,
            "within_2_hours": lambda row: row.critical,
            "of_cases": lambda row: row.cases,
        },
        lambda filters, now, zone: load.load(now=now, zone=zone, narrowed=filters.narrowed),
    ),
    "causes": Table(
        {
            "cause": lambda row: CAUSES[row.key],
            "late": lambda row: row.count,
            "late_before": lambda row: row.before,
        },
        lambda filters, now, zone: causes.causes(periods.period(filters.days, now, zone), filters.narrowed),
    ),
    "people": Table(
        {
            "name": lambda row: row.name,
            "open": lambda row: row.open,
            "sent": lambda row: row.sent,
            "first_response_median_seconds": lambda row: row.first_median,
            "first_response_p90_seconds": lambda row: row.first_p90,
            "closed": lambda row: row.resolved,
            "resolution_median_seconds": lambda row: row.resolution_median,
            "resolution_p90_seconds": lambda row: row.resolution_p90,
            "late": lambda row: row.late,
            "reopened": lambda row: row.reopened,
        },
        lambda filters, now, zone: board.people(filters, now=now, zone=zone).rows,
    ),
    "cases": Table(
        {
            "type": lambda row: row.title,
            "currency": lambda row: row.currency,
            "opened": lambda row: row.opened,
            "open_now": lambda row: row.open_now,
            "won": lambda row: row.won,
            "partly": lambda row: row.partly,
            "lost": lambda row: row.lost,
            # Where no currency is known no sum is: 0.00 would say that there was nothing at stake.
            "at_stake": lambda row: row.at_stake if row.currency else None,
            "paid": lambda row: row.paid if row.currency else None,
            "saved": lambda row: row.saved if row.currency else None,
        },
        lambda filters, now, zone: cases.case_figures(
            periods.period(filters.days, now, zone), filters.narrowed
        ),
    ),
}


def export(key: str, filters: Filters, *, by: Membership, now: datetime) -> str:
    """The table as the reader has narrowed it; that it was taken out is written down. Raises KeyError."""
    table = TABLES[key]
    narrowed: dict[str, audit.Detail] = {
        "days": filters.days,
        "account": filters.account,
        "tag": filters.tag,
        "by": filters.by,
    }
    audit.record(
        tenant_id=by.tenant_id,
        by=by,
        action="board_exported",
        subject=f"board {key}",
        details=narrowed,
        now=now,
    )
    rows = table.rows(filters, now, by.time_zone)
    return written(list(table.columns), ([value(row) for value in table.columns.values()] for row in rows))


def written(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """CSV as spreadsheets read it; moments in UTC, shares of one, spans in seconds."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
