"""Any interleaving of workers, crashes, sweeps, proofs and people sends a reply at most once by machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.tenancy import tenant_tx
from inbox import delivery, proofs
from inbox.models import OutboundReply
from marketplaces import outbox
from marketplaces.outbox import OutboxState
from tests.outbox.rows import a_conversation, a_mail, due_reply, end_lease, fresh, make_due
from tests.world import World


class Worker:
    """What a sending process knows: its token, whether it may send the final line, whether it did."""

    def __init__(self, token: UUID) -> None:
        self.token, self.may_send, self.did_send = token, False, False


class Outbox(RuleBasedStateMachine):
    """One reply and everything that can happen to it; `arrived` is what the buyer really got."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.reply = due_reply(a_conversation(self.world.walmart), self.world.alice)
        self.workers: list[Worker] = []
        self.arrived = 0
        self.proof = a_mail(self.world.walmart)

    @contextmanager
    def tx(self) -> Iterator[None]:
        with tenant_tx(self.reply.tenant_id):
            yield

    @rule()
    def a_bell_rings(self) -> None:
        with self.tx():
            row = outbox.lease(OutboundReply, self.reply.pk)
        if row is not None and row.lease_token is not None:
            self.workers.append(Worker(row.lease_token))

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_worker_begins_to_hand_over(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        if worker.may_send:
            return
        with self.tx():
            worker.may_send = outbox.begin_handing(OutboundReply, self.reply.pk, worker.token)
        if not worker.may_send:
            self.workers.remove(worker)

    @precondition(lambda self: any(w.may_send and not w.did_send for w in self.workers))
    @rule(data=st.data(), taken=st.booleans())
    def the_final_line_is_sent(self, data: st.DataObject, taken: bool) -> None:
        worker = data.draw(st.sampled_from([w for w in self.workers if w.may_send and not w.did_send]))
        worker.did_send = True
        if taken:
            self.arrived += 1
        else:
            with self.tx():
                outbox.give_back(OutboundReply, self.reply.pk, worker.token, "451 try later")
            self.workers.remove(worker)

    @precondition(lambda self: any(w.did_send for w in self.workers))
    @rule(data=st.data(), heard=st.booleans())
    def the_answer_is_written_down(self, data: st.DataObject, heard: bool) -> None:
        worker = data.draw(st.sampled_from([w for w in self.workers if w.did_send]))
        state = OutboxState.SENT if heard else OutboxState.UNKNOWN
        with self.tx():
            outbox.finish(OutboundReply, self.reply.pk, worker.token, state, "")
        self.workers.remove(worker)

    @precondition(lambda self: any(not w.did_send for w in self.workers))
    @rule(data=st.data())
    def a_worker_gives_up_before_the_final_line(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from([w for w in self.workers if not w.did_send]))
        with self.tx():
            outbox.give_back(OutboundReply, self.reply.pk, worker.token, "connection lost")
        self.workers.remove(worker)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def a_worker_is_killed(self, data: st.DataObject) -> None:
        self.workers.remove(data.draw(st.sampled_from(self.workers)))

    @rule()
    def the_lease_ends_and_a_sweeper_sees_it(self) -> None:
        # A handing lease outlives the exchange: its end means that nothing more is sent under it.
        if fresh(self.reply).state == OutboxState.HANDING:
            self.workers = [worker for worker in self.workers if worker.did_send or not worker.may_send]
        end_lease(self.reply)
        delivery.expire(self.reply.pk, tenant_id=self.reply.tenant_id)

    @rule()
    def time_passes(self) -> None:
        make_due(self.reply)

    @precondition(lambda self: self.arrived)
    @rule()
    def a_copy_proves_it(self) -> None:
        with self.tx():
            proofs.prove_sent(self.reply.pk, self.proof.pk, timezone.now())

    @rule(decision=st.sampled_from(["discard", "send_again"]))
    def a_person_decides(self, decision: str) -> None:
        row = fresh(self.reply)
        if row.state in (OutboxState.UNKNOWN, OutboxState.FAILED):
            with self.tx():
                proofs.settle(row, decision=decision, by=self.world.leo, now=timezone.now())

    @invariant()
    def it_arrives_at_most_once(self) -> None:
        assert self.arrived <= 1

    @invariant()
    def sent_is_true(self) -> None:
        if fresh(self.reply).state == OutboxState.SENT:
            assert self.arrived == 1

    @invariant()
    def what_arrived_is_never_failed_or_tried_again(self) -> None:
        if self.arrived:
            assert fresh(self.reply).state not in (OutboxState.FAILED, OutboxState.QUEUED, OutboxState.LEASED)


@pytest.mark.django_db
def test_no_interleaving_sends_twice_or_lies(world: World) -> None:
    Outbox.world = world
    run_state_machine_as_test(
        Outbox, settings=settings(max_examples=30, stateful_step_count=25, deadline=None, database=None)
    )
