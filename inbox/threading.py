"""Which conversation a mail belongs to, by evidence in order of trust; a wrong one breaches privacy.

Our own Message-ID, then the marketplace's case reference, then order and relay alias of this account, then
the alias alone within 30 days. Never the subject, never another account. Two candidates are flagged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from inbox.evidence import ALIAS_DAYS, Evidence
from inbox.models import Conversation
from marketplaces.mailbox.parsed import MailKind, ParsedMail

# The marketplace itself writes these about an order; they carry no relay alias of the buyer.
ABOUT_AN_ORDER = (
    MailKind.ON_BEHALF,
    MailKind.CLAIM,
    MailKind.CANCEL_REQUEST,
    MailKind.RETURN_REQUEST,
    MailKind.REFUND_NOTICE,
    MailKind.NOTICE,
    MailKind.COMPLAINT,
    MailKind.CONFIRMATION,
)
Rule = Callable[[Conversation], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """The conversation a mail belongs to, or those it might."""

    conversation: Conversation | None
    candidates: tuple[Conversation, ...] = ()


def find(evidence: Evidence, mail: ParsedMail, *, at: datetime) -> Match:
    """Choose the conversation of a mail that arrived at that moment."""
    rules = (
        _by_our_message_id(evidence, mail),
        _by_case(mail),
        _by_order(evidence, mail),
        _by_alias(mail, at),
    )
    known = [each for each in evidence.conversations if _same_reader(each, mail)]
    for rule in rules:
        found = [each for each in known if rule(each)] if rule else []
        if len(found) == 1:
            return Match(found[0])
        if found:
            return Match(None, tuple(found[:3]))
    return Match(None)


def _same_reader(known: Conversation, mail: ParsedMail) -> bool:
    """Whether an answer there reaches whoever wrote this.

    Customer service that is answered at an address of its own, and the buyer of the same order, are two who
    wait: one reply would stop the clocks of both and reach one.
    """
    service = mail.kind is MailKind.ON_BEHALF and not mail.relay_alias
    if service and mail.relay_address:
        return known.relay_address.casefold() == mail.relay_address[:254].casefold()
    return True


def _by_our_message_id(evidence: Evidence, mail: ParsedMail) -> Rule | None:
    ids = {evidence.answered.get(part) for part in (*mail.in_reply_to, *mail.references)} - {None}
    # A forwarded thread may carry our id into another buyer's mail.
    return (lambda known: known.pk in ids and _same_alias(known, mail)) if ids else None


def _by_case(mail: ParsedMail) -> Rule | None:
    case = mail.case_ref[:64]
    return (lambda known: known.case_ref == case and _same_alias(known, mail)) if case else None


def _by_order(evidence: Evidence, mail: ParsedMail) -> Rule | None:
    order = evidence.orders.get(mail.order_ids[0][:40]) if mail.order_ids else None
    if order is None:
        return None
    if mail.kind in ABOUT_AN_ORDER:
        return lambda known: _of_order(known, order.pk, order)
    alias = mail.relay_alias[:254]
    return (lambda known: _of_order(known, order.pk, order) and known.relay_alias == alias) if alias else None


def _by_alias(mail: ParsedMail, at: datetime) -> Rule | None:
    alias = mail.relay_alias[:254]
    if not alias:
        return None

    def rule(known: Conversation) -> bool:
        # Both ways: history comes in the newest first.
        recent = known.relay_alias == alias and abs(known.last_message_at - at) <= ALIAS_DAYS
        # A buyer who names another order writes about another matter.
        return recent and not (mail.order_ids and known.order is not None)

    return rule


def _of_order(known: Conversation, order_id: int | None, order: object) -> bool:
    """Whether the conversation is about the order, which may be too new to have a key."""
    return known.order is order or (order_id is not None and known.order_id == order_id)


def _same_alias(known: Conversation, mail: ParsedMail) -> bool:
    return not mail.relay_alias or known.relay_alias in ("", mail.relay_alias[:254])
