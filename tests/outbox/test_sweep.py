"""One round of the sweeper: what is due happens, with or without a broker."""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from queue import Empty
from uuid import uuid4

import pytest
from celery import Celery
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from kombu import Connection

from accounts.tenancy import tenant_tx
from helpdesk.celery import app as helpdesk_app
from inbox import sweep
from inbox.models import Deadline, Event, OutboundReply
from inbox.sweep import Sweeper
from marketplaces import outbox, polling, streams
from marketplaces.models import ApiStream, InboundRaw, RawState, SellerAccount
from marketplaces.outbox import OutboxState
from tests.outbox.rows import a_conversation, asked, due_reply, end_lease, fresh
from tests.simulator_client import Control
from tests.world import World, arrive, conversation_of, walmart_mail

Bell = tuple[str, list[object], dict[str, object]]
Rung = Callable[[], list[Bell]]
# The tests' own Valkey, in a database that no worker listens to and no other process of this run empties.
QUIET = 15 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
QUIET_BROKER = os.environ["REDIS_URL"].replace("unix://", "redis+socket://") + f"?virtual_host={QUIET}"
DEAD_BROKER = "redis://127.0.0.1:1/0"


@pytest.fixture
def broker() -> Iterator[Callable[[str], Celery]]:
    """Make a Celery application with another broker the one that tasks are sent with."""
    made: list[Celery] = []

    def use(url: str) -> Celery:
        app = Celery("test", broker=url, set_as_current=False)
        app.conf.update(dict(helpdesk_app.conf.changes or {}), broker_url=url)
        app.set_default()
        app.set_current()
        made.append(app)
        return app

    yield use
    helpdesk_app.set_default()
    helpdesk_app.set_current()
    for app in made:
        app.close()


def emptied(connection: Connection, name: str) -> Iterator[Bell]:
    """What lies in a queue, which is empty afterwards."""
    with connection.SimpleQueue(name) as queue:
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return
            message.ack()
            arguments, keywords, _ = message.payload
            yield message.headers["task"], arguments, keywords


@pytest.fixture
def rung(broker: Callable[[str], Celery]) -> Rung:
    """A broker nobody listens to; the function takes out what was rung: task, arguments, keywords."""
    app = broker(QUIET_BROKER)

    def take() -> list[Bell]:
        with app.connection_for_read() as connection:
            return [bell for name in ("celery", "delivery") for bell in emptied(connection, name)]

    take()
    return take


def test_a_due_reply_is_rung_once(world: World, sweeper: Sweeper, rung: Rung) -> None:
    reply = due_reply(a_conversation(world.walmart), world.alice)
    for _ in range(3):
        sweeper.sweep()
    assert rung() == [("inbox.tasks.deliver_reply", [reply.pk], {"tenant_id": world.acme.pk})]
    assert fresh(reply).state == OutboxState.QUEUED


def test_two_sweepers_do_not_ring_twice(world: World, rung: Rung) -> None:
    for _ in range(20):
        due_reply(a_conversation(world.walmart), world.alice)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait(10)
        sweeper = Sweeper()
        try:
            sweeper.sweep()
            sweeper.settle(20)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(rung()) == 20


def test_without_a_broker_the_sweeper_sends_by_itself(
    world: World, shop: SellerAccount, relay: Control, sweeper: Sweeper, broker: Callable[[str], Celery]
) -> None:
    broker(DEAD_BROKER)
    replies = [due_reply(asked(shop, relay), world.alice) for _ in range(5)]
    sweeper.sweep()
    assert sweeper.replies.settle(20)
    assert {fresh(reply).state for reply in replies} == {OutboxState.SENT}
    accepted = [event["message_id"] for event in relay.log(kind="accepted")]
    assert [accepted.count(reply.message_id) for reply in replies] == [1] * 5


