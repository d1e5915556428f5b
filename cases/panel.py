"""What stands of its cases beside a conversation, in two statements."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from cases.models import Case, CaseStage, Stage
from cases.types import LOST, SELLERS, CaseType, type_of, types
from inbox import sla
from inbox.models import Conversation

MOST = 10


@dataclass(frozen=True, slots=True)
class Step:
    """A stop of the picture of a case's life: done, now, or still ahead (next)."""

    title: str
    standing: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the marketplace's site for sellers."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class CasePanel:
    """A case as the panel shows it."""

    case: Case
    type: CaseType
    steps: tuple[Step, ...]
    said: str
    pages: tuple[Page, ...]
    left: sla.TimeLeft | None
    history: tuple[CaseStage, ...]

    @property
    def running(self) -> bool:
        """Whether the clock of its stage runs."""
        return self.left is not None

    @property
    def ours(self) -> bool:
        """Whether it is the seller's turn."""
        return self.case.stage in SELLERS

    @property
    def moves(self) -> tuple[tuple[str, str], ...]:
        """The stages it can be put into by a person, with their names."""
        case = self.case
        if case.closed_at is not None:
            return ()
        if case.outcome:
            names = [Stage.FOLLOW_UP] if self.type.has(Stage.FOLLOW_UP) else []
            if self.type.appeals and case.outcome in LOST:
                names.append(Stage.REVIEW)
        else:
            kept = {*self.type.in_order(), Stage.ESCALATED} - {Stage.DECIDED, Stage.FOLLOW_UP, Stage.LESSON}
            names = [stage for stage in Stage if stage in kept]
        return tuple((name.value, _move_title(case, name)) for name in names if name != case.stage)


def panels(conversation: Conversation, *, now: datetime) -> list[CasePanel]:
    """The conversation's cases: the open ones first, by the nearest clock, then the newest."""
    rows = Case.objects.filter(conversation=conversation).select_related("deadline", "order", "order_return")
    rows = rows.annotate(over=Q(closed_at__isnull=False))
    nearest = F("deadline__due_at").asc(nulls_last=True)
    cases = list(rows.order_by("over", nearest, "-opened_at", "-pk")[:MOST])
    stays: dict[int, list[CaseStage]] = defaultdict(list)
    found = CaseStage.objects.filter(case__in=[case.pk for case in cases]).select_related("by__user")
    for stay in found.order_by("entered_at", "pk"):
        stays[stay.case_id].append(stay)
    return [_panel(case, conversation, tuple(stays[case.pk]), now) for case in cases]


def version(shown: Sequence[CasePanel]) -> str:
    """A name for what these panels say, the same until something about the cases changes; "none" of none."""
    if not shown:
        return "none"
    facts = [
        (
            [getattr(each.case, field.attname) for field in Case._meta.concrete_fields],
            (each.case.deadline.due_at, each.running) if each.case.deadline else None,
            each.case.order.is_placeholder if each.case.order else None,
            each.case.order_return.return_by if each.case.order_return else None,
            [stay.pk for stay in each.history],
        )
        for each in shown
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def choices(conversation: Conversation) -> list[CaseType]:
    """The types a person can open on a conversation of this marketplace."""
    at = conversation.account.marketplace
    return [kind for kind in types().values() if at in kind.marketplaces]


def _panel(
    case: Case, conversation: Conversation, history: tuple[CaseStage, ...], now: datetime
) -> CasePanel:
    kind, market = type_of(case.type), conversation.account.market
    facts = kind.facts(case.stage)
    order = case.order.external_id if case.order else ""
    pages = [
        Page(link.title, address)
        for link in facts.links
        if (address := link.address(market, order=order, reference=case.reference))
    ]
    clock = case.deadline if case.deadline and case.deadline.stopped_at is None else None
    return CasePanel(
        case=case,
        type=kind,
        steps=_steps(case, kind, {stay.stage for stay in history}),
        said=facts.said(market, case.outcome) if case.closed_at is None else "",
        pages=tuple(pages),
        left=sla.time_left(clock.due_at, now) if clock else None,
        history=history,
    )


def _steps(case: Case, kind: CaseType, been: set[str]) -> tuple[Step, ...]:
    names = [stage for stage in Stage if kind.has(stage) or stage in been]
    at = names.index(Stage(case.stage))
    steps = []
    for place, stage in enumerate(names):
        standing = "done" if place <= at and stage in been else "next"
        if place == at and case.closed_at is None:
            standing = "now"
        steps.append(Step(stage.label, standing))
    return tuple(steps)


def _move_title(case: Case, stage: Stage) -> str:
    if stage is Stage.REVIEW and case.outcome:
        return "Appeal filed: under review again"
    if stage is Stage.ESCALATED:
        return "Escalated: it is ours again"
    return stage.label
