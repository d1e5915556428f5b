"""Read the raw archive again after the rules have changed, and bring what came of it in line.

One mail at a time, in a transaction of its own: what was written carries the mark of the rules that read it,
so that a second run, or one after a crash, goes on where this one ended. What cannot be moved without
guessing, or without undoing what somebody has done, is left as it is and said.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from accounts import audit
from accounts.tenancy import tenant_tx
from inbox import clocks, events, standing, threading
from inbox.attaching import store_files
from inbox.desk import is_history
from inbox.evidence import Evidence, gather
from inbox.filing import PREVIEW, moment_of
from inbox.intake import OUR_COPIES, SETBACKS, context_of, lock_account
from inbox.models import (
    Attachment,
    Conversation,
    ConversationKind,
    ConversationState,
    Deadline,
    Direction,
    Message,
    Note,
    OutboundReply,
)
from inbox.reading import read_bounded
from inbox.recognising import NO_CLOCK, PLACES
from inbox.signals import conversation_emptied, mails_filed
from marketplaces.mailbox.bounded import ParseFailed
from marketplaces.mailbox.parse import PARSER_VERSION
from marketplaces.mailbox.parsed import ParsedMail, UnreadableMail, Verdict
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.models import InboundRaw, RawState
from orders.models import PurchaseOrder
from orders.placeholders import Named, buyer_and_order

log = structlog.get_logger(__name__)

BATCH = 200
# What can make a mail another conversation's; a better cut of its text cannot.
MOVING = {"kind", "order", "alias"}
SETTLED_BY_HAND = "what is a copy of an answer or a bounce is settled by hand"
BY_A_PERSON = "a person has filed it"
ANSWERED = "its conversation was answered already"
UNVERIFIED = "its sender is not proved"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is read otherwise; of texts only that they differ."""

    name: str
    old: str
    new: str


@dataclass(slots=True)
class Reread:
    """What reading a mail again came to; `left` says why something of it was not, or will not be, changed."""

    raw_id: int
    number: int | None
    changes: list[Change] = field(default_factory=list)
    goes_to: int | None = None
    left: str = ""

    @property
    def differs(self) -> bool:
        """Whether there is anything to say of it."""
        return bool(self.changes or self.left)


@dataclass(frozen=True, slots=True)
class Which:
    """Which mails to read again: of one account, received since a moment, of one kind; all by default.

    `again`: also those the present rules have read already.
    """

    account_id: int | None = None
    since: datetime | None = None
    kind: str = ""
    again: bool = False


def reread(tenant_id: int, which: Which, *, write: bool, now: datetime) -> Iterator[Reread]:
    """Read mails again, oldest first, and say what differs of each; with `write`, change it first."""
    last = 0
    while ids := _next_ids(tenant_id, which, after=last):
        last = ids[-1]
        for raw_id in ids:
            yield _reread_one(tenant_id, raw_id, write=write, now=now)


def leave_word(tenant_id: int, totals: Counter[str], *, now: datetime) -> None:
    """Write a whole run down, by counts; an operator did it."""
    with tenant_tx(tenant_id):
        audit.record(
            tenant_id=tenant_id,
            by=None,
            action="mail_read_again",
            subject="raw archive",
            details={key.replace(" ", "_"): count for key, count in totals.items()},
            now=now,
        )


def _next_ids(tenant_id: int, which: Which, *, after: int) -> list[int]:
    with tenant_tx(tenant_id):
        rows = InboundRaw.objects.filter(pk__gt=after, purged_at__isnull=True)
        rows = rows.filter(state__in=[RawState.PARSED, RawState.QUARANTINED])
        if not which.again:
            rows = rows.exclude(parser_version=PARSER_VERSION, rules=rulebook().mark)
        if which.account_id is not None:
            rows = rows.filter(account_id=which.account_id)
        if which.since is not None:
            rows = rows.filter(received_at__gte=which.since)
        if which.kind:
            rows = rows.filter(messages__kind=which.kind)
        return list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _reread_one(tenant_id: int, raw_id: int, *, write: bool, now: datetime) -> Reread:
    with tenant_tx(tenant_id):
        raw = InboundRaw.objects.select_related("account__tenant").get(pk=raw_id)
    try:
        mail = read_bounded(bytes(raw.content), context_of(raw))
    except (ParseFailed, UnreadableMail) as fault:
        # Its kind is told, never the words of the mail.
        return Reread(raw_id, None, left=f"it cannot be read ({type(fault).__name__})")
    with tenant_tx(tenant_id):
        lock_account(raw)
        message = Message.objects.filter(raw=raw, purged_at__isnull=True).first()
        if message is None:
            _mark(raw, write=write)
            return Reread(raw_id, None)
        rows = Conversation.objects.select_for_update(of=("self",), no_key=True)
        talk = rows.select_related("account__tenant", "order", "buyer").get(pk=message.conversation_id)
        message.conversation, message.raw = talk, raw
        rereading = Rereading(raw, mail, message, gather(raw.account, [(raw, mail)]))
        told = rereading.told()
        if write:
            if told.changes:
                rereading.apply(told, now=now)
            _mark(raw, write=not told.left)
        return told


