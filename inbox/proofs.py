"""How a reply's fate is settled: by our own server's answer, by mail that proves it, or by a person.

Everything here runs inside the caller's tenant_tx and locks the conversation first, then the reply.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models.functions import Now

from accounts.models import Membership
from inbox import clocks, events, standing
from inbox.models import Conversation, ConversationState, OutboundReply
from inbox.signals import still_needed
from marketplaces.models import FolderRole, InboundRaw
from marketplaces.outbox import OutboxState, one_line
from orders.models import PurchaseOrder

# How long after it was handed over a reply's copy is looked for, and how far two clocks may differ.
COPY_WITHIN = timedelta(days=3)
CLOCK_SKEW = timedelta(minutes=10)
HANDED = (OutboxState.HANDING, OutboxState.UNKNOWN, OutboxState.SENT)
# A text this short is found inside too many others.
SHORT_TEXT = 20


class CannotSettle(Exception):
    """The decision does not fit what happened to the reply; the message says why."""


def lock(reply_id: int) -> OutboundReply:
    """The reply and its conversation, held until the transaction ends; raises OutboundReply.DoesNotExist."""
    conversation_id = OutboundReply.objects.values_list("conversation_id", flat=True).get(pk=reply_id)
    conversation = Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
    reply: OutboundReply = OutboundReply.objects.select_for_update(no_key=True).get(pk=reply_id)
    reply.conversation = conversation
    return reply


def left(reply: OutboundReply, *, at: datetime) -> None:
    """The reply reached the marketplace: stop the clocks it answers and hand the turn to the buyer."""
    conversation = reply.conversation
    clocks.stop_by_reply(reply, at=at, written_at=_written_at(reply))
    if conversation.due_at is not None or still_needed(conversation):
        # The buyer wrote again after the reply was written, or a case still waits for the seller.
        conversation.open_again()
    elif reply.then_close:
        conversation.state = ConversationState.CLOSED
        conversation.closed_at = at
        events.record(conversation, "closed_after_reply", at=at, reply=reply.pk)
    elif conversation.state != ConversationState.CLOSED:
        conversation.state = ConversationState.WAITING_BUYER
    if conversation.last_message_at <= at:
        conversation.last_message_at = at
        # What it does not answer is as new to the team as it was.
        unanswered = conversation.last_message_is_buyers and clocks.waits_for_reply(conversation)
        conversation.last_message_is_buyers = unanswered
    conversation.save(update_fields=["state", "closed_at", "last_message_at", "last_message_is_buyers"])
    # Whatever waited for this one may go now, without waiting for its next bell.
    OutboundReply.objects.filter(conversation=conversation, state=OutboxState.QUEUED).update(rung_at=None)
    standing.refresh(conversation)


def prove_sent(reply_id: int, raw_id: int, at: datetime) -> None:
    """A mail shows that the reply left: the marketplace's confirmation copy, or a copy in the Sent folder.

    It settles a reply we were not sure of and stops one that was about to be tried again. A copy in Sent
    confirms nothing more than that it left, which for a sent reply is no news: we file such copies ourselves.
    """
    reply = lock(reply_id)
    if reply.rejected_at is not None:
        return
    in_sent_folder = InboundRaw.objects.filter(pk=raw_id, folder=FolderRole.SENT).exists()
    news = reply.state != OutboxState.SENT
    if not in_sent_folder and reply.confirmed_at is None:
        OutboundReply.objects.filter(pk=reply.pk).update(confirmed_at=at, proof=raw_id)
        events.record(reply.conversation, "reply_confirmed", at=at, reply=reply.pk)
    elif news:
        events.record(reply.conversation, "reply_sent", at=at, reply=reply.pk)
    if news:
        handed_at = reply.handed_at or at
        _settle_as_sent(reply, handed_at=handed_at)
        _withdraw_repeats(reply, at=at)
        left(reply, at=handed_at)


def prove_rejected(reply_id: int, raw_id: int, reason: str) -> None:
    """A mail shows that the reply did not reach the buyer (a bounce, an opt-out): the old clock runs on."""
    reply = lock(reply_id)
    if reply.rejected_at is not None:
        return
    at = InboundRaw.objects.values_list("received_at", flat=True).get(pk=raw_id)
    # Mailboxes stamp whole seconds: a bounce never came before what it answers had left.
    at = max(at, reply.handed_at or at)
    if reply.state not in (OutboxState.SENT, OutboxState.FAILED):
        _settle_as_sent(reply, handed_at=reply.handed_at or at)
    reason = one_line(reason)
    changes: dict[str, object] = {"rejected_at": at, "rejected_reason": reason, "proof": raw_id}
    if reply.decision == "arrived":
        # Somebody believed that it had arrived; that has proved wrong and must be decided again.
        changes |= {"decided_at": None, "decided_by": None, "decision": ""}
    OutboundReply.objects.filter(pk=reply.pk).update(**changes)
    clocks.restart_by_reply(reply)
    conversation = reply.conversation
    if reply.decision in ("", "arrived"):
        conversation.open_again()
        conversation.save(update_fields=["state", "closed_at"])
    events.record(conversation, "reply_rejected", at=at, reply=reply.pk, reason=reason)
    standing.refresh(conversation)


def find_reply(account_id: int, message_ids: Collection[str]) -> OutboundReply | None:
    """The one reply of this account that a mail names by our Message-ID; None when there is none, or two."""
    found = list(OutboundReply.objects.filter(account_id=account_id, message_id__in=list(message_ids))[:2])
    return found[0] if len(found) == 1 else None


def find_reply_by_text(
    account_id: int,
    text: str,
    order_ids: Collection[str],
    before: datetime,
    *,
    sent_to: Collection[str] | None = None,
) -> OutboundReply | None:
    """The one reply of this account that a copy repeats, for copies that name no Message-ID of ours.

    Looked for among those handed over in the days before; a conversation about another order than the copy's
    is out, and so is a reply to somebody else than the copy went to, where that is known (`sent_to`). One
    that is confirmed already is found when no unconfirmed one fits: a copy may come twice.
    None when there is none, or two that are not confirmed: a proof is never guessed.
    """
    copy = _comparable(text)
    numbers = _buyers_numbers(account_id, order_ids)
    readers = None if sent_to is None else {address.casefold() for address in sent_to}
    handed = OutboundReply.objects.filter(
        account_id=account_id,
        state__in=HANDED,
        handed_at__range=(before - COPY_WITHIN, before + CLOCK_SKEW),
    ).select_related("conversation__order")
    same: list[OutboundReply] = []
    similar: list[OutboundReply] = []
    for reply in handed.order_by("-handed_at").iterator():
        if readers is not None and reply.to_address.casefold() not in readers:
            continue
        order = reply.conversation.order
        if order is not None and numbers and order.external_id not in numbers:
            continue
        body = _comparable(reply.body)
        if body == copy:
            same.append(reply)
        elif min(len(body), len(copy)) >= SHORT_TEXT and (body in copy or copy in body):
            similar.append(reply)
    found = same or similar
    unconfirmed = [reply for reply in found if reply.confirmed_at is None]
    if unconfirmed:
        return unconfirmed[0] if len(unconfirmed) == 1 else None
    # Of confirmed ones in one conversation it does not matter which: the newest.
    return found[0] if len({reply.conversation_id for reply in found}) == 1 else None


def last_reply_to(account_id: int, relay_alias: str, order_ids: Collection[str]) -> OutboundReply | None:
    """The newest reply handed over to this relay alias, or else about one of these orders.

    For refusals that name nothing else. None when that leads to more than one conversation.
    """
    handed = OutboundReply.objects.filter(
        account_id=account_id, state__in=HANDED, rejected_at__isnull=True, handed_at__gte=Now() - COPY_WITHIN
    ).order_by("-handed_at")
    by_alias = handed.filter(conversation__relay_alias=relay_alias) if relay_alias else handed.none()
    # The account is named for the order too: it leads the index on order numbers.
    numbers = _buyers_numbers(account_id, order_ids)
    by_order = handed.filter(
        conversation__order__account_id=account_id, conversation__order__external_id__in=numbers
    )
    for query in (by_alias, by_order):
        found: list[OutboundReply] = list(query)
        if len({reply.conversation_id for reply in found}) == 1:
            return found[0]
    return None


def _buyers_numbers(account_id: int, order_ids: Collection[str]) -> set[str]:
    """The numbers a mail names, and those the buyers know where it names purchase orders."""
    if not order_ids:
        return set()
    purchases = PurchaseOrder.objects.filter(account_id=account_id, external_id__in=list(order_ids))
    return {*order_ids, *purchases.values_list("order__external_id", flat=True)}


def settle(reply: OutboundReply, *, decision: str, by: Membership, now: datetime) -> OutboundReply | None:
    """A person decides about a reply that failed, came back or may not have left.

    arrived: it counts as sent, from the moment it was handed over. send_again: a new reply with the same text
    is queued, and returned. discard: nothing more is sent and the clock runs on. Raises CannotSettle.
    """
    reply = lock(reply.pk)
    if reply.decided_at is not None:
        return None
    if reply.state not in (OutboxState.FAILED, OutboxState.UNKNOWN) and reply.rejected_at is None:
        # Seen when the button was pressed, but a proof came before the lock.
        raise CannotSettle("It has arrived meanwhile.")
    if decision == "arrived" and reply.state == OutboxState.FAILED:
        raise CannotSettle("This reply never left. Send it again, or discard it.")
    # With the token goes the right of a worker that wakes up late to say anything else.
    OutboundReply.objects.filter(pk=reply.pk).update(
        decision=decision, decided_by=by, decided_at=now, lease_token=None
    )
    events.record(reply.conversation, f"reply_settled_{decision}", at=now, actor=by, reply=reply.pk)
    if decision == "send_again" and reply.purged_at is not None:
        raise CannotSettle("Its text was deleted when its time had come. Write it anew.")
    again = None
    if decision == "arrived":
        handed_at = reply.handed_at or now
        _settle_as_sent(reply, handed_at=handed_at)
        OutboundReply.objects.filter(pk=reply.pk).update(rejected_at=None)
        left(reply, at=handed_at)
    elif decision == "send_again":
        again = _copy_of(reply, by=by, now=now)
    OutboundReply.objects.filter(conversation=reply.conversation, state=OutboxState.QUEUED).update(
        rung_at=None
    )
    standing.refresh(reply.conversation)
    return again


def _settle_as_sent(reply: OutboundReply, *, handed_at: datetime) -> None:
    OutboundReply.objects.filter(pk=reply.pk).update(
        state=OutboxState.SENT, settled_at=Now(), handed_at=handed_at, lease_token=None, lease_until=None
    )


def _withdraw_repeats(reply: OutboundReply, *, at: datetime) -> None:
    """The reply has left after all: a repeat of it that still waits must not leave too."""
    why = "The reply it repeats has left after all."
    repeats = OutboundReply.objects.filter(replaces=reply, state=OutboxState.QUEUED)
    for repeat_id in list(repeats.values_list("pk", flat=True)):
        withdrawn = repeats.filter(pk=repeat_id).update(
            state=OutboxState.FAILED, settled_at=Now(), peer_answer=why, decision="discard", decided_at=at
        )
        if withdrawn:
            events.record(reply.conversation, "reply_failed", at=at, reply=repeat_id, reason=why)


def _written_at(reply: OutboundReply) -> datetime:
    """When the text was written: what is sent again answers no more than it did the first time."""
    first = reply
    while first.replaces is not None and first.replaces.body == reply.body:
        first = first.replaces
    return first.queued_at


def _copy_of(reply: OutboundReply, *, by: Membership, now: datetime) -> OutboundReply:
    """The same text once more, to where this conversation is answered now, under a Message-ID of its own."""
    conversation = reply.conversation
    again: OutboundReply = OutboundReply.objects.create(
        tenant_id=reply.tenant_id,
        conversation=conversation,
        account_id=reply.account_id,
        author=by,
        body=reply.body,
        channel=reply.channel,
        action=reply.action,
        subject=reply.subject,
        from_address=conversation.account.sender_address,
        to_address=conversation.relay_address or reply.to_address,
        message_id=f"<{uuid4()}@{settings.MESSAGE_ID_DOMAIN}>",
        in_reply_to=reply.in_reply_to,
        references=reply.references,
        then_close=reply.then_close,
        queued_at=now,
        next_at=now + timedelta(seconds=settings.UNDO_SECONDS),
        expires_at=reply.expires_at,
        replaces=reply,
    )
    return again


def _comparable(text: str) -> str:
    """A text without what mail systems change: white space, quote marks, letter case."""
    return re.sub(r"[\s>]+", " ", text).strip().casefold()
