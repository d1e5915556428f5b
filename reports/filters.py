"""What the reader has narrowed the board to and how its tables are sorted, as its address says it; pure."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from reports.shapes import CaseFigures, Narrowed, Speed

PERIODS = (7, 30, 90)
GROUPS = {"agent": "Agent", "account": "Account", "marketplace": "Marketplace"}
COLUMNS: dict[str, Callable[[Speed], int | None]] = {
    "open": lambda row: row.open,
    "sent": lambda row: row.sent,
    "first": lambda row: row.first_median,
    "first_p90": lambda row: row.first_p90,
    "resolved": lambda row: row.resolved,
    "resolution": lambda row: row.resolution_median,
    "resolution_p90": lambda row: row.resolution_p90,
    "late": lambda row: row.late,
    "reopened": lambda row: row.reopened,
}


@dataclass(frozen=True, slots=True)
class Filters:
    """One state of the board; `sort` is a column, with a minus for the largest first, "" is by name."""

    days: int = 30
    account: int = 0
    tag: int = 0
    by: str = "agent"
    sort: str = ""
    compare: bool = False

    @property
    def narrowed(self) -> Narrowed:
        """The part that the figures are asked with."""
        return Narrowed(account_id=self.account, tag_id=self.tag)

    def query(self, **changes: int | str | bool) -> str:
        """What the board's address needs at its end for this state, or one that differs so."""
        usual = asdict(Filters())
        named = {name: value for name, value in (asdict(self) | changes).items() if value != usual[name]}
        return (
            f"?{urlencode({key: int(v) if isinstance(v, bool) else v for key, v in named.items()})}"
            if named
            else ""
        )

    def list_query(self, **narrowings: str) -> str:
        """What a list of conversations needs at its end to hold what a figure counts."""
        named = {"tag": self.tag, "account": self.account, **narrowings}
        query = urlencode({name: value for name, value in named.items() if value})
        return f"?{query}" if query else ""

    def open_query(self, row: Speed) -> tuple[str, str] | None:
        """The list of what stands open in a row: its view and what narrows it; a marketplace has none."""
        if self.by == "agent":
            return (
                ("all", self.list_query(assignee=row.key)) if row.key else ("unassigned", self.list_query())
            )
        return ("all", self.list_query(account=row.key)) if self.by == "account" else None

    def cases_query(self, tab: str, row: CaseFigures | None = None, outcome: str = "") -> str:
        """What a list of cases needs at its end to hold what a figure of the row counts, or of all rows."""
        named: dict[str, int | str] = {
            "tab": tab,
            "account": self.account,
            "tag": self.tag,
            "outcome": outcome,
        }
        if row is not None:
            named |= {"type": row.type, "currency": row.currency or "none"}
        if tab != "open":  # that is counted whatever the period
            named["days"] = self.days
        return f"?{urlencode({name: value for name, value in named.items() if value})}"

    def toggled(self, column: str) -> str:
        """The order that a press on a column's head asks for: the largest first, then the smallest."""
        return column if self.sort == f"-{column}" else f"-{column}"


def filters_of(given: Mapping[str, str]) -> Filters:
    """Read them from an address; what is no such thing is left as it usually is."""
    days, by, sort = given.get("days", ""), given.get("by", ""), given.get("sort", "")
    return Filters(
        days=int(days) if days in map(str, PERIODS) else 30,
        account=_id(given.get("account", "")),
        tag=_id(given.get("tag", "")),
        by=by if by in GROUPS else "agent",
        sort=sort if sort.removeprefix("-") in COLUMNS else "",
        compare=given.get("compare") == "1",
    )


def in_order(rows: list[Speed], sort: str) -> list[Speed]:
    """The rows as the reader wants them; whoever has no value stands at the end, equals by name."""
    named = sorted(rows, key=lambda row: row.name.casefold())
    if not sort:
        return named
    column, sign = COLUMNS[sort.removeprefix("-")], -1 if sort.startswith("-") else 1

    def place(row: Speed) -> tuple[bool, int]:
        value = column(row)
        return value is None, sign * (value or 0)

    return sorted(named, key=place)


def _id(given: str) -> int:
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 19 else 0
