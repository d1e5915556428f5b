"""Put what arrived into conversations: messages and files, the order a mail names, its clock."""

from datetime import datetime

from inbox import clocks, events, sla, standing, threading
from inbox.desk import Desk, is_history, next_numbers
from inbox.duplicates import shares_message_id
from inbox.evidence import ASIDE, remember
from inbox.models import (
    Conversation,
    ConversationKind,
    ConversationState,
    Direction,
    Message,
)
from inbox.unreadable import envelope_of
from marketplaces import retention
from marketplaces.mailbox.parsed import MailKind, ParsedMail, Verdict
from marketplaces.models import FolderRole, InboundRaw
from orders.models import Buyer, Order
from orders.placeholders import buyer_and_order

WITHOUT_CLOCK = (MailKind.NOTICE, MailKind.PUBLIC_QUESTION, MailKind.REFUND_NOTICE)
CAME_BACK = (MailKind.BOUNCE, MailKind.OPT_OUT)
PREVIEW = 200


def file_buyer_mail(desk: Desk, raw: InboundRaw, mail: ParsedMail) -> Message:
    """A mail a buyer waits for an answer to: into its conversation, with a clock of its own."""
    at = moment_of(raw, mail)
    conversation, begun = _conversation_for(desk, raw, mail, ConversationKind.BUYER, at)
    message = add_message(desk, raw, mail, conversation, at)
    if is_history(raw):
        if begun:
            _put_away(desk, conversation, at)
        return message
    # A buyer's out-of-office answer to our reply is no question; one that opens a conversation might be, and
    # what the marketplace's machines write about a claim or a return always is one.
    if mail.machine and mail.kind == MailKind.BUYER_MESSAGE and not begun:
        return message
    _back_in_the_queue(desk, conversation, at, begun=begun)
    deadline = clocks.deadline_for(message, desk.evidence.policies, stated_due=mail.stated_due)
    desk.deadlines.append(deadline)
    standing.add_clock(conversation, deadline.due_at, deadline.target_at)
    return message


def file_notice(desk: Desk, raw: InboundRaw, mail: ParsedMail) -> Message:
    """A notice of the marketplace or a public question: shown, open, and without a clock."""
    at = moment_of(raw, mail)
    kind = (
        ConversationKind.PUBLIC_QUESTION if mail.kind == MailKind.PUBLIC_QUESTION else ConversationKind.NOTICE
    )
    conversation, begun = _conversation_for(desk, raw, mail, kind, at)
    message = add_message(desk, raw, mail, conversation, at)
    if begun and is_history(raw):
        _put_away(desk, conversation, at)
    return message


def file_aside(desk: Desk, raw: InboundRaw, mail: ParsedMail, kind: ConversationKind) -> Message:
    """What is not from a marketplace, or only says so: a conversation of its own, never joined to another."""
    at = moment_of(raw, mail)
    conversation = _open(desk, raw, mail, kind, at)
    message = add_message(desk, raw, mail, conversation, at)
    if is_history(raw):
        _put_away(desk, conversation, at)
    return message


def file_answer_elsewhere(desk: Desk, raw: InboundRaw, mail: ParsedMail) -> Message | None:
    """A reply found in Sent or a confirmation copy: it stops the clocks that ran when it left.

    None when it belongs to no conversation, or might belong to two.
    """
    at = moment_of(raw, mail)
    conversation = threading.find(desk.evidence, mail, at=at).conversation
    if conversation is None:
        return None
    if raw.folder == FolderRole.SENT and not _went_to_buyer(conversation, mail):
        return None
    message = add_message(desk, raw, mail, conversation, at, direction=Direction.OUT)
    desk.write()
    # An automatic acknowledgement is no answer, whoever sends it; what was sent before any clock began
    # answers nothing that is open.
    if mail.machine or is_history(raw):
        return message
    if clocks.stop_by_message(message):
        events.record(conversation, "answered_elsewhere", at=at, message=message.pk)
    if conversation.due_at is None and conversation.state == ConversationState.OPEN:
        conversation.state = ConversationState.WAITING_BUYER
        conversation.save(update_fields=["state"])
        standing.refresh(conversation)
    return message


