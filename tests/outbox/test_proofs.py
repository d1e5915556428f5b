"""What the outside world and people say about a reply: confirmed, come back, arrived, send again, discard."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import delivery, proofs
from inbox.models import Conversation, ConversationState, Deadline, Event, OutboundReply
from marketplaces import outbox
from marketplaces.models import FolderRole, SellerAccount
from marketplaces.outbox import OutboxState
from orders.models import PurchaseOrder
from tests.orders.rows import make_order
from tests.outbox.rows import a_conversation, a_mail, asked, due_reply, fresh, make_due, poll
from tests.simulator_client import Control
from tests.world import World, arrive, walmart_mail


def unknown(world: World, shop: SellerAccount, relay: Control) -> OutboundReply:
    """A reply whose connection was lost after the final line."""
    conversation = asked(shop, relay)
    relay.fault("smtp.after_dot", "close", account=shop.sender_address)
    reply = due_reply(conversation, world.alice)
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
    assert fresh(reply).state == OutboxState.UNKNOWN
    return fresh(reply)


def sent(world: World, shop: SellerAccount, relay: Control) -> OutboundReply:
    """A reply the server took."""
    reply = due_reply(asked(shop, relay), world.alice)
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
    assert fresh(reply).state == OutboxState.SENT
    return fresh(reply)


def running(reply: OutboundReply) -> int:
    with tenant_tx(reply.tenant_id):
        return int(
            Deadline.objects.filter(conversation_id=reply.conversation_id, stopped_at__isnull=True).count()
        )


def settle(reply: OutboundReply, decision: str, world: World) -> OutboundReply | None:
    with tenant_tx(reply.tenant_id):
        return proofs.settle(reply, decision=decision, by=world.leo, now=timezone.now())


def test_a_confirmation_copy_settles_an_unknown_reply(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = unknown(world, shop, relay)
    raw, at = a_mail(shop), timezone.now()
    with tenant_tx(reply.tenant_id):
        proofs.prove_sent(reply.pk, raw.pk, at)
    row = fresh(reply)
    assert (row.state, row.confirmed_at, row.proof_id) == (OutboxState.SENT, at, raw.pk)
    assert row.handed_at == reply.handed_at
    assert row.conversation.state == ConversationState.WAITING_BUYER
    assert not row.conversation.needs_settling
    assert running(reply) == 0
    with tenant_tx(reply.tenant_id):
        assert Deadline.objects.get(stopped_by_reply=reply).stopped_at == reply.handed_at


def test_a_copy_in_sent_settles_but_does_not_confirm(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = unknown(world, shop, relay)
    raw = a_mail(shop, FolderRole.SENT)
    with tenant_tx(reply.tenant_id):
        proofs.prove_sent(reply.pk, raw.pk, timezone.now())
    row = fresh(reply)
    assert (row.state, row.confirmed_at) == (OutboxState.SENT, None)
    assert running(reply) == 0


def test_a_proof_comes_before_the_next_try(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    with tenant_tx(reply.tenant_id):
        proofs.prove_sent(reply.pk, a_mail(shop).pk, timezone.now())
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
    assert relay.log(kind="accepted", after=0) == [] or reply.message_id not in str(
        relay.log(kind="accepted")
    )
    assert fresh(reply).state == OutboxState.SENT


def test_proving_twice_is_one_event(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = sent(world, shop, relay)
    raw = a_mail(shop)
    for _ in range(2):
        with tenant_tx(reply.tenant_id):
            proofs.prove_sent(reply.pk, raw.pk, timezone.now())
    with tenant_tx(reply.tenant_id):
        assert Event.objects.filter(kind="reply_confirmed").count() == 1


def test_amazons_confirmation_copy_proves_an_unknown_reply(
    world: World, amazon_shop: SellerAccount, relay: Control
) -> None:
    reply = unknown(world, amazon_shop, relay)
    relay.wait_for("placed", account=amazon_shop.sender_address, after=relay.last() - 1, folder="INBOX")
    poll(amazon_shop)
    row = fresh(reply)
    assert row.state == OutboxState.SENT
    assert row.confirmed_at is not None


def test_a_bounce_puts_the_old_clock_back(world: World, shop: SellerAccount, relay: Control) -> None:
    conversation = asked(shop, relay)
    due_at = conversation.due_at
    relay.outcome("bounce", relay_address=conversation.relay_address)
    start = relay.last()
    reply = due_reply(conversation, world.alice)
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
    relay.wait_for("placed", account=shop.sender_address, after=start, folder="INBOX")
    poll(shop)
    row = fresh(reply)
    assert row.state == OutboxState.SENT
    assert row.rejected_at is not None
    assert row.rejected_reason
    assert row.conversation.state == ConversationState.OPEN
    assert row.conversation.needs_settling
    assert row.conversation.due_at == due_at


def test_a_confirmation_after_a_bounce_changes_nothing(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = sent(world, shop, relay)
    with tenant_tx(reply.tenant_id):
        proofs.prove_rejected(reply.pk, a_mail(shop).pk, "550 no such buyer")
        proofs.prove_sent(reply.pk, a_mail(shop).pk, timezone.now())
        proofs.prove_rejected(reply.pk, a_mail(shop).pk, "again")
    row = fresh(reply)
    assert (row.confirmed_at, row.rejected_reason) == (None, "550 no such buyer")
    assert running(reply) == 1


def test_arrived_stops_the_clock_at_the_handing_over(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = unknown(world, shop, relay)
    settle(reply, "arrived", world)
    row = fresh(reply)
    assert (row.state, row.decision, row.decided_by_id) == (OutboxState.SENT, "arrived", world.leo.pk)
    assert not row.conversation.needs_settling
    with tenant_tx(reply.tenant_id):
        assert Deadline.objects.get(stopped_by_reply=reply).stopped_at == reply.handed_at


def test_a_bounce_overrules_a_person_who_said_arrived(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = unknown(world, shop, relay)
    settle(reply, "arrived", world)
    with tenant_tx(reply.tenant_id):
        proofs.prove_rejected(reply.pk, a_mail(shop).pk, "550 no such buyer")
    row = fresh(reply)
    assert row.decided_at is None
    assert row.conversation.needs_settling
    assert running(reply) == 1


def test_sending_again_is_a_new_reply_with_a_message_id_of_its_own(
    world: World, shop: SellerAccount, relay: Control
) -> None:
    reply = unknown(world, shop, relay)
    again = settle(reply, "send_again", world)
    assert again is not None
    assert (again.replaces_id, again.body, again.state) == (reply.pk, reply.body, OutboxState.QUEUED)
    assert again.message_id != reply.message_id
    assert again.client_key != reply.client_key
    make_due(again)
    delivery.deliver(again.pk, tenant_id=again.tenant_id)
    row = fresh(again)
    assert row.state == OutboxState.SENT
    assert not row.conversation.needs_settling
    assert running(reply) == 0


def test_discarding_leaves_the_clock_running(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = unknown(world, shop, relay)
    assert settle(reply, "discard", world) is None
    row = fresh(reply)
    assert (row.state, row.decision) == (OutboxState.UNKNOWN, "discard")
    assert not row.conversation.needs_settling
    assert running(reply) == 1


@pytest.mark.parametrize("decision", ["discard", "send_again"])
def test_a_decision_takes_the_late_worker_its_say(
    world: World, shop: SellerAccount, relay: Control, decision: str
) -> None:
    reply = unknown(world, shop, relay)
    assert reply.lease_token is not None
    settle(reply, decision, world)
    with tenant_tx(reply.tenant_id):
        assert outbox.finish(OutboundReply, reply.pk, reply.lease_token, OutboxState.SENT, "250") is None
    assert fresh(reply).state == OutboxState.UNKNOWN


def test_of_two_people_who_decide_the_first_counts(world: World, shop: SellerAccount, relay: Control) -> None:
    reply = unknown(world, shop, relay)
    settle(reply, "discard", world)
    assert settle(reply, "send_again", world) is None
    assert fresh(reply).decision == "discard"


def test_a_reply_that_never_left_did_not_arrive(world: World, shop: SellerAccount, relay: Control) -> None:
    relay.change_account(shop.sender_address, registered_sender="other@shop.example")
    reply = due_reply(asked(shop, relay), world.alice)
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id)
    with pytest.raises(proofs.CannotSettle, match="never left"):
        settle(reply, "arrived", world)


def handed(world: World, account: SellerAccount, body: str, **fields: object) -> OutboundReply:
    """A reply that is on record as handed over."""
    reply = due_reply(a_conversation(account), world.alice, body)
    with tenant_tx(account.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk).update(
            **{"state": OutboxState.SENT, "handed_at": timezone.now(), **fields}
        )
    return fresh(reply)


def by_text(account: SellerAccount, text: str) -> int | None:
    with tenant_tx(account.tenant_id):
        found = proofs.find_reply_by_text(account.pk, text, [], timezone.now())
    return found.pk if found else None


def test_a_copy_is_found_by_its_text_whatever_frames_and_folds_it(world: World) -> None:
    reply = handed(world, world.walmart, "Dear buyer,\n\nyour lamp left us today.\n\nKind regards")
    handed(world, world.walmart, "Another text that has nothing to do with it.")
    framed = "Your message:\n> Dear buyer,\n>\n> your lamp\n> left us today.\n> Kind regards\nAmazon Services"
    assert by_text(world.walmart, framed) == reply.pk


def test_two_replies_with_one_text_prove_nothing(world: World) -> None:
    for _ in range(2):
        handed(world, world.walmart, "Thank you for your patience with us.")
    assert by_text(world.walmart, "Thank you for your patience with us.") is None


def test_a_copy_that_comes_twice_finds_the_reply_it_has_proved(world: World) -> None:
    reply = handed(world, world.walmart, "Thank you for your patience with us.", confirmed_at=timezone.now())
    assert by_text(world.walmart, reply.body) == reply.pk
    with tenant_tx(world.acme.pk):
        proofs.prove_sent(reply.pk, a_mail(world.walmart).pk, timezone.now())
        assert not Event.objects.filter(kind__in=["reply_confirmed", "reply_sent"]).exists()
    assert fresh(reply).confirmed_at == reply.confirmed_at


def test_a_copy_goes_first_to_the_reply_not_confirmed_yet(world: World) -> None:
    text = "Thank you for your patience with us."
    handed(world, world.walmart, text, confirmed_at=timezone.now())
    waiting = handed(world, world.walmart, text)
    assert by_text(world.walmart, text) == waiting.pk


def test_confirmed_replies_of_two_conversations_are_not_chosen_from(world: World) -> None:
    for _ in range(2):
        handed(world, world.walmart, "Thank you for your patience with us.", confirmed_at=timezone.now())
    assert by_text(world.walmart, "Thank you for your patience with us.") is None


def test_sending_again_is_refused_when_a_proof_was_quicker(world: World) -> None:
    reply = handed(world, world.walmart, "It left.", state=OutboxState.UNKNOWN)
    with tenant_tx(world.acme.pk):
        proofs.prove_sent(reply.pk, a_mail(world.walmart).pk, timezone.now())
    with pytest.raises(proofs.CannotSettle, match="arrived meanwhile"):
        settle(reply, "send_again", world)
    with tenant_tx(world.acme.pk):
        assert OutboundReply.objects.count() == 1


def test_a_repeat_that_still_waits_is_withdrawn_when_the_first_one_is_proved(world: World) -> None:
    reply = handed(world, world.walmart, "It left.", state=OutboxState.UNKNOWN)
    again = settle(reply, "send_again", world)
    assert again is not None
    with tenant_tx(world.acme.pk):
        proofs.prove_sent(reply.pk, a_mail(world.walmart).pk, timezone.now())
    row = fresh(again)
    assert (row.state, row.decision) == (OutboxState.FAILED, "discard")
    assert not row.conversation.needs_settling


def test_what_is_sent_again_does_not_answer_what_came_in_after_it_was_written(world: World) -> None:
    order = "200011874402999"
    asked_first = arrive(world.walmart, walmart_mail(world.walmart, order=order))
    assert asked_first is not None
    reply = due_reply(asked_first.conversation, world.alice)
    with tenant_tx(world.acme.pk):
        failed = {"state": OutboxState.FAILED, "attempts": 1}
        OutboundReply.objects.filter(pk=reply.pk).update(**failed)
    asked_next = arrive(world.walmart, walmart_mail(world.walmart, text="And the shade?", order=order))
    assert asked_next is not None
    assert asked_next.conversation == asked_first.conversation
    again = settle(reply, "send_again", world)
    assert again is not None
    with tenant_tx(world.acme.pk):
        proofs.prove_sent(again.pk, a_mail(world.walmart).pk, timezone.now())
        still = Deadline.objects.filter(stopped_at__isnull=True)
        assert [deadline.message_id for deadline in still] == [asked_next.pk]


def test_a_short_text_must_be_the_whole_copy(world: World) -> None:
    reply = handed(world, world.walmart, "Yes.")
    assert by_text(world.walmart, "Yes. And much more was said.") is None
    assert by_text(world.walmart, " yes.\n") == reply.pk


@pytest.mark.parametrize(
    "fields",
    [
        {"handed_at": None},
        {"handed_at": timezone.now() - timedelta(days=9)},
        {"state": OutboxState.FAILED},
    ],
)
def test_what_was_not_just_handed_over_is_no_candidate(world: World, fields: dict[str, object]) -> None:
    handed(world, world.walmart, "Thank you for your patience with us.", **fields)
    assert by_text(world.walmart, "Thank you for your patience with us.") is None


def test_another_accounts_reply_is_no_candidate(world: World) -> None:
    reply = handed(world, world.walmart, "Thank you for your patience with us.")
    assert by_text(world.amazon, reply.body) is None
    with tenant_tx(world.acme.pk):
        assert proofs.find_reply(world.amazon.pk, [reply.message_id]) is None
        assert proofs.find_reply(world.walmart.pk, ["<x@y>", reply.message_id]) == reply


def test_the_last_reply_to_an_alias_takes_a_refusal_that_names_nothing(world: World) -> None:
    reply = handed(world, world.walmart, "Thank you for your patience with us.")
    with tenant_tx(world.acme.pk):
        Conversation.objects.filter(pk=reply.conversation_id).update(relay_alias="a1@relay.example")
        assert proofs.last_reply_to(world.walmart.pk, "a1@relay.example", []) == reply
        assert proofs.last_reply_to(world.walmart.pk, "b2@relay.example", []) is None
        assert proofs.last_reply_to(world.walmart.pk, "", []) is None


def test_a_proof_may_name_the_purchase_order_of_the_order_the_reply_is_about(world: World) -> None:
    order = make_order(world.walmart)
    question = arrive(world.walmart, walmart_mail(world.walmart, order=order.external_id))
    assert question is not None
    reply = due_reply(question.conversation, world.alice)
    with tenant_tx(world.acme.pk):
        OutboundReply.objects.update(state=OutboxState.UNKNOWN, handed_at=timezone.now())
        purchase = PurchaseOrder.objects.get(order=order).external_id
        copy = proofs.find_reply_by_text(world.walmart.pk, reply.body, [purchase], timezone.now())
        assert copy == reply
        assert proofs.last_reply_to(world.walmart.pk, "", [purchase]) == reply
        other = proofs.find_reply_by_text(world.walmart.pk, reply.body, ["999"], timezone.now())
        assert other is None


def test_a_refusal_that_names_an_order_finds_this_accounts_reply_about_it(world: World) -> None:
    question = arrive(world.walmart, walmart_mail(world.walmart, order="200011874402777"))
    assert question is not None
    reply = due_reply(question.conversation, world.alice)
    with tenant_tx(world.acme.pk):
        OutboundReply.objects.update(state=OutboxState.SENT, handed_at=timezone.now())
        assert proofs.last_reply_to(world.walmart.pk, "", ["200011874402777"]) == reply
        assert proofs.last_reply_to(world.amazon.pk, "", ["200011874402777"]) is None
