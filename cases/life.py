"""How a case goes from one stage of its life to the next, and what its clock does meanwhile.

The caller holds the conversation's row.
"""

from datetime import datetime

from accounts.models import Membership
from cases import labels
from cases.models import Case, CaseSource, CaseStage, Stage
from cases.types import LOST, SELLERS, type_of
from inbox import clocks, standing
from inbox.models import Conversation, ConversationState, Deadline, Message, Outcome

# Whose turn it is then is ours again, so the conversation must be seen.
CALLS_US = (*SELLERS, Stage.DECIDED)


def enter(
    case: Case,
    stage: str,
    *,
    at: datetime,
    source: CaseSource,
    by: Membership | None = None,
    why: str = "",
    stated_due: datetime | None = None,
    mail: Message | None = None,
) -> None:
    """Leave the stage it is in, its clock stopped as done, and enter another with that one's clock.

    From one stage of ours into another without a clock of its own the clock runs on: it is owed still.
    """
    CaseStage.objects.filter(case=case, left_at__isnull=True).update(left_at=at)
    facts = type_of(case.type).facts(stage)
    kind = facts.promise if facts.promise and (not facts.when_lost or case.outcome in LOST) else ""
    if not kind and stated_due is not None and stage in SELLERS:
        kind = case.type
    deadline = None
    if not kind and case.deadline_id is not None and case.stage in SELLERS and stage in SELLERS:
        deadline = Deadline.objects.filter(pk=case.deadline_id, stopped_at__isnull=True).first()
    if deadline is None:
        _stop(case, at=at, by=by)
    if kind:
        deadline = clocks.start_for_case(case.conversation, kind, at=at, stated_due=stated_due, message=mail)
    case.stage, case.stage_since, case.deadline = stage, at, deadline
    case.save(update_fields=["stage", "stage_since", "deadline"])
    CaseStage.objects.create(
        tenant_id=case.tenant_id,
        case=case,
        stage=stage,
        entered_at=at,
        deadline=deadline,
        by=by,
        source=source,
        why=why[:200],
    )
    if stage in CALLS_US:
        call(case.conversation)
    tell(case.conversation)


def run(case: Case, *, at: datetime, stated_due: datetime, mail: Message | None) -> None:
    """Give the stage a case stands in the clock it began without; the caller tells the conversation."""
    kind = type_of(case.type).facts(case.stage).promise or case.type
    case.deadline = clocks.start_for_case(case.conversation, kind, at=at, stated_due=stated_due, message=mail)
    case.save(update_fields=["deadline"])
    CaseStage.objects.filter(case=case, left_at__isnull=True).update(deadline=case.deadline)


def back(case: Case, stage: CaseStage, *, at: datetime, why: str) -> None:
    """Return to a stage whose clock runs again."""
    CaseStage.objects.filter(case=case, left_at__isnull=True).update(left_at=at)
    case.stage, case.stage_since, case.deadline = stage.stage, at, stage.deadline
    case.outcome, case.closed_at, case.decided_at, case.decided_by = "", None, None, ""
    case.save(
        update_fields=[
            *("stage", "stage_since", "deadline", "outcome", "closed_at", "decided_at", "decided_by"),
        ]
    )
    CaseStage.objects.create(
        tenant_id=case.tenant_id,
        case=case,
        stage=stage.stage,
        entered_at=at,
        deadline=stage.deadline,
        source=case.source,
        why=why[:200],
    )
    call(case.conversation)
    tell(case.conversation)


def finish(case: Case, *, at: datetime, by: Membership | None = None) -> None:
    """Put a case away; its clock, if one runs, stops as done."""
    _stop(case, at=at, by=by)
    CaseStage.objects.filter(case=case, left_at__isnull=True).update(left_at=at)
    case.closed_at, case.deadline = at, None
    case.save(update_fields=["closed_at", "deadline"])
    tell(case.conversation)


def call(conversation: Conversation) -> None:
    """Open a conversation again: it must be seen; the caller brings its row in line."""
    if conversation.state == ConversationState.OPEN:
        return
    conversation.open_again()
    conversation.save(update_fields=["state", "closed_at"])


def tell(conversation: Conversation) -> None:
    """Bring the conversation's row in line: the label it bears and where it stands in the queue."""
    labels.refresh(conversation)
    standing.refresh(conversation)


def _stop(case: Case, *, at: datetime, by: Membership | None) -> None:
    if case.deadline_id is None:
        return
    running = Deadline.objects.filter(pk=case.deadline_id)
    clocks.stop(running, at=at, stopped_by=by, outcome=Outcome.CASE_DONE)
