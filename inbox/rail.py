"""What stands beside every page: the views with their counts, and how each channel does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection

from accounts.access import may
from accounts.days import end_of_day
from accounts.models import Membership
from inbox import sla
from inbox.queue import VIEWS
from inbox.tag_marks import TagMark, marks
from marketplaces.health import SHUT
from marketplaces.models import Health
from marketplaces.silence import gap_words
from marketplaces.types import FACTS, MARKETS, STREAM_TITLES

# Counting stops here: nothing on a page may grow with the number of conversations.
MOST = 100
SILENCE = timedelta(minutes=15)
COUNTED = {
    "all": "queue_at IS NOT NULL",
    "mine": "queue_at IS NOT NULL AND assignee_id = %(me)s",
    "unassigned": "queue_at IS NOT NULL AND assignee_id IS NULL",
    "waiting": "queue_at IS NULL AND state = 'waiting_buyer'",
    "warehouse": "state = 'waiting_warehouse'",
    "cases": "queue_at IS NOT NULL AND case_label <> ''",
    "unrecognised": "kind = 'unrecognised' AND state <> 'closed'",
    "unverified": "kind = 'unverified' AND state <> 'closed'",
}
# As the partial index on what is to be shipped has it.
TO_SHIP = "fulfilment = 'seller' AND ship_by IS NOT NULL AND status IN ('unshipped', 'partly_shipped')"
ORDERS_COUNTED = {
    "orders_today": f"{TO_SHIP} AND ship_by >= %(now)s AND ship_by < %(day_ends)s",
    "orders_late": f"{TO_SHIP} AND ship_by < %(now)s",
}
# What apps above count here too, by a name of theirs: the table and its condition.
ABOVE: dict[str, tuple[str, str]] = {}
# What the reader was told of deadlines and has not seen.
UNSEEN = "SELECT 1 FROM inbox_notice WHERE tenant_id = %(tenant)s AND member_id = %(me)s AND seen_at IS NULL"
# The condition and the order of an index to its last column, and nothing beside: anything else would have the
# planner sort all that is open for the first few of it.
URGENT = {
    "all": ("due_at IS NOT NULL", "due_at, id"),
    "mine": (COUNTED["mine"], "assignee_id, queue_at, id"),
    "unassigned": (COUNTED["unassigned"], "assignee_id, queue_at, id"),
    "cases": (COUNTED["cases"], "queue_at, id"),
}


@dataclass(frozen=True, slots=True)
class RailView:
    """A view with its count; the face is red or amber only when something in it is late or due within 2 h."""

    key: str
    title: str
    count: str
    face: str


@dataclass(frozen=True, slots=True)
class RailAccount:
    """A channel with its health: `health` is the mailbox's, `worst` that of mailbox and API."""

    id: int
    name: str
    letter: str
    marketplace: str
    health: str
    label: str
    reason: str
    since: datetime | None
    worst: str
    note: str
    silent_since: datetime | None
    usual_gap: str

    @property
    def mark(self) -> str:
        """The state its dot shows: a channel that is only quiet has one too."""
        return Health.DEGRADED if self.worst == Health.OK and self.silent_since else self.worst


@dataclass(frozen=True, slots=True)
class RailOrders:
    """What is to be shipped: still in the reader's today, and past its moment."""

    today: str
    late: str


@dataclass(frozen=True, slots=True)
class Rail:
    """The rail of one member; without conversations and channels for whoever does not answer buyers."""

    views: list[RailView]
    accounts: list[RailAccount]
    orders: RailOrders
    tags: list[TagMark]
    above: dict[str, str]  # the counts of the apps above, by their names
    warnings: str = ""  # how many the member has not seen

    def tag(self, tag_id: int) -> TagMark | None:
        """The tag with that id."""
        return next((tag for tag in self.tags if tag.id == tag_id), None)

    def account(self, account_id: int) -> RailAccount | None:
        """The channel with that id."""
        return next((account for account in self.accounts if account.id == account_id), None)

    @property
    def behind(self) -> list[RailAccount]:
        """The channels whose messages may be missing."""
        return [account for account in self.accounts if account.health != Health.OK]

    @property
    def quiet(self) -> list[RailAccount]:
        """The channels that are read and bring unusually little."""
        return [account for account in self.accounts if account.silent_since and account.health == Health.OK]

    @property
    def ailing(self) -> list[RailAccount]:
        """The channels with any fault, of the mailbox or of the API."""
        return [account for account in self.accounts if account.worst != Health.OK]


def count_also(name: str, table: str, condition: str) -> None:
    """Let an app above have rows of its own counted in the rail's statement; called once, at the start."""
    ABOVE[name] = (table, condition)
    _statement.cache_clear()


