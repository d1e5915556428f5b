"""What the board shows, as plain values; pure. Moments are UTC, spans are seconds, shares are of one."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in the reader's zone; `before` is the equal span that ends where this begins."""

    days: int
    begins_at: datetime
    ends_at: datetime
    before_begins_at: datetime


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What the reader has narrowed the board to; 0 is everything."""

    account_id: int = 0
    tag_id: int = 0


@dataclass(frozen=True, slots=True)
class NowFigure:
    """A number of the present moment; `key` names the list behind it, `more` says that counting stopped."""

    key: str
    count: int
    more: bool
    first_number: int = 0  # the conversation that is first in the list
    first_due_at: datetime | None = None
    first_account: str = ""
    first_assignee: str = ""


@dataclass(frozen=True, slots=True)
class Oldest:
    """The message that has waited longest for an answer."""

    number: int
    started_at: datetime
    due_at: datetime
    account: str


@dataclass(frozen=True, slots=True)
class NowFigures:
    """The first row of the board; keys of the figures: late, under_2h, under_8h, unassigned_today."""

    late: NowFigure
    under_2h: NowFigure
    under_8h: NowFigure
    unassigned_today: NowFigure
    oldest: Oldest | None


@dataclass(frozen=True, slots=True)
class OfficialRate:
    """The marketplace's own number beside ours; `unknown_here` are orders whose messages we never had."""

    rate: Decimal
    as_of: datetime
    unknown_here: int
    unknown_there: int
    unknown_orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """A seller account's response rate in the marketplace's definition over a window of days.

    received = in_time + late + running; excluded are not part of it. `rate` is None where nothing was due.
    `spare` answers may still be late before the rate falls below the line; once below, `to_recover` answers
    in a row lift it again.
    """

    account_id: int
    account: str
    marketplace: str
    letter: str
    window_days: int
    received: int
    in_time: int
    late: int
    running: int
    excluded: int
    rate: Decimal | None
    line: Decimal
    line_is_own: bool
    projected: Decimal | None
    period_end: date
    spare: int
    to_recover: int
    official: OfficialRate | None = None


@dataclass(frozen=True, slots=True)
class HourLoad:
    """The deadlines of one hour; `critical` of them are due within two hours."""

    begins_at: datetime
    count: int
    critical: int
    cases: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Why deadlines were missed; keys: late_from_sync, nobody_assigned, warehouse, bounced, idle."""

    key: str
    count: int
    before: int


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast buyers were answered, for one agent, seller account or marketplace; None where nobody was."""

    key: str
    name: str
    open: int
    sent: int
    first_median: int | None
    first_p90: int | None
    resolved: int
    resolution_median: int | None
    resolution_p90: int | None
    late: int
    reopened: int


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Cases of one type and currency: opened and decided in the period, and what they cost."""

    type: str
    title: str
    currency: str
    opened: int
    open_now: int
    won: int
    partly: int
    lost: int
    at_stake: Decimal
    paid: Decimal
    saved: Decimal
