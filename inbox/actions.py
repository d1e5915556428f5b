"""What a person does to a conversation; each act leaves an audit entry in its own transaction."""

from datetime import datetime

from accounts.access import may
from accounts.models import Membership
from accounts.refusals import Refused as Refused
from inbox import clocks, events, standing
from inbox.models import Conversation, ConversationState, Direction, Message, Note, Outcome
from inbox.signals import closing, still_needed
from inbox.timeline import offered
from marketplaces import retention, seeing

LONGEST_NOTE = 20_000


def add_note(conversation: Conversation, *, by: Membership, body: str, now: datetime) -> Note:
    """Leave a text for the team; raises Refused when it is empty or too long."""
    body = body.strip()
    if not body:
        raise Refused("Write something first.")
    if len(body) > LONGEST_NOTE:
        raise Refused(f"A note holds {LONGEST_NOTE:,} characters at most; this one has {len(body):,}.")
    note = Note.objects.create(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        author=by,
        body=body,
        expires_at=retention.written_until(conversation.expires_at, now=now),
    )
    events.record(conversation, "noted", at=now, actor=by, note=note)
    return note


def assign(conversation: Conversation, *, by: Membership, assignee: Membership | None, now: datetime) -> None:
    """Make somebody who may answer responsible, or nobody; raises Refused."""
    if assignee is not None:
        if assignee.tenant_id != conversation.tenant_id or not assignee.is_active:
            raise Refused("That person is not a member here.")
        if not may(assignee, "converse"):
            raise Refused(f"{assignee.user.name} cannot answer buyers. Choose an agent, a lead or an admin.")
        if not seeing.sees(assignee, conversation.account_id):
            raise Refused(
                f"{assignee.user.name} does not see {conversation.account.name}. Choose somebody who does, "
                "or have an admin change what they see."
            )
    if conversation.assignee_id == (assignee.pk if assignee else None):
        return
    conversation.assignee = assignee
    conversation.save(update_fields=["assignee"])
    if assignee is None:
        events.record(conversation, "unassigned", at=now, actor=by)
    else:
        name, member = assignee.user.name, assignee.pk
        events.record(conversation, "assigned", at=now, actor=by, name=name, member=member)


def close(conversation: Conversation, *, by: Membership, now: datetime) -> None:
    """Put a conversation away; raises Refused while a clock runs or a reply needs somebody."""
    if conversation.state == ConversationState.CLOSED:
        return
    if conversation.needs_settling:
        raise Refused("A reply did not reach the buyer. Decide about it first.")
    closing.send(Conversation, conversation=conversation)
    if conversation.due_at is not None:
        rest = (
            "say why no answer is due"
            if conversation.account.facts.no_response_needed
            else "send the courtesy reply"
        )
        raise Refused(f"The clock is running. Reply, {rest}, or mark it answered elsewhere; then close.")
    shut(conversation, now=now)
    events.record(conversation, "closed", at=now, actor=by)


def shut(conversation: Conversation, *, now: datetime) -> None:
    """Set a conversation to closed."""
    conversation.state = ConversationState.CLOSED
    conversation.closed_at = now
    conversation.save(update_fields=["state", "closed_at"])
    standing.refresh(conversation)


def reopen(conversation: Conversation, *, by: Membership, now: datetime) -> None:
    """Take a closed conversation back into the queue; clocks that were stopped stay so."""
    if conversation.state != ConversationState.CLOSED:
        return
    open_again(conversation)
    events.record(conversation, "reopened", at=now, actor=by)


def open_again(conversation: Conversation) -> None:
    """Set a conversation to open."""
    conversation.open_again()
    conversation.save(update_fields=["state", "closed_at"])
    standing.refresh(conversation)


def settle_clock(
    conversation: Conversation, *, by: Membership, outcome: str, seen_message_id: int, now: datetime
) -> None:
    """Stop the clocks because a person says that no answer is due, and put the conversation away.

    `seen_message_id` is the newest on the page it was said on, 0 for a page without any. Raises Refused where
    one has come in since, no clock runs or the marketplace wants every message answered.
    """
    if outcome not in (Outcome.ANSWERED_ELSEWHERE, Outcome.NO_RESPONSE_NEEDED, Outcome.NOT_BUYER_MESSAGE):
        raise Refused("That is no way to settle a clock.")
    if conversation.due_at is None:
        raise Refused("No clock is running here.")
    if outcome not in offered(conversation, running=True):
        name = conversation.account.facts.name
        raise Refused(f"{name} wants every message answered. Send the courtesy reply instead.")
    came_in = Message.objects.filter(conversation=conversation, direction=Direction.IN)
    if came_in.filter(pk__gt=seen_message_id).exists():
        raise Refused("A new message came in. Read it, then press again.")
    if not clocks.stop_by_person(conversation, by=by, outcome=Outcome(outcome), at=now):
        raise Refused("Only a case's clock runs here. Record in the case what was done about it.")
    events.record(conversation, f"settled_{outcome}", at=now, actor=by)
    ended = not conversation.needs_settling and conversation.due_at is None
    if ended and not still_needed(conversation):
        shut(conversation, now=now)
