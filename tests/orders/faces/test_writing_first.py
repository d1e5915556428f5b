"""Writing to a buyer who has not asked: only where it is allowed, through the same outbox as every reply."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import actions, delivery, proofs
from inbox.messaging import Messenger
from inbox.models import Conversation, ConversationState, Deadline, Event, OutboundReply
from marketplaces import credentials
from marketplaces.models import ApiBucket, Health, SellerAccount
from marketplaces.outbox import OutboxState
from marketplaces.registry import adapter
from marketplaces.types import Marketplace
from orders import wanted
from orders.models import Order
from tests.marketplaces.canned import Asked, Canned, serving
from tests.marketplaces.conftest import amazon, control, shops
from tests.orders.rows import make_order
from tests.outbox.rows import a_mail, end_lease, fresh, make_due
from tests.simulator_client import Control
from tests.web.conftest import Browser
from tests.world import SEEN_ALL, World, arrive, conversation_of, walmart_mail

__all__ = ["amazon", "control", "shops"]  # fixtures

RELAY = "0123456789abcdef0123456789abcdef@relay.walmart.com"
ACTIONS = [{"name": "confirmOrderDetails", "longest": 2000}, {"name": "legalDisclosure", "longest": 0}]
TEXT = "Which of the two colours do you want?"


def form(**fields: Any) -> dict[str, Any]:
    return {"client_key": uuid4(), "reason": "question", "body": TEXT, **fields}


def address(order: Order) -> str:
    return f"/t/acme/orders/{order.pk}/writing/"


def written(order: Order) -> list[OutboundReply]:
    with tenant_tx(order.tenant_id):
        rows = OutboundReply.objects.filter(conversation__order=order)
        return list(rows.select_related("conversation", "account").order_by("pk"))


def left_now(reply: OutboundReply) -> None:
    """The marketplace has taken it."""
    now = timezone.now()
    with tenant_tx(reply.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk).update(state=OutboxState.SENT, handed_at=now)
        proofs.left(proofs.lock(reply.pk), at=now)


def the_one(order: Order) -> OutboundReply:
    (reply,) = written(order)
    return reply


@pytest.fixture
def order(world: World) -> Order:
    """A Walmart order whose buyer can be reached."""
    return make_order(world.walmart, relay_address=RELAY, buyer_name="Denise Kowalczyk")


@pytest.fixture
def allowed(world: World) -> Order:
    """An Amazon order about which a question is allowed now."""
    facts: dict[str, Any] = {"message_actions": ACTIONS, "message_actions_as_of": timezone.now()}
    return make_order(world.amazon, external_id="302-1234567-7654321", **facts)


def test_a_first_mail_opens_a_conversation_and_goes_to_the_orders_relay_address(
    alice: Browser, order: Order
) -> None:
    answer = alice.post(address(order), form())
    reply = the_one(order)
    talk = reply.conversation
    assert (answer.status_code, answer["Location"]) == (303, f"/t/acme/c/{talk.number}/")
    assert (reply.channel, reply.to_address, reply.state) == ("mail", RELAY, OutboxState.QUEUED)
    assert order.external_id in reply.subject
    assert reply.next_at > timezone.now()
    assert (talk.kind, talk.relay_alias, talk.buyer_name) == ("buyer", RELAY, "Denise Kowalczyk")
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert TEXT in page
    assert "Leaves in" in page
    assert "wrote first: A question before it can be shipped" in page
    with tenant_tx(order.tenant_id):
        assert not Deadline.objects.filter(conversation=talk).exists()


def test_the_buyers_answer_comes_into_the_same_conversation(
    alice: Browser, order: Order, world: World
) -> None:
    alice.post(address(order), form())
    message = arrive(world.walmart, walmart_mail(world.walmart, order=order.external_id))
    assert message is not None
    assert message.conversation_id == the_one(order).conversation_id


def settle(talk: Conversation, world: World) -> None:
    """The clock stops by hand, and the conversation stays open."""
    given = {"outcome": "answered_elsewhere", "seen_message_id": SEEN_ALL, "now": timezone.now()}
    with tenant_tx(talk.tenant_id):
        held = Conversation.objects.select_related("account").get(pk=talk.pk)
        actions.settle_clock(held, by=world.alice, **given)  # type: ignore[arg-type]
        actions.reopen(held, by=world.alice, now=timezone.now())


def running_in(talk: Conversation) -> int:
    with tenant_tx(talk.tenant_id):
        return Deadline.objects.filter(conversation=talk, stopped_at=None).count()


def test_it_joins_the_conversation_that_is_open(alice: Browser, world: World, order: Order) -> None:
    talk = conversation_of(world.walmart, order=order.external_id)
    settle(talk, world)
    alice.post(address(order), form())
    assert the_one(order).conversation_id == talk.pk


def test_a_buyer_who_waits_is_answered_in_the_conversation(
    alice: Browser, world: World, order: Order
) -> None:
    assert "<textarea" in alice.get(address(order)).content.decode()
    talk = conversation_of(world.walmart, order=order.external_id, text="Please cancel it")
    refused = alice.post(address(order), form())
    assert refused.status_code == 409
    for page in (refused.content.decode(), alice.get(address(order)).content.decode()):
        assert "The buyer waits for an answer about this order: answer in the conversation." in page
        assert f'href="/t/acme/c/{talk.number}/"' in page
    assert "Nothing was sent: the buyer waits for an answer." in refused.content.decode()
    assert f"{TEXT}</textarea>" in refused.content.decode()
    assert "<textarea" not in page  # where nothing was typed yet, nothing is typed in vain
    assert written(order) == []
    assert running_in(talk) == 1
    settle(talk, world)
    assert "The buyer waits" not in alice.get(address(order)).content.decode()
    assert alice.post(address(order), form()).status_code == 303


def test_the_same_press_twice_is_one_message_and_one_conversation(alice: Browser, order: Order) -> None:
    once = form()
    for _ in range(2):
        assert alice.post(address(order), once).status_code == 303
    alice.post(address(order), form(body="And which size?"))
    assert len({reply.conversation_id for reply in written(order)}) == 1
    assert len(written(order)) == 2


@pytest.mark.parametrize("relay", ["", "nocxemail-1@relay.walmart.com", "NoCxEmail@walmart.com"])
def test_without_a_relay_address_it_says_so_and_sends_nothing(
    alice: Browser, world: World, relay: str
) -> None:
    order = make_order(world.walmart, relay_address=relay)
    assert "cannot be written to from here" in alice.get(address(order)).content.decode()
    assert alice.post(address(order), form()).status_code == 409
    assert written(order) == []


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"reason": ""}, 422, "Say why you write"),
        ({"reason": "just_because"}, 409, "Say why you write"),
        ({"body": "  "}, 409, "Write something first."),
        ({"body": ""}, 422, "Write something first."),
        ({"body": "x" * 10_001}, 409, "10,000 characters at most"),
        ({"body": "Look at lamps.example.com please"}, 409, "Blocked: link outside Walmart."),
        ({"client_key": "nonsense"}, 422, "too old"),
    ],
)
def test_what_must_not_leave_is_refused_and_the_text_is_kept(
    alice: Browser, order: Order, change: dict[str, str], status: int, words: str
) -> None:
    answer = alice.post(address(order), form(**change))
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert change.get("body", TEXT)[:60] in page
    assert written(order) == []


def test_the_orders_own_numbers_may_be_named(alice: Browser, world: World) -> None:
    tracking = "800-555-0199"
    order = make_order(world.walmart, relay_address=RELAY, shipments=[{"tracking_number": tracking}])
    assert alice.post(address(order), form(body=f"Your parcel is {tracking}.")).status_code == 303
    assert alice.post(address(order), form(body="Call 800-555-0100.")).status_code == 409


@pytest.mark.parametrize("typed", ["5", "bob@lamps.example", "lamps.example.com"])
def test_what_is_no_number_of_a_parcel_does_not_blind_the_guard(
    alice: Browser, world: World, typed: str
) -> None:
    order = make_order(world.walmart, relay_address=RELAY, shipments=[{"tracking_number": typed}])
    text = "Call 212-555-0100, write to bob@lamps.example or see lamps.example.com."
    page = alice.post(address(order), form(body=text)).content.decode()
    for words in ("link outside Walmart", "mail address", "phone number"):
        assert f"Blocked: {words}." in page
    assert written(order) == []


def test_walmarts_rule_stands_beside_the_form(alice: Browser, order: Order) -> None:
    page = alice.get(address(order)).content.decode()
    assert "forbids sellers to" in page
    assert "Write in English." in page


def test_undone_it_leaves_its_text_in_the_form(alice: Browser, allowed: Order) -> None:
    alice.post(address(allowed), form(reason="confirmOrderDetails"))
    reply = the_one(allowed)
    alice.post(f"/t/acme/c/{reply.conversation.number}/replies/{reply.pk}/cancellation/")
    assert written(allowed) == []
    assert f"{TEXT}</textarea>" in alice.get(address(allowed)).content.decode()


def test_amazon_offers_what_it_allows_for_this_order_and_nothing_else(alice: Browser, allowed: Order) -> None:
    page = alice.get(address(allowed)).content.decode()
    assert "Ask about the order" in page
    assert "unexpected problem" not in page
    assert "Write in German." in page
    for reason in ("unexpectedProblem", "legalDisclosure"):
        assert alice.post(address(allowed), form(reason=reason)).status_code == 409
    for body in ("x" * 2001, "This is <b>urgent</b>."):
        assert alice.post(address(allowed), form(reason="confirmOrderDetails", body=body)).status_code == 409
    assert written(allowed) == []
    assert alice.post(address(allowed), form(reason="confirmOrderDetails", body="2 < 3")).status_code == 303
    reply = the_one(allowed)
    assert (reply.channel, reply.action, reply.to_address) == ("messaging", "confirmOrderDetails", "")


def test_a_message_by_amazons_api_answers_no_buyer(alice: Browser, allowed: Order, world: World) -> None:
    mail = walmart_mail(world.amazon, order=allowed.external_id, text="Where is it?")
    asked = arrive(world.amazon, mail.replace(b"relay.walmart.com", b"marketplace.amazon.de"))
    assert asked is not None
    page = alice.get(address(allowed)).content.decode()
    assert "A message from here does not answer it: the clock runs on." in page
    assert "<textarea" in page
    assert alice.post(address(allowed), form(reason="confirmOrderDetails")).status_code == 303
    reply = the_one(allowed)
    assert reply.conversation_id == asked.conversation_id
    left_now(reply)
    talk = fresh(reply).conversation
    assert (talk.state, running_in(talk)) == (ConversationState.OPEN, 1)
    assert talk.queue_at == talk.due_at
    assert 'class="row is-unread' in alice.get("/t/acme/queue/all/").content.decode()
    assert "No clock is running" not in alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    with tenant_tx(world.acme.pk):
        proofs.prove_rejected(reply.pk, a_mail(world.amazon).pk, "The buyer has opted out")
    assert (running_in(talk), fresh(reply).conversation.needs_settling) == (1, True)


def test_what_amazon_allows_is_asked_for_when_it_is_not_known_or_old(alice: Browser, world: World) -> None:
    hour_ago = timezone.now() - timedelta(minutes=61)
    known: list[dict[str, Any]] = [{}, {"message_actions": ACTIONS, "message_actions_as_of": hour_ago}]
    for facts in known:
        order = make_order(world.amazon, **facts)
        page = alice.get(address(order)).content.decode()
        assert "Asking Amazon what it allows for this order." in page
        assert "<textarea" not in page
        with tenant_tx(world.acme.pk):
            row = Order.objects.get(pk=order.pk)
        assert (row.message_actions_wanted, row.wanted_by_person) == (True, True)
        refused = alice.post(address(order), form(reason="confirmOrderDetails"))
        assert refused.status_code == 409
        assert written(order) == []


def test_amazon_that_allows_nothing_is_believed(alice: Browser, world: World) -> None:
    order = make_order(world.amazon, message_actions=[], message_actions_as_of=timezone.now())
    assert "Amazon allows no message about this order now." in alice.get(address(order)).content.decode()


@pytest.fixture
def real(alice: Browser, amazon: SellerAccount, control: Control) -> Callable[[], OutboundReply]:
    """A message that is due, about an order the simulated Amazon knows and allows one for."""
    placed = iter(control.place_orders(amazon.sender_address, 12))

    def make() -> OutboundReply:
        with adapter(amazon, interactive=True) as api:
            number, actions = next((each, found) for each in placed if (found := api.message_actions(each)))
        order = make_order(
            amazon,
            external_id=number,
            message_actions=[{"name": each.name, "longest": each.longest} for each in actions],
            message_actions_as_of=timezone.now(),
        )
        assert alice.post(address(order), form(reason=actions[0].name)).status_code == 303
        reply = the_one(order)
        make_due(reply)
        return reply

    return make


def deliver(reply: OutboundReply, **how: Any) -> OutboundReply:
    delivery.deliver(reply.pk, tenant_id=reply.tenant_id, **how)
    return fresh(reply)


def sent(control: Control, amazon: SellerAccount) -> int:
    return len(control.log(kind="messaging", account=amazon.sender_address))


def test_a_message_leaves_by_the_api_and_waits_on_the_buyer(
    real: Callable[[], OutboundReply], control: Control, amazon: SellerAccount
) -> None:
    reply = deliver(real())
    assert (reply.state, sent(control, amazon)) == (OutboxState.SENT, 1)
    assert reply.conversation.state == ConversationState.WAITING_BUYER
    assert reply.conversation.queue_at is None
    deliver(reply)
    assert sent(control, amazon) == 1


def test_what_the_api_puts_off_is_tried_again(
    real: Callable[[], OutboundReply], control: Control, amazon: SellerAccount
) -> None:
    reply = real()
    control.fault("api.messaging", "throttle", account=amazon.sender_address, times=10)
    reply = deliver(reply)
    assert (reply.state, sent(control, amazon)) == (OutboxState.QUEUED, 0)
    control.clear_faults()
    make_due(reply)
    with tenant_tx(reply.tenant_id):
        ApiBucket.objects.all().delete()  # the pause it asked for is over
    assert (deliver(reply).state, sent(control, amazon)) == (OutboxState.SENT, 1)


def test_what_the_api_refuses_has_failed_in_its_words(
    real: Callable[[], OutboundReply], control: Control, amazon: SellerAccount
) -> None:
    reply = real()
    control.fault("api.messaging", "forbidden", account=amazon.sender_address, times=10)
    reply = deliver(reply)
    assert (reply.state, sent(control, amazon)) == (OutboxState.FAILED, 0)
    assert reply.peer_answer
    assert reply.conversation.needs_settling


def test_an_answer_that_is_lost_leaves_it_unknown_and_is_never_repeated(
    real: Callable[[], OutboundReply], control: Control, amazon: SellerAccount
) -> None:
    reply = real()
    control.fault("api.messaging", "cut", account=amazon.sender_address, times=10)
    reply = deliver(reply)
    assert reply.state == OutboxState.UNKNOWN
    assert reply.conversation.needs_settling
    control.clear_faults()
    make_due(reply)
    assert deliver(reply).state == OutboxState.UNKNOWN
    assert sent(control, amazon) <= 1


def test_a_message_amazon_has_taken_is_sent_though_the_database_was_lost_meanwhile(
    alice: Browser, allowed: Order, settings: Any
) -> None:
    with tenant_tx(allowed.tenant_id):
        for field in credentials.API_FIELDS[Marketplace.AMAZON]:
            credentials.seal(allowed.account, field, "secret")
    alice.post(address(allowed), form(reason="confirmOrderDetails"))
    reply = the_one(allowed)
    make_due(reply)

    def answer(asked: Asked) -> Canned:
        if asked.path == "/auth/o2/token":
            return Canned(b'{"access_token": "token", "expires_in": 3600}')
        with psycopg.connect(os.environ["TEST_SUPERUSER_URL"]) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s)", [ours])
        return Canned(b"{}", status=201)

    connection.ensure_connection()
    ours = connection.connection.info.backend_pid
    with serving(answer) as server:
        settings.MARKETPLACE_API_HOSTS = dict.fromkeys(settings.MARKETPLACE_API_HOSTS, server.url)
        reply = deliver(reply)
    assert reply.state == OutboxState.SENT


class Killed(BaseException):
    """The worker is gone."""


def dies(reply: OutboundReply, door: Any) -> OutboundReply:
    """A worker that is killed, and the sweeper that finds what it held."""
    with pytest.raises(Killed):
        delivery.deliver(reply.pk, tenant_id=reply.tenant_id, door=door)
    end_lease(reply)
    delivery.expire(reply.pk, tenant_id=reply.tenant_id)
    return fresh(reply)


def test_a_worker_that_dies_before_handing_over_has_sent_nothing(
    real: Callable[[], OutboundReply], control: Control, amazon: SellerAccount
) -> None:
    @contextmanager
    def door(account: SellerAccount) -> Iterator[Messenger]:
        raise Killed
        yield

    reply = dies(real(), door)
    assert reply.state == OutboxState.QUEUED
    make_due(reply)
    assert (deliver(reply).state, sent(control, amazon)) == (OutboxState.SENT, 1)


@pytest.mark.parametrize("taken", [False, True], ids=["before Amazon has it", "after Amazon has it"])
def test_a_worker_that_dies_while_handing_over_leaves_it_unknown(
    real: Callable[[], OutboundReply], control: Control, amazon: SellerAccount, world: World, taken: bool
) -> None:
    class Dying:
        def __init__(self, api: Messenger) -> None:
            self.api = api

        def send_message(self, order_id: str, action: str, text: str) -> str:
            if taken:
                self.api.send_message(order_id, action, text)
            raise Killed

    @contextmanager
    def door(account: SellerAccount) -> Iterator[Messenger]:
        with adapter(account) as api:
            yield Dying(api)

    reply = dies(real(), door)
    assert reply.state == OutboxState.UNKNOWN
    assert reply.conversation.needs_settling
    make_due(reply)
    assert (deliver(reply).state, sent(control, amazon)) == (OutboxState.UNKNOWN, int(taken))
    with tenant_tx(world.acme.pk):
        again = proofs.settle(reply, decision="send_again", by=world.alice, now=timezone.now())
    assert again is not None
    assert (again.channel, again.action) == (reply.channel, reply.action)


def test_a_mailbox_that_lets_nobody_in_does_not_hold_up_the_api_and_a_pause_does(
    real: Callable[[], OutboundReply], world: World, amazon: SellerAccount
) -> None:
    reply = real()
    for health, state in ((Health.PAUSED, OutboxState.QUEUED), (Health.AUTH_FAILED, OutboxState.SENT)):
        with tenant_tx(world.acme.pk):
            SellerAccount.objects.filter(pk=amazon.pk).update(health=health)
        make_due(reply)
        assert deliver(reply).state == state, health


def test_who_wrote_and_why_stands_in_the_history(alice: Browser, order: Order, world: World) -> None:
    alice.post(address(order), form())
    with tenant_tx(world.acme.pk):
        talk = Conversation.objects.get(order=order)
        entry = Event.objects.get(conversation=talk, kind="wrote_first")
        assert entry.actor == world.alice
        assert talk.assignee == world.alice


def test_what_amazon_allows_is_read_once_somebody_wants_to_write(
    alice: Browser, control: Control, amazon: SellerAccount
) -> None:
    placed = control.place_orders(amazon.sender_address, 1)[0]
    order = make_order(amazon, external_id=placed)
    alice.post(f"/t/acme/orders/{order.pk}/refresh/")
    wanted.read_wanted(amazon.pk, tenant_id=amazon.tenant_id, now=timezone.now())
    assert control.calls(amazon.sender_address, operation="getMessagingActionsForOrder") == []
    assert "Asking Amazon" in alice.get(address(order)).content.decode()
    wanted.read_wanted(amazon.pk, tenant_id=amazon.tenant_id, now=timezone.now())
    again = alice.get(f"{address(order)}?look=1").content.decode()
    assert "Asking Amazon" not in again
    with tenant_tx(amazon.tenant_id):
        row = Order.objects.get(pk=order.pk)
    assert row.message_actions_as_of is not None
    assert (row.message_actions_wanted, row.wanted_at) == (False, None)


def test_a_page_that_looks_again_asks_nobody(alice: Browser, world: World) -> None:
    order = make_order(world.amazon)
    alice.get(f"{address(order)}?look=1")
    with tenant_tx(world.acme.pk):
        assert Order.objects.get(pk=order.pk).wanted_at is None
