"""What is found in Sent, and what comes back: answers given elsewhere, forwards, delays and bounces."""

from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import proofs
from inbox.models import Conversation, ConversationState, Deadline, Message, OutboundReply, Outcome
from inbox.rail import rail
from marketplaces.models import FolderRole, SellerAccount
from marketplaces.outbox import OutboxState
from tests.web.rows import reply_in
from tests.world import World, arrive, conversation_of, walmart_mail

RELAY = f"{'a' * 32}@relay.walmart.com"


def sent(account: SellerAccount, to: str, **headers: str) -> bytes:
    """A mail the seller wrote in another client, as it lies in Sent."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = account.sender_address, to, "Re: your order"
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = headers.pop("Message_ID", f"<{uuid4()}@gmail.example>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("We send a new one today.\n")
    return bytes(mail)


def bounce(
    account: SellerAccount, message_id: str, *, action: str = "failed", status: str = "5.1.1"
) -> bytes:
    """What the mailbox's own server says of a mail that did not get through (RFC 3464)."""
    return (
        f"From: MAILER-DAEMON@{account.authserv_id}\r\nTo: {account.sender_address}\r\n"
        f"Subject: Undelivered Mail\r\nMessage-ID: <{uuid4()}@mx>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not get through.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {RELAY}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n--b--\r\n"
    ).encode()


@pytest.fixture
def talk(world: World) -> Conversation:
    """A buyer waits since an hour."""
    since = timezone.now() - timedelta(hours=1)
    message = arrive(world.walmart, walmart_mail(world.walmart, relay="a" * 32, sent_at=since))
    assert message is not None
    return message.conversation


def now(talk: Conversation) -> Conversation:
    with tenant_tx(talk.tenant_id):
        return Conversation.objects.get(pk=talk.pk)


def answered(world: World, talk: Conversation) -> OutboundReply:
    """A reply of ours that left and stopped the clock."""
    reply = reply_in(talk, world.alice, queued_at=timezone.now(), handed_at=timezone.now())
    with tenant_tx(world.acme.pk):
        proofs.left(proofs.lock(reply.pk), at=timezone.now())
    return reply


def test_an_answer_found_in_sent_stops_the_clock(world: World, talk: Conversation) -> None:
    message = arrive(world.walmart, sent(world.walmart, RELAY), folder=FolderRole.SENT)
    assert message is not None
    assert message.direction == "out"
    after = now(talk)
    assert (after.due_at, after.queue_at, after.state) == (None, None, ConversationState.WAITING_BUYER)
    with tenant_tx(world.acme.pk):
        assert Deadline.objects.get().outcome == Outcome.ANSWERED_ELSEWHERE


def test_a_forward_to_a_colleague_stops_nothing(world: World, talk: Conversation) -> None:
    ours = reply_in(talk, world.alice)
    arrive(
        world.walmart,
        sent(world.walmart, "warehouse@acme.example", References=ours.message_id),
        folder=FolderRole.SENT,
    )
    assert now(talk).due_at == talk.due_at


def test_an_automatic_acknowledgement_stops_nothing(world: World, talk: Conversation) -> None:
    content = sent(world.walmart, RELAY, Auto_Submitted="auto-replied")
    arrive(world.walmart, content, folder=FolderRole.SENT)
    assert now(talk).due_at == talk.due_at


def test_a_later_answer_from_elsewhere_is_not_taken_for_our_own(world: World, talk: Conversation) -> None:
    ours = reply_in(talk, world.alice)
    arrive(world.walmart, sent(world.walmart, RELAY, References=ours.message_id), folder=FolderRole.SENT)
    with tenant_tx(world.acme.pk):
        assert Message.objects.filter(direction="out").count() == 1
    assert now(talk).due_at is None


def test_a_copy_to_oneself_in_the_inbox_does_not_hide_the_answer_in_sent(
    world: World, talk: Conversation
) -> None:
    content = sent(world.walmart, RELAY)
    arrive(world.walmart, content)
    assert now(talk).due_at == talk.due_at
    arrive(world.walmart, content, folder=FolderRole.SENT)
    assert now(talk).due_at is None


