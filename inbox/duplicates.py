"""Recognise the same mail delivered twice, without ever taking two different mails for one."""

from inbox import sla
from inbox.evidence import Evidence
from inbox.models import ConversationKind, Direction, Message
from marketplaces.mailbox.parsed import ParsedMail, Verdict
from marketplaces.models import FolderRole, InboundRaw


def duplicate_of(evidence: Evidence, raw: InboundRaw, mail: ParsedMail) -> Message | None:
    """The message this mail repeats: same Message-ID (or, without one, same bytes) and the same words.

    Two different mails with one Message-ID do occur; both are kept.
    """
    at = sla.started_at([mail.date, mail.relay_received], raw.received_at)
    in_sent = raw.folder == FolderRole.SENT
    for message in _others(evidence, raw, mail):
        # A copy to oneself in the inbox is seen first, and proves nothing: the one in Sent is the answer.
        if in_sent and message.direction == Direction.IN:
            continue
        # Of one whose words had to be deleted only the name and the moment can be compared.
        if message.purged_at is not None and message.sent_at == at:
            return message
        # The genuine mail is no duplicate of a copy that a forwarder broke and that nobody answers.
        broken = message.conversation.kind == ConversationKind.UNVERIFIED and mail.verdict != Verdict.FAIL
        if (
            not broken
            and message.from_address == mail.from_address[:254]
            and message.subject == mail.subject[:500]
            and message.full_text == mail.full_text
        ):
            return message
    return None


def same_bytes(raw: InboundRaw) -> Message | None:
    """The message that exactly these bytes have already become."""
    known = Message.objects.filter(account_id=raw.account_id, raw__sha256=bytes(raw.sha256))
    return known.exclude(raw=raw).first()


def shares_message_id(evidence: Evidence, raw: InboundRaw, mail: ParsedMail) -> bool:
    """Whether another mail of the account goes by the same Message-ID."""
    return bool(mail.message_id) and bool(_others(evidence, raw, mail))


def _others(evidence: Evidence, raw: InboundRaw, mail: ParsedMail) -> list[Message]:
    if mail.message_id:
        known = evidence.messages.get(mail.message_id[:500], [])
    else:
        known = [each for each in evidence.without_id if bytes(each.raw.sha256) == bytes(raw.sha256)]
    return [each for each in known if each.raw_id != raw.pk]
