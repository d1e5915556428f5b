"""The mechanics of leaving on real PostgreSQL: who may take a row, who may write to it, where it goes."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import OutboundReply
from marketplaces import outbox
from marketplaces.outbox import OutboxState
from tests.outbox.rows import a_conversation, due_reply, end_lease, fresh
from tests.world import World

QUEUED, LEASED, HANDING = OutboxState.QUEUED, OutboxState.LEASED, OutboxState.HANDING
SENT, FAILED, UNKNOWN = OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN


@pytest.fixture
def reply(world: World) -> OutboundReply:
    return due_reply(a_conversation(world.walmart), world.alice)


@pytest.fixture
def tx(reply: OutboundReply) -> Iterator[None]:
    with tenant_tx(reply.tenant_id):
        yield


def leased(reply: OutboundReply) -> UUID:
    with tenant_tx(reply.tenant_id):
        row = outbox.lease(OutboundReply, reply.pk)
    assert row is not None
    assert row.lease_token is not None
    return row.lease_token


def handing(reply: OutboundReply) -> UUID:
    token = leased(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.begin_handing(OutboundReply, reply.pk, token)
    return token


def change(reply: OutboundReply, **fields: object) -> None:
    with tenant_tx(reply.tenant_id):
        OutboundReply.objects.filter(pk=reply.pk).update(**fields)


def values(reply: OutboundReply) -> dict[str, object]:
    with tenant_tx(reply.tenant_id):
        return dict(OutboundReply.objects.values().get(pk=reply.pk))


def test_a_due_row_is_leased_once(reply: OutboundReply, tx: None) -> None:
    row = outbox.lease(OutboundReply, reply.pk)
    assert row is not None
    assert (row.state, row.attempts) == (LEASED, 1)
    assert outbox.lease(OutboundReply, reply.pk) is None


def test_a_row_in_its_undo_time_is_not_leased(reply: OutboundReply, tx: None) -> None:
    OutboundReply.objects.update(next_at=Now() + timedelta(seconds=5))
    assert outbox.lease(OutboundReply, reply.pk) is None


def test_of_many_workers_at_once_one_gets_the_lease(reply: OutboundReply) -> None:
    start, taken = threading.Barrier(4), []

    def work() -> None:
        start.wait(10)
        try:
            with tenant_tx(reply.tenant_id):
                taken.append(outbox.lease(OutboundReply, reply.pk) is not None)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(taken) == [False, False, False, True]


def test_the_whole_way(reply: OutboundReply) -> None:
    token = handing(reply)
    assert fresh(reply).handed_at is not None
    with tenant_tx(reply.tenant_id):
        assert outbox.finish(OutboundReply, reply.pk, token, SENT, "250 fine\r\n queued") == SENT
        assert outbox.finish(OutboundReply, reply.pk, token, SENT, "once more") is None
    row = fresh(reply)
    assert (row.state, row.peer_answer, row.lease_token) == (SENT, "250 fine queued", None)
    assert row.settled_at is not None


@pytest.mark.parametrize("state", [QUEUED, LEASED, HANDING, SENT, FAILED, UNKNOWN])
def test_a_stranger_changes_nothing(reply: OutboundReply, state: OutboxState) -> None:
    change(reply, state=state, lease_token=uuid4(), lease_until=Now() + timedelta(seconds=60))
    before = values(reply)
    with tenant_tx(reply.tenant_id):
        assert not outbox.begin_handing(OutboundReply, reply.pk, uuid4())
        assert outbox.finish(OutboundReply, reply.pk, uuid4(), SENT, "250") is None
        assert outbox.give_back(OutboundReply, reply.pk, uuid4(), "451") is None
        assert outbox.expire(OutboundReply, reply.pk) is None
    assert values(reply) == before


def test_a_worker_whose_lease_has_ended_does_not_hand_over(reply: OutboundReply) -> None:
    token = leased(reply)
    end_lease(reply)
    with tenant_tx(reply.tenant_id):
        assert not outbox.begin_handing(OutboundReply, reply.pk, token)


def test_handing_over_begins_once(reply: OutboundReply) -> None:
    token = handing(reply)
    with tenant_tx(reply.tenant_id):
        assert not outbox.begin_handing(OutboundReply, reply.pk, token)


def test_a_lease_that_ends_before_handing_queues_the_row_again(reply: OutboundReply) -> None:
    token = leased(reply)
    end_lease(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.expire(OutboundReply, reply.pk) == QUEUED
        assert not outbox.begin_handing(OutboundReply, reply.pk, token)
    row = fresh(reply)
    assert row.next_at > row.queued_at
    assert row.lease_token is None


def test_a_lease_that_ends_while_handing_leaves_the_row_unknown(reply: OutboundReply) -> None:
    handing(reply)
    end_lease(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.expire(OutboundReply, reply.pk) == UNKNOWN
        assert outbox.expire(OutboundReply, reply.pk) is None


def test_a_late_answer_settles_what_had_become_unknown(reply: OutboundReply) -> None:
    token = handing(reply)
    end_lease(reply)
    with tenant_tx(reply.tenant_id):
        outbox.expire(OutboundReply, reply.pk)
        assert outbox.finish(OutboundReply, reply.pk, token, UNKNOWN, "silence") is None
        assert outbox.finish(OutboundReply, reply.pk, token, SENT, "250") == SENT


def test_a_refusal_while_handing_queues_the_row_again(reply: OutboundReply) -> None:
    token = handing(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.give_back(OutboundReply, reply.pk, token, "451 try later") == QUEUED
    row = fresh(reply)
    assert (row.handed_at, row.rung_at, row.peer_answer) == (None, None, "451 try later")


def test_a_permanent_refusal_fails_the_row(reply: OutboundReply) -> None:
    token = handing(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.give_back(OutboundReply, reply.pk, token, "550 no", permanent=True) == FAILED
    assert fresh(reply).settled_at is not None


def test_many_tries_in_a_short_time_are_not_given_up(reply: OutboundReply) -> None:
    change(reply, attempts=outbox.MOST_ATTEMPTS + 40, queued_at=Now() - timedelta(hours=5))
    token = leased(reply)
    with tenant_tx(reply.tenant_id):
        late = timezone.now() - timedelta(hours=1)
        assert outbox.give_back(OutboundReply, reply.pk, token, "451 try later", deadline=late) == QUEUED
    assert fresh(reply).next_at <= timezone.now() + outbox.QUICK_WAIT_LATER


def test_a_few_tries_in_a_long_time_are_not_given_up(reply: OutboundReply) -> None:
    change(reply, attempts=1, queued_at=Now() - timedelta(days=2))
    token = leased(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.give_back(OutboundReply, reply.pk, token, "451 try later") == QUEUED


def test_many_tries_in_a_long_time_are_given_up(reply: OutboundReply) -> None:
    change(reply, attempts=outbox.MOST_ATTEMPTS - 1, queued_at=Now() - outbox.GIVE_UP_AFTER)
    token = leased(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.give_back(OutboundReply, reply.pk, token, "451 try later") == FAILED


def test_a_try_that_does_not_count_may_be_repeated_at_once(reply: OutboundReply) -> None:
    change(reply, attempts=outbox.MOST_ATTEMPTS - 1)
    token = leased(reply)
    with tenant_tx(reply.tenant_id):
        assert outbox.give_back(OutboundReply, reply.pk, token, "535 no", counted=False) == QUEUED
        assert outbox.lease(OutboundReply, reply.pk) is not None


@pytest.mark.parametrize("minutes", [-60, 20, 31])
def test_near_its_deadline_a_row_is_tried_quickly(reply: OutboundReply, minutes: int) -> None:
    change(reply, attempts=10)
    token = leased(reply)
    now = timezone.now()
    deadline = now + timedelta(minutes=minutes)
    with tenant_tx(reply.tenant_id):
        outbox.give_back(OutboundReply, reply.pk, token, "451 try later", deadline=deadline)
    latest = max(deadline - outbox.SPARE, now + outbox.QUICK_WAIT)
    assert fresh(reply).next_at <= latest + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (12, 600), (400, 600)]
)
def test_waits_double_up_to_ten_minutes(attempts: int, seconds: int) -> None:
    assert outbox.back_off(attempts, chance=1) == timedelta(seconds=seconds)
    assert outbox.back_off(attempts, chance=0) == timedelta(0)


def test_postponing_counts_no_try(reply: OutboundReply, tx: None) -> None:
    assert outbox.postpone(OutboundReply, reply.pk, timedelta(minutes=1), "the account is paused")
    assert outbox.lease(OutboundReply, reply.pk) is None
    assert fresh(reply).attempts == 0


def test_due_rows_of_all_tenants_are_seen_and_no_others(world: World, reply: OutboundReply) -> None:
    foreign = due_reply(a_conversation(world.foreign), world.gus)
    waiting = due_reply(a_conversation(world.amazon), world.alice)
    change(waiting, next_at=Now() + timedelta(seconds=9))
    assert {(each.tenant_id, each.row_id) for each in outbox.due(OutboundReply)} == {
        (world.acme.pk, reply.pk),
        (world.globex.pk, foreign.pk),
    }


def test_a_bell_is_rung_once_in_thirty_seconds(reply: OutboundReply) -> None:
    with tenant_tx(reply.tenant_id):
        assert outbox.ring(OutboundReply, [reply.pk]) == [reply.pk]
    with tenant_tx(reply.tenant_id):
        assert outbox.ring(OutboundReply, [reply.pk]) == []
    assert outbox.due(OutboundReply) == []
    change(reply, rung_at=Now() - outbox.RING_EVERY)
    assert [each.unheard for each in outbox.due(OutboundReply)] == [False]
    change(reply, next_at=Now() - outbox.UNHEARD_AFTER)
    assert [each.unheard for each in outbox.due(OutboundReply)] == [True]


def test_expired_leases_of_all_tenants_are_seen(world: World, reply: OutboundReply) -> None:
    foreign = due_reply(a_conversation(world.foreign), world.gus)
    leased(reply)
    handing(foreign)
    assert outbox.expired(OutboundReply) == []
    end_lease(reply)
    end_lease(foreign)
    assert set(outbox.expired(OutboundReply)) == {(world.acme.pk, reply.pk), (world.globex.pk, foreign.pk)}
