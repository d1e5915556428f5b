"""Everything the page of one conversation shows, in four statements."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject

from accounts.models import Membership
from inbox import sla
from inbox.event_texts import event_text
from inbox.models import (
    Attachment,
    Conversation,
    ConversationKind,
    ConversationState,
    Deadline,
    Direction,
    Draft,
    Event,
    Message,
    OutboundReply,
    Outcome,
)
from inbox.promises import REPLY, kinds_by_reply, titles
from inbox.tag_marks import TagMark, marks, tag_marks
from marketplaces.outbox import OutboxState
from orders.card import Card, card_of, parts

LATEST = 200  # messages, replies and events each; what is older stays in the archive of the conversation
CAME_BACK = ("bounce", "opt_out")
# Of what happened at one moment: first that something began, then the mail, then what followed from it.
BEGINNINGS = ("opened", "returned")
# The reply in the timeline says as much by itself.
UNSHOWN = ("reply_queued", "reply_confirmed")
RECOGNISABLE = (ConversationKind.UNRECOGNISED, ConversationKind.UNVERIFIED)
FILEABLE = (*RECOGNISABLE, ConversationKind.NOTICE, ConversationKind.PUBLIC_QUESTION)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline of the conversation; `left` is None once it stopped."""

    due_at: datetime
    started_at: datetime
    rule: str
    message_id: int | None
    stated: bool
    stopped_at: datetime | None
    outcome: str
    left: sla.TimeLeft | None
    kind: str = REPLY
    target_at: datetime | None = None
    target_minutes: int | None = None  # of business time

    @property
    def of_case(self) -> bool:
        """Whether it is a case's, and not that of a message waiting for its answer."""
        return self.kind != REPLY

    @property
    def title(self) -> str:
        """What it asks for, in words."""
        return titles().get(self.kind, "Act on the case")

    @property
    def outcome_words(self) -> str:
        """Why it stopped, in words."""
        return Outcome(self.outcome).label if self.outcome else "Stopped"

    @property
    def target_met(self) -> bool | None:
        """Whether it was stopped within the team's own target; None while it runs or without one."""
        if self.target_at is None or self.stopped_at is None:
            return None
        return self.stopped_at <= self.target_at


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in the timeline; exactly one of message, reply, note or text is set."""

    type: str
    at: datetime
    id: int
    message: Message | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    clock: Clock | None = None
    reply: OutboundReply | None = None
    phase: str = ""
    leaves_at: datetime | None = None
    note: Any = None
    text: str = ""
    icon: str = ""
    actor_name: str = ""
    rank: int = 1

    @property
    def starts_clock(self) -> bool:
        """Whether a clock that still runs began with this message."""
        return self.clock is not None and self.clock.stopped_at is None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A conversation as its page shows it."""

    conversation: Conversation
    clocks: list[Clock]
    stopped: list[Clock]
    items: list[Item]
    draft_body: str
    can: set[str]
    card: Card | None  # the order's, where the conversation is about one
    tags: list[TagMark]

    @property
    def half_understood(self) -> Message | None:
        """The newest mail that only looks like something, and that nobody has filed."""
        mails = [item.message for item in self.items if item.message is not None]
        unsure = [mail for mail in mails if mail.guess_reason and not mail.filed_by_id]
        return max(unsure, key=lambda mail: (mail.sent_at, mail.pk), default=None)

    @property
    def purged_at(self) -> datetime | None:
        """When texts of it were deleted last; None while all are here."""
        moments = [item.message.purged_at for item in self.items if item.message and item.message.purged_at]
        return max([*moments, *filter(None, [self.conversation.purged_at])], default=None)

    def last_id(self, *types: str) -> int:
        """The newest of these things on the page, by the order in which they were stored; 0 for none."""
        return max((item.id for item in self.items if item.type in types), default=0)

    @property
    def mark(self) -> str:
        """Changes whenever the timeline or a clock does, so that looking again may find nothing new."""
        seen = [(item.type, item.id, item.phase) for item in self.items]
        running = [(clock.message_id, clock.due_at, clock.target_at) for clock in self.clocks]
        talk = self.conversation
        stands = (
            talk.state,
            talk.assignee_id,
            talk.kind,
            [(tag.id, tag.name, tag.colour) for tag in self.tags],
        )
        return f"{zlib.crc32(repr((seen, running, stands)).encode()):x}"

    @property
    def from_address(self) -> str:
        """The sender the marketplace has approved for this account."""
        return str(self.conversation.account.sender_address)


def conversation_page(number: int, *, membership: Membership, now: datetime) -> ConversationPage:
    """Read a conversation with all that happened in it; raises Conversation.DoesNotExist."""
    conversation = _conversation(number, membership)
    clocks = [_clock(row, now) for row in conversation.clock_rows]
    by_message = {clock.message_id: clock for clock in clocks}
    items = [
        *(_message_item(message, by_message) for message in _messages(conversation)),
        *(_reply_item(reply) for reply in _replies(conversation)),
        *(_event_item(event) for event in _events(conversation)),
    ]
    items.sort(key=lambda item: (item.at, item.rank, item.id))
    running = [clock for clock in clocks if clock.stopped_at is None]
    can = offered(conversation, running=any(clock.kind in kinds_by_reply() for clock in running))
    if any(item.message and (item.message.guess or item.message.filed_by_id) for item in items):
        can.add("recognise")
    return ConversationPage(
        conversation=conversation,
        clocks=running,
        stopped=[clock for clock in clocks if clock.stopped_at is not None],
        items=items,
        draft_body=conversation.draft_body or "",
        can=can,
        card=_card(conversation, now),
        tags=marks(conversation.tag_rows),
    )


