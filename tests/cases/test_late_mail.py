"""Mail about a case does not come in the order it was written, and tells twice of what is decided."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases import acts
from cases.models import Case, CaseOutcome, Decider, Stage
from cases.opening import Decision
from inbox.models import Conversation, Message
from marketplaces.records import OrderStatus
from tests.cases import mails
from tests.cases.rows import cases_of, clocks_of, fresh, only_case
from tests.cases.test_from_orders import take_orders, wanted
from tests.orders.records import line, order
from tests.world import World, arrive

NOON = timezone.now().replace(microsecond=0) - timedelta(hours=3)


def by_hand(case: Case, act: Callable[[Case], object]) -> None:
    """Somebody does something about the case."""
    with tenant_tx(case.tenant_id):
        row = Case.objects.select_related("conversation__account", "order", "deadline").get(pk=case.pk)
        rows = Conversation.objects.select_for_update(of=("self",), no_key=True)
        row.conversation = rows.select_related("account", "order").get(pk=row.conversation_id)
        act(row)


def lose(world: World) -> None:
    decision = Decision(CaseOutcome.LOST, Decider.MARKETPLACE, Decimal(119))
    by_hand(
        only_case(world.amazon), lambda case: acts.record_decision(case, decision, by=world.alice, now=NOON)
    )


def test_the_mail_about_a_decision_that_was_noted_by_hand_opens_nothing(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    lose(world)
    arrive(world.amazon, mails.decision(world.amazon, granted=True, sent_at=NOON - timedelta(minutes=5)))
    case = only_case(world.amazon)
    assert (case.outcome, case.paid) == (CaseOutcome.LOST, Decimal(119))
    assert [kind for kind, runs, _ in clocks_of(case.conversation) if runs] == ["atoz_appeal"]


def test_the_marketplaces_word_beats_what_a_person_noted(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    lose(world)
    arrive(world.amazon, mails.decision(world.amazon, granted=False, sent_at=NOON - timedelta(minutes=5)))
    case = only_case(world.amazon)
    assert (case.outcome, case.decided_by) == (CaseOutcome.WON, Decider.MARKETPLACE)
    assert [kind for kind, runs, _ in clocks_of(case.conversation) if runs] == []


def test_a_decision_told_of_twice_is_one_and_a_newer_one_stands(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    for minutes, granted in ((0, True), (1, True), (9, False), (5, True)):
        at = NOON + timedelta(minutes=minutes)
        arrive(world.amazon, mails.decision(world.amazon, granted=granted, sent_at=at))
    assert only_case(world.amazon).outcome == CaseOutcome.WON


def test_a_finished_case_that_is_lost_after_all_is_there_again(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    arrive(world.amazon, mails.decision(world.amazon, granted=False, sent_at=NOON))
    by_hand(only_case(world.amazon), lambda case: acts.finish(case, by=world.alice, now=NOON))
    arrive(world.amazon, mails.decision(world.amazon, granted=True, sent_at=NOON + timedelta(hours=1)))
    case = only_case(world.amazon)
    assert (case.stage, case.outcome, case.closed_at) == (Stage.DECIDED, CaseOutcome.LOST, None)
    assert fresh(case.conversation).due_at == NOON + timedelta(hours=1, days=30)


def test_an_older_copy_of_a_claim_that_is_decided_opens_nothing_and_a_new_one_does(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    arrive(world.amazon, mails.decision(world.amazon, granted=False, sent_at=NOON))
    late = arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(hours=20)))
    assert late is not None
    assert only_case(world.amazon).stage == Stage.DECIDED
    assert fresh(late.conversation).due_at is None
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON + timedelta(hours=1)))
    assert [case.stage for case in cases_of(world.amazon)] == [Stage.DECIDED, Stage.SELLER]


def test_what_was_asked_before_a_person_decided_is_asked_still(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    lose(world)
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(minutes=5)))
    assert [case.stage for case in cases_of(world.amazon)] == [Stage.DECIDED, Stage.SELLER]
    arrive(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=2)))
    assert len(cases_of(world.amazon)) == 2


def test_an_older_mail_that_comes_late_does_not_put_the_moment_off(world: World) -> None:
    def claim(days: int, hours: int, sum_said: bytes) -> None:
        said = f"Please respond to this claim within {days} calendar days."
        content = mails.claim(world.amazon, said=said, sent_at=NOON - timedelta(hours=hours))
        arrive(world.amazon, content.replace(b"119,00", sum_said))

    claim(2, 0, b"119,00")
    claim(3, 20, b"99,00")
    case = only_case(world.amazon)
    assert case.deadline is not None
    assert (case.deadline.due_at, case.amount) == (NOON + timedelta(days=2), Decimal(119))
    # Whatever came first: the nearer moment is the one to act by.
    claim(1, 20, b"99,00")
    case = only_case(world.amazon)
    assert case.deadline is not None
    assert case.deadline.due_at == NOON + timedelta(hours=4)


def test_a_cancel_request_told_of_by_mail_and_done_is_not_opened_by_the_next_reading(world: World) -> None:
    now = timezone.now()
    placed = {"ordered_at": now - timedelta(days=1), "ship_by": now + timedelta(hours=9)}
    number = mails.AMAZON_ORDER
    take_orders(world.amazon, order(external_id=number, modified_at=now - timedelta(hours=2), **placed))
    text = f"The buyer wants to cancel.\n\nOrder ID: {number}\n"
    arrive(world.amazon, mails.amazon(world.amazon, "BRC_SELLER_NOTIFICATION", text))
    take_orders(world.amazon, wanted(external_id=number))
    case = only_case(world.amazon)
    by_hand(case, lambda row: acts.done_there(row, by=world.alice, note="", now=now))
    take_orders(world.amazon, wanted(external_id=number, modified_at=now))
    assert only_case(world.amazon).outcome == CaseOutcome.SETTLED


GONE = [OrderStatus.CANCELLED, OrderStatus.SHIPPED]


def take_order(world: World, status: OrderStatus, *, at: datetime) -> None:
    """Amazon's order, whose lines do not say that anybody wants to cancel."""
    facts = {"order_id": mails.AMAZON_ORDER, "external_id": mails.AMAZON_ORDER, "modified_at": at}
    take_orders(world.amazon, order(status=status, lines=(line(status=status),), **facts))


def wants_to_cancel(world: World) -> Message:
    text = f"The buyer wants to cancel.\n\nOrder ID: {mails.AMAZON_ORDER}\n"
    content = mails.amazon(world.amazon, "BRC_SELLER_NOTIFICATION", text, sent_at=NOON)
    message = arrive(world.amazon, content)
    assert message is not None
    return message


@pytest.mark.parametrize("status", GONE)
def test_a_cancel_request_only_a_mail_told_of_ends_with_the_order(world: World, status: OrderStatus) -> None:
    wants_to_cancel(world)
    take_order(world, OrderStatus.UNSHIPPED, at=NOON)
    assert only_case(world.amazon).outcome == ""
    take_order(world, status, at=NOON + timedelta(hours=1))
    case = only_case(world.amazon)
    assert (case.outcome, clocks_of(case.conversation)) == (
        CaseOutcome.SETTLED,
        [("cancel_request", False, "case_done")],
    )


@pytest.mark.parametrize("status", GONE)
def test_the_mail_about_an_order_that_is_gone_keeps_its_own_clock(world: World, status: OrderStatus) -> None:
    take_order(world, status, at=NOON)
    message = wants_to_cancel(world)
    assert cases_of(world.amazon) == []
    assert clocks_of(message.conversation) == [("reply", True, "")]
