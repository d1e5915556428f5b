"""A person's replies: queue one, take it back in time, settle one that did not clearly arrive."""

import re
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import Membership
from inbox import drafts, events, guard, proofs, standing
from inbox.actions import Refused
from inbox.event_texts import event_text
from inbox.models import Conversation, Draft, Event, Message, OutboundReply
from inbox.timeline import offered
from marketplaces.outbox import OutboxState

LONGEST_REPLY = 10_000
COURTESY = "Hello,\n\nthank you for your message. We are glad to help whenever you need us.\n\nKind regards"
THREAD_HEADERS = 20


# Acts of others on a conversation that its next reply should know of.
MOVES = (
    *("closed", "assigned", "unassigned", "recognised", "filed", "reread"),
    *("reply_settled", "reply_settled_arrived", "reply_settled_send_again", "reply_settled_discard"),
    *("settled_answered_elsewhere", "settled_no_response_needed", "settled_not_buyer_message"),
)


class ThreadMoved(Refused):
    """Something happened since the composer was opened; the text is kept and nothing was sent.

    `news` names what is new as the timeline does: ("message" | "reply" | "event", id).
    """

    def __init__(self, sentence: str, news: frozenset[tuple[str, int]]) -> None:
        super().__init__(sentence)
        self.news = news


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
    seen_event_id: int | None = None,
    replaces: OutboundReply | None = None,
) -> OutboundReply:
    """Put a reply into the outbox, where it waits out the undo time; the same client_key is the same reply.

    `seen_message_id`, `seen_reply_id` and `seen_event_id` are the newest on the page it was written on: 0 for
    a page without any, None for one that does not say. The conversation is held from here on, so that of two
    people who press send at the same moment the second one is shown the first one's words. Raises Refused,
    ThreadMoved, and guard.Blocked when the text has what the marketplace punishes.
    """
    body = body.strip()
    _hold(conversation)
    known = OutboundReply.objects.filter(client_key=client_key).first()
    if known is not None:
        return known
    if not body:
        raise Refused("Write something first.")
    if len(body) > LONGEST_REPLY:
        raise Refused(f"A reply holds {LONGEST_REPLY:,} characters at most; this one has {len(body):,}.")
    if conversation.account.barred:
        raise Refused(conversation.account.barred)
    if "reply" not in offered(conversation, running=False):
        raise Refused("There is no relay address to answer to.")
    newest = newest_message(conversation)
    _refuse_if_moved(conversation, by, seen_message_id, seen_reply_id, seen_event_id)
    ids = [conversation.order.external_id] if conversation.order else []
    findings = guard.check(body, conversation.account.marketplace, known_ids=tuple(ids))
    if findings:
        raise guard.Blocked(findings)
    reply = _store(conversation, by, body, client_key, newest, then_close, now, replaces)
    drafts.discard(conversation, by=by)
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
    seen_event_id: int | None = None,
) -> OutboundReply:
    """Answer a thank-you with one key, where the marketplace wants every message answered."""
    return queue_reply(
        conversation,
        by=by,
        body=COURTESY,
        client_key=client_key,
        seen_message_id=seen_message_id,
        seen_reply_id=seen_reply_id,
        seen_event_id=seen_event_id,
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


def _hold(conversation: Conversation) -> None:
    """Hold the row until the transaction ends, and look at it as it is now."""
    columns = ("state", "kind", "assignee_id", "relay_address", "expires_at")
    held = Conversation.objects.select_for_update(no_key=True).only(*columns).get(pk=conversation.pk)
    for column in columns:
        setattr(conversation, column, getattr(held, column))


def _refuse_if_moved(
    conversation: Conversation,
    by: Membership,
    seen_message_id: int | None,
    seen_reply_id: int | None,
    seen_event_id: int | None,
) -> None:
    """Raise ThreadMoved when this author has not seen all that others have said and done here."""
    messages = [] if seen_message_id is None else _messages_after(conversation, seen_message_id)
    replies = [] if seen_reply_id is None else _replies_of_others(conversation, by, seen_reply_id)
    acts = [] if seen_event_id is None else _acts_of_others(conversation, by, seen_event_id)
    if not (messages or replies or acts):
        return
    if replies:
        what = f"{replies[-1].author.user.name} has answered meanwhile. Read it, then send again."
    elif messages:
        what = "A new message came in while you wrote. Read it, then send again."
    else:
        actor = acts[-1].actor.user.name if acts[-1].actor else ""
        what = f"{event_text(acts[-1].kind, acts[-1].data, actor)[0]} while you wrote. Look, then send again."
    news = {("message", each) for each in messages}
    news |= {("reply", each.pk) for each in replies} | {("event", each.pk) for each in acts}
    raise ThreadMoved(what, frozenset(news))


def _messages_after(conversation: Conversation, seen_id: int) -> list[int]:
    newer = Message.objects.filter(conversation=conversation, pk__gt=seen_id)
    return list(newer.order_by("pk").values_list("pk", flat=True))


def _replies_of_others(conversation: Conversation, by: Membership, seen_id: int) -> list[OutboundReply]:
    newer = OutboundReply.objects.filter(conversation=conversation, pk__gt=seen_id).exclude(author=by)
    return list(newer.select_related("author__user").order_by("pk"))


def _acts_of_others(conversation: Conversation, by: Membership, seen_id: int) -> list[Event]:
    newer = Event.objects.filter(conversation=conversation, pk__gt=seen_id, kind__in=MOVES)
    acts = newer.exclude(actor=None).exclude(actor=by).select_related("actor__user").order_by("pk")
    # Whoever was given the conversation is meant to answer.
    mine = conversation.assignee_id == by.pk
    return [act for act in acts if not (mine and act.kind in ("assigned", "unassigned"))]


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
        # The other half of a double click was quicker; unless the key is of a reply this person does not see.
        known = OutboundReply.objects.filter(client_key=client_key).first()
        if known is None:
            raise Refused("This page is too old. Reload it and send again.") from None
        return known
