"""A person says what a mail is that the rules do not, or only half, know; doing it again undoes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership
from inbox import clocks, events, standing
from inbox.actions import Refused
from inbox.filing import WITHOUT_CLOCK
from inbox.models import Conversation, ConversationKind, ConversationState, Direction, Message
from inbox.policies import all_policies
from inbox.signals import mails_filed
from marketplaces.mailbox.details import numbers_in
from marketplaces.mailbox.matters import matter
from marketplaces.mailbox.moments import stated_due
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.mailbox.rules import KindWords
from orders.models import Order
from orders.placeholders import order_numbered

NO_CLOCK: tuple[str, ...] = (*WITHOUT_CLOCK, MailKind.UNRECOGNISED)
PLACES: dict[str, ConversationKind] = {
    MailKind.NOTICE: ConversationKind.NOTICE,
    MailKind.REFUND_NOTICE: ConversationKind.NOTICE,
    MailKind.PUBLIC_QUESTION: ConversationKind.PUBLIC_QUESTION,
    MailKind.UNRECOGNISED: ConversationKind.UNRECOGNISED,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask about a mail: the kinds it may be filed as, and the orders its text names."""

    message: Message
    choices: Mapping[MailKind, KindWords]
    likeliest: MailKind
    guess: str
    numbers: tuple[str, ...]
    number: str


def question(conversation: Conversation) -> Question:
    """Ask about the mail of a conversation that wants filing; raises Refused when none can be."""
    message = _mail_of(conversation)
    kinds = rulebook().kinds
    choices = {kind: kinds[kind] for kind in MailKind if kinds[kind].filing}
    likeliest = MailKind(message.guess) if message.guess in choices else MailKind.BUYER_MESSAGE
    if message.filed_by_id and message.kind in choices:
        likeliest = MailKind(message.kind)
    numbers = _numbers(message)
    known = Order.objects.filter(account_id=conversation.account_id, external_id__in=numbers)
    first_known = next(iter(known.values_list("external_id", flat=True)), "")
    if conversation.order is not None and conversation.order.external_id in numbers:
        first_known = conversation.order.external_id
    return Question(
        message=message,
        choices=dict(sorted(choices.items(), key=lambda each: each[1].filing)),
        likeliest=likeliest,
        guess=guess_of(message),
        numbers=numbers,
        number=first_known or next(iter(numbers), ""),
    )


def guess_of(message: Message) -> str:
    """The sentence that says what a mail looks like and why; empty where nothing is guessed."""
    words = rulebook().kinds.get(message.guess)
    if words is None or not message.guess_reason:
        return ""
    return f"Looks like {words.guess}: {message.guess_reason}."


def file_as(
    conversation: Conversation,
    *,
    by: Membership,
    kind: str,
    now: datetime,
    number: str | None = None,
    asked_about: int | None = None,
) -> None:
    """File the mail as of this kind, about the order of this number (None: the likeliest; empty: no order).

    A clock begins at the mail's own moment, or stops as "not a buyer message". Raises Refused, also where
    another mail than `asked_about` (its id) wants filing by now.
    """
    asked = question(conversation)
    if asked_about not in (None, asked.message.pk):
        raise Refused("Another mail came in. Look at it, then file again.")
    if kind not in asked.choices:
        raise Refused("That is no kind a mail can be filed as.")
    number = asked.number if number is None else number
    if number and number not in asked.numbers:
        raise Refused("The mail does not name that order.")
    message, chosen = asked.message, MailKind(kind)
    Message.objects.filter(pk=message.pk).update(kind=chosen, filed_by=by, reason=f"{by.user.name} filed it.")
    message.kind = chosen
    if number:
        conversation.order = order_numbered(
            conversation.account, number, expires_at=message.expires_at, now=now
        )
    _move(conversation, message, chosen, now=now)
    conversation.save(update_fields=["kind", "state", "closed_at", "relay_address", "order"])
    rules, shared = rulebook().marketplaces[conversation.account.marketplace], rulebook().shared
    message.stated_due = stated_due(message.full_text, chosen, message.sent_at, rules, shared)
    message.matter = matter(
        chosen,
        sender=message.from_address,
        notification="",
        subject=message.subject,
        text=message.full_text,
        rules=rules,
    )
    if chosen in NO_CLOCK:
        clocks.stop_of_message(message, by=by, at=now)
    else:
        clocks.start_again(message, all_policies(), stated_due=message.stated_due)
    standing.refresh(conversation)
    mails_filed.send(Message, account=conversation.account, messages=[message], again=True)
    events.record(
        conversation, "filed", at=now, actor=by, message=message.pk, what=asked.choices[chosen].choice.lower()
    )


def _mail_of(conversation: Conversation) -> Message:
    incoming = Message.objects.filter(conversation=conversation, direction=Direction.IN)
    newest_first = incoming.order_by("-sent_at", "-pk")
    unsure = newest_first.exclude(guess="", filed_by=None).first()
    message: Message | None = unsure or newest_first.first()
    if message is None:
        raise Refused("There is no mail here to file.")
    if message.purged_at is not None:
        raise Refused("The texts of this mail were deleted; it can no longer be filed.")
    message.conversation = conversation
    return message


def _numbers(message: Message) -> tuple[str, ...]:
    rules = rulebook().marketplaces[message.conversation.account.marketplace]
    return numbers_in(f"{message.subject}\n{message.full_text}", rules)


def _move(conversation: Conversation, message: Message, kind: MailKind, *, now: datetime) -> None:
    """Put the conversation on the list its mail now belongs to, unless other mail keeps it where it is."""
    others = Message.objects.filter(conversation=conversation, direction=Direction.IN).exclude(pk=message.pk)
    if kind in NO_CLOCK and others.exclude(kind__in=NO_CLOCK).exists():
        return
    conversation.kind = PLACES.get(kind, ConversationKind.BUYER)
    put_away = kind == MailKind.UNRECOGNISED
    conversation.state = ConversationState.CLOSED if put_away else ConversationState.OPEN
    conversation.closed_at = now if put_away else None
    if kind not in NO_CLOCK and not conversation.relay_address:
        conversation.relay_address = message.from_address