def file_unreadable(raw: InboundRaw, reason: str) -> Message:
    """A mail nobody could read: still a conversation, its clock running and its source at hand."""
    envelope = envelope_of(bytes(raw.content[:65536]))
    expires = _expiry(raw)
    conversation = Conversation.objects.create(
        tenant_id=raw.tenant_id,
        number=next_numbers(raw.tenant_id, 1)[0],
        account=raw.account,
        kind=ConversationKind.UNREADABLE,
        subject=envelope.subject or "Unreadable mail",
        buyer_name=envelope.name or envelope.address,
        preview=f"Unreadable mail: {reason}"[:PREVIEW],
        relay_address=envelope.address,
        last_message_at=raw.received_at,
        expires_at=expires,
    )
    message = Message.objects.create(
        tenant_id=raw.tenant_id,
        conversation=conversation,
        account=raw.account,
        raw=raw,
        direction=Direction.IN,
        kind="unreadable",
        reason=reason[:300],
        from_name=envelope.name,
        from_address=envelope.address,
        subject=envelope.subject,
        message_id=envelope.message_id,
        text=f"This mail could not be read. {reason} Its original is one click away.",
        sent_at=raw.received_at,
        expires_at=expires,
    )
    events.record(conversation, "opened", at=raw.received_at, reason="unreadable mail")
    if is_history(raw):
        conversation.state, conversation.closed_at = ConversationState.CLOSED, raw.received_at
        conversation.save(update_fields=["state", "closed_at"])
        events.record(conversation, "history", at=raw.received_at)
        standing.refresh(conversation)
    else:
        clocks.start(message)
    return message


def add_message(
    desk: Desk,
    raw: InboundRaw,
    mail: ParsedMail,
    conversation: Conversation,
    at: datetime,
    *,
    direction: Direction = Direction.IN,
) -> Message:
    """Make a message of a mail, with its files, and show on the conversation's row what is new."""
    oddities = list(mail.oddities)
    if mail.verdict == Verdict.NONE and mail.claims_relay:
        oddities.append("The receiving server did not say whether the sender is genuine.")
    if shares_message_id(desk.evidence, raw, mail):
        oddities.append("Another, different mail has the same Message-ID.")
    if raw.size > len(raw.content):
        oddities.append(f"Only the first {len(raw.content):,} of {raw.size:,} bytes were kept.")
    message = Message(
        tenant_id=raw.tenant_id,
        conversation=conversation,
        account=raw.account,
        raw=raw,
        direction=direction,
        kind=mail.kind,
        reason=mail.reason[:300],
        guess=mail.guess or "",
        guess_reason=mail.guess_reason[:300],
        from_name=mail.from_name[:200],
        from_address=mail.from_address[:254],
        subject=mail.subject[:500],
        message_id=mail.message_id[:500],
        references=" ".join((*mail.references, *mail.in_reply_to))[:10_000],
        text=mail.text,
        full_text=mail.full_text,
        html=mail.html,
        on_behalf_reason=mail.on_behalf_reason[:500],
        on_behalf_details=mail.on_behalf_details,
        oddities=oddities,
        no_response_link=mail.no_response_link if len(mail.no_response_link) <= 1000 else "",
        sent_at=at,
        expires_at=_expiry(raw),
    )
    message.matter, message.stated_due = mail.matter, mail.stated_due
    message.vouched = mail.verdict == Verdict.PASS
    # What came back is not the buyer's word: the row goes on showing what the buyer wrote.
    if mail.kind not in CAME_BACK:
        _show_newest(desk, conversation, message, mail)
    desk.messages.append(message)
    desk.files.append((message, mail.attachments))
    desk.touch(conversation)
    remember(desk.evidence, message)
    return message


def moment_of(raw: InboundRaw, mail: ParsedMail) -> datetime:
    """When the mail reached the marketplace (UTC)."""
    return sla.started_at([mail.date, mail.relay_received], raw.received_at)


def _conversation_for(
    desk: Desk, raw: InboundRaw, mail: ParsedMail, kind: ConversationKind, at: datetime
) -> tuple[Conversation, bool]:
    match = threading.find(desk.evidence, mail, at=at)
    if match.conversation is not None:
        return match.conversation, False
    conversation = _open(desk, raw, mail, kind, at)
    if match.candidates:
        # Written first: conversations of this batch have no numbers yet.
        desk.write()
        numbers = ", ".join(f"#{each.number}" for each in match.candidates)
        conversation.possibly_same_as = numbers[:100]
        desk.record(conversation, "possibly_same", at=at, numbers=numbers)
        for each in match.candidates:
            desk.record(each, "possibly_same", at=at, numbers=f"#{conversation.number}")
    return conversation, True


def _went_to_buyer(conversation: Conversation, mail: ParsedMail) -> bool:
    """Whether a mail in Sent went to the marketplace's relay: a forward to a colleague answers nobody."""
    relay = conversation.relay_address.lower()
    return bool(mail.relay_alias) or relay in {address.lower() for address in mail.to}


