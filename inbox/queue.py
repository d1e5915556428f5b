"""The triage queue: one read of one index, page after page, nearest due first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.cursors import cursor_after, rows_after
from accounts.days import day_of
from accounts.models import Membership, initials_of
from inbox import sla
from inbox.models import Conversation, ConversationKind, ConversationState, ConversationTag, OutboundReply
from inbox.narrowing import span, words
from inbox.tag_marks import TagMark, marks, tag_marks
from marketplaces.outbox import OutboxState
from marketplaces.types import FACTS, MARKETS

RARE = 1000  # conversations of a tag that are read before they are sorted
ON_THE_WAY = (OutboxState.QUEUED, OutboxState.LEASED, OutboxState.HANDING)


@dataclass(frozen=True, slots=True)
class View:
    """One of the lists of conversations; `order` names the columns its index is sorted by.

    It is narrowed to what bears the tag, hangs on the seller account, is that member's, and is due as `due`
    says (inbox.narrowing), where these are set.
    """

    key: str
    title: str
    empty_text: str
    rows: Callable[[Membership], Q]
    order: tuple[str, str] = ("queue_at", "id")
    tag_id: int = 0
    account_id: int = 0
    assignee_id: int = 0
    due: str = ""

    @property
    def narrowings(self) -> dict[str, str | int]:
        """What the list is narrowed to, as addresses name it."""
        named: dict[str, str | int] = {
            "tag": self.tag_id,
            "account": self.account_id,
            "assignee": self.assignee_id,
            "due": self.due,
        }
        return {name: value for name, value in named.items() if value}

    @property
    def query(self) -> str:
        """What the list's own address needs at its end to stay as narrow."""
        return f"?{urlencode(self.narrowings)}" if self.narrowings else ""

    @property
    def by_time_left(self) -> bool:
        """Whether the list is the triage queue or a part of it."""
        return self.order[0] in ("queue_at", "due_at")

    def narrowed(
        self, *, tag_id: int = 0, account_id: int = 0, assignee_id: int = 0, due: str = ""
    ) -> "View":
        """The same list with less in it; a list that may grow for ever is narrowed by tag alone.

        What is due is sorted by its deadline, because on top of the queue stands what has no deadline left.
        """
        if not self.by_time_left:
            return replace(self, tag_id=tag_id)
        order = ("due_at", "id") if due else self.order
        return replace(
            self, tag_id=tag_id, account_id=account_id, assignee_id=assignee_id, due=due, order=order
        )

    def due_words(self, zone: str) -> str:
        """How the list says what is due in it: "late", "due Tue 14:00 to 15:00"."""
        return words(self.due, zone)

    def without(self, name: str) -> str:
        """What its address needs at its end when one narrowing is lifted."""
        rest = {key: value for key, value in self.narrowings.items() if key != name}
        return f"?{urlencode(rest)}" if rest else ""


VIEWS: dict[str, View] = {
    view.key: view
    for view in (
        View("all", "Due soon", "Nobody is waiting for an answer.", lambda me: Q(queue_at__isnull=False)),
        View(
            "mine",
            "Mine",
            "Nothing is assigned to you.",
            lambda me: Q(queue_at__isnull=False, assignee=me),
        ),
        View(
            "unassigned",
            "Unassigned",
            "Every conversation has somebody.",
            lambda me: Q(queue_at__isnull=False, assignee__isnull=True),
        ),
        View(
            "waiting",
            "Waiting on buyer",
            "No buyer owes us an answer.",
            lambda me: Q(queue_at__isnull=True, state=ConversationState.WAITING_BUYER),
            ("-last_message_at", "-id"),
        ),
        View(
            "warehouse",
            "Waiting on warehouse",
            "The warehouse owes us no answer.",
            lambda me: Q(state=ConversationState.WAITING_WAREHOUSE),
            ("-last_message_at", "-id"),
        ),
        View(
            "cases",
            "Cases",
            "No case needs you.",
            lambda me: Q(queue_at__isnull=False) & ~Q(case_label=""),
        ),
        View(
            "unrecognised",
            "Unrecognised",
            "Every mail came from a marketplace.",
            lambda me: Q(kind=ConversationKind.UNRECOGNISED) & ~Q(state=ConversationState.CLOSED),
            ("-last_message_at", "-id"),
        ),
        View(
            "unverified",
            "Unverified",
            "No mail pretends to be from a marketplace.",
            lambda me: Q(kind=ConversationKind.UNVERIFIED) & ~Q(state=ConversationState.CLOSED),
            ("-last_message_at", "-id"),
        ),
        View(
            "closed",
            "Closed",
            "Nothing has been closed yet.",
            lambda me: Q(state=ConversationState.CLOSED),
            ("-closed_at", "-id"),
        ),
    )
}

