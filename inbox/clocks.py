"""Start, stop and restart the deadlines of a conversation; what stopped one is always recorded."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.models import Membership
from inbox import sla, standing, targets
from inbox.models import (
    Conversation,
    Deadline,
    Heard,
    Message,
    OutboundReply,
    Outcome,
    ReplyChannel,
    SlaPolicy,
)
from inbox.policies import all_policies, policy_for, promised_reply
from inbox.promises import REPLY, kinds_by_reply
from inbox.signals import clocks_changed


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
    policy = promised_reply(policies, conversation.account, message.sent_at)
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


def start_for_case(
    conversation: Conversation,
    kind: str,
    *,
    at: datetime,
    stated_due: datetime | None = None,
    message: Message | None = None,
) -> Deadline:
    """Begin the clock of a case's stage at `at`, or run again the one its mail began before.

    Without an entry for `kind` among the policies a moment must be stated. The caller refreshes the standing.
    """
    account = conversation.account
    policy = policy_for(all_policies(), account, kind, at)
    if stated_due is not None:
        due, rule = stated_due, account.facts.name
    elif policy is not None:
        due, rule = sla.due_at(at, timedelta(minutes=policy.allowance_minutes)), policy.rule
    else:
        raise LookupError(f"no SLA policy for {account.marketplace} {kind}, and no moment stated")
    had = Deadline.objects.filter(message=message, kind=kind).first() if message is not None else None
    deadline: Deadline = had or Deadline(
        tenant_id=conversation.tenant_id, conversation=conversation, message=message, kind=kind
    )
    deadline.started_at, deadline.due_at, deadline.rule = at, due, rule
    deadline.stated_in_source = stated_due is not None
    deadline.stopped_at = deadline.stopped_by = deadline.stopped_by_reply = None
    deadline.stopped_by_message, deadline.outcome, deadline.heard = None, "", Heard.NOTHING
    _set_out(deadline, policy)
    deadline.save()
    return deadline


def move_stated(deadline: Deadline, due_at: datetime) -> bool:
    """The source states another moment for a running clock; False where that is no news.

    People are told of the new moment anew. The caller refreshes the standing.
    """
    if deadline.stopped_at is not None or deadline.due_at == due_at:
        return False
    account = deadline.conversation.account
    deadline.due_at, deadline.stated_in_source, deadline.rule = due_at, True, account.facts.name
    deadline.breached_at, deadline.heard = None, Heard.NOTHING
    _set_out(deadline, policy_for(all_policies(), account, deadline.kind, deadline.started_at))
    deadline.save()
    return True


def _set_out(deadline: Deadline, policy: SlaPolicy | None) -> None:
    """When people are told of a deadline, and its target; without a policy they are told as is usual."""
    if policy is not None:
        targets.set_out(deadline, policy)
        return
    allowed = int((deadline.due_at - deadline.started_at) / timedelta(minutes=1))
    deadline.tell_at = targets.next_telling(deadline, warn_minutes=targets.default_warning(max(allowed, 0)))


def in_place_of_reply(message: Message) -> None:
    """A case's clock takes the place of the one its mail began as a message; that one was never meant."""
    Deadline.objects.filter(message=message, kind=REPLY, stopped_at__isnull=True).delete()


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
    _changed(message.conversation)
    return stopped


def stop_by_reply(reply: OutboundReply, *, at: datetime, written_at: datetime | None = None) -> int:
    """Stop what the reply answers: the clocks of messages that were here when it was written.

    A message that came in after the author pressed send keeps its clock; a reply sent again was written when
    the first one was. Returns how many stopped.
    """
    if reply.channel == ReplyChannel.MESSAGING:
        # By it a seller begins something about an order; to Amazon that answers no buyer.
        return 0
    answered = Deadline.objects.filter(
        conversation_id=reply.conversation_id,
        kind__in=kinds_by_reply(),
    ).filter(
        Q(message__created_at__lte=written_at or reply.queued_at)
        | Q(message__isnull=True, started_at__lte=written_at or reply.queued_at)
    )
    stopped = stop(
        answered, at=at, stopped_by_reply=reply, stopped_by_id=reply.author_id, outcome=Outcome.REPLIED
    )
    _changed(reply.conversation)
    return stopped


def restart_by_reply(reply: OutboundReply) -> int:
    """The reply did not reach the buyer: run again the clocks it stopped, with their old due moment."""
    restarted = Deadline.objects.filter(stopped_by_reply=reply).update(
        stopped_at=None, stopped_by_reply=None, stopped_by=None, outcome=""
    )
    _changed(reply.conversation)
    return restarted


def restart_by_message(message: Message) -> int:
    """An answer given elsewhere did not reach the buyer: run again the clocks it stopped."""
    restarted = Deadline.objects.filter(stopped_by_message=message).update(
        stopped_at=None, stopped_by_message=None, outcome=""
    )
    _changed(message.conversation)
    return restarted


def stop_by_person(conversation: Conversation, *, by: Membership, outcome: Outcome, at: datetime) -> int:
    """Stop every running clock that a reply would, because a person says why; returns how many."""
    running = Deadline.objects.filter(conversation=conversation, kind__in=kinds_by_reply())
    stopped = stop(running, at=at, stopped_by=by, outcome=outcome)
    _changed(conversation)
    return stopped


def waits_for_reply(conversation: Conversation) -> bool:
    """Whether a clock runs here that a reply would stop."""
    running = Deadline.objects.filter(conversation=conversation, kind__in=kinds_by_reply())
    return running.filter(stopped_at__isnull=True).exists()


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
    _changed(message.conversation)
    return stopped


def stop(deadlines: QuerySet[Deadline], *, at: datetime, **how: Any) -> int:
    """Stop those that still run; one stopped after its moment is recorded as breached at that moment."""
    running = deadlines.filter(stopped_at__isnull=True)
    running.filter(due_at__lt=at, breached_at__isnull=True).update(breached_at=F("due_at"))
    # What left in time and was heard of late was never late.
    running.filter(due_at__gte=at, breached_at__isnull=False).update(breached_at=None)
    return running.update(stopped_at=at, **how)


def _changed(conversation: Conversation) -> None:
    """Let the queue and whoever keeps cases know what now runs and what does not."""
    standing.refresh(conversation)
    clocks_changed.send(Deadline, conversation=conversation)