def _counts() -> str:
    # kind and state stand in the conditions as literals so that the planner can match the partial indexes.
    rows = "SELECT 1 FROM inbox_conversation WHERE tenant_id = %(tenant)s AND"
    parts = [
        f"'{key}', (SELECT count(*) FROM ({rows} {condition} LIMIT {MOST}) x)"  # noqa: S608 - constants
        for key, condition in COUNTED.items()
    ]
    to_ship = "SELECT 1 FROM orders_order WHERE tenant_id = %(tenant)s AND"
    parts += [
        f"'{key}', (SELECT count(*) FROM ({to_ship} {condition} LIMIT {MOST}) x)"  # noqa: S608 - constants
        for key, condition in ORDERS_COUNTED.items()
    ]
    parts += [
        f"'{key}', (SELECT count(*) FROM (SELECT 1 FROM {table} WHERE tenant_id = %(tenant)s"  # noqa: S608
        f" AND {condition} LIMIT {MOST}) x)"
        for key, (table, condition) in ABOVE.items()
    ]
    parts += [
        f"'{key}_first', (SELECT min(due_at) FROM (SELECT due_at FROM inbox_conversation"  # noqa: S608
        f" WHERE tenant_id = %(tenant)s AND {condition} ORDER BY {order} LIMIT {MOST}) x)"
        for key, (condition, order) in URGENT.items()
    ]
    parts.append(f"'warnings', (SELECT count(*) FROM ({UNSEEN} LIMIT {MOST}) x)")  # noqa: S608 - constants
    return ", ".join(parts)


@cache
def _statement() -> str:
    return f"""
    SELECT json_build_object({_counts()}),
           (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'market', market,
                    'health', health, 'reason', health_reason, 'since', health_since, 'read', last_ok_at,
                    'silent', silent_since, 'gap', usual_gap_seconds,
                    'streams', (SELECT coalesce(json_agg(json_build_array(name, health, health_reason)
                                ORDER BY name), '[]') FROM marketplaces_apistream stream
                                WHERE stream.tenant_id = %(tenant)s AND stream.account_id = account.id
                                AND stream.health <> 'ok'))
                    ORDER BY name, id), '[]')
            FROM marketplaces_selleraccount account WHERE tenant_id = %(tenant)s
            AND connecting_since IS NULL AND disconnected_at IS NULL),
           (SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'colour', colour)
                    ORDER BY key, id), '[]')
            FROM inbox_tag WHERE tenant_id = %(tenant)s)
"""  # noqa: S608 - built from the constants above


def rail(membership: Membership, now: datetime) -> Rail:
    """Read counts, channels and tags in one statement."""
    named: dict[str, int | datetime] = {
        "tenant": membership.tenant_id,
        "me": membership.pk,
        "now": now,
        "day_ends": end_of_day(now, membership.time_zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(), named)
        counts, accounts, tags = cursor.fetchone()
    converses = may(membership, "converse")
    return Rail(
        views=[
            RailView(key, view.title, _count_text(counts.get(key)), _face(counts.get(f"{key}_first"), now))
            for key, view in VIEWS.items()
            if converses
        ],
        accounts=[_account(row, now) for row in accounts if converses],
        orders=RailOrders(_count_text(counts["orders_today"]), _count_text(counts["orders_late"])),
        tags=marks(tags) if converses else [],
        above={name: _count_text(counts[name]) for name in ABOVE},
        warnings=_count_text(counts["warnings"]),
    )


def _count_text(count: int | None) -> str:
    if not count:
        return ""
    return f"{MOST - 1}+" if count >= MOST else str(count)


def _face(first_due: str | None, now: datetime) -> str:
    if first_due is None:
        return ""
    left = datetime.fromisoformat(first_due) - now
    if left.total_seconds() < 0:
        return "red"
    return "amber" if left < sla.CRITICAL else ""


def _account(row: dict[str, Any], now: datetime) -> RailAccount:
    market = MARKETS[row["market"]]
    read = datetime.fromisoformat(row["read"]) if row["read"] else None
    if row["health"] == Health.OK and read is not None and now - read > SILENCE:
        # Nobody polls: that must not look like an empty inbox.
        row |= {
            "health": Health.DEGRADED,
            "reason": "Nothing has been read since then.",
            "since": row["read"],
        }
    worst, note = row["health"], f"{Health(row['health']).label}. {row['reason']}".removesuffix(". ")
    if worst == Health.OK and row["streams"]:
        name, worst, reason = min(row["streams"], key=lambda stream: stream[1] not in SHUT)
        note = f"{STREAM_TITLES[name]}: {reason or Health(worst).label}"
    return RailAccount(
        id=int(row["id"]),
        name=row["name"],
        letter=FACTS[market.marketplace].letter,
        marketplace=market.marketplace,
        health=row["health"],
        label=Health(row["health"]).label,
        reason=row["reason"],
        since=datetime.fromisoformat(row["since"]) if row["since"] else None,
        worst=worst,
        note=note,
        silent_since=datetime.fromisoformat(row["silent"]) if row["silent"] else None,
        usual_gap=gap_words(row["gap"]) if row["gap"] else "",
    )
