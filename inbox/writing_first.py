"""Write to a buyer who has not written: only where the marketplace allows it, and only for its reasons.

What is written goes the way of every reply: the guard, the undo time, the outbox.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Membership
from inbox import clocks, events, guard, standing
from inbox.actions import Refused
from inbox.desk import next_numbers
from inbox.models import (
    Conversation,
    ConversationKind,
    ConversationState,
    Draft,
    OutboundReply,
    ReplyChannel,
)
from marketplaces import retention
from marketplaces.models import SellerAccount
from marketplaces.types import Marketplace
from orders.buyers_of import alias_of
from orders.models import Order
from orders.words import language_of

LONGEST_MAIL = 10_000
# What Amazon lets a seller write about an order changes with the order.
ACTIONS_HOLD = timedelta(hours=1)
# Walmart's stand-in where an order has no relay address.
NO_ADDRESS = re.compile(r"^nocxemail", re.IGNORECASE)
HTML = re.compile(r"<\s*/?\s*[a-z!][^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one may write first: its stored name, what the screen calls it, and what it is for."""

    key: str
    title: str
    meaning: str
    longest: int = LONGEST_MAIL


# Walmart mails order status itself and forbids sellers to; these are matters only the buyer can help with.
WALMART_REASONS = (
    Reason("late_item", "A missing or late item", "Something of the order cannot come as promised."),
    Reason("address", "A problem with the address", "The carrier needs something the address lacks."),
    Reason("question", "A question before it can be shipped", "You cannot ship without the buyer's answer."),
    Reason("return", "A return or refund", "You need something from the buyer to settle it."),
)
# Messaging API v1, the actions that are a text; others need files and are sent in Seller Central.
AMAZON_ACTIONS = {
    "confirmOrderDetails": ("Ask about the order", "A question before you ship."),
    "confirmDeliveryDetails": (
        "Arrange the delivery",
        "Agree on a delivery, or check where to reach the buyer.",
    ),
    "confirmCustomizationDetails": (
        "Ask about the customization",
        "Spelling, initials, pictures and the like.",
    ),
    "confirmServiceDetails": ("Arrange a service visit", "For home services only."),
    "digitalAccessKey": ("Send an access key", "For digital content of this order."),
    "unexpectedProblem": ("Tell of an unexpected problem", "Something keeps the order from being completed."),
}
LANGUAGES = {
    "amazon-mx": "Spanish",
    "amazon-br": "Portuguese",
    "amazon-de": "German",
    "amazon-fr": "French",
    "amazon-it": "Italian",
    "amazon-es": "Spanish",
    "amazon-nl": "Dutch",
    "amazon-se": "Swedish",
    "amazon-pl": "Polish",
    "amazon-be": "French or Dutch",
    "amazon-tr": "Turkish",
    "amazon-jp": "Japanese",
    "amazon-ae": "Arabic or English",
    "amazon-sa": "Arabic or English",
    "amazon-eg": "Arabic",
    "amazon-ca": "English or French",
    "walmart-ca": "English or French",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be written about an order now; without `reasons`, `why_not` says why."""

    channel: ReplyChannel
    reasons: tuple[Reason, ...]
    why_not: str
    stale: bool  # what the marketplace allows must be asked first
    language: str

    def reason(self, key: str) -> Reason | None:
        """The offered reason of that name."""
        return next((reason for reason in self.reasons if reason.key == key), None)


def offer(order: Order, *, now: datetime) -> Offer:
    """What the marketplace lets the seller begin about this order."""
    account: SellerAccount = order.account
    language = language_of(order.buyer_locale) or LANGUAGES.get(account.market, "English")
    if account.barred:
        return Offer(ReplyChannel.MAIL, (), account.barred, False, language)
    if account.marketplace is Marketplace.WALMART:
        if "@" not in order.relay_address or NO_ADDRESS.match(order.relay_address):
            why = "Walmart gives no relay address for this order: its buyer cannot be written to from here."
            return Offer(ReplyChannel.MAIL, (), why, False, language)
        return Offer(ReplyChannel.MAIL, WALMART_REASONS, "", False, language)
    as_of = order.message_actions_as_of
    stale = as_of is None or now - as_of > ACTIONS_HOLD
    allowed = {each["name"]: each["longest"] for each in order.message_actions} if as_of is not None else {}
    reasons = tuple(
        Reason(key, title, meaning, allowed[key])
        for key, (title, meaning) in AMAZON_ACTIONS.items()
        if allowed.get(key)
    )
    why = "" if reasons or stale else "Amazon allows no message about this order now."
    return Offer(ReplyChannel.MESSAGING, () if stale else reasons, why, stale, language)


def open_talk(order: Order) -> Conversation | None:
    """The newest conversation with the buyer about this order that is not closed."""
    talks = Conversation.objects.filter(order=order, kind=ConversationKind.BUYER)
    return talks.exclude(state=ConversationState.CLOSED).order_by("-last_message_at", "-id").first()


def waiting_talk(order: Order) -> Conversation | None:
    """The conversation that a first message would join, where its buyer waits for an answer."""
    talk = open_talk(order)
    return talk if talk is not None and clocks.waits_for_reply(talk) else None


def write_first(
    order_id: int, *, by: Membership, reason: str, body: str, client_key: UUID, now: datetime
) -> OutboundReply:
    """Put a first message into the outbox; the same client_key is the same message.

    It joins the order's open conversation, or opens one. Raises Order.DoesNotExist, Refused (also where the
    buyer waits there for an answer), and guard.Blocked when the text has what the marketplace punishes.
    """
    # Held, so that two people who write about one order at once share the conversation; mail about it may
    # come in meanwhile.
    order = (
        Order.objects.select_for_update(no_key=True, of=("self",))
        .select_related("account__tenant")
        .get(pk=order_id)
    )
    known = OutboundReply.objects.filter(client_key=client_key).first()
    if known is not None:
        return known
    body = body.strip()
    offered = offer(order, now=now)
    chosen = offered.reason(reason)
    _check(order, offered, chosen, body)
    try:
        with transaction.atomic():
            talk = _talk_to_join(order, offered) or _open(order, _subject(order, chosen), body, now=now)
            reply = _store(talk, order, offered, chosen, body, by=by, client_key=client_key, now=now)
    except IntegrityError:
        # The key is of a reply that this person does not see.
        raise Refused("This page is too old. Reload it and send again.") from None
    Draft.objects.filter(conversation=talk, author=by).delete()
    title = chosen.title if chosen else ""
    events.record(talk, "wrote_first", at=now, actor=by, reply=reply.pk, reason=title)
    if talk.assignee_id is None:
        talk.assignee = by
        talk.save(update_fields=["assignee"])
    standing.refresh(talk)
    return reply


def _talk_to_join(order: Order, offered: Offer) -> Conversation | None:
    """The order's open conversation; a mail that joins it would stop its clocks, so none may be running."""
    talk = open_talk(order)
    if talk is None or offered.channel == ReplyChannel.MESSAGING:
        return talk
    # Held, so that no message comes in between this look and the outbox.
    Conversation.objects.select_for_update(no_key=True).only("pk").get(pk=talk.pk)
    if clocks.waits_for_reply(talk):
        raise Refused("Nothing was sent: the buyer waits for an answer. Answer in the conversation.")
    return talk