SECTIONS = {
    "settle": "Needs you: did not reach the buyer",
    "late": "Late",
    "critical": "Due within 2 h",
    "today": "Due today",
    "later": "Later",
    "no_clock": "No clock",
    "list": "",
}
PINNED = ("settle", "late", "critical")
# All that a row shows. Values, because making models of five tables for each row took most of a page's time.
READ = (
    *("pk", "number", "kind", "state", "subject", "buyer_name", "preview", "last_message_at"),
    *("last_message_is_buyers", "due_at", "needs_settling", "queue_at", "closed_at", "leaving", "tag_rows"),
    "case_label",
    "target_at",
    *("account__name", "account__market", "account__health", "assignee__user__name", "order__external_id"),
    *("order__shown_item", "order__shown_item__title", "order__shown_item__image_path"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, ready to be written."""

    number: int
    marketplace: str
    letter: str
    account_name: str
    account_health: str
    buyer_name: str
    subject: str
    preview: str
    kind: str
    state: str
    due_at: datetime | None
    left: sla.TimeLeft | None
    assignee_name: str
    assignee_initials: str
    unread: bool
    needs_settling: bool
    leaving: bool
    order_id: str
    item: int | None  # whose picture is here
    item_title: str
    at: datetime
    tags: list[TagMark]
    case_label: str = ""
    target_at: datetime | None = None  # the team's own, which sorts nothing


@dataclass(slots=True)
class Section:
    """A band of rows; `exact` is False when the page ends before the band does."""

    key: str
    title: str
    pinned: bool
    rows: list[Row] = field(default_factory=list)
    exact: bool = True

    @property
    def count(self) -> int:
        """How many rows of it are on this page."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of a view."""

    view: View
    sections: list[Section]
    next_cursor: str

    @property
    def rows(self) -> list[Row]:
        """All rows in order."""
        return [row for section in self.sections for row in section.rows]


def queue_page(
    view_key: str,
    *,
    membership: Membership,
    now: datetime,
    after: str = "",
    limit: int = 0,
    tag_id: int = 0,
    account_id: int = 0,
    assignee_id: int = 0,
    due: str = "",
) -> QueuePage:
    """Read a page of a view in one statement, two with a tag; raises KeyError and BadCursor."""
    ids = {"tag_id": tag_id, "account_id": account_id, "assignee_id": assignee_id}
    view = VIEWS[view_key].narrowed(**ids, due=due)
    limit = limit or settings.LIST_ROWS
    after_cursor = rows_after(_rows(view, membership, now), view.order, after)
    found: list[Any] = list(after_cursor.values_list(*READ, named=True)[: limit + 1])
    more = len(found) > limit
    sections: list[Section] = []
    for row in found[:limit]:
        key = _section_in(view, row, now, membership)
        if not sections or sections[-1].key != key:
            sections.append(Section(key, SECTIONS[key], key in PINNED))
        sections[-1].rows.append(_row(row, now))
    if more and sections:
        sections[-1].exact = sections[-1].key != _section_in(view, found[limit], now, membership)
    return QueuePage(view, sections, cursor_after(found[limit - 1], view.order) if more else "")


def rows_by_id(ids: Iterable[int], *, now: datetime) -> dict[int, Row]:
    """The rows of these conversations, in one statement; none where there is none to read."""
    wanted = list(ids)
    rows = _with_marks(Conversation.objects.filter(pk__in=wanted)).values_list(*READ, named=True)
    found: Iterable[Any] = rows if wanted else []
    return {row.pk: _row(row, now) for row in found}


def section_of(row: Any, now: datetime, time_zone: str) -> str:
    """Which band a row of the triage queue stands in; "today" is the reader's."""
    if row.needs_settling:
        return "settle"
    return "no_clock" if row.due_at is None else _band(row.due_at, now, time_zone)


def _section_in(view: View, row: Any, now: datetime, membership: Membership) -> str:
    if not view.by_time_left:
        return "list"
    if view.due:
        return _band(row.due_at, now, membership.time_zone)
    return section_of(row, now, membership.time_zone)


def _band(due_at: datetime, now: datetime, time_zone: str) -> str:
    if due_at < now:
        return "late"
    if due_at - now < sla.CRITICAL:
        return "critical"
    return "today" if day_of(due_at, time_zone) == day_of(now, time_zone) else "later"


def _rows(view: View, membership: Membership, now: datetime) -> QuerySet[Conversation]:
    rows = Conversation.objects.filter(view.rows(membership))
    if view.due:
        rows = rows.filter(span(view.due, now=now, zone=membership.time_zone).rows)
    if view.account_id:
        rows = rows.filter(account=view.account_id)
    if view.assignee_id:
        rows = rows.filter(assignee=view.assignee_id)
    if view.tag_id:
        rows = _tagged(rows, view.tag_id)
    return _with_marks(rows).order_by(*view.order)


def _tagged(rows: QuerySet[Conversation], tag_id: int) -> QuerySet[Conversation]:
    """Only those with a tag: a rare one names its rows, a frequent one is looked for along the list's index.

    Left to itself the planner takes every tag for rare, because behind row level security it cannot tell, and
    would read and sort all of a frequent one's rows for a page.
    """
    tagged = ConversationTag.objects.filter(tag=tag_id)
    found = list(tagged.values_list("conversation_id", flat=True)[: RARE + 1])
    if len(found) <= RARE:
        return rows.filter(pk__in=found)
    # Compared, with a limit of its own: what is only asked to exist would be made a join.
    own = tagged.filter(conversation=OuterRef("pk")).values("tag")[:1]
    return rows.annotate(own_tag=Subquery(own)).filter(own_tag=tag_id)


def _with_marks(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    on_the_way = OutboundReply.objects.filter(conversation=OuterRef("pk"), state__in=ON_THE_WAY)
    return rows.annotate(leaving=Exists(on_the_way), tag_rows=tag_marks())


def _row(row: Any, now: datetime) -> Row:
    marketplace, assignee = MARKETS[row.account__market].marketplace, row.assignee__user__name
    return Row(
        number=row.number,
        marketplace=marketplace,
        letter=FACTS[marketplace].letter,
        account_name=row.account__name,
        account_health=row.account__health,
        buyer_name=row.buyer_name,
        subject=row.subject,
        preview=row.preview,
        kind=row.kind,
        state=row.state,
        due_at=row.due_at,
        left=sla.time_left(row.due_at, now) if row.due_at else None,
        assignee_name=assignee or "",
        assignee_initials=initials_of(assignee) if assignee else "",
        unread=row.last_message_is_buyers and row.state == ConversationState.OPEN,
        needs_settling=row.needs_settling,
        leaving=row.leaving,
        order_id=row.order__external_id or "",
        item=row.order__shown_item if row.order__shown_item__image_path else None,
        item_title=row.order__shown_item__title or "",
        at=row.last_message_at,
        tags=marks(row.tag_rows),
        case_label=row.case_label,
        target_at=row.target_at,
    )
