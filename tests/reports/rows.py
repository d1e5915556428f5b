"""Rows the figures are counted from, as the product's own acts leave them, at moments of the test's own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from accounts.models import Membership
from cases.models import Case, WarehouseCheck
from inbox.models import (
    Conversation,
    ConversationNumber,
    Deadline,
    Event,
    Message,
    OutboundReply,
)
from marketplaces.models import InboundRaw, SellerAccount

FOR_EVER = timedelta(days=400)


@dataclass
class Desk:
    """Writes rows of one seller account inside the test's tenant_tx."""

    account: SellerAccount

    def conversation(self, at: datetime) -> Conversation:
        """An open conversation."""
        number, _ = ConversationNumber.objects.get_or_create()
        number.last += 1
        number.save()
        return Conversation.objects.create(
            tenant_id=self.account.tenant_id,
            number=number.last,
            account=self.account,
            kind="buyer",
            last_message_at=at,
            expires_at=at + FOR_EVER,
        )

    def message(self, talk: Conversation, at: datetime, *, arrived_at: datetime | None = None) -> Deadline:
        """A buyer's message that reached the marketplace at that moment, with its clock."""
        tenant_id = self.account.tenant_id
        raw = InboundRaw.objects.create(
            tenant_id=tenant_id,
            account=self.account,
            source="file",
            source_key=str(uuid4()),
            folder="inbox",
            content=b"",
            size=0,
            sha256=uuid4().bytes,
            received_at=at,
            expires_at=at + FOR_EVER,
        )
        message = Message.objects.create(
            tenant_id=tenant_id,
            conversation=talk,
            account=self.account,
            raw=raw,
            direction="in",
            kind="buyer",
            text="Where is it?",
            sent_at=at,
            expires_at=at + FOR_EVER,
        )
        Message.objects.filter(pk=message.pk).update(created_at=arrived_at or at)
        hours = self.account.facts.reply_hours
        return Deadline.objects.create(
            tenant_id=tenant_id,
            conversation=talk,
            message=message,
            started_at=at,
            due_at=at + timedelta(hours=hours),
            rule=f"{hours} h",
        )

    def reply(self, talk: Conversation, author: Membership, at: datetime) -> OutboundReply:
        """A reply that left at that moment, with the line of who pressed send."""
        reply = OutboundReply.objects.create(
            tenant_id=self.account.tenant_id,
            conversation=talk,
            account=self.account,
            author=author,
            body="Here it is.",
            subject="Re",
            from_address="care@acme.example",
            to_address="buyer@relay.walmart.com",
            message_id=f"<{uuid4()}@acme.example>",
            state="sent",
            queued_at=at,
            next_at=at,
            handed_at=at,
            settled_at=at,
            expires_at=at + FOR_EVER,
        )
        self.event(talk, "reply_queued", at, actor=author, reply=reply.pk)
        Conversation.objects.filter(pk=talk.pk, assignee=None).update(assignee=author)
        return reply

    def answer(self, deadline: Deadline, author: Membership, at: datetime) -> OutboundReply:
        """A reply that stops the clock; where it leaves too late, the moment that passed is written down."""
        reply = self.reply(deadline.conversation, author, at)
        self.stop(deadline, at, "replied", stopped_by_reply=reply, stopped_by=author)
        Conversation.objects.filter(pk=deadline.conversation_id).update(state="waiting_buyer")
        return reply

    def stop(self, deadline: Deadline, at: datetime, outcome: str, **how: object) -> None:
        """The clock stops."""
        if deadline.due_at < at:
            self.breach(deadline)
        Deadline.objects.filter(pk=deadline.pk).update(stopped_at=at, outcome=outcome, **how)

    def breach(self, deadline: Deadline) -> None:
        """The moment passed with the clock running."""
        Deadline.objects.filter(pk=deadline.pk).update(breached_at=deadline.due_at)

    def bounce(self, reply: OutboundReply, at: datetime) -> None:
        """The reply did not reach the buyer: its clocks run again, and somebody has seen to it."""
        OutboundReply.objects.filter(pk=reply.pk).update(rejected_at=at, decided_at=at)
        Deadline.objects.filter(stopped_by_reply=reply).update(
            stopped_at=None, stopped_by_reply=None, stopped_by=None, outcome=""
        )
        Conversation.objects.filter(pk=reply.conversation_id).update(state="open")

    def event(
        self,
        talk: Conversation,
        kind: str,
        at: datetime,
        *,
        actor: Membership | None = None,
        **data: object,
    ) -> Event:
        """A line of history."""
        return Event.objects.create(
            tenant_id=self.account.tenant_id, conversation=talk, kind=kind, at=at, actor=actor, data=data
        )

    def assign(self, talk: Conversation, member: Membership | None, at: datetime) -> None:
        """Somebody is made responsible, or nobody."""
        Conversation.objects.filter(pk=talk.pk).update(assignee=member)
        if member is None:
            self.event(talk, "unassigned", at)
        else:
            self.event(talk, "assigned", at, name="Somebody", member=member.pk)

    def close(self, talk: Conversation, at: datetime, by: Membership, kind: str = "closed") -> None:
        """The conversation is put away."""
        Conversation.objects.filter(pk=talk.pk).update(state="closed", closed_at=at)
        self.event(talk, kind, at, actor=by)

    def reopen(self, talk: Conversation, at: datetime, kind: str = "returned") -> None:
        """The conversation comes back."""
        Conversation.objects.filter(pk=talk.pk).update(state="open", closed_at=None)
        self.event(talk, kind, at)

    def check(
        self, talk: Conversation, by: Membership, asked_at: datetime, *, answered_at: datetime | None = None
    ) -> WarehouseCheck:
        """A question to the warehouse."""
        return WarehouseCheck.objects.create(
            tenant_id=self.account.tenant_id,
            conversation=talk,
            account=self.account,
            question="Is it there?",
            asked_by=by,
            asked_at=asked_at,
            due_at=asked_at + timedelta(hours=4),
            state="answered" if answered_at else "open",
            answered_at=answered_at,
            expires_at=asked_at + FOR_EVER,
        )

    def case(self, talk: Conversation, type_: str, opened_at: datetime, **given: object) -> Case:
        """A case."""
        return Case.objects.create(
            tenant_id=self.account.tenant_id,
            conversation=talk,
            account=self.account,
            type=type_,
            stage="seller",
            stage_since=opened_at,
            source="hand",
            source_key=str(uuid4()),
            opened_at=opened_at,
            **given,
        )
