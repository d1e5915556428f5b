"""Start, stop and restart the deadlines of a conversation; what stopped one is always recorded."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from accounts.models import Membership
from inbox import sla, standing, targets
from inbox.models import Conversation, Deadline, Message, OutboundReply, Outcome, SlaPolicy
from inbox.policies import all_policies, policy_for
from inbox.promises import REPLY, kinds_by_reply


def start(message: Message) -> Deadline:
    """Give a buyer's message its one clock."""
    deadline = deadline_for(message, all_policies())
    deadline.save(force_insert=True)
    standing.refresh(message.conversation)
    return deadline


def deadline_for(
    message: Message, policies: list[SlaPolicy], *, stated_due: datetime | None = None
) -> Deadline:
    """The clock of a buyer's message, to be saved; a moment stated in the mail itself beats the policy."""
    conversation = message.conversation
    policy = policy_for(policies, conversation.account, REPLY, message.sent_at)
    due = sla.due_at(message.sent_at, timedelta(minutes=policy.allowance_minutes))
    deadline = Deadline(
        tenant_id=message.tenant_id,
        message=message,
        kind=REPLY,
        conversation=conversation,
        started_at=message.sent_at,
        due_at=stated_due or due,
        rule=conversation.account.facts.name if stated_due else policy.rule,
        stated_in_source=stated_due is not None,
    )
    targets.set_out(deadline, policy)
    return deadline


def start_again(
    message: Message, policies: list[SlaPolicy], *, stated_due: datetime | None = None
) -> Deadline:
    """Give a mail that proved to be a buyer's its clock, or run again the one it had.

    A clock that was stopped for any other reason than "not a buyer message" stays stopped.
    """
    fresh = deadline_for(message, policies, stated_due=stated_due)
    had = Deadline.objects.filter(message=message, kind=fresh.kind).first()
    if had is None:
        fresh.save(force_insert=True)
    elif had.outcome == Outcome.NOT_BUYER_MESSAGE:
        Deadline.objects.filter(pk=had.pk).update(
            due_at=fresh.due_at,
            rule=fresh.rule,
            stated_in_source=fresh.stated_in_source,
            target_at=fresh.target_at,
            target_minutes=fresh.target_minutes,
            tell_at=fresh.tell_at,
            heard=fresh.heard,
            stopped_at=None,
            stopped_by=None,
            outcome="",
        )
    standing.refresh(message.conversation)
    return fresh if had is None else had


def stop_of_message(message: Message, *, at: datetime, by: Membership | None = None) -> int:
    """Stop the clock of a mail that proved not to be a buyer's; by nobody where the rules say so."""
    stopped = stop(
        Deadline.objects.filter(message=message), at=at, stopped_by=by, outcome=Outcome.NOT_BUYER_MESSAGE
    )
    standing.refresh(message.conversation)
    return stopped


def stop_by_reply(reply: OutboundReply, *, at: datetime, written_at: datetime | None = None) -> int:
    """Stop what the reply answers: the clocks of messages that were here when it was written.

    A message that came in after the author pressed send keeps its clock; a reply sent again was written when
    the first one was. Returns how many stopped.
    """
    answered = Deadline.objects.filter(
        conversation_id=reply.conversation_id,
        kind__in=kinds_by_reply(),
        message__created_at__lte=written_at or reply.queued_at,
    )
    stopped = stop(
        answered, at=at, stopped_by_reply=reply, stopped_by_id=reply.author_id, outcome=Outcome.REPLIED
    )
    standing.refresh(reply.conversation)
    return stopped


def restart_by_reply(reply: OutboundReply) -> int:
    """The reply did not reach the buyer: run again the clocks it stopped, with their old due moment."""
    restarted = Deadline.objects.filter(stopped_by_reply=reply).update(
        stopped_at=None, stopped_by_reply=None, stopped_by=None, outcome=""
    )
    standing.refresh(reply.conversation)
    return restarted


def restart_by_message(message: Message) -> int:
    """An answer given elsewhere did not reach the buyer: run again the clocks it stopped."""
    restarted = Deadline.objects.filter(stopped_by_message=message).update(
        stopped_at=None, stopped_by_message=None, outcome=""
    )
    standing.refresh(message.conversation)
    return restarted


def stop_by_person(conversation: Conversation, *, by: Membership, outcome: Outcome, at: datetime) -> int:
    """Stop every running clock that a reply would, because a person says why; returns how many."""
    running = Deadline.objects.filter(conversation=conversation, kind__in=kinds_by_reply())
    stopped = stop(running, at=at, stopped_by=by, outcome=outcome)
    standing.refresh(conversation)
    return stopped


def stop_by_message(message: Message) -> int:
    """Stop what a mail sent elsewhere answered: clocks that had begun when it left."""
    answered = Deadline.objects.filter(
        conversation_id=message.conversation_id,
        kind__in=kinds_by_reply(),
        started_at__lte=message.sent_at,
    )
    stopped = stop(
        answered, at=message.sent_at, stopped_by_message=message, outcome=Outcome.ANSWERED_ELSEWHERE
    )
    standing.refresh(message.conversation)
    return stopped


def stop(deadlines: QuerySet[Deadline], *, at: datetime, **how: Any) -> int:
    """Stop those that still run; one stopped after its moment is recorded as breached at that moment."""
    running = deadlines.filter(stopped_at__isnull=True)
    running.filter(due_at__lt=at, breached_at__isnull=True).update(breached_at=F("due_at"))
    # What left in time and was heard of late was never late.
    running.filter(due_at__gte=at, breached_at__isnull=False).update(breached_at=None)
    return running.update(stopped_at=at, **how)
