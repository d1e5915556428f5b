"""What clocks that stop or run again by mail mean for the cases on a conversation."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts.refusals import Refused
from cases import life
from cases.models import Case, CaseOutcome, CaseSource, CaseStage, Decider
from cases.types import SELLERS, type_of
from inbox import events
from inbox.models import Conversation, Deadline, Outcome
from inbox.signals import clocks_changed, closing


@receiver(clocks_changed)
def hear(sender: type[Deadline], *, conversation: Conversation, **kwargs: Any) -> None:
    """A clock a reply stopped hands its case to the other side; one that runs again brings it back."""
    if not conversation.case_label:
        return
    cases = Case.objects.filter(conversation=conversation, closed_at__isnull=True)
    for case in cases.select_related("deadline", "conversation__account"):
        case.conversation = conversation
        clock = case.deadline
        if clock is None:
            _bring_back(case)
        elif clock.stopped_at is not None and clock.outcome == Outcome.NOT_BUYER_MESSAGE:
            _withdraw(case, clock)
        elif clock.stopped_at is not None and case.stage in SELLERS and clock.outcome != Outcome.CASE_DONE:
            stage = type_of(case.type).after_acting
            why = Outcome(clock.outcome).label
            life.enter(case, stage, at=clock.stopped_at, source=CaseSource.MAIL, by=clock.stopped_by, why=why)
            events.record(conversation, "case_answered", at=clock.stopped_at, case=case.pk, what=why.lower())


@receiver(closing)
def refuse(sender: type[Conversation], *, conversation: Conversation, **kwargs: Any) -> None:
    """A conversation whose case needs the seller is not put away; raises Refused."""
    if not conversation.case_label:
        return
    ours = Case.objects.filter(conversation=conversation, closed_at__isnull=True, stage__in=SELLERS)
    case = ours.order_by("stage_since").first()
    if case is not None:
        title = type_of(case.type).title
        raise Refused(
            f"The case “{title}” needs you. Record in it what was done, or its decision; then close."
        )


def _bring_back(case: Case) -> None:
    """The reply that moved the case on did not arrive: its stage's clock runs again."""
    if case.stage in SELLERS:
        return
    stays = CaseStage.objects.filter(case=case, stage__in=SELLERS, deadline__stopped_at__isnull=True)
    stay = stays.filter(deadline__isnull=False).select_related("deadline").order_by("-entered_at", "-pk")
    last = stay.first()
    if last is not None and case.outcome == "":
        now = timezone.now()
        life.back(case, last, at=now, why="the answer did not arrive")
        events.record(case.conversation, "case_back", at=now, case=case.pk)


def _withdraw(case: Case, clock: Deadline) -> None:
    at = clock.stopped_at or timezone.now()
    case.outcome, case.decided_at, case.decided_by = CaseOutcome.WITHDRAWN, at, Decider.SELLER
    case.save(update_fields=["outcome", "decided_at", "decided_by"])
    life.finish(case, at=at)
    events.record(case.conversation, "case_withdrawn", at=at, case=case.pk, actor=clock.stopped_by)
