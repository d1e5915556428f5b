"""Recognise the same mail delivered twice, without ever taking two different mails for one."""

from inbox.models import ConversationKind, Message
from marketplaces.mailbox.parsed import ParsedMail, Verdict
from marketplaces.models import InboundRaw


def duplicate_of(raw: InboundRaw, mail: ParsedMail) -> Message | None:
    """The message this mail repeats: same Message-ID (or, without one, same bytes) and the same words.

    Two different mails with one Message-ID do occur; both are kept.
    """
    known = Message.objects.filter(account_id=raw.account_id)
    if mail.message_id:
        known = known.filter(message_id=mail.message_id[:500])
    else:
        known = known.filter(message_id="", raw__sha256=raw.sha256)
    if mail.verdict != Verdict.FAIL:
        # The genuine mail is no duplicate of a copy that a forwarder broke and that nobody answers.
        known = known.exclude(conversation__kind=ConversationKind.UNVERIFIED)
    for message in known.exclude(raw=raw)[:10]:
        if (
            message.from_address == mail.from_address[:254]
            and message.subject == mail.subject[:500]
            and message.full_text == mail.full_text
        ):
            return message
    return None


def same_bytes(raw: InboundRaw) -> Message | None:
    """The message that exactly these bytes have already become."""
    known = Message.objects.filter(account_id=raw.account_id, raw__sha256=bytes(raw.sha256))
    return known.exclude(raw=raw).first()


def shares_message_id(raw: InboundRaw, mail: ParsedMail) -> bool:
    """Whether another mail of the account goes by the same Message-ID."""
    if not mail.message_id:
        return False
    return (
        Message.objects.filter(account_id=raw.account_id, message_id=mail.message_id[:500])
        .exclude(raw=raw)
        .exists()
    )
