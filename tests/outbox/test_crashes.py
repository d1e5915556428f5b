"""Workers killed at the worst moments: nothing is lost, nothing leaves twice, by the marketplace's log."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.tenancy import tenant_tx
from helpdesk.embedded.children import Child
from inbox import proofs
from inbox.models import Conversation, Event, OutboundReply, ReplyAttempt
from marketplaces.models import SellerAccount
from marketplaces.outbox import HANDING_LEASE, LEASE, MOVING, OutboxState
from tests.outbox.processes import environment, kill, start_sweeper, start_worker, until
from tests.outbox.rows import a_conversation, connect, due_reply, poll
from tests.simulator_client import Control, SimulatorProcess
from tests.world import World, make_account

Superuser = psycopg.Connection[tuple[object, ...]]
# The Amazon account's mail goes through the whole product; that costs more.
CONVERSATIONS = {"amazon": 40, "walmart": 65}
PROCESSES = 2  # in each of two workers


def begun(account: SellerAccount, relay: Control) -> list[Conversation]:
    """Conversations with buyers who really exist at the marketplace."""
    numbers = range(CONVERSATIONS[account.marketplace.value])
    told = [relay.story("where_is_my_order", account.sender_address, seed=number) for number in numbers]
    if account.marketplace.value == "amazon":
        # Through the product's own door, so that their confirmation copies find an order to match.
        poll(account)
        with tenant_tx(account.tenant_id):
            return list(Conversation.objects.select_related("account").filter(account=account))
    conversations = [a_conversation(account) for _ in told]
    with tenant_tx(account.tenant_id):
        for conversation, story in zip(conversations, told, strict=True):
            conversation.relay_address = story["relay_address"]
            conversation.save(update_fields=["relay_address"])
    return conversations


def nudge(tenant_id: int) -> None:
    """Let time run faster: leases end after some seconds, back-off at once, lost bells are rung again.

    Not so much faster that on a busy machine a living worker loses its lease, or bells outrun the answers.
    """
    alive = timedelta(seconds=8)
    with tenant_tx(tenant_id):
        replies = OutboundReply.objects.all()
        for state, lease in ((OutboxState.LEASED, LEASE), (OutboxState.HANDING, HANDING_LEASE)):
            replies.filter(state=state, lease_until__lt=Now() + lease - alive).update(lease_until=Now())
        queued = replies.filter(state=OutboxState.QUEUED)
        queued.filter(attempts__gt=0, next_at__gt=Now()).update(next_at=Now(), rung_at=None)
        queued.filter(rung_at__lt=Now() - alive).update(rung_at=None)


def standing(tenant_id: int) -> Counter[str]:
    """How many replies are in which state."""
    with tenant_tx(tenant_id):
        return Counter(OutboundReply.objects.values_list("state", flat=True))


@contextmanager
def row_locked(superuser: Superuser, message_id: str) -> Iterator[None]:
    """Nobody else can write this reply's row."""
    with superuser.transaction():
        superuser.execute("SELECT 1 FROM inbox_outboundreply WHERE message_id = %s FOR UPDATE", [message_id])
        yield


def somebody_waits(superuser: Superuser) -> bool:
    """Whether a worker hangs on a lock of ours."""
    row = superuser.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)").fetchone()
    return bool(row and row[0])


class Crew:
    """Two workers that are killed and replaced at chosen moments."""

    def __init__(self, relay: Control, superuser: Superuser, env: dict[str, str], data: Path) -> None:
        self.relay, self.superuser, self.env, self.data = relay, superuser, env, data
        self.workers: list[Child] = []
        self.hire()

    def hire(self) -> None:
        """Have two of them."""
        while len(self.workers) < 2:
            self.workers.append(start_worker(self.env, self.data, processes=PROCESSES))

    def lose_one_held_at(self, point: str) -> None:
        """Every process hangs at that point of its exchange; one worker dies, the other goes on."""
        self.relay.fault(point, "hold", times=2 * PROCESSES)
        until(lambda: self.relay.faults()["held"] >= 2 * PROCESSES, what=f"held at {point}")
        kill(self.workers.pop(0))
        self.relay.release()
        self.hire()

    def lose_all_before_the_commit(self) -> None:
        """The server has accepted and said so; a worker hangs on its last update, and both die."""
        since = self.relay.last()
        self.relay.fault("smtp.after_dot", "hold")
        event = self.relay.wait_for("held", after=since, wait=30)
        with row_locked(self.superuser, event["message_id"]):
            self.relay.release()
            until(lambda: somebody_waits(self.superuser), what="a worker at its last update")
            while self.workers:
                kill(self.workers.pop())
        self.hire()

    def lose_one_anywhere(self) -> None:
        """A worker dies in the middle of whatever it does."""
        kill(self.workers.pop(0))
        self.hire()

    def end(self) -> None:
        """Nobody is left."""
        while self.workers:
            kill(self.workers.pop())


