"""What a person does to a conversation, and what is refused with a reason."""

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import actions, recognising, replying
from inbox.actions import Refused
from inbox.guard import Blocked
from inbox.models import Conversation, ConversationState, Deadline, Draft, Event, OutboundReply
from marketplaces.outbox import OutboxState
from tests.world import SEEN_ALL, World, arrive, conversation_of, walmart_mail


def amazon_conversation(world: World) -> Conversation:
    mail = walmart_mail(world.amazon).replace(b"relay.walmart.com", b"marketplace.amazon.de")
    message = arrive(world.amazon, mail)
    assert message is not None
    return message.conversation


def reply(
    world: World, conversation: Conversation, body: str = "It leaves today.", **more: object
) -> OutboundReply:
    given = {
        "client_key": uuid4(),
        "seen_message_id": None,
        "then_close": False,
        "now": timezone.now(),
    } | more
    return replying.queue_reply(conversation, by=world.alice, body=body, **given)  # type: ignore[arg-type]


def wait_for_a_blocked_session() -> None:
    """Until another session of this database waits for a lock."""
    end = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(
                "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            if cursor.fetchone():
                return
            threading.Event().wait(0.02)
    raise AssertionError("nobody waited for the row")


def test_closing_asks_for_an_answer_first(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="clock is running.*courtesy reply"):
        actions.close(conversation, by=world.alice, now=timezone.now())


def test_walmart_wants_every_message_answered(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="every message answered"):
        actions.settle_clock(
            conversation,
            by=world.alice,
            outcome="no_response_needed",
            seen_message_id=SEEN_ALL,
            now=timezone.now(),
        )


def test_amazon_allows_no_response_needed(world: World) -> None:
    conversation = amazon_conversation(world)
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        actions.settle_clock(
            conversation, by=world.alice, outcome="no_response_needed", seen_message_id=SEEN_ALL, now=now
        )
        conversation.refresh_from_db()
        deadline = Deadline.objects.get(conversation=conversation)
        assert (deadline.outcome, deadline.stopped_by, deadline.stopped_at) == (
            "no_response_needed",
            world.alice,
            now,
        )
        assert conversation.state == ConversationState.CLOSED
        assert conversation.queue_at is None
        assert Event.objects.filter(kind="settled_no_response_needed", actor=world.alice).exists()


@pytest.mark.parametrize("outcome", ["answered_elsewhere", "not_buyer_message"])
def test_a_clock_is_settled_with_a_reason_and_can_be_looked_up(world: World, outcome: str) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        actions.settle_clock(
            conversation, by=world.alice, outcome=outcome, seen_message_id=SEEN_ALL, now=timezone.now()
        )
        assert Deadline.objects.get().outcome == outcome


def test_a_clock_stopped_after_its_moment_is_recorded_as_late_at_that_moment(world: World) -> None:
    sent = timezone.now().replace(microsecond=0) - timedelta(hours=50)
    conversation = conversation_of(world.walmart, sent_at=sent)
    with tenant_tx(world.acme.pk):
        actions.settle_clock(
            conversation,
            by=world.alice,
            outcome="answered_elsewhere",
            seen_message_id=SEEN_ALL,
            now=timezone.now(),
        )
        assert Deadline.objects.get().breached_at == sent + timedelta(hours=48)


def test_reopening_brings_it_back_without_a_clock(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        actions.settle_clock(
            conversation,
            by=world.alice,
            outcome="answered_elsewhere",
            seen_message_id=SEEN_ALL,
            now=timezone.now(),
        )
        actions.reopen(conversation, by=world.alice, now=timezone.now())
        conversation.refresh_from_db()
        assert conversation.state == ConversationState.OPEN
        assert conversation.due_at is None
        assert conversation.queue_at is not None


def test_a_warehouse_member_cannot_be_assigned(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="Wendy Ware cannot answer buyers"):
        actions.assign(conversation, by=world.alice, assignee=world.wendy, now=timezone.now())


def test_a_member_of_another_tenant_cannot_be_assigned(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="not a member here"):
        actions.assign(conversation, by=world.alice, assignee=world.gus, now=timezone.now())


def test_an_unrecognised_mail_filed_as_a_buyers_gets_the_clock_of_its_own_moment(world: World) -> None:
    sent = timezone.now().replace(microsecond=0) - timedelta(hours=5)
    mail = (
        "From: Dee <dee@shop.example>\r\nSubject: my lamp\r\n"
        f"Date: {sent:%a, %d %b %Y %H:%M:%S} +0000\r\n\r\nhi\r\n"
    )
    message = arrive(world.walmart, mail.encode())
    assert message is not None
    assert message.conversation.kind == "unrecognised"
    with tenant_tx(world.acme.pk):
        recognising.file_as(message.conversation, by=world.alice, kind="buyer_message", now=timezone.now())
        conversation = Conversation.objects.get()
        assert (conversation.kind, conversation.due_at) == ("buyer", sent + timedelta(hours=48))


def test_the_same_key_is_the_same_reply(world: World) -> None:
    conversation = conversation_of(world.walmart)
    key = uuid4()
    with tenant_tx(world.acme.pk):
        first = reply(world, conversation, client_key=key)
        second = reply(world, conversation, client_key=key)
        assert first.pk == second.pk
        assert OutboundReply.objects.count() == 1


def test_a_reply_leaves_from_the_approved_sender_to_the_relay_address(world: World) -> None:
    conversation = conversation_of(world.walmart, subject="RE: re: Lamp")
    with tenant_tx(world.acme.pk):
        sent = reply(world, conversation)
    assert sent.from_address == world.walmart.sender_address
    assert sent.to_address == "0123456789abcdef0123456789abcdef@relay.walmart.com"
    assert sent.subject == "Re: Lamp"
    assert sent.in_reply_to.endswith("@relay.walmart.com>")


def test_undo_gives_the_text_back(world: World) -> None:
    conversation = conversation_of(world.walmart)
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        queued = reply(world, conversation, body="Too early", now=now)
        replying.undo_reply(queued, by=world.alice, now=now)
        assert not OutboundReply.objects.exists()
        assert Draft.objects.get().body == "Too early"


def test_undo_is_refused_once_the_time_is_over(world: World) -> None:
    conversation = conversation_of(world.walmart)
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        queued = reply(world, conversation, now=now)
        OutboundReply.objects.update(next_at=Now())
        with pytest.raises(Refused, match="Too late"):
            replying.undo_reply(queued, by=world.alice, now=now)
        assert OutboundReply.objects.exists()


def test_undo_waits_for_a_worker_that_has_the_reply_and_is_then_refused(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        queued = reply(world, conversation)
    leased, refused = threading.Event(), []

    def undo() -> None:
        leased.wait(10)
        try:
            with tenant_tx(world.acme.pk), pytest.raises(Refused, match="Too late") as refusal:
                replying.undo_reply(queued, by=world.alice, now=timezone.now())
            refused.append(refusal.value)
        finally:
            connection.close()

    thread = threading.Thread(target=undo)
    thread.start()
    with tenant_tx(world.acme.pk):
        OutboundReply.objects.filter(pk=queued.pk).update(state=OutboxState.LEASED, attempts=1)
        leased.set()
        wait_for_a_blocked_session()
    thread.join(20)
    assert refused
    with tenant_tx(world.acme.pk):
        assert OutboundReply.objects.get().state == OutboxState.LEASED


def test_a_message_that_came_in_meanwhile_stops_the_send(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        seen = replying.newest_message(conversation)
    assert seen is not None
    arrive(world.walmart, walmart_mail(world.walmart, text="Forget it, it came!"))
    with tenant_tx(world.acme.pk), pytest.raises(replying.ThreadMoved):
        reply(world, conversation, seen_message_id=seen.pk)


def test_an_answer_of_somebody_else_stops_the_send(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        given = {"client_key": uuid4(), "seen_message_id": None, "then_close": False, "now": timezone.now()}
        theirs = replying.queue_reply(conversation, by=world.leo, body="It left.", **given)  # type: ignore[arg-type]
        with pytest.raises(replying.ThreadMoved, match="Leo Lang has answered meanwhile"):
            reply(world, conversation, seen_reply_id=0)
        assert reply(world, conversation, seen_reply_id=theirs.pk).pk


def test_ones_own_answer_and_an_old_page_stop_nothing(world: World) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        reply(world, conversation, seen_reply_id=0)
        reply(world, conversation, body="And one thing more.", seen_reply_id=0)
        given = {"client_key": uuid4(), "seen_message_id": None, "now": timezone.now()}
        assert replying.courtesy_reply(conversation, by=world.leo, **given).pk  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("Track it at lumen.example/track", "foreign_link"),
        ("Track it at https://tracking.evil.zip/1", "foreign_link"),
        ("Write to care@lumen.example", "mail_address"),
        ("Call us at +1 (555) 123-4567", "phone_number"),
        ("Please leave us a 5 star review", "review_request"),
    ],
)
def test_the_guard_blocks_at_the_server(world: World, body: str, rule: str) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        with pytest.raises(Blocked) as blocked:
            reply(world, conversation, body=body)
        assert rule in [finding.rule for finding in blocked.value.findings]
        assert not OutboundReply.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "Your order 200011874402913 left on 2026-03-12.",
        "See https://www.walmart.com/orders for the status.",
        "Tracking 1Z999AA10123456784, or 7712 8840 1296 with FedEx.",
        "It costs 12.50 and is 30-45 cm wide. It is fine.Thanks!",
        "We have reviewed your photo and will send a new shade.",
    ],
)
def test_the_guard_lets_ordinary_answers_leave(world: World, body: str) -> None:
    conversation = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        assert reply(world, conversation, body=body).pk