def offered(conversation: Conversation, *, running: bool) -> set[str]:
    """The acts that make sense now; policy data says whether a message may stay unanswered."""
    acts = {"note", "assign"}
    closed = conversation.state == ConversationState.CLOSED
    acts.add("reopen" if closed else "close")
    if conversation.relay_address and conversation.kind not in RECOGNISABLE:
        acts.add("reply")
    if conversation.kind in FILEABLE:
        acts.add("recognise")
    if running:
        acts |= {Outcome.ANSWERED_ELSEWHERE.value, Outcome.NOT_BUYER_MESSAGE.value}
        if conversation.account.facts.no_response_needed:
            acts.add(Outcome.NO_RESPONSE_NEEDED.value)
        elif "reply" in acts:
            acts.add("courtesy")
    return acts


def _conversation(number: int, membership: Membership) -> Any:
    deadlines = Deadline.objects.filter(conversation=OuterRef("pk")).order_by("due_at", "id")
    draft = Draft.objects.filter(conversation=OuterRef("pk"), author=membership)
    return (
        Conversation.objects.select_related("account", "buyer", "order", "assignee__user")
        .annotate(
            clock_rows=ArraySubquery(
                deadlines.values(
                    data=JSONObject(
                        due_at=F("due_at"),
                        started_at=F("started_at"),
                        rule=F("rule"),
                        message_id=F("message_id"),
                        stated=F("stated_in_source"),
                        stopped_at=F("stopped_at"),
                        outcome=F("outcome"),
                        kind=F("kind"),
                        target_at=F("target_at"),
                        target_minutes=F("target_minutes"),
                    )
                )[:LATEST]
            ),
            draft_body=Subquery(draft.values("body")[:1]),
            tag_rows=tag_marks(),
            **parts("order_id"),
        )
        .get(number=number)
    )


def _card(conversation: Any, now: datetime) -> Card | None:
    if conversation.order is None:
        return None
    return card_of(conversation.order, conversation, account=conversation.account, now=now)


def _messages(conversation: Conversation) -> list[Message]:
    files = Attachment.objects.filter(message=OuterRef("pk")).order_by("id")
    found = (
        Message.objects.filter(conversation=conversation)
        .annotate(
            files=ArraySubquery(
                files.values(
                    data=JSONObject(
                        id=F("id"),
                        name=F("name"),
                        content_type=F("content_type"),
                        size=F("size"),
                        inline=F("inline"),
                    )
                )
            )
        )
        .order_by("-sent_at", "-id")
    )
    return list(found[:LATEST])


def _replies(conversation: Conversation) -> list[OutboundReply]:
    found = OutboundReply.objects.filter(conversation=conversation).select_related("author__user")
    return list(found.order_by("-queued_at", "-id")[:LATEST])


def _events(conversation: Conversation) -> list[Event]:
    found = Event.objects.filter(conversation=conversation).exclude(kind__in=UNSHOWN)
    found = found.select_related("actor__user", "note__author__user")
    return list(found.order_by("-at", "-id")[:LATEST])


def _clock(row: dict[str, Any], now: datetime) -> Clock:
    due_at, started_at = datetime.fromisoformat(row["due_at"]), datetime.fromisoformat(row["started_at"])
    stopped_at = datetime.fromisoformat(row["stopped_at"]) if row["stopped_at"] else None
    left = None if stopped_at else sla.time_left(due_at, now)
    return Clock(
        due_at=due_at,
        started_at=started_at,
        rule=row["rule"],
        message_id=row["message_id"],
        stated=row["stated"],
        stopped_at=stopped_at,
        outcome=row["outcome"],
        left=left,
        kind=row["kind"],
        target_at=datetime.fromisoformat(row["target_at"]) if row["target_at"] else None,
        target_minutes=row["target_minutes"],
    )


def _message_item(message: Any, clocks: dict[int | None, Clock]) -> Item:
    return Item(
        type="message",
        # A bounce bears its server's whole second, which may lie before what it answers had left.
        at=message.created_at if message.kind in CAME_BACK else message.sent_at,
        id=message.pk,
        message=message,
        files=message.files,
        clock=clocks.get(message.pk) if message.direction == Direction.IN else None,
    )


def _reply_item(reply: OutboundReply) -> Item:
    leaves_at = reply.next_at if reply.state == OutboxState.QUEUED else None
    return Item(
        type="reply", at=reply.queued_at, id=reply.pk, reply=reply, phase=phase(reply), leaves_at=leaves_at
    )


def phase(reply: OutboundReply) -> str:
    """The reply's state in the words of the screen; later word from outside outranks the outbox's own."""
    if reply.rejected_at:
        return "rejected"
    if reply.state == OutboxState.SENT:
        return "confirmed" if reply.confirmed_at else "sent"
    if reply.state in (OutboxState.FAILED, OutboxState.UNKNOWN):
        return str(reply.state)
    undo_ends = reply.queued_at + timedelta(seconds=settings.UNDO_SECONDS)
    first_wait = reply.state == OutboxState.QUEUED and reply.attempts == 0 and reply.next_at <= undo_ends
    return "leaving" if first_wait else "sending"


def _event_item(event: Event) -> Item:
    actor = event.actor.user.name if event.actor else ""
    if event.note is not None:
        return Item(type="note", at=event.at, id=event.pk, note=event.note, actor_name=actor)
    text, icon = event_text(event.kind, event.data, actor)
    rank = 0 if event.kind in BEGINNINGS else 2
    return Item(type="event", at=event.at, id=event.pk, text=text, icon=icon, actor_name=actor, rank=rank)
