"""Which conversation a mail belongs to, by evidence in order of trust; a wrong one breaches privacy.

Our own Message-ID, then the marketplace's case reference, then order and relay alias of this account, then
the alias alone within 30 days. Never the subject, never another account. Two candidates are flagged.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from inbox.models import Conversation, ConversationKind, OutboundReply
from marketplaces.mailbox.parsed import MailKind, ParsedMail
from marketplaces.models import SellerAccount

ALIAS_DAYS = timedelta(days=30)
ASIDE = (ConversationKind.UNRECOGNISED, ConversationKind.UNVERIFIED)
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


@dataclass(frozen=True, slots=True)
class Match:
    """The conversation a mail belongs to, or those it might."""

    conversation: Conversation | None
    candidates: tuple[Conversation, ...] = ()


def find(account: SellerAccount, mail: ParsedMail, *, at: datetime) -> Match:
    """Look for the conversation of a mail that arrived at that moment."""
    known = Conversation.objects.filter(account=account).exclude(kind__in=ASIDE)
    order_id = mail.order_ids[0] if mail.order_ids else ""
    for evidence in (
        _by_our_message_id(known, account, mail),
        _by_case(known, mail),
        _by_order(known, account, mail, order_id),
        _by_alias(known, mail, order_id, at),
    ):
        found = list(evidence[:3]) if evidence is not None else []
        if len(found) == 1:
            return Match(found[0])
        if found:
            return Match(None, tuple(found))
    return Match(None)


def _by_our_message_id(
    known: QuerySet[Conversation], account: SellerAccount, mail: ParsedMail
) -> QuerySet[Conversation] | None:
    ids = list({*mail.in_reply_to, *mail.references})
    if not ids:
        return None
    replies = OutboundReply.objects.filter(account=account, message_id__in=ids)
    found = known.filter(pk__in=replies.values("conversation_id"))
    # A forwarded thread may carry our id into another buyer's mail.
    return _same_alias(found, mail)


def _by_case(known: QuerySet[Conversation], mail: ParsedMail) -> QuerySet[Conversation] | None:
    if not mail.case_ref:
        return None
    return _same_alias(known.filter(case_ref=mail.case_ref[:64]), mail)


def _by_order(
    known: QuerySet[Conversation], account: SellerAccount, mail: ParsedMail, order_id: str
) -> QuerySet[Conversation] | None:
    if not order_id:
        return None
    of_order = known.filter(order__account=account, order__external_id=order_id[:40])
    if mail.kind in ABOUT_AN_ORDER:
        return of_order
    if not mail.relay_alias:
        return None
    return of_order.filter(relay_alias=mail.relay_alias[:254])


def _by_alias(
    known: QuerySet[Conversation], mail: ParsedMail, order_id: str, at: datetime
) -> QuerySet[Conversation] | None:
    if not mail.relay_alias:
        return None
    recent = known.filter(relay_alias=mail.relay_alias[:254], last_message_at__gte=at - ALIAS_DAYS)
    # A buyer who names another order writes about another matter.
    return recent.filter(order__isnull=True) if order_id else recent


def _same_alias(found: QuerySet[Conversation], mail: ParsedMail) -> QuerySet[Conversation]:
    if not mail.relay_alias:
        return found
    return found.filter(Q(relay_alias=mail.relay_alias[:254]) | Q(relay_alias=""))
