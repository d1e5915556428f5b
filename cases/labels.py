"""What a conversation's row calls the case on it: the open one due first."""

from datetime import UTC, datetime

from cases.models import Case
from cases.types import SELLERS, type_of
from inbox.models import Conversation

FAR = datetime(9999, 1, 1, tzinfo=UTC)


def refresh(conversation: Conversation) -> None:
    """Write the label of the open case that is due first; empty where none is open."""
    cases = Case.objects.filter(conversation=conversation, closed_at__isnull=True)
    first = min(cases.select_related("deadline"), key=_urgency, default=None)
    conversation.case_label = type_of(first.type).label if first else ""
    Conversation.objects.filter(pk=conversation.pk).update(case_label=conversation.case_label)


def _urgency(case: Case) -> tuple[datetime, bool, datetime]:
    running = case.deadline is not None and case.deadline.stopped_at is None
    due = case.deadline.due_at if running and case.deadline else FAR
    return due, case.stage not in SELLERS, case.stage_since
