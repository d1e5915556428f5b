"""The prepared reply, filled by the warehouse's answer: sent by one key, taken over, or gone by itself.

It goes the way of every reply: the guard, the stop when the thread has moved, the undo time, the outbox.
"""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from accounts.access import may
from accounts.models import Membership
from accounts.refusals import Refused
from cases.models import CheckState, WarehouseCheck, WarehouseRule
from cases.warehouse.holes import holes_in
from inbox import drafts, events, replying
from inbox.guard import Blocked
from inbox.models import Conversation, Draft, Event, OutboundReply
from marketplaces import seeing

# One reply a check, whoever presses how often.
KEYS = UUID("5d0f5d7e-6c0a-4f5e-9d8e-5f3b1c2a7e10")


def waiting(check: WarehouseCheck) -> bool:
    """Whether the prepared reply waits for a person: the answer is here and nobody has decided about it."""
    return bool(
        check.state == CheckState.ANSWERED and check.prepared_reply and check.prepared_settled_at is None
    )


def send(
    check: WarehouseCheck,
    conversation: Conversation,
    *,
    by: Membership,
    seen_message_id: int | None,
    seen_reply_id: int | None,
    seen_event_id: int | None,
    now: datetime,
) -> OutboundReply:
    """Put the prepared reply into the outbox; raises Refused, ThreadMoved and guard.Blocked."""
    check.refresh_from_db(fields=["state", "prepared_reply", "prepared_settled_at"])
    known = OutboundReply.objects.filter(client_key=key_of(check)).first()
    if known is not None:
        return known
    _refuse_if_settled(check)
    if left := holes_in(check.prepared_reply):
        raise Refused(f"The answer did not fill {{{left[0]}}}. Edit the reply, then send it.")
    # What the agent types at this moment is about something else and stays.
    typed = _typed(check, by=by)
    reply = replying.queue_reply(
        conversation,
        by=by,
        body=check.prepared_reply,
        client_key=key_of(check),
        seen_message_id=seen_message_id,
        seen_reply_id=seen_reply_id,
        seen_event_id=seen_event_id,
        then_close=False,
        now=now,
    )
    if typed:
        drafts.keep(conversation, by=by, body=typed)
    return reply


def take_over(check: WarehouseCheck, conversation: Conversation, *, by: Membership, now: datetime) -> None:
    """Make the prepared reply the agent's draft, above what they had typed; raises Refused."""
    _settle(check, now=now)
    drafts.keep(conversation, by=by, body=above_draft(check, by=by))
    events.record(conversation, "check_reply_taken", at=now, actor=by, check=check.pk)


def throw_away(check: WarehouseCheck, conversation: Conversation, *, by: Membership, now: datetime) -> None:
    """Decide that the prepared reply is not sent; raises Refused."""
    _settle(check, now=now)
    events.record(conversation, "check_reply_dropped", at=now, actor=by, check=check.pk)


def leave_by_itself(check: WarehouseCheck, *, now: datetime) -> bool:
    """Send a pure tracking update under the name of whoever asked, where the organization allows it.

    Whatever speaks against it (the guard, a thread that moved, an asker who is no agent any more) leaves it
    waiting for a person; that is no fault.
    """
    asker = check.asked_by
    if not WarehouseRule.objects.filter(tracking_leaves=True).exists() or not check.tracking_number:
        return False
    if not (asker.is_active and asker.user.is_active and may(asker, "converse")):
        return False
    if not seeing.sees(asker, check.account_id) or _answered_since(check):
        return False
    try:
        with transaction.atomic():
            send(
                check,
                check.conversation,
                by=asker,
                seen_message_id=check.seen_message,
                seen_reply_id=check.seen_reply,
                seen_event_id=check.seen_event,
                now=now,
            )
            events.record(check.conversation, "check_reply_left", at=now, check=check.pk)
    except (Refused, Blocked):
        return False
    return True


def above_draft(check: WarehouseCheck, *, by: Membership) -> str:
    """The prepared reply with what the agent has typed below it."""
    return "\n\n".join(text for text in (check.prepared_reply, _typed(check, by=by)) if text)


def key_of(check: WarehouseCheck) -> UUID:
    """The client key of the check's reply."""
    return uuid5(KEYS, f"{check.tenant_id}:{check.pk}")


def _typed(check: WarehouseCheck, *, by: Membership) -> str:
    drafted = Draft.objects.filter(conversation=check.conversation_id, author=by)
    return drafted.values_list("body", flat=True).first() or ""


def _answered_since(check: WarehouseCheck) -> bool:
    """Whether anybody, the asker too, has answered, settled or closed it since the question was asked."""
    newer = OutboundReply.objects.filter(conversation=check.conversation, pk__gt=check.seen_reply)
    acts = Event.objects.filter(conversation=check.conversation, pk__gt=check.seen_event)
    done = acts.filter(kind__in=replying.MOVES).exclude(kind__in=("assigned", "unassigned"))
    return newer.exists() or done.exclude(actor=None).exists()


def _refuse_if_settled(check: WarehouseCheck) -> None:
    if not waiting(check):
        raise Refused("No reply is waiting here any more.")


def _settle(check: WarehouseCheck, *, now: datetime) -> None:
    check.refresh_from_db(fields=["state", "prepared_reply", "prepared_settled_at"])
    _refuse_if_settled(check)
    rows = WarehouseCheck.objects.filter(pk=check.pk, prepared_settled_at__isnull=True)
    if not rows.update(prepared_settled_at=now):
        raise Refused("No reply is waiting here any more.")