def test_one_text_to_another_buyer_proves_nothing_about_ours(world: World, talk: Conversation) -> None:
    other = conversation_of(world.walmart, relay="b" * 32, order="200011874402914")
    text = "We send a new one today."
    at = timezone.now()
    ours = reply_in(talk, world.alice, OutboxState.UNKNOWN, body=text, queued_at=at, handed_at=at)
    another = f"{'b' * 32}@relay.walmart.com"
    arrive(world.walmart, sent(world.walmart, another), folder=FolderRole.SENT)
    assert (now(talk).due_at, now(other).due_at) == (talk.due_at, None)
    arrive(world.walmart, sent(world.walmart, RELAY), folder=FolderRole.SENT)
    with tenant_tx(world.acme.pk):
        assert OutboundReply.objects.get(pk=ours.pk).state == OutboxState.SENT
    assert now(talk).due_at is None


def test_a_bounce_of_an_answer_given_elsewhere_brings_the_old_clock_back(
    world: World, talk: Conversation
) -> None:
    known = "<elsewhere@gmail.example>"
    arrive(world.walmart, sent(world.walmart, RELAY, Message_ID=known), folder=FolderRole.SENT)
    assert now(talk).due_at is None
    arrive(world.walmart, bounce(world.walmart, known))
    after = now(talk)
    assert (after.due_at, after.queue_at, after.state) == (talk.due_at, talk.due_at, ConversationState.OPEN)


def test_a_bounce_puts_the_row_back_with_the_old_clock(world: World, talk: Conversation) -> None:
    ours = answered(world, talk)
    assert now(talk).due_at is None
    arrive(world.walmart, bounce(world.walmart, ours.message_id))
    after = now(talk)
    assert (after.due_at, after.needs_settling, after.state) == (talk.due_at, True, ConversationState.OPEN)
    assert after.queue_at is not None


def test_a_delay_is_no_bounce(world: World, talk: Conversation) -> None:
    ours = answered(world, talk)
    arrive(world.walmart, bounce(world.walmart, ours.message_id, action="delayed", status="4.4.1"))
    with tenant_tx(world.acme.pk):
        ours.refresh_from_db()
    assert ours.rejected_at is None
    assert now(talk).due_at is None


def test_the_genuine_mail_is_no_duplicate_of_a_broken_copy(world: World) -> None:
    good = walmart_mail(world.walmart, relay="a" * 32, message_id="<one@relay.walmart.com>")
    broken = good.replace(b"dkim=pass", b"dkim=fail").replace(b"dmarc=pass", b"dmarc=fail")
    first, second = arrive(world.walmart, broken), arrive(world.walmart, good)
    assert first is not None
    assert second is not None
    assert (first.conversation.kind, second.conversation.kind) == ("unverified", "buyer")
    assert second.conversation.due_at is not None


def test_a_machine_of_the_marketplace_starts_a_clock_on_a_known_order(world: World) -> None:
    order = "111-1234567-1234567"
    head = (
        f"Authentication-Results: {world.amazon.authserv_id}; dkim=pass header.d=amazon.de;"
        " dmarc=pass header.from=amazon.de\r\nFrom: Amazon <no-reply@amazon.de>\r\n"
        "Auto-Submitted: auto-generated\r\n"
    )
    for kind, number in (("RETURN_REQUEST", 1), ("A_Z_CLAIM_RESPONDENT_NOTIFY", 2)):
        content = (
            f"{head}X-Space-Notification-Type: {kind}\r\nMessage-ID: <{number}@amazon.de>\r\n"
            f"Subject: About order {order}\r\nDate: {format_datetime(timezone.now())}\r\n\r\nPlease act.\r\n"
        )
        arrive(world.amazon, content.encode())
    with tenant_tx(world.acme.pk):
        assert Conversation.objects.count() == 1
        assert Deadline.objects.count() == 2


def test_a_silent_account_is_shown_as_behind(world: World) -> None:
    with tenant_tx(world.acme.pk):
        SellerAccount.objects.filter(pk=world.walmart.pk).update(
            last_ok_at=timezone.now() - timedelta(minutes=20)
        )
        shown = {account.name: account for account in rail(world.alice, timezone.now()).accounts}
    assert (shown["Lumen US"].health, shown["Lumen DE"].health) == ("degraded", "ok")
    assert "Nothing has been read" in shown["Lumen US"].reason
