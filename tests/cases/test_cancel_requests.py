"""Buyers want an order cancelled: the order's own data open it, due when it must ship, and end it."""

from datetime import timedelta

import pytest

from cases.models import CaseOutcome
from marketplaces.records import OrderStatus
from tests.cases.rows import cases_of, clocks_of, fresh, only_case
from tests.cases.test_from_orders import NOW, take_orders, wanted
from tests.orders.records import line
from tests.world import World


def test_a_cancel_request_is_due_when_the_order_must_ship(world: World) -> None:
    take_orders(world.walmart, wanted())
    case = only_case(world.walmart)
    assert case.type == "cancel_request"
    assert case.deadline is not None
    assert (case.deadline.due_at, case.deadline.stated_in_source) == (NOW + timedelta(hours=9), True)


def test_without_a_ship_date_it_has_a_day(world: World) -> None:
    take_orders(world.walmart, wanted(ship_by=None))
    deadline = only_case(world.walmart).deadline
    assert deadline is not None
    assert (deadline.due_at, deadline.stated_in_source) == (NOW + timedelta(hours=24), False)


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.SHIPPED])
def test_a_cancel_request_ends_by_itself(world: World, status: OrderStatus) -> None:
    take_orders(world.walmart, wanted())
    gone = (line(cancel_requested=True, status=status),)
    take_orders(world.walmart, wanted(modified_at=NOW, status=status, lines=gone))
    case = only_case(world.walmart)
    assert (case.outcome, case.closed_at) == (CaseOutcome.SETTLED, NOW)
    assert fresh(case.conversation).due_at is None


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.SHIPPED])
def test_it_ends_too_where_the_order_says_no_longer_that_it_was_asked(
    world: World, status: OrderStatus
) -> None:
    take_orders(world.walmart, wanted())
    take_orders(world.walmart, wanted(modified_at=NOW, status=status, lines=(line(status=status),)))
    assert only_case(world.walmart).outcome == CaseOutcome.SETTLED


def test_a_line_nobody_knows_the_state_of_ends_no_cancel_request(world: World) -> None:
    take_orders(world.walmart, wanted())
    strange = line(cancel_requested=True, status=OrderStatus.UNKNOWN)
    take_orders(world.walmart, wanted(modified_at=NOW, lines=(strange,)))
    case = only_case(world.walmart)
    assert (case.outcome, clocks_of(case.conversation)) == ("", [("cancel_request", True, "")])


def test_another_line_to_be_cancelled_later_is_another_request(world: World) -> None:
    gone, here_still = line(cancel_requested=True, status=OrderStatus.CANCELLED), line("2")
    for minutes, lines in (
        (40, (line(cancel_requested=True), here_still)),
        (30, (gone, here_still)),
        (20, (gone, line("2", cancel_requested=True))),
        (10, (gone, line("2", cancel_requested=True, cancel_reason="Too late"))),
    ):
        take_orders(world.walmart, wanted(modified_at=NOW - timedelta(minutes=minutes), lines=lines))
    first, second = cases_of(world.walmart)
    assert (first.outcome, second.outcome) == (CaseOutcome.SETTLED, "")
    assert second.deadline is not None
    gone_too = line("2", cancel_requested=True, status=OrderStatus.SHIPPED)
    take_orders(world.walmart, wanted(modified_at=NOW, lines=(gone, gone_too)))
    assert [case.outcome for case in cases_of(world.walmart)] == [CaseOutcome.SETTLED] * 2


def test_what_is_to_be_cancelled_is_no_history_while_it_must_ship(world: World) -> None:
    ordered = world.walmart.clocks_from - timedelta(days=1)
    take_orders(world.walmart, wanted(ordered_at=ordered))
    assert only_case(world.walmart).type == "cancel_request"
