"""A person's replies: queue one, take it back in time, settle one that did not clearly arrive."""

import re
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import Membership
from inbox import events, guard, proofs, standing
from inbox.actions import Refused
from inbox.models import Conversation, Draft, Message, OutboundReply
from inbox.timeline import offered
from marketplaces.outbox import OutboxState

LONGEST_REPLY = 10_000
COURTESY = "Hello,\n\nthank you for your message. We are glad to help whenever you need us.\n\nKind regards"
THREAD_HEADERS = 20


class ThreadMoved(Refused):
    """Something came in since the composer was opened; the text is kept and nothing was sent."""


def queue_reply(
    conversation: Conversation,
    *,
    by: Membership,
    body: str,
    client_key: UUID,
    seen_message_id: int | None,
    then_close: bool,
    now: datetime,
    seen_reply_id: int | None = None,
    replaces: OutboundReply | None = None,
) -> OutboundReply:
    """Put a reply into the outbox, where it waits out the undo time; the same client_key is the same reply.

    `seen_message_id` and `seen_reply_id` are the newest on the page it was written on: 0 for a page without
    any, None for one that does not say. To be called with the conversation locked. Raises Refused,
    ThreadMoved, and guard.Blocked when the text has what the marketplace punishes.
    """
    body = body.strip()
    known = OutboundReply.objects.filter(client_key=client_key).first()
    if known is not None:
        return known
    if not body:
        raise Refused("Write something first.")
    if len(body) > LONGEST_REPLY:
        raise Refused(f"A reply holds {LONGEST_REPLY:,} characters at most; this one has {len(body):,}.")
    if "reply" not in offered(conversation, running=False):
        raise Refused("There is no relay address to answer to.")
    newest = newest_message(conversation)
    if newest is not None and seen_message_id is not None and newest.pk > seen_message_id:
        raise ThreadMoved("A new message came in while you wrote. Read it, then send again.")
    if seen_reply_id is not None:
        _refuse_a_second_answer(conversation, by, seen_reply_id)
    ids = [conversation.order.external_id] if conversation.order else []
    findings = guard.check(body, conversation.account.marketplace, known_ids=tuple(ids))
    if findings:
        raise guard.Blocked(findings)
    reply = _store(conversation, by, body, client_key, newest, then_close, now, replaces)
    Draft.objects.filter(conversation=conversation, author=by).delete()
    events.record(conversation, "reply_queued", at=now, actor=by, reply=reply.pk)
    if conversation.assignee_id is None:
        conversation.assignee = by
        conversation.save(update_fields=["assignee"])
    return reply


def courtesy_reply(
    conversation: Conversation,
    *,
    by: Membership,
    client_key: UUID,
    seen_message_id: int | None,
    now: datetime,
    seen_reply_id: int | None = None,
) -> OutboundReply:
    """Answer a thank-you with one key, where the marketplace wants every message answered."""
    return queue_reply(
        conversation,
        by=by,
        body=COURTESY,
        client_key=client_key,
        seen_message_id=seen_message_id,
        seen_reply_id=seen_reply_id,
        then_close=True,
        now=now,
    )


def undo_reply(reply: OutboundReply, *, by: Membership, now: datetime) -> None:
    """Take a reply back while it waits; its text becomes the draft. Raises Refused when too late."""
    waiting = OutboundReply.objects.filter(pk=reply.pk, state=OutboxState.QUEUED, attempts=0)
    # Locked, looked at again by the database's clock, then deleted: a delete alone names only the key, and so
    # would take away what a worker has leased in between.
    held = waiting.select_for_update().first()
    if held is None or not waiting.filter(next_at__gt=Now()).exists():
        raise Refused("Too late to undo: the reply is already leaving.")
    held.delete()
    conversation = reply.conversation
    Draft.objects.update_or_create(
        tenant_id=reply.tenant_id,
        conversation=conversation,
        author=by,
        defaults={"body": reply.body, "expires_at": conversation.expires_at},
    )
    events.record(conversation, "reply_undone", at=now, actor=by)
    standing.refresh(conversation)


def settle_reply(reply: OutboundReply, *, by: Membership, decision: str, now: datetime) -> None:
    """Decide about a reply that failed, bounced or may not have left; raises Refused."""
    if reply.decided_at is not None:
        raise Refused("Somebody has already decided about this reply.")
    if reply.state not in (OutboxState.FAILED, OutboxState.UNKNOWN) and reply.rejected_at is None:
        raise Refused("This reply needs no decision.")
    if decision not in ("arrived", "send_again", "discard"):
        raise Refused("Choose: it arrived, send again, or discard.")
    try:
        proofs.settle(reply, decision=decision, by=by, now=now)
    except proofs.CannotSettle as error:
        raise Refused(str(error)) from error


def newest_message(conversation: Conversation) -> Message | None:
    """The message that came in last, by the order in which we stored them."""
    return Message.objects.filter(conversation=conversation).order_by("-pk").first()


def _refuse_a_second_answer(conversation: Conversation, by: Membership, seen_reply_id: int) -> None:
    """Raise ThreadMoved when somebody else has answered what this author has not seen answered."""
    newer = OutboundReply.objects.filter(conversation=conversation, pk__gt=seen_reply_id).exclude(author=by)
    other = newer.select_related("author__user").order_by("-pk").first()
    if other is not None:
        raise ThreadMoved(f"{other.author.user.name} has answered meanwhile. Read it, then send again.")


def reply_subject(subject: str) -> str:
    """ "Re: " once before the buyer's subject, whatever chain of prefixes it came with."""
    bare = re.sub(r"^(?:\s*(?:re|aw|sv|antw|rif|res)\s*:\s*)+", "", subject, flags=re.I).strip()
    return f"Re: {bare or 'your message'}"[:500]


def _store(
    conversation: Conversation,
    by: Membership,
    body: str,
    client_key: UUID,
    newest: Message | None,
    then_close: bool,
    now: datetime,
    replaces: OutboundReply | None,
) -> OutboundReply:
    in_reply_to = newest.message_id if newest else ""
    chain = [*(newest.references.split() if newest else []), in_reply_to]
    try:
        with transaction.atomic():
            return OutboundReply.objects.create(
                tenant_id=conversation.tenant_id,
                conversation=conversation,
                account=conversation.account,
                author=by,
                body=body,
                subject=reply_subject(conversation.subject),
                from_address=conversation.account.sender_address,
                to_address=conversation.relay_address,
                message_id=f"<{uuid4()}@{settings.MESSAGE_ID_DOMAIN}>",
                in_reply_to=in_reply_to,
                references=" ".join([part for part in chain if part][-THREAD_HEADERS:]),
                client_key=client_key,
                then_close=then_close,
                queued_at=now,
                next_at=now + timedelta(seconds=settings.UNDO_SECONDS),
                expires_at=conversation.expires_at,
                replaces=replaces,
            )
    except IntegrityError:
        # The other half of a double click was quicker.
        return OutboundReply.objects.get(client_key=client_key)
