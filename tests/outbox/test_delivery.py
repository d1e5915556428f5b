"""A reply from the queue to the buyer's mailbox, through the seller's own mail server."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import delivery, proofs
from inbox.models import (
    Conversation,
    ConversationState,
    Deadline,
    Event,
    OutboundReply,
    Outcome,
    ReplyAttempt,
)
from marketplaces import credentials, outbox
from marketplaces.models import FolderRole, Health, InboundRaw, SellerAccount
from marketplaces.outbox import OutboxState
from tests.outbox.rows import asked, due_reply, end_lease, fresh, make_due, poll
from tests.simulator_client import Control
from tests.world import World


def deliver(reply: OutboundReply) -> OutboundReply:
    """Ring once; the reply as it is afterwards."""
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
    return fresh(reply)


def accepted(relay: Control, reply: OutboundReply) -> int:
    """How often the marketplace accepted it."""
    return sum(event["message_id"] == reply.message_id for event in relay.log(kind="accepted"))


def history(reply: OutboundReply) -> list[str]:
    """The kinds of events of its conversation, oldest first."""
    with tenant_tx(reply.tenant_id):
        return list(
            Event.objects.filter(conversation_id=reply.conversation_id)
            .order_by("pk")
            .values_list("kind", flat=True)
        )


def attempts(reply: OutboundReply) -> list[str]:
    with tenant_tx(reply.tenant_id):
        return list(ReplyAttempt.objects.filter(reply=reply).order_by("pk").values_list("result", flat=True))


def clock(reply: OutboundReply) -> Deadline:
    with tenant_tx(reply.tenant_id):
        found: Deadline = Deadline.objects.filter(conversation_id=reply.conversation_id).earliest(
            "started_at"
        )
    return found


def test_a_reply_reaches_the_buyer_and_stops_the_clock(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    conversation = asked(shop, relay)
    reply = deliver(due_reply(conversation, world.alice, "It left us today."))
    assert reply.state == OutboxState.SENT
    (mail,) = relay.buyer(conversation.relay_address)
    assert mail["text"].strip() == "It left us today."
    assert mail["message_id"] == reply.message_id
    assert mail["subject"].startswith("Re: ")
    assert mail["in_reply_to"]
    deadline = clock(reply)
    assert (deadline.outcome, deadline.stopped_at) == (Outcome.REPLIED, reply.handed_at)
    assert deadline.stopped_by_reply_id == reply.pk
    assert reply.conversation.state == ConversationState.WAITING_BUYER
    assert reply.conversation.due_at is None
    assert reply.conversation.queue_at is None
    assert history(reply)[-1] == "reply_sent"
    assert attempts(reply) == ["accepted"]


def test_ringing_again_sends_nothing_again(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    for _ in range(3):
        deliver(reply)
    make_due(reply)
    deliver(reply)
    assert accepted(relay, reply) == 1


def test_a_reply_leaves_a_copy_in_the_sent_folder(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = deliver(due_reply(asked(shop, relay), world.alice))
    poll(shop)
    with tenant_tx(shop.tenant_id):
        copy = InboundRaw.objects.get(account=shop, folder=FolderRole.SENT)
    assert reply.message_id.encode() in bytes(copy.content)
    assert (fresh(reply).state, fresh(reply).confirmed_at) == (OutboxState.SENT, None)


def test_send_and_close_closes(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = deliver(due_reply(asked(shop, relay), world.alice, then_close=True))
    assert reply.conversation.state == ConversationState.CLOSED
    assert reply.conversation.closed_at == reply.handed_at
    assert history(reply)[-1] == "closed_after_reply"


def test_what_the_buyer_wrote_meanwhile_keeps_its_clock_and_the_conversation_open(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    told = relay.story("where_is_my_order", shop.sender_address)
    poll(shop)
    with tenant_tx(shop.tenant_id):
        conversation = Conversation.objects.get(messages__message_id=told["message_ids"][0])
    reply = due_reply(conversation, world.alice, then_close=True)
    relay.reply(told["story_id"], "Hello? Anybody there?", age_minutes=0)
    poll(shop)
    reply = deliver(reply)
    assert reply.state == OutboxState.SENT
    assert reply.conversation.state == ConversationState.OPEN
    with tenant_tx(shop.tenant_id):
        running = Deadline.objects.get(conversation=conversation, stopped_at__isnull=True)
    assert reply.conversation.due_at == running.due_at


def test_a_reply_in_its_undo_time_stays(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with tenant_tx(shop.tenant_id):
        OutboundReply.objects.update(next_at=timezone.now() + timedelta(seconds=10))
    assert deliver(reply).state == OutboxState.QUEUED
    assert accepted(relay, reply) == 0


def test_a_permanent_refusal_puts_the_row_on_top_with_its_clock_running(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    relay.change_account(shop.sender_address, registered_sender="other@shop.example")
    reply = deliver(due_reply(asked(shop, relay), world.alice))
    assert reply.state == OutboxState.FAILED
    assert reply.peer_answer.startswith("550")
    assert reply.conversation.needs_settling
    assert clock(reply).stopped_at is None
    assert history(reply)[-1] == "reply_failed"


def test_a_temporary_refusal_is_tried_again_later(world: World, shop: SellerAccount, relay: Control) -> None:
    relay.fault("smtp.rcpt", "reply", reply="451 4.3.0 try later", account=shop.sender_address)
    reply = deliver(due_reply(asked(shop, relay), world.alice))
    assert (reply.state, reply.attempts) == (OutboxState.QUEUED, 1)
    assert not reply.conversation.needs_settling
    make_due(reply)
    assert deliver(reply).state == OutboxState.SENT
    assert attempts(reply) == ["refused", "accepted"]
    assert accepted(relay, reply) == 1


def test_a_connection_lost_after_the_final_line_is_unknown_and_never_repeated(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    relay.fault("smtp.after_dot", "close", account=shop.sender_address)
    reply = deliver(due_reply(asked(shop, relay), world.alice))
    assert reply.state == OutboxState.UNKNOWN
    assert reply.conversation.needs_settling
    assert clock(reply).stopped_at is None
    make_due(reply)
    deliver(reply)
    assert accepted(relay, reply) == 1
    assert history(reply)[-1] == "reply_unknown"


def test_a_refused_sign_in_stops_the_account_and_keeps_the_reply(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    conversation = asked(shop, relay)
    with tenant_tx(shop.tenant_id):
        credentials.seal(shop, "smtp_password", "an old one")
    reply = deliver(due_reply(conversation, world.alice))
    assert (reply.state, reply.attempts) == (OutboxState.QUEUED, 0)
    assert reply.account.health == Health.AUTH_FAILED
    assert reply.account.health_reason.startswith("Sending: 535")
    before = len(relay.log(kind="login_failed"))
    reply = deliver(reply)
    assert len(relay.log(kind="login_failed")) == before
    assert reply.next_at > timezone.now()
    assert history(reply)[-1] == "reply_waits"
    with tenant_tx(shop.tenant_id):
        credentials.seal(shop, "smtp_password", "mailbox secret")
        SellerAccount.objects.filter(pk=shop.pk).update(health=Health.OK)
    make_due(reply)
    assert deliver(reply).state == OutboxState.SENT


def test_a_password_that_does_not_open_is_the_accounts_fault(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    conversation = asked(shop, relay)
    with tenant_tx(shop.tenant_id):
        shop.credentials.filter(field="smtp_password").delete()
    reply = deliver(due_reply(conversation, world.alice))
    assert (reply.state, reply.account.health) == (OutboxState.QUEUED, Health.AUTH_FAILED)


def test_a_paused_account_sends_nothing_and_counts_no_try(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with tenant_tx(shop.tenant_id):
        SellerAccount.objects.filter(pk=shop.pk).update(health=Health.PAUSED)
    for _ in range(2):
        make_due(reply)
        deliver(reply)
    row = fresh(reply)
    assert (row.state, row.attempts, accepted(relay, reply)) == (OutboxState.QUEUED, 0, 0)
    assert history(reply).count("reply_waits") == 1


def test_people_hear_early_of_a_reply_that_does_not_get_through(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with tenant_tx(shop.tenant_id):
        SellerAccount.objects.filter(pk=shop.pk).update(smtp_port=1)
        OutboundReply.objects.filter(pk=reply.pk).update(attempts=outbox.MOST_ATTEMPTS - 1)
    for _ in range(2):
        make_due(reply)
        assert deliver(reply).state == OutboxState.QUEUED
    assert history(reply).count("reply_waits") == 1


def test_a_relay_address_that_is_none_fails_at_once(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with tenant_tx(shop.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk).update(to_address="not an address")
    assert deliver(reply).state == OutboxState.FAILED


@pytest.mark.parametrize("first", ["queued", "leased", "handing", "unknown"])
def test_the_next_reply_waits_until_the_former_is_final(
    world: World, shop: SellerAccount, relay: Control, first: str
) -> None:
    conversation = asked(shop, relay)
    former, later = due_reply(conversation, world.alice), due_reply(conversation, world.alice)
    with tenant_tx(shop.tenant_id):
        OutboundReply.objects.filter(pk=former.pk).update(state=first)
    assert deliver(later).state == OutboxState.QUEUED
    with tenant_tx(shop.tenant_id):
        OutboundReply.objects.filter(pk=former.pk).update(state=OutboxState.FAILED)
    assert deliver(later).state == OutboxState.SENT


def test_a_reply_behind_an_unknown_one_says_why_it_waits(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    conversation = asked(shop, relay)
    relay.fault("smtp.after_dot", "close", account=shop.sender_address)
    former, later = due_reply(conversation, world.alice), due_reply(conversation, world.alice)
    deliver(former)
    for _ in range(2):
        later = deliver(later)
    assert later.peer_answer == delivery.BEHIND_UNKNOWN
    assert history(later).count("reply_waits") == 1
    with tenant_tx(shop.tenant_id):
        proofs.settle(former, decision="arrived", by=world.alice, now=timezone.now())
    assert deliver(later).state == OutboxState.SENT


def test_a_reply_sent_again_keeps_its_place_in_the_row(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    conversation = asked(shop, relay)
    relay.fault("smtp.after_dot", "close", account=shop.sender_address)
    former, later = due_reply(conversation, world.alice), due_reply(conversation, world.alice)
    deliver(former)
    with tenant_tx(shop.tenant_id):
        again = proofs.settle(former, decision="send_again", by=world.alice, now=timezone.now())
    assert again is not None
    make_due(again)
    assert deliver(later).state == OutboxState.QUEUED
    assert deliver(again).state == OutboxState.SENT
    assert deliver(later).state == OutboxState.SENT


def test_a_sender_that_died_before_handing_over_is_followed_by_another(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with tenant_tx(shop.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk).update(state=OutboxState.LEASED, lease_until=timezone.now())
    end_lease(reply)
    delivery.expire(reply.pk, tenant_id=reply.tenant_id)
    make_due(reply)
    assert deliver(reply).state == OutboxState.SENT
    assert attempts(reply) == ["lease_ended", "accepted"]


def test_a_worker_that_wakes_up_late_touches_nothing_of_its_successors(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    relay.fault("smtp.data", "hold", account=shop.sender_address)
    start = relay.last()

    def work() -> None:
        try:
            delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
        finally:
            connection.close()

    late = threading.Thread(target=work)
    late.start()
    relay.wait_for("held", after=start, account=shop.sender_address)
    end_lease(reply)
    delivery.expire(reply.pk, tenant_id=reply.tenant_id)
    make_due(reply)
    with tenant_tx(reply.tenant_id):
        successor = outbox.lease(OutboundReply, reply.pk)
    assert successor is not None
    relay.release()
    late.join(20)
    row = fresh(reply)
    assert (row.state, row.lease_token) == (OutboxState.LEASED, successor.lease_token)
    assert attempts(reply) == ["lease_ended", "not_handed"]
    assert accepted(relay, reply) == 0


def test_a_delivery_refuses_to_run_inside_a_transaction(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with transaction.atomic(), pytest.raises(RuntimeError, match="committed one by one"):
        delivery.deliver(reply.pk, tenant_id=reply.tenant_id)


def test_another_tenants_reply_does_not_exist(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    delivery.deliver(reply.pk, tenant_id=world.globex.pk)
    assert fresh(reply).state == OutboxState.QUEUED
