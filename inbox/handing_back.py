"""Conversations of whoever can no longer answer them become nobody's."""

from datetime import datetime

from accounts import audit
from accounts.access import may
from accounts.announcing import announce
from accounts.models import Membership
from inbox import events
from inbox.models import Conversation, ConversationState, Event
from marketplaces import seeing

EVENTS_AT_ONCE = 1000


def hand_back(member: Membership, *, by: Membership, now: datetime) -> int:
    """Take a member off the open conversations they have no access to any more; returns how many.

    All of them where the member is out or does not answer buyers, else those of accounts they do not see.
    """
    member.refresh_from_db()
    everything = Conversation.objects.filter(assignee=member)
    if member.is_active and may(member, "converse"):
        if not member.restricted:
            return 0
        everything = everything.exclude(account__in=seeing.chosen(member))
    # What is closed comes back as nobody's when the buyer writes again.
    everything.filter(state=ConversationState.CLOSED).update(assignee=None)
    held = everything.exclude(state=ConversationState.CLOSED)
    rows = list(held.only("tenant_id", "number", "account_id").order_by("pk").select_for_update(no_key=True))
    if not rows:
        return 0
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(assignee=None)
    name = member.user.name
    lines = (events.event(row, "handed_back", at=now, actor=by, data={"name": name}) for row in rows)
    Event.objects.bulk_create(lines, batch_size=EVENTS_AT_ONCE)
    for row in rows:
        announce(row.tenant_id, "conversation", number=row.number, account=row.account_id)
    audit.record(
        tenant_id=member.tenant_id,
        by=by,
        action="conversations_unassigned",
        subject=f"{name} (member {member.pk})",
        details={"count": len(rows)},
        now=now,
    )
    return len(rows)