def _check(order: Order, offered: Offer, chosen: Reason | None, body: str) -> None:
    name = order.account.facts.name
    if offered.why_not:
        raise Refused(offered.why_not)
    if offered.stale:
        raise Refused(f"What {name} allows for this order is not known now. Wait until it has answered.")
    if chosen is None:
        raise Refused("Say why you write: choose one of the reasons.")
    if not body:
        raise Refused("Write something first.")
    if len(body) > chosen.longest:
        raise Refused(f"This message holds {chosen.longest:,} characters at most; yours has {len(body):,}.")
    if offered.channel == ReplyChannel.MESSAGING and HTML.search(body):
        raise Refused(f"{name} takes plain text only here: remove the HTML.")
    numbers = order.shipments.exclude(tracking_number="").values_list("tracking_number", flat=True)
    findings = guard.check(body, order.account.marketplace, known_ids=(order.external_id, *numbers))
    if findings:
        raise guard.Blocked(findings)


def _subject(order: Order, chosen: Reason | None) -> str:
    return f"Order {order.external_id}: {(chosen.title if chosen else '').lower()}"[:500]


def _open(order: Order, subject: str, body: str, *, now: datetime) -> Conversation:
    account = order.account
    relay = "" if NO_ADDRESS.match(order.relay_address) else order.relay_address
    talk: Conversation = Conversation.objects.create(
        tenant_id=order.tenant_id,
        number=next_numbers(order.tenant_id, 1)[0],
        account=account,
        kind=ConversationKind.BUYER,
        buyer_id=order.buyer_id,
        order=order,
        subject=subject,
        buyer_name=order.buyer_name,
        preview=" ".join(body.split())[:200],
        relay_address=relay,
        relay_alias=alias_of(relay),
        last_message_at=now,
        last_message_is_buyers=False,
        expires_at=retention.expires_at(
            account.marketplace, now, walmart_days=account.tenant.walmart_retention_days
        ),
    )
    events.record(talk, "opened", at=now, reason="the seller writes first")
    return talk


def _store(
    talk: Conversation,
    order: Order,
    offered: Offer,
    chosen: Reason | None,
    body: str,
    *,
    by: Membership,
    client_key: UUID,
    now: datetime,
) -> OutboundReply:
    by_mail = offered.channel == ReplyChannel.MAIL
    reply: OutboundReply = OutboundReply.objects.create(
        tenant_id=talk.tenant_id,
        conversation=talk,
        account=order.account,
        author=by,
        body=body,
        channel=offered.channel,
        action=chosen.key if chosen and not by_mail else "",
        subject=_subject(order, chosen),
        from_address=order.account.sender_address,
        to_address=order.relay_address if by_mail else "",
        message_id=f"<{uuid4()}@{settings.MESSAGE_ID_DOMAIN}>",
        client_key=client_key,
        queued_at=now,
        next_at=now + timedelta(seconds=settings.UNDO_SECONDS),
        expires_at=retention.written_until(talk.expires_at, now=now),
    )
    return reply
