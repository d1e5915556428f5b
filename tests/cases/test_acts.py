"""What people do to cases, and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from cases import acts
from cases.acts import Wanted
from cases.models import Case, CaseOutcome, Decider, Stage
from cases.opening import Decision
from inbox import actions, clocks, recomputing
from inbox.models import Conversation, ConversationState, Event, SlaPolicy
from inbox.proofs import left
from marketplaces.outbox import OutboxState
from tests.cases import mails
from tests.cases.rows import cases_of, clocks_of, fresh, only_case, stages_of
from tests.web.rows import reply_in
from tests.world import SEEN_ALL, World, arrive, conversation_of

BBB = "We have received a complaint through the Better Business Bureau (BBB)."
LOST = Decision(CaseOutcome.LOST, Decider.MARKETPLACE, Decimal("119.00"))


def a_claim(world: World) -> Case:
    """An A-to-z claim that a mail opened."""
    assert arrive(world.amazon, mails.claim(world.amazon)) is not None
    return only_case(world.amazon)


def a_complaint(world: World) -> Case:
    """A BBB complaint that a mail opened."""
    assert arrive(world.walmart, mails.customer_care(world.walmart, BBB)) is not None
    return only_case(world.walmart)


def held(case: Case) -> Case:
    """The case and its conversation as an act gets them."""
    return Case.objects.select_related("conversation__account", "order", "deadline").get(pk=case.pk)


def test_done_there_stops_the_clock_and_waits_for_the_marketplace(world: World) -> None:
    case = a_claim(world)
    with tenant_tx(world.acme.pk):
        acts.done_there(held(case), by=world.alice, note="Sent the delivery scan.", now=timezone.now())
        line = Event.objects.get(kind="case_done_there")
        assert line.actor_id == world.alice.pk
    case = only_case(world.amazon)
    assert (case.stage, case.deadline) == (Stage.REVIEW, None)
    assert clocks_of(case.conversation) == [("atoz_claim", False, "case_done")]
    assert fresh(case.conversation).due_at is None
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="not your turn"):
        acts.done_there(held(case), by=world.alice, note="", now=timezone.now())


def test_a_whole_life_leaves_its_stages(world: World) -> None:
    case, now = a_claim(world), timezone.now()
    with tenant_tx(world.acme.pk):
        acts.move(held(case), "escalated", by=world.alice, now=now)
        acts.done_there(held(case), by=world.alice, note="", now=now)
        acts.record_decision(held(case), LOST, by=world.alice, now=now)
        acts.move(held(case), "follow_up", by=world.alice, now=now, due_at=now + timedelta(days=3))
        acts.write_lesson(held(case), "Ship with a signature.", by=world.alice, now=now)
        acts.finish(held(case), by=world.alice, now=now)
    case = only_case(world.amazon)
    assert stages_of(case) == ["seller", "escalated", "review", "decided", "follow_up", "lesson"]
    assert (case.outcome, case.paid, case.decided_by) == ("lost", Decimal("119.00"), "marketplace")
    assert (case.follow_up_at, case.lesson) == (now + timedelta(days=3), "Ship with a signature.")
    assert case.closed_at == now
    assert all(not running for _, running, _ in clocks_of(case.conversation))
    assert fresh(case.conversation).case_label == ""


def test_a_decided_case_decided_again_is_refused_and_nothing_changes(world: World) -> None:
    case, now = a_claim(world), timezone.now()
    with tenant_tx(world.acme.pk):
        acts.record_decision(held(case), Decision("won", Decider.MARKETPLACE), by=world.alice, now=now)
    before = only_case(world.amazon)
    again: tuple[Callable[[], None], ...] = (
        lambda: acts.record_decision(held(case), LOST, by=world.leo, now=now),
        lambda: acts.done_there(held(case), by=world.leo, note="", now=now),
        lambda: acts.move(held(case), "seller", by=world.leo, now=now),
        lambda: acts.move(held(case), "review", by=world.leo, now=now),
    )
    for act in again:
        with tenant_tx(world.acme.pk), pytest.raises(Refused, match=r"decided \(won\)|not your turn"):
            act()
    after = only_case(world.amazon)
    for name in ("outcome", "paid", "stage", "stage_since", "decided_at", "decided_by"):
        assert getattr(after, name) == getattr(before, name)
    assert stages_of(after) == ["seller", "decided"]


@pytest.mark.parametrize("outcome", ["lost", "partly"])
def test_a_lost_claim_can_be_appealed_and_decided_anew(world: World, outcome: str) -> None:
    case, now = a_claim(world), timezone.now()
    with tenant_tx(world.acme.pk):
        acts.record_decision(held(case), Decision(outcome, Decider.MARKETPLACE), by=world.alice, now=now)
    assert clocks_of(case.conversation)[-1] == ("atoz_appeal", True, "")
    with tenant_tx(world.acme.pk):
        acts.move(held(case), "review", by=world.alice, now=now, note="Appeal filed.")
        acts.record_decision(held(case), Decision("won", Decider.MARKETPLACE), by=world.alice, now=now)
    assert only_case(world.amazon).outcome == CaseOutcome.WON
    assert clocks_of(case.conversation)[-1] == ("atoz_appeal", False, "case_done")


def test_finishing_needs_a_decision(world: World) -> None:
    case = a_claim(world)
    with tenant_tx(world.acme.pk):
        with pytest.raises(Refused, match="Record the decision first"):
            acts.finish(held(case), by=world.alice, now=timezone.now())
        for later in ("follow_up", "lesson"):
            with pytest.raises(Refused, match="It is your turn"):
                acts.move(held(case), later, by=world.alice, now=timezone.now())
        with pytest.raises(Refused, match="no such stage"):
            acts.move(held(case), "buyer", by=world.alice, now=timezone.now())
        with pytest.raises(Refused, match="Choose an outcome"):
            decision = Decision("drawn", Decider.BUYER)
            acts.record_decision(held(case), decision, by=world.alice, now=timezone.now())


def test_by_hand_it_opens_on_a_conversation_once(world: World) -> None:
    talk, now = conversation_of(world.walmart), timezone.now()
    due = now + timedelta(hours=5)
    wanted = Wanted("return_dispute", "D-77", Decimal("20.00"), "USD", due)
    with tenant_tx(world.acme.pk):
        acts.open_by_hand(fresh(talk), wanted, by=world.alice, now=now)
    case = only_case(world.walmart)
    assert (case.source, case.reference, case.amount) == ("hand", "D-77", Decimal("20.00"))
    assert case.opened_by_id == world.alice.pk
    assert case.deadline is not None
    assert (case.deadline.due_at, case.deadline.stated_in_source) == (due, True)
    assert fresh(talk).case_label == "Return dispute"
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="There is an open case"):
        acts.open_by_hand(fresh(talk), wanted, by=world.leo, now=now)


def test_a_double_press_opens_one_case_and_two_numbers_are_two(world: World) -> None:
    talk, now = conversation_of(world.walmart), timezone.now()
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(order=None)
        acts.open_by_hand(fresh(talk), Wanted("complaint"), by=world.alice, now=now)
    for again in (Wanted("complaint"), Wanted("complaint", "B-1")):
        with tenant_tx(world.acme.pk), pytest.raises(Refused, match="There is an open case “Complaint"):
            acts.open_by_hand(fresh(talk), again, by=world.alice, now=now)
    with tenant_tx(world.acme.pk):
        for number in ("D-1", "D-2"):
            acts.open_by_hand(fresh(talk), Wanted("return_dispute", number), by=world.alice, now=now)
    assert len(cases_of(world.walmart)) == 3


def test_a_moment_that_has_passed_is_refused_by_hand(world: World) -> None:
    talk, now = conversation_of(world.walmart), timezone.now()
    with tenant_tx(world.acme.pk):
        with pytest.raises(Refused, match="has passed"):
            past = Wanted("return_dispute", due_at=now - timedelta(minutes=1))
            acts.open_by_hand(fresh(talk), past, by=world.alice, now=now)
        with pytest.raises(Refused, match="Walmart has no such case"):
            acts.open_by_hand(fresh(talk), Wanted("atoz_claim"), by=world.alice, now=now)
    assert cases_of(world.walmart) == []


def test_a_reply_that_left_answers_a_complaint_and_a_bounce_brings_it_back(world: World) -> None:
    case = a_complaint(world)
    reply = reply_in(case.conversation, world.alice, OutboxState.SENT, queued_at=timezone.now())
    with tenant_tx(world.acme.pk):
        reply.conversation = fresh(case.conversation)
        left(reply, at=timezone.now())
    case = only_case(world.walmart)
    assert (case.stage, case.deadline) == (Stage.REVIEW, None)
    assert clocks_of(case.conversation) == [("complaint", False, "replied")]
    with tenant_tx(world.acme.pk):
        reply.conversation = fresh(case.conversation)
        clocks.restart_by_reply(reply)
    case = only_case(world.walmart)
    assert case.stage == Stage.SELLER
    assert case.deadline is not None
    assert clocks_of(case.conversation) == [("complaint", True, "")]
    assert fresh(case.conversation).due_at == case.deadline.due_at


def test_a_reply_answers_no_claim(world: World) -> None:
    case = a_claim(world)
    reply = reply_in(case.conversation, world.alice, OutboxState.SENT, queued_at=timezone.now())
    with tenant_tx(world.acme.pk):
        reply.conversation = fresh(case.conversation)
        left(reply, at=timezone.now())
    assert clocks_of(case.conversation) == [("atoz_claim", True, "")]
    assert only_case(world.amazon).stage == Stage.SELLER


def test_closing_names_the_case_that_needs_somebody(world: World) -> None:
    case = a_claim(world)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="The case “A-to-z claim” needs you"):
        actions.close(fresh(case.conversation), by=world.alice, now=timezone.now())
    with tenant_tx(world.acme.pk):
        acts.done_there(held(case), by=world.alice, note="", now=timezone.now())
        actions.close(fresh(case.conversation), by=world.alice, now=timezone.now())
    assert fresh(case.conversation).state == ConversationState.CLOSED


def test_a_claim_that_escalates_without_a_date_keeps_its_clock(world: World) -> None:
    case = a_claim(world)
    with tenant_tx(world.acme.pk):
        acts.move(held(case), "escalated", by=world.alice, now=timezone.now())
    moved = only_case(world.amazon)
    assert (moved.stage, moved.deadline_id) == (Stage.ESCALATED, case.deadline_id)
    assert clocks_of(case.conversation) == [("atoz_claim", True, "")]
    assert fresh(case.conversation).due_at == fresh(case.conversation).queue_at is not None
    later = timezone.now() + timedelta(days=1)
    with tenant_tx(world.acme.pk):
        acts.move(held(case), "seller", by=world.alice, now=timezone.now())
        acts.move(held(case), "escalated", by=world.alice, now=timezone.now(), due_at=later)
    assert [runs for _, runs, _ in clocks_of(case.conversation)] == [False, False, True]
    assert fresh(case.conversation).due_at == later


@pytest.mark.parametrize("way", ["send", "send and close", "answered_elsewhere"])
def test_nothing_shuts_by_the_way_what_a_case_needs(world: World, way: str) -> None:
    talk, now = conversation_of(world.walmart), timezone.now()
    with tenant_tx(world.acme.pk):
        case = acts.open_by_hand(fresh(talk), Wanted("return_dispute"), by=world.alice, now=now)
        acts.move(held(case), "review", by=world.alice, now=now)
        acts.move(held(case), "escalated", by=world.alice, now=now)
    closes = way == "send and close"
    reply = reply_in(talk, world.alice, OutboxState.SENT, queued_at=timezone.now(), then_close=closes)
    with tenant_tx(world.acme.pk):
        if way.startswith("send"):
            reply.conversation = fresh(talk)
            left(reply, at=timezone.now())
        else:
            actions.settle_clock(
                fresh(talk), by=world.alice, outcome=way, seen_message_id=SEEN_ALL, now=timezone.now()
            )
    row = fresh(talk)
    assert (row.due_at, row.case_label) == (None, "Return dispute")
    assert row.state == ConversationState.OPEN
    assert row.queue_at is not None


def test_settling_the_message_leaves_the_cases_clock(world: World) -> None:
    case = a_claim(world)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="Only a case's clock"):
        actions.settle_clock(
            fresh(case.conversation),
            by=world.alice,
            outcome="no_response_needed",
            seen_message_id=SEEN_ALL,
            now=timezone.now(),
        )
    assert clocks_of(case.conversation) == [("atoz_claim", True, "")]


def test_a_decision_opens_a_closed_conversation_again(world: World) -> None:
    case = a_claim(world)
    with tenant_tx(world.acme.pk):
        acts.done_there(held(case), by=world.alice, note="", now=timezone.now())
        actions.close(fresh(case.conversation), by=world.alice, now=timezone.now())
    arrive(world.amazon, mails.decision(world.amazon, granted=True))
    row = fresh(case.conversation)
    assert row.state == ConversationState.OPEN
    assert row.due_at is not None


def test_a_change_of_policy_moves_the_clocks_of_cases(world: World) -> None:
    case = a_claim(world)
    assert case.deadline is not None
    began = case.deadline.started_at
    with tenant_tx(world.acme.pk):
        SlaPolicy.objects.create(
            marketplace="amazon",
            kind="atoz_claim",
            valid_from=began - timedelta(days=1),
            allowance_minutes=60,
            rule="Ours: 1 h",
        )
    assert recomputing.recompute(world.acme.pk, now=timezone.now()) == 1
    case = only_case(world.amazon)
    assert case.deadline is not None
    assert case.deadline.due_at == began + timedelta(hours=1)
    assert fresh(case.conversation).due_at == case.deadline.due_at