def _mark(raw: InboundRaw, *, write: bool) -> None:
    if write:
        InboundRaw.objects.filter(pk=raw.pk).update(
            parser_version=PARSER_VERSION, rules=rulebook().mark, state=RawState.PARSED
        )


class Rereading:
    """A stored message beside what the rules make of its raw mail now."""

    def __init__(self, raw: InboundRaw, mail: ParsedMail, message: Message, evidence: Evidence) -> None:
        self.raw, self.mail, self.message, self.evidence = raw, mail, message, evidence
        self.talk: Conversation = message.conversation
        others = Message.objects.filter(conversation=self.talk).exclude(pk=message.pk)
        self.alone = not others.exists()
        self.answered = (
            others.filter(direction=Direction.OUT).exists()
            or OutboundReply.objects.filter(conversation=self.talk).exists()
        )
        # Forged mail names orders and relays of real buyers; it stays apart until a person says it is real.
        self.unproved = self.talk.kind == ConversationKind.UNVERIFIED
        self.kind = mail.kind.value
        self.left = ""
        if self.kind != message.kind and (why := self._why_kind_stays()):
            self.kind, self.left = message.kind, why

    def told(self) -> Reread:
        """What differs, and what is left."""
        told = Reread(self.raw.pk, self.talk.number, left=self.left)
        said = told.changes
        if self.kind != self.message.kind:
            said.append(Change("kind", self.message.kind, self.kind))
        if self._new_order():
            old = self.talk.order.external_id if self.talk.order else ""
            said.append(Change("order", old, self.mail.order_ids[0]))
        if self._new_alias():
            said.append(Change("alias", self.talk.relay_alias, self.mail.relay_alias))
        if self._texts() != {name: getattr(self.message, name) for name in self._texts()}:
            said.append(Change("text", "", ""))
        if {change.name for change in said} & MOVING and (target := self._target()):
            told.goes_to = target.number
        return told

    def apply(self, told: Reread, *, now: datetime) -> None:
        """Change what differs, inside the caller's transaction."""
        named = {change.name for change in told.changes}
        was = self.message.kind
        changes: dict[str, Any] = self._texts()
        if "kind" in named:
            changes |= {"kind": self.kind, "reason": self.mail.reason[:300]}
            changes |= {"guess": self.mail.guess or "", "guess_reason": self.mail.guess_reason[:300]}
        Message.objects.filter(pk=self.message.pk).update(**changes)
        for name, value in changes.items():
            setattr(self.message, name, value)
        if was == "unreadable" and not Attachment.objects.filter(message=self.message).exists():
            store_files(self.message, self.mail.attachments)
        target = self._target() if told.goes_to is not None else None
        if target is not None:
            self._move_to(target, now=now)
        if {"order", "alias"} & named:
            self._name_buyer_and_order()
        self._show()
        if "kind" in named:
            self._clock(was, now=now)
        self.talk.save()
        standing.refresh(self.talk)
        if "kind" in named:
            self.message.matter, self.message.stated_due = self.mail.matter, self.mail.stated_due
            self.message.vouched = self.mail.verdict == Verdict.PASS
            mails_filed.send(Message, account=self.raw.account, messages=[self.message], again=True)
        events.record(self.talk, "reread", at=now, message=self.message.pk, what=", ".join(sorted(named)))

    def _why_kind_stays(self) -> str:
        involved = {self.kind, self.message.kind}
        if involved & {*OUR_COPIES, *SETBACKS}:
            return SETTLED_BY_HAND
        if self.message.filed_by_id is not None:
            return BY_A_PERSON
        if self.unproved:
            return UNVERIFIED
        return (
            ANSWERED if self.answered and self._clocked(self.kind) != self._clocked(self.message.kind) else ""
        )

    def _clocked(self, kind: str) -> bool:
        return kind not in NO_CLOCK

    def _texts(self) -> dict[str, Any]:
        mail = self.mail
        return {
            "from_name": mail.from_name[:200],
            "from_address": mail.from_address[:254],
            "text": mail.text,
            "full_text": mail.full_text,
            "html": mail.html,
            "subject": mail.subject[:500],
            "on_behalf_reason": mail.on_behalf_reason[:500],
            "on_behalf_details": mail.on_behalf_details,
            "no_response_link": mail.no_response_link if len(mail.no_response_link) <= 1000 else "",
        }

    def _new_order(self) -> bool:
        if (
            self.unproved
            or not self.mail.order_ids
            or (self.kind in NO_CLOCK and self.talk.kind in standing.ASIDE)
        ):
            return False
        if self.talk.order is None:
            return True
        numbers = {self.talk.order.external_id}
        numbers |= set(
            PurchaseOrder.objects.filter(order=self.talk.order).values_list("external_id", flat=True)
        )
        return self.alone and not self.answered and numbers.isdisjoint(self.mail.order_ids)

    def _new_alias(self) -> bool:
        alias = self.mail.relay_alias[:254]
        if self.unproved or not alias or alias == self.talk.relay_alias:
            return False
        return not self.talk.relay_alias or (self.alone and not self.answered)

    def _target(self) -> Conversation | None:
        """The conversation it belongs to now; only a mail nobody has done anything about moves."""
        untouched = self.alone and not self.answered and self.talk.assignee_id is None
        if not untouched or self.left or Note.objects.filter(conversation=self.talk).exists():
            return None
        if self.kind in NO_CLOCK and self.kind not in PLACES:
            return None
        found = [each for each in self.evidence.conversations if each.pk != self.talk.pk]
        others = Evidence(
            self.evidence.account,
            conversations=found,
            answered=self.evidence.answered,
            orders=self.evidence.orders,
        )
        return threading.find(others, self.mail, at=moment_of(self.raw, self.mail)).conversation

    def _move_to(self, target: Conversation, *, now: datetime) -> None:
        emptied, self.talk = self.talk, target
        self.message.conversation = target
        Message.objects.filter(pk=self.message.pk).update(conversation=target)
        Deadline.objects.filter(message=self.message).update(conversation=target)
        emptied.state, emptied.closed_at = ConversationState.CLOSED, now
        emptied.save(update_fields=["state", "closed_at"])
        events.record(emptied, "emptied", at=now, number=target.number)
        conversation_emptied.send(Conversation, emptied=emptied, target=target)
        standing.refresh(emptied)
        if Deadline.objects.filter(message=self.message, stopped_at__isnull=True).exists():
            target.open_again()

    def _name_buyer_and_order(self) -> None:
        named = Named()
        talk = self.talk
        talk.buyer, talk.order = buyer_and_order(
            self.raw.account,
            self.mail,
            named,
            orders=self.evidence.orders,
            identities=self.evidence.identities,
            expires_at=self.message.expires_at,
            wanted_at=self.raw.stored_at,
            buyer=talk.buyer if talk.relay_alias == self.mail.relay_alias[:254] else None,
        )
        named.write()
        talk.relay_alias = self.mail.relay_alias[:254] or talk.relay_alias
        talk.relay_address = self.mail.relay_address[:254] or talk.relay_address
        talk.case_ref = talk.case_ref or self.mail.case_ref[:64]

    def _show(self) -> None:
        """Let the row show what is new of it."""
        talk, message = self.talk, self.message
        talk.expires_at = max(talk.expires_at, message.expires_at)
        if message.direction == Direction.IN and message.sent_at >= talk.last_message_at:
            talk.last_message_at, talk.last_message_is_buyers = message.sent_at, True
            talk.preview = " ".join(message.text.split())[:PREVIEW]
        if self.alone and talk.pk == message.conversation_id:
            talk.subject = message.subject or talk.subject
            talk.buyer_name = self.mail.buyer_name[:200] or talk.buyer_name

    def _clock(self, was: str, *, now: datetime) -> None:
        """Begin or stop its clock, and put the conversation on the list its kind belongs to."""
        if self._clocked(self.kind):
            self.talk.kind = ConversationKind.BUYER
            if is_history(self.raw) or (
                self.mail.machine and self.kind == "buyer_message" and not self.alone
            ):
                return
            if not self._clocked(was):
                self.talk.open_again()
                self.talk.save(update_fields=["state", "closed_at"])
            clocks.start_again(self.message, self.evidence.policies, stated_due=self.mail.stated_due)
            return
        clocks.stop_of_message(self.message, at=now)
        if self.alone:
            self.talk.kind = PLACES.get(self.kind, ConversationKind.NOTICE)
