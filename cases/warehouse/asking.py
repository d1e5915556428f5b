"""An agent asks the warehouse, and takes a question back."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accounts.models import Membership
from accounts.refusals import Refused
from cases.models import CheckAnswer, CheckState, WarehouseCheck
from cases.warehouse import due, standing
from cases.warehouse.holes import HOLES, unknown_holes
from inbox import events
from inbox.models import Conversation, ConversationState, Event, Message, OutboundReply
from inbox.replying import LONGEST_REPLY
from marketplaces import retention

LONGEST_QUESTION = 1000
MOST_OPEN = 5


@dataclass(frozen=True, slots=True)
class Common:
    """A question that one press asks, the reply it prepares, and the one answer that reply is true after."""

    question: str
    reply: str = ""
    after: str = ""


SHIPPED_REPLY = (
    "Hello,\n\nthank you for your patience. Your order has left with {carrier}, tracking number {tracking}."
    "\n\nKind regards"
)
# What is asked most.
COMMON = {
    "shipped": Common("Was it shipped?", SHIPPED_REPLY, CheckAnswer.SHIPPED),
    "return": Common("Is the return here?"),
    "photo": Common("Photo of what is on the shelf"),
}


def ask(
    conversation: Conversation, *, by: Membership, question: str, prepared_reply: str = "", now: datetime
) -> WarehouseCheck:
    """Put a question on the warehouse's board; the caller holds the conversation. Raises Refused.

    `prepared_reply` may have holes ({carrier}, {tracking}, {answer}, {note}) that the answer fills.
    """
    question, prepared_reply = question.strip(), prepared_reply.strip()
    _check_texts(question, prepared_reply)
    if conversation.state == ConversationState.CLOSED:
        raise Refused("This conversation is closed. Reopen it first.")
    still_open = WarehouseCheck.objects.filter(conversation=conversation, state=CheckState.OPEN)
    asked = list(still_open.values_list("question", flat=True))
    if question in asked:
        raise Refused("The warehouse has this question already.")
    if len(asked) >= MOST_OPEN:
        raise Refused(f"{MOST_OPEN} questions wait for the warehouse already. Withdraw one first.")
    seen = newest_of(conversation)
    check: WarehouseCheck = WarehouseCheck.objects.create(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        account_id=conversation.account_id,
        order_id=conversation.order_id,
        question=question,
        prepared_reply=prepared_reply,
        asked_by=by,
        asked_at=now,
        due_at=due.due_at(now, conversation.due_at),
        seen_message=seen["message"],
        seen_reply=seen["reply"],
        seen_event=seen["event"],
        expires_at=retention.written_until(conversation.expires_at, now=now),
    )
    events.record(conversation, "check_asked", at=now, actor=by, check=check.pk)
    standing.wait(conversation, by=by, now=now)
    standing.tell(check)
    return check


def withdraw(check: WarehouseCheck, *, by: Membership, now: datetime) -> None:
    """Take a question back before it is answered; raises Refused."""
    still_open = WarehouseCheck.objects.filter(pk=check.pk, state=CheckState.OPEN)
    if not still_open.update(state=CheckState.WITHDRAWN):
        check.refresh_from_db(fields=["state"])
        answered = check.state == CheckState.ANSWERED
        raise Refused("The warehouse has answered it meanwhile." if answered else "It was withdrawn already.")
    events.record(check.conversation, "check_withdrawn", at=now, actor=by, check=check.pk)
    standing.come_back(check.conversation, by=by, now=now)
    standing.tell(check)


def is_untrue(prepared_reply: str, answer: str) -> bool:
    """Whether a reply that nobody wrote, only a press prepared, says something else than this answer."""
    prepared = [each for each in COMMON.values() if each.reply]
    return any(each.reply == prepared_reply and each.after != answer for each in prepared)


def newest_of(conversation: Conversation) -> dict[str, int]:
    """The newest message, reply and act of a conversation, by the order in which they were stored."""
    return {
        name: model.objects.filter(conversation=conversation).aggregate(last=Max("pk"))["last"] or 0
        for name, model in (("message", Message), ("reply", OutboundReply), ("event", Event))
    }


def _check_texts(question: str, prepared_reply: str) -> None:
    if not question:
        raise Refused("Write what the warehouse is to look for.")
    if len(question) > LONGEST_QUESTION:
        raise Refused(
            f"A question holds {LONGEST_QUESTION:,} characters at most; this one has {len(question):,}."
        )
    if len(prepared_reply) > LONGEST_REPLY:
        raise Refused(
            f"A reply holds {LONGEST_REPLY:,} characters at most; this one has {len(prepared_reply):,}."
        )
    if unknown := unknown_holes(prepared_reply):
        known = ", ".join(f"{{{name}}}" for name in HOLES)
        raise Refused(f"Nothing fills {{{unknown[0]}}}. The answer fills {known}.")