def test_a_bell_nobody_hears_is_followed_by_the_deed(
    world: World,
    shop: SellerAccount,
    relay: Control,
    sweeper: Sweeper,
    rung: Rung,
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    sweeper.sweep()
    with tenant_tx(shop.tenant_id):
        OutboundReply.objects.update(next_at=Now() - outbox.UNHEARD_AFTER, rung_at=Now() - outbox.RING_EVERY)
    sweeper.sweep()
    assert sweeper.replies.settle(20)
    assert fresh(reply).state == OutboxState.SENT
    assert len(rung()) == 2


def test_the_reply_behind_goes_as_soon_as_the_former_has_left(
    world: World, shop: SellerAccount, relay: Control, sweeper: Sweeper, broker: Callable[[str], Celery]
) -> None:
    broker(DEAD_BROKER)
    conversation = asked(shop, relay)
    replies = [due_reply(conversation, world.alice) for _ in range(3)]
    for _ in replies:
        sweeper.sweep()
        assert sweeper.replies.settle(20)
    rows = [fresh(reply) for reply in replies]
    assert {row.state for row in rows} == {OutboxState.SENT}
    handed = [row.handed_at for row in rows if row.handed_at]
    assert handed == sorted(handed)
    assert len(handed) == 3


@pytest.mark.parametrize(
    ("state", "after"), [(OutboxState.LEASED, OutboxState.QUEUED), (OutboxState.HANDING, OutboxState.UNKNOWN)]
)
def test_the_lease_of_a_dead_sender_ends(
    world: World,
    sweeper: Sweeper,
    rung: Rung,
    state: OutboxState,
    after: OutboxState,
) -> None:
    reply = due_reply(a_conversation(world.walmart), world.alice)
    with tenant_tx(world.acme.pk):
        OutboundReply.objects.update(
            state=state, lease_token=uuid4(), lease_until=Now() + timedelta(seconds=9)
        )
    sweeper.sweep()
    assert fresh(reply).state == state
    end_lease(reply)
    sweeper.sweep()
    assert fresh(reply).state == after
    assert fresh(reply).conversation.needs_settling == (after == OutboxState.UNKNOWN)


def test_a_breach_is_recorded_at_the_moment_itself(world: World, sweeper: Sweeper, rung: Rung) -> None:
    now = timezone.now()
    late = conversation_of(world.walmart, sent_at=now - timedelta(hours=50))
    conversation_of(world.walmart, relay="f" * 32, order="200011874402999", sent_at=now - timedelta(hours=1))
    foreign = conversation_of(world.foreign, sent_at=now - timedelta(hours=50))
    for _ in range(2):
        sweeper.sweep()
    with tenant_tx(world.acme.pk):
        breached = Deadline.objects.get(breached_at__isnull=False)
        assert (breached.conversation_id, breached.breached_at) == (late.pk, breached.due_at)
        event = Event.objects.get(kind="breached")
        assert (event.conversation_id, event.at) == (late.pk, breached.due_at)
    with tenant_tx(world.globex.pk):
        running = Deadline.objects.filter(conversation=foreign)
        assert running.exclude(breached_at=F("due_at")).count() == 0


def test_a_clock_stopped_in_time_is_no_breach(world: World, sweeper: Sweeper, rung: Rung) -> None:
    conversation_of(world.walmart, sent_at=timezone.now() - timedelta(hours=50))
    with tenant_tx(world.acme.pk):
        deadline = Deadline.objects.get()
        Deadline.objects.update(stopped_at=F("due_at") - timedelta(hours=1), outcome="replied")
    sweeper.sweep()
    assert sweep.record_breaches(world.acme.pk, [deadline.pk]) == 0


def stored(account: SellerAccount) -> InboundRaw:
    """A mail that was stored a minute ago and nobody has read."""
    with tenant_tx(account.tenant_id):
        raw, _ = polling.keep(
            account,
            walmart_mail(account),
            source="file",
            source_key=f"test:{uuid4()}",
            received_at=timezone.now(),
        )
        InboundRaw.objects.filter(pk=raw.pk).update(stored_at=Now() - timedelta(seconds=60))
    return raw


def test_a_mail_nobody_has_read_is_rung(world: World, sweeper: Sweeper, rung: Rung) -> None:
    raw = stored(world.walmart)
    arrive(world.walmart, walmart_mail(world.walmart, relay="e" * 32))
    for _ in range(2):
        sweeper.sweep()
    assert rung() == [("inbox.tasks.read_raw", [raw.pk], {"tenant_id": world.acme.pk})]


def test_without_a_broker_the_sweeper_reads_it(
    world: World, sweeper: Sweeper, broker: Callable[[str], Celery]
) -> None:
    broker(DEAD_BROKER)
    raw = stored(world.walmart)
    sweeper.sweep()
    assert sweeper.mails.settle(20)
    with tenant_tx(world.acme.pk):
        assert InboundRaw.objects.get(pk=raw.pk).state == RawState.PARSED


def test_without_beat_the_sweeper_reads_the_marketplaces(world: World, sweeper: Sweeper) -> None:
    with tenant_tx(world.acme.pk):
        streams.begin(world.walmart, now=timezone.now() - timedelta(minutes=2))
    sweeper.sweep()
    assert sweeper.reads.settle(20)
    with tenant_tx(world.acme.pk):
        # The account has no key, which only a reader finds out.
        assert all("is stored" in row.health_reason for row in ApiStream.objects.all())
