"""The lists of cases by whose turn it is, a page at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from accounts.cursors import cursor_after, rows_after
from accounts.days import last_days
from cases.models import Case, CaseOutcome, Stage
from cases.narrowing import Narrowing
from cases.types import SELLERS, type_of
from inbox import sla

PAGE_ROWS = 50
EVERYTHING = Narrowing()


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the lists; `order` names the columns its index is sorted by.

    It can be narrowed to the last days of `moment`, and is to so many `days` where the address names none.
    """

    key: str
    title: str
    empty_text: str
    rows: Callable[[], Q]
    order: tuple[str, str] = ("stage_since", "id")
    moment: str = ""
    days: int = 0


# Behind every moment: an open case without a clock stands last, and a follow-up without a day.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
OPEN = Q(closed_at__isnull=True)
TABS: dict[str, Tab] = {
    tab.key: tab
    for tab in (
        # This, the follow-ups and what is open are sorted as they are read: never more than a few hundred.
        Tab("turn", "Your turn", "No case needs you.", lambda: OPEN & Q(stage__in=SELLERS), ("due", "id")),
        Tab(
            "waiting",
            "Under review",
            "No case waits for a marketplace or a buyer.",
            lambda: OPEN & Q(stage__in=[Stage.BUYER, Stage.REVIEW]),
        ),
        Tab(
            "follow_up",
            "Follow-up",
            "No case is to be followed up.",
            lambda: OPEN & Q(stage=Stage.FOLLOW_UP),
            ("follow_up", "id"),
        ),
        Tab("open", "All open", "No case is open.", lambda: OPEN & Q(decided_at__isnull=True), ("due", "id")),
        Tab(
            "opened",
            "Newly opened",
            "No case was opened in these days.",
            Q,
            ("-opened_at", "-id"),
            moment="opened_at",
            days=30,
        ),
        Tab(
            "decided",
            "Decided",
            "No case has been decided yet.",
            lambda: Q(decided_at__isnull=False),
            ("-decided_at", "-id"),
            moment="decided_at",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list; `number` is its conversation's."""

    case_id: int
    number: int
    marketplace: str
    letter: str
    account: str
    title: str
    reference: str
    order_id: str
    buyer_name: str
    stage: str
    since: datetime
    due_at: datetime | None
    left: sla.TimeLeft | None
    amount: Decimal | None
    paid: Decimal | None
    currency: str
    outcome: str
    outcome_title: str
    decided_at: datetime | None
    follow_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseList:
    """A page of a list."""

    tab: Tab
    narrowing: Narrowing
    rows: list[Row]
    next_cursor: str

    @property
    def days(self) -> int:
        """How many days it goes back; 0 where it has no end."""
        return (self.narrowing.days or self.tab.days) if self.tab.moment else 0


def case_list(
    tab_key: str,
    *,
    now: datetime,
    zone: str = "UTC",
    narrowing: Narrowing = EVERYTHING,
    after: str = "",
) -> CaseList:
    """Read a page in one statement, as narrow as asked for in the reader's zone; raises BadCursor."""
    tab = TABS.get(tab_key, TABS["turn"])
    page = CaseList(tab, narrowing, [], "")
    cases = Case.objects.filter(tab.rows() & narrowing.rows).annotate(
        due=Coalesce("deadline__due_at", Value(NEVER)), follow_up=Coalesce("follow_up_at", Value(NEVER))
    )
    if page.days:
        begins_at, ends_at = last_days(page.days, now, zone)
        cases = cases.filter(**{f"{tab.moment}__gte": begins_at, f"{tab.moment}__lt": ends_at})
    cases = cases.select_related("conversation", "account", "order", "deadline").order_by(*tab.order)
    found = list(rows_after(cases, tab.order, after)[: PAGE_ROWS + 1])
    more = len(found) > PAGE_ROWS
    return replace(
        page,
        rows=[_row(case, now) for case in found[:PAGE_ROWS]],
        next_cursor=cursor_after(found[PAGE_ROWS - 1], tab.order) if more else "",
    )


def _row(case: Case, now: datetime) -> Row:
    clock = case.deadline if case.deadline and case.deadline.stopped_at is None else None
    facts = case.account.facts
    return Row(
        case_id=case.pk,
        number=case.conversation.number,
        marketplace=case.account.marketplace,
        letter=facts.letter,
        account=case.account.name,
        title=type_of(case.type).title,
        reference=case.reference,
        order_id=case.order.external_id if case.order else "",
        buyer_name=case.conversation.buyer_name,
        stage=case.get_stage_display(),
        since=case.stage_since,
        due_at=clock.due_at if clock else None,
        left=sla.time_left(clock.due_at, now) if clock else None,
        amount=case.amount,
        paid=case.paid,
        currency=case.currency,
        outcome=case.outcome,
        outcome_title=CaseOutcome(case.outcome).label if case.outcome else "",
        decided_at=case.decided_at,
        follow_up_at=case.follow_up_at,
    )
