"""The desk on which a batch of mails is filed: what is known about them, and what filing them makes.

`Desk.write` stores it all in a handful of statements, so that a mailbox that was away for a week comes in at
once; a single mail is a batch of one.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from accounts.announcing import announce
from accounts.upserting import upsert
from inbox import events, standing
from inbox.attaching import store_files
from inbox.evidence import Evidence, gather
from inbox.models import Conversation, ConversationState, Deadline, Event, Message
from inbox.signals import mails_filed
from marketplaces.mailbox.parsed import AttachmentPart, ParsedMail
from marketplaces.models import InboundRaw
from orders.placeholders import Named

# What a mail may change of its conversation's row.
CHANGED = (
    *("last_message_at", "last_message_is_buyers", "preview", "relay_address", "relay_alias", "case_ref"),
    *("subject", "buyer_name", "purged_at"),
    *("buyer_id", "order_id", "expires_at", "state", "closed_at", "due_at", "target_at", "queue_at"),
    "possibly_same_as",
)


@dataclass(slots=True)
class Desk:
    """A batch of mails being filed: what was known, and what is not stored yet."""

    evidence: Evidence
    of_history: bool = False
    named: Named = field(default_factory=Named)
    opened: list[Conversation] = field(default_factory=list)
    touched: dict[int, Conversation] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    files: list[tuple[Message, tuple[AttachmentPart, ...]]] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def touch(self, conversation: Conversation) -> None:
        """Have a changed conversation written."""
        if conversation.pk is not None:
            self.touched[conversation.pk] = conversation

    def record(self, conversation: Conversation, kind: str, *, at: datetime, **data: str) -> None:
        """Add a line to the conversation's history."""
        self.events.append(events.event(conversation, kind, at=at, data=data))

    def write(self) -> None:
        """Store everything, parents first, inside the caller's transaction."""
        self.named.write()
        numbers = next_numbers(self.evidence.account.tenant_id, len(self.opened))
        for number, conversation in zip(numbers, self.opened, strict=True):
            conversation.number = number
        for each in (*self.opened, *self.touched.values()):
            standing.place(each)
        Conversation.objects.bulk_create(self.opened)
        upsert(Conversation, self.touched.values(), ("number",), CHANGED)
        Message.objects.bulk_create(self.messages)
        for message, parts in self.files:
            store_files(message, parts)
        Deadline.objects.bulk_create(self.deadlines)
        Event.objects.bulk_create(self.events)
        for each in (*self.opened, *self.touched.values()):
            # History is on nobody's screen, and thousands of rows of it would keep every page reading.
            if not self.of_history or each.state != ConversationState.CLOSED:
                announce(each.tenant_id, "conversation", number=each.number, account=each.account_id)
        filed = self.messages
        self.opened, self.messages, self.files, self.deadlines, self.events = [], [], [], [], []
        self.touched = {}
        if filed:
            mails_filed.send(Message, account=self.evidence.account, messages=filed, again=False)


def desk_for(mails: list[tuple[InboundRaw, ParsedMail]]) -> Desk:
    """A desk for mails of one account; their conversations are locked until the transaction ends."""
    return Desk(gather(mails[0][0].account, mails), of_history=all(is_history(raw) for raw, _ in mails))


def is_history(raw: InboundRaw) -> bool:
    """Whether the mailbox had the mail before this account's clocks began."""
    return raw.received_at < raw.account.clocks_from


def next_numbers(tenant_id: int, count: int) -> range:
    """The tenant's next conversation numbers; taking some holds their row until the transaction ends."""
    if not count:
        return range(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_conversationnumber AS number (tenant_id, last) VALUES (%s, %s)"
            " ON CONFLICT (tenant_id) DO UPDATE SET last = number.last + excluded.last RETURNING last",
            [tenant_id, count],
        )
        last = int(cursor.fetchone()[0])
    return range(last - count + 1, last + 1)
