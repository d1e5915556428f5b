"""Accounts at the simulator, conversations begun by its buyers, and replies that are due."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from inbox import intake, replying
from inbox.models import Conversation, ConversationKind, OutboundReply
from marketplaces import polling
from marketplaces.models import FolderRole, InboundRaw, SellerAccount
from tests.simulator_client import Control, SimulatorProcess


def connect(account: SellerAccount, process: SimulatorProcess) -> SellerAccount:
    """Give a seller account a mailbox of its own at the simulator."""
    address = f"care.{uuid4().hex[:12]}@{account.authserv_id.removeprefix('mx.')}"
    process.control.open_account(
        address,
        marketplace=account.marketplace.value,
        market=account.market.partition("-")[2],
        name=account.name,
        password="mailbox secret",
    )
    account.sender_address = account.imap_user = account.smtp_user = address
    account.imap_host, account.imap_port = process.imap
    account.smtp_host, account.smtp_port = process.smtp
    with tenant_tx(account.tenant_id):
        account.save()
    return account


def poll(account: SellerAccount) -> None:
    """Read the account's mailbox now."""

    def read(raw_ids: list[int]) -> None:
        for raw_id in raw_ids:
            intake.read_raw(raw_id, tenant_id=account.tenant_id)

    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(next_poll_at=Now())
    polling.poll(
        account.pk, tenant_id=account.tenant_id, now=timezone.now() + timedelta(seconds=1), arrived=read
    )


def asked(
    account: SellerAccount, relay: Control, story: str = "where_is_my_order", **how: Any
) -> Conversation:
    """A buyer at the marketplace writes, and the helpdesk has read it."""
    told = relay.story(story, account.sender_address, **how)
    poll(account)
    with tenant_tx(account.tenant_id):
        found: Conversation = Conversation.objects.select_related("account").get(
            messages__message_id=told["message_ids"][0]
        )
    return found


def a_conversation(account: SellerAccount) -> Conversation:
    """A conversation with nothing in it but somebody to answer to, for tests of the outbox alone."""
    now = timezone.now()
    with tenant_tx(account.tenant_id):
        made: Conversation = Conversation.objects.create(
            number=Conversation.objects.count() + 1000,
            account=account,
            kind=ConversationKind.BUYER,
            subject="My order",
            relay_address=f"{uuid4().hex}@relay.example",
            last_message_at=now,
            expires_at=now + timedelta(days=60),
        )
    return made


def due_reply(conversation: Conversation, by: Membership, text: str = "", **more: Any) -> OutboundReply:
    """A reply whose undo time is over."""
    with tenant_tx(conversation.tenant_id):
        reply = replying.queue_reply(
            Conversation.objects.select_related("account", "order").get(pk=conversation.pk),
            by=by,
            body=text or f"It is on its way and will be there soon. {uuid4().hex}",
            client_key=uuid4(),
            seen_message_id=None,
            now=timezone.now(),
            **{"then_close": False, **more},
        )
    make_due(reply)
    return reply


def make_due(reply: OutboundReply) -> None:
    """Let the reply's moment have come, by the database's clock."""
    with tenant_tx(reply.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk).update(next_at=Now(), rung_at=None)


def end_lease(reply: OutboundReply) -> None:
    """Let the lease of a reply have ended."""
    with tenant_tx(reply.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk, lease_until__isnull=False).update(lease_until=Now())


def fresh(reply: OutboundReply) -> OutboundReply:
    """The reply as it is now, with its conversation and account."""
    with tenant_tx(reply.tenant_id):
        again: OutboundReply = OutboundReply.objects.select_related("conversation", "account").get(
            pk=reply.pk
        )
    return again


def a_mail(account: SellerAccount, folder: str = FolderRole.INBOX) -> InboundRaw:
    """Some stored mail, to be the proof."""
    with tenant_tx(account.tenant_id):
        raw, _ = polling.keep(
            account,
            b"x",
            source="file",
            source_key=f"test:{uuid4()}",
            folder=folder,
            received_at=timezone.now(),
        )
    return raw
