"""One mail in, everything the helpdesk needs to know about it out; the same bytes always read the same."""

from datetime import UTC, datetime

from marketplaces.mailbox import details
from marketplaces.mailbox.bodies import buyers_words, read_body
from marketplaces.mailbox.bounces import read_bounce
from marketplaces.mailbox.charsets import one_line
from marketplaces.mailbox.classify import Seen, claims_relay, classify, is_machine
from marketplaces.mailbox.guess import Guess, guess
from marketplaces.mailbox.headers import Address, Headers, addresses, message_ids, words
from marketplaces.mailbox.matters import matter
from marketplaces.mailbox.mime import MAX_MAIL_BYTES, take_apart
from marketplaces.mailbox.moments import relay_received, sent_at, stated_due
from marketplaces.mailbox.parsed import MailContext, MailKind, ParsedMail, UnreadableMail
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.mailbox.rules import Rulebook
from marketplaces.mailbox.verdict import verdict

PARSER_VERSION = 4
MAX_SUBJECT = 500
NOBODY = Address("", "")


def parse(raw: bytes, context: MailContext, book: Rulebook | None = None) -> ParsedMail:
    """Read any bytes as a mail, by this installation's rules unless others are given.

    Raises UnreadableMail only for input several times beyond the size limit.
    """
    if len(raw) > 4 * MAX_MAIL_BYTES:
        raise UnreadableMail(f"The mail is larger than {4 * MAX_MAIL_BYTES // 2**20} MB.")
    book = book or rulebook()
    rules, shared = book.marketplaces[context.marketplace], book.shared
    now = context.received_at or datetime.now(UTC)
    mail = take_apart(raw)
    headers = mail.headers
    sender = _one(headers, "from") or _one(headers, "sender") or NOBODY
    reply_to = _one(headers, "reply-to") or NOBODY
    recipients = _many(headers, "to", "cc")
    delivered_to = _many(headers, "delivered-to", "x-original-to", "x-envelope-to", "envelope-to")
    subject = one_line(words(headers.first("subject")), MAX_SUBJECT)
    body = read_body(mail, rules)

    seen = Seen(
        mail=mail,
        sender=sender,
        reply_to=reply_to,
        subject=subject,
        text=body.text,
        labels=body.labels,
        has_order=bool(details.order_ids(body, subject, MailKind.NOTICE, rules)),
        context=context,
    )
    decision = classify(seen, rules, shared)
    kind = decision.kind
    guessed = Guess() if decision.sure else guess(seen, body, kind, rules)
    body = buyers_words(body, kind, rules, shared)
    relay_address = details.relay_address(kind, sender, reply_to, recipients, rules, shared)
    item = details.item(body, rules)
    date = sent_at(headers, now, mail)
    received = relay_received(headers, now, rules)
    bounced = None
    if kind in (MailKind.BOUNCE, MailKind.OPT_OUT):
        bounced = read_bounce(mail, subject, body.text, shared)
    return ParsedMail(
        kind=kind,
        reason=decision.reason,
        guess=guessed.kind,
        guess_reason=guessed.reason,
        verdict=verdict(headers, sender.domain, context.authserv_ids, rules),
        claims_relay=claims_relay(headers, sender, reply_to, rules),
        message_id=_message_id(headers),
        in_reply_to=message_ids(headers.first("in-reply-to")),
        references=message_ids(headers.first("references")),
        from_name=sender.name,
        from_address=sender.address,
        reply_to=reply_to.address,
        to=tuple(each.address for each in recipients),
        delivered_to=tuple(each.address for each in delivered_to),
        subject=subject,
        date=date,
        relay_received=received,
        text=body.words,
        full_text=body.text,
        text_is_excerpt=body.words != body.text.strip() and bool(body.text.strip()),
        html=body.html,
        relay_address=relay_address,
        relay_alias=details.alias(relay_address, rules, shared),
        case_ref=details.case_ref(body, (sender, reply_to, *delivered_to, *recipients), rules),
        order_ids=details.order_ids(body, subject, kind, rules),
        item_title=item.title,
        item_id=item.id,
        sku=item.sku,
        buyer_name=details.buyer_name(body, kind, sender, subject, rules, shared),
        on_behalf_reason=body.label("reason") if kind is MailKind.ON_BEHALF else "",
        on_behalf_details=body.words if kind is MailKind.ON_BEHALF and body.frame else "",
        stated_due=stated_due(body.text, kind, date or received or context.received_at, rules, shared),
        no_response_link=details.no_response_link(body, rules),
        machine=is_machine(headers, mail.content_type),
        bounced=bounced,
        attachments=tuple(mail.attachments),
        oddities=tuple(mail.oddities),
        matter=matter(
            kind,
            sender=sender.address,
            notification=headers.first(rules.notification_header).strip().upper(),
            subject=subject,
            text=body.text,
            rules=rules,
        ),
    )


def _one(headers: Headers, name: str) -> Address | None:
    found = addresses(headers.first(name))
    return found[0] if found else None


def _many(headers: Headers, *names: str) -> list[Address]:
    found = [address for name in names for value in headers.all(name)[:10] for address in addresses(value)]
    return list({address.address: address for address in found}.values())[:100]


def _message_id(headers: Headers) -> str:
    found = message_ids(headers.first("message-id"))
    return found[0] if found else ""
