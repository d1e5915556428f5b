"""Write the audit entry of an act."""

from datetime import datetime

from accounts.announcing import announce
from accounts.models import Membership
from inbox.models import Conversation, Event, Note


def record(
    conversation: Conversation,
    kind: str,
    *,
    at: datetime,
    actor: Membership | None = None,
    note: Note | None = None,
    **data: str | int | bool | None,
) -> Event:
    """One line in the conversation's history, in the transaction of the act; `data` names no buyer."""
    announce(conversation.tenant_id, "conversation", number=conversation.number)
    return Event.objects.create(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        at=at,
        actor=actor,
        kind=kind,
        note=note,
        data=data,
    )