@pytest.mark.stack
def test_replies_survive_workers_killed_at_the_worst_moments(
    world: World,
    relay_process: SimulatorProcess,
    relay: Control,
    process_env: dict[str, str],
    superuser: Superuser,
    data: Path,
) -> None:
    extra = [make_account(world.acme, f"Extra {number}", "walmart-us") for number in range(3)]
    accounts = [connect(account, relay_process) for account in (world.walmart, world.amazon, *extra)]
    replies = [due_reply(each, world.alice) for account in accounts for each in begun(account, relay)]
    assert len(replies) == 300
    start, env, tenant_id = relay.last(), environment(process_env), world.acme.pk

    def all_through(what: str, *, leaving: int = 0) -> None:
        def are_they() -> bool:
            nudge(tenant_id)
            return sum(count for state, count in standing(tenant_id).items() if state in MOVING) <= leaving

        until(are_they, what=what, standing=partial(standing, tenant_id))

    sweeper = start_sweeper(env, data)
    crew = Crew(relay, superuser, env, data)
    try:
        for _ in range(2):
            for point in ("smtp.data", "smtp.after_dot"):
                crew.lose_one_held_at(point)
                nudge(tenant_id)
            crew.lose_all_before_the_commit()
            nudge(tenant_id)
        for leaving in (200, 100):
            all_through(f"all but {leaving} through", leaving=leaving)
            crew.lose_one_anywhere()
        all_through("all replies through")
        settle_doubts(world, accounts, relay, start)
        all_through("those sent again")
    finally:
        crew.end()
        kill(sweeper)

    accepted = Counter(event["message_id"] for event in relay.log(start, kind="accepted"))
    with tenant_tx(tenant_id):
        rows = list(OutboundReply.objects.values("body", "state", "message_id"))
        results = Counter(ReplyAttempt.objects.values_list("result", flat=True))
        # A copy the marketplace sends may have proved some of them before anybody asked.
        doubtful = Event.objects.filter(kind="reply_unknown").count()
    copies: Counter[str] = Counter()
    for row in rows:
        copies[row["body"]] += accepted[row["message_id"]]
    assert [reply.body for reply in replies if copies[reply.body] == 0] == [], "lost"
    assert [body for body, count in copies.items() if count > 1] == [], "sent twice"
    assert [row for row in rows if (row["state"] == OutboxState.SENT) > accepted[row["message_id"]]] == [], (
        "a lie"
    )
    assert doubtful >= 4
    assert results["lease_ended"] >= 6
    assert "Traceback" not in sweeper.log.read_text()


def settle_doubts(world: World, accounts: list[SellerAccount], relay: Control, start: int) -> None:
    """Amazon's copies prove what they prove, a person who looked decides the rest."""
    with tenant_tx(world.acme.pk):
        unknown = OutboundReply.objects.filter(state=OutboxState.UNKNOWN)
        assert not OutboundReply.objects.filter(state=OutboxState.FAILED).exists()
    for account in accounts:
        if account.marketplace.value == "amazon":
            poll(account)
    accepted = {event["message_id"] for event in relay.log(start, kind="accepted")}
    with tenant_tx(world.acme.pk):
        for reply in unknown.all():
            assert reply.message_id not in accepted or reply.account.marketplace.value != "amazon"
            decision = "arrived" if reply.message_id in accepted else "send_again"
            proofs.settle(reply, decision=decision, by=world.leo, now=timezone.now())
        OutboundReply.objects.filter(replaces__isnull=False).update(next_at=Now())
