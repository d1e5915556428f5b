"""What a mail looks like that the rules do not, or only half, know; a person decides, starting from this."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplaces.mailbox.bodies import Body
from marketplaces.mailbox.classify import OPENING, Seen, says
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.relay import has_known_frame
from marketplaces.mailbox.rules import MarketplaceRules, SenderRule, folded

# What the helpdesk acts upon by itself is never guessed: a wrong one would stop a clock.
UNGUESSED = frozenset({MailKind.CONFIRMATION, MailKind.SENT_COPY, MailKind.BOUNCE, MailKind.OPT_OUT})


@dataclass(frozen=True, slots=True)
class Guess:
    """A kind, and the half sentence that says what speaks for it; no kind where nothing needs guessing."""

    kind: MailKind | None = None
    reason: str = ""


def guess(seen: Seen, body: Body, kind: MailKind, rules: MarketplaceRules) -> Guess:
    """The likeliest kind of a mail that was classified for want of anything better."""
    for found in _signs(seen, body, rules):
        if found.kind not in UNGUESSED:
            return found
    if kind is MailKind.NOTICE:
        return Guess()  # a newsletter of the marketplace is nothing more
    return Guess(MailKind.UNRECOGNISED, "it names no order, and its sender is none of the marketplace's")


def _signs(seen: Seen, body: Body, rules: MarketplaceRules) -> Iterator[Guess]:
    """What speaks for a kind, the surest sign first."""
    address, domain = seen.sender.address, seen.sender.domain
    header = rules.notification_header
    notification = seen.mail.headers.first(header).strip().upper()[:60] if header else ""
    if notification in rules.notification_kinds:
        kind = rules.notification_kinds[notification]
        yield Guess(kind, f"it is marked {notification}, but {address} is no address of the marketplace")
    ours = rules.is_sender(domain)
    if ours:
        for rule in rules.senders:
            if seen.sender.local.partition("+")[0] in rule.local_parts:
                yield Guess(rule.kind, f"sender {address}, but the subject is none we know")
    if phrase := _first(rules.senders, folded(seen.subject)):
        rule, words = phrase
        yield Guess(rule.kind, f"the subject says “{words}”, but sender {address} is none that writes so")
    if has_known_frame(body.sources, rules):
        yield Guess(
            MailKind.BUYER_MESSAGE, f"it is framed like a buyer's message, but {address} is not the relay"
        )
    if says(rules.on_behalf_phrases, folded(seen.text[:OPENING])):
        yield Guess(MailKind.ON_BEHALF, "it opens as customer service does, but names no order")
    if notification:
        yield Guess(
            MailKind.BUYER_MESSAGE if seen.has_order else MailKind.NOTICE,
            f"it is marked {notification}, a type we do not know",
        )
    if seen.has_order and ours:
        yield Guess(MailKind.NOTICE, f"sender {address} and an order number, but no words we know")
    elif seen.has_order:
        yield Guess(MailKind.BUYER_MESSAGE, f"it names an order number, but {address} is not the relay")


def _first(rules: tuple[SenderRule, ...], subject: str) -> tuple[SenderRule, str] | None:
    for rule in rules:
        for phrase in (*rule.subjects, *rule.phrases):
            if phrase in subject:
                return rule, phrase
    return None
