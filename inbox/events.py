"""Write the audit entry of an act."""

from datetime import datetime
from typing import Any

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
    line = event(conversation, kind, at=at, actor=actor, note=note, data=data)
    told = {"number": conversation.number, "account": conversation.account_id}
    announce(conversation.tenant_id, "conversation", **told)
    line.save(force_insert=True)
    return line


def event(
    conversation: Conversation,
    kind: str,
    *,
    at: datetime,
    data: dict[str, Any],
    actor: Membership | None = None,
    note: Note | None = None,
) -> Event:
    """The same line, to be saved by the caller."""
    return Event(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        at=at,
        actor=actor,
        kind=kind,
        note=note,
        data=data,
    )
