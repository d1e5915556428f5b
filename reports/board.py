"""Everything the board shows, read once; each part by itself for whoever takes only its table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reports.figures import cases, causes, load, periods, present, rates, speed
from reports.filters import Filters, in_order
from reports.shapes import CaseFigures, Cause, HourLoad, Narrowed, NowFigures, Period, Rate, Speed

GROUPED: dict[str, Callable[[Period, datetime, Narrowed], list[Speed]]] = {
    "agent": speed.by_agent,
    "account": speed.by_account,
    "marketplace": speed.by_marketplace,
}
USUAL_WINDOW = 30


@dataclass(frozen=True, slots=True)
class RateRow:
    """A seller account's rate in the window that is shown, and in the others its marketplace looks at."""

    shown: Rate
    others: list[Rate]


@dataclass(frozen=True, slots=True)
class People:
    """How fast buyers were answered, and in the equal span before where it is compared with."""

    rows: list[Speed]
    before: dict[str, Speed]


@dataclass(frozen=True, slots=True)
class Board:
    """All of it."""

    period: Period
    now: NowFigures
    rates: list[RateRow]
    load: list[HourLoad]
    causes: list[Cause]
    people: People
    cases: list[CaseFigures]
    cases_before: dict[tuple[str, str], CaseFigures]


def read(filters: Filters, *, now: datetime, zone: str) -> Board:
    """Read the board as it is narrowed, inside the caller's tenant_tx."""
    narrowed, period = filters.narrowed, periods.period(filters.days, now, zone)
    earlier = cases.case_figures(periods.before(period), narrowed) if filters.compare else []
    return Board(
        period=period,
        now=present.now_figures(now=now, zone=zone, narrowed=narrowed),
        rates=rate_rows(rates.rates(now=now, zone=zone, narrowed=narrowed), filters.days),
        load=load.load(now=now, zone=zone, narrowed=narrowed),
        causes=causes.causes(period, narrowed),
        people=people(filters, now=now, zone=zone),
        cases=cases.case_figures(period, narrowed),
        cases_before={(row.type, row.currency): row for row in earlier},
    )


def people(filters: Filters, *, now: datetime, zone: str) -> People:
    """The table of people, accounts or marketplaces in the order the reader wants."""
    figures, period = GROUPED[filters.by], periods.period(filters.days, now, zone)
    earlier = figures(periods.before(period), now, filters.narrowed) if filters.compare else []
    rows = in_order(figures(period, now, filters.narrowed), filters.sort)
    return People(rows, {row.key: row for row in earlier})


def rate_rows(found: list[Rate], days: int) -> list[RateRow]:
    """One row an account: of several windows the one as long as the board's period is shown."""
    accounts: dict[int, list[Rate]] = {}
    for rate in found:
        accounts.setdefault(rate.account_id, []).append(rate)
    rows = []
    for windows in accounts.values():
        by_days = {rate.window_days: rate for rate in windows}
        shown = by_days.get(days) or by_days.get(USUAL_WINDOW) or windows[0]
        rows.append(RateRow(shown, [rate for rate in windows if rate is not shown]))
    return rows