def held(conversation: Conversation) -> Conversation:
    """The row as it is now, held until the transaction ends, so that no person's act is undone."""
    rows = Conversation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("account", "order", "buyer").get(pk=conversation.pk)


def _open(
    desk: Desk, raw: InboundRaw, mail: ParsedMail, kind: ConversationKind, at: datetime
) -> Conversation:
    buyer, order = None, None
    if kind not in ASIDE:
        buyer, order = _buyer_and_order(desk, raw, mail, expires_at=_expiry(raw))
    conversation = Conversation(
        tenant_id=raw.tenant_id,
        account=raw.account,
        kind=kind,
        buyer=buyer,
        order=order,
        subject=mail.subject[:500],
        buyer_name=(mail.buyer_name or mail.from_name or mail.from_address)[:200],
        relay_address=mail.relay_address[:254],
        relay_alias=mail.relay_alias[:254],
        case_ref=mail.case_ref[:64],
        last_message_at=at,
        expires_at=_expiry(raw),
    )
    desk.opened.append(conversation)
    if kind not in ASIDE:
        desk.evidence.conversations.append(conversation)
    desk.record(conversation, "opened", at=at, reason=mail.kind.replace("_", " "))
    return conversation


def _buyer_and_order(
    desk: Desk, raw: InboundRaw, mail: ParsedMail, *, expires_at: datetime, buyer: Buyer | None = None
) -> tuple[Buyer | None, Order | None]:
    return buyer_and_order(
        raw.account,
        mail,
        desk.named,
        orders=desk.evidence.orders,
        identities=desk.evidence.identities,
        expires_at=expires_at,
        wanted_at=None if is_history(raw) else raw.stored_at,
        buyer=buyer,
    )


def _back_in_the_queue(desk: Desk, conversation: Conversation, at: datetime, *, begun: bool) -> None:
    if conversation.state == ConversationState.OPEN:
        return
    conversation.open_again()
    if not begun:
        desk.record(conversation, "returned", at=at)


def _put_away(desk: Desk, conversation: Conversation, at: datetime) -> None:
    conversation.state = ConversationState.CLOSED
    conversation.closed_at = at
    desk.record(conversation, "history", at=at)


def _show_newest(desk: Desk, conversation: Conversation, message: Message, mail: ParsedMail) -> None:
    """Let the row show the newest mail, whatever order the mails came in."""
    buyers = message.direction == Direction.IN
    if _is_newest(desk, conversation, message):
        conversation.last_message_at = max(conversation.last_message_at, message.sent_at)
        conversation.last_message_is_buyers = buyers
        if buyers:
            conversation.preview = " ".join(mail.text.split())[:PREVIEW]
            if mail.relay_address:
                conversation.relay_address = mail.relay_address[:254]
    if buyers:
        conversation.relay_alias = conversation.relay_alias or mail.relay_alias[:254]
        conversation.case_ref = conversation.case_ref or mail.case_ref[:64]
    if conversation.order is None and conversation.kind not in ASIDE and mail.order_ids:
        conversation.buyer, conversation.order = _buyer_and_order(
            desk, message.raw, mail, expires_at=message.expires_at, buyer=conversation.buyer
        )
    conversation.expires_at = max(conversation.expires_at, message.expires_at)
    if conversation.purged_at is not None:
        # Its texts had to go; what comes in now is new.
        conversation.purged_at = None
        conversation.subject = mail.subject[:500]
        conversation.buyer_name = (mail.buyer_name or mail.from_name or mail.from_address)[:200]


def _is_newest(desk: Desk, conversation: Conversation, message: Message) -> bool:
    """Whether nothing newer is here; a buyer's newest mail counts even if a reply has left since."""
    if message.sent_at >= conversation.last_message_at:
        return True
    if message.direction != Direction.IN:
        return False
    here = [each for each in desk.messages if each.conversation is conversation]
    if any(each.direction == Direction.IN and each.sent_at > message.sent_at for each in here):
        return False
    stored = Message.objects.filter(conversation_id=conversation.pk, direction=Direction.IN)
    return not stored.filter(sent_at__gt=message.sent_at).exists()


def _expiry(raw: InboundRaw) -> datetime:
    """Counted from when the mailbox took it: a wrong Date must not have a new mail deleted unread."""
    account, days = raw.account, raw.account.tenant.walmart_retention_days
    return retention.expires_at(account.marketplace, raw.received_at, walmart_days=days)
