"""The marketplaces' own data opens cases, once, and ends them when nothing is left to do."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases import from_orders, opening
from cases.models import Case, CaseOutcome, CaseSource, Decider, Stage, WarehouseCheck
from cases.talks import talk_of
from cases.types import types
from inbox.models import ConversationState
from marketplaces.models import SellerAccount
from marketplaces.records import (
    Fulfilment,
    OrderRecord,
    RefundRecord,
    ReturnLineRecord,
    ReturnRecord,
    ReturnStatus,
)
from orders.models import Return
from orders.storing import store_orders
from orders.storing_returns import store_returns
from tests.cases import mails
from tests.cases.checks import ask
from tests.cases.rows import cases_of, clocks_of, fresh, only_case
from tests.orders.records import line, order, refund, returned, usd
from tests.world import World, arrive, conversation_of

NOW = timezone.now().replace(microsecond=0)
ASKED = NOW - timedelta(days=6)
HERE = NOW - timedelta(hours=5)


def take_returns(account: SellerAccount, *records: ReturnRecord, now: datetime = NOW) -> None:
    with tenant_tx(account.tenant_id):
        store_returns(account, records, now=now)


def take_orders(account: SellerAccount, *records: OrderRecord, now: datetime = NOW) -> None:
    with tenant_tx(account.tenant_id):
        store_orders(account, records, now=now)


def rma(**facts: Any) -> ReturnRecord:
    """A return asked for six days ago."""
    return returned(**{"modified_at": ASKED, "requested_at": ASKED, "refund": usd("89.90"), **facts})


def here(**facts: Any) -> ReturnRecord:
    """The same, received five hours ago."""
    return rma(**{"modified_at": HERE, "received_at": HERE, "status": ReturnStatus.RECEIVED, **facts})


def wanted(**facts: Any) -> OrderRecord:
    """An order whose buyer wants to cancel it."""
    given = {"ordered_at": NOW - timedelta(days=1), "modified_at": NOW - timedelta(hours=1), **facts}
    return order(**{"lines": (line(cancel_requested=True),), "ship_by": NOW + timedelta(hours=9), **given})


def by_hand(account: SellerAccount, kind: str, *, at: datetime, settled_at: datetime | None = None) -> Case:
    """A case somebody opened about the order of the first return, and settled then."""
    with tenant_tx(account.tenant_id):
        sold = Return.objects.order_by("pk")[0].order
        found = opening.Found(types()[kind], CaseSource.HAND, f"hand:{uuid4()}", at, order=sold)
        case = opening.open_case(talk_of(account, sold, about=kind, at=at), found, now=at)
        if settled_at is not None:
            decision = opening.Decision(CaseOutcome.SETTLED, Decider.SELLER)
            opening.decide(case, decision, at=settled_at, source=CaseSource.HAND)
        return case


def test_an_open_return_is_a_case_without_a_clock_that_waits_for_the_buyer(world: World) -> None:
    take_returns(world.walmart, rma(return_by=NOW + timedelta(days=20)))
    case = only_case(world.walmart)
    assert (case.type, case.stage, case.source) == ("return_open", Stage.BUYER, CaseSource.API)
    assert (case.deadline, case.amount) == (None, Decimal("89.90"))
    row = fresh(case.conversation)
    assert (row.state, row.queue_at) == (ConversationState.WAITING_BUYER, None)
    assert row.case_label == "Return open"


def test_a_return_that_arrives_has_48_hours_from_its_scan(world: World) -> None:
    take_returns(world.walmart, rma())
    take_returns(world.walmart, here())
    opened, received = cases_of(world.walmart)
    assert (opened.outcome, opened.closed_at) == (CaseOutcome.SETTLED, HERE)
    assert received.type == "return_received"
    assert received.conversation_id == opened.conversation_id
    assert received.deadline is not None
    assert received.deadline.due_at == HERE + timedelta(hours=48)
    row = fresh(received.conversation)
    assert (row.state, row.due_at) == (ConversationState.OPEN, received.deadline.due_at)
    assert row.case_label == "Return received"


@pytest.mark.parametrize("told_before", [True, False])
def test_the_request_a_mail_told_of_ends_when_the_return_arrives(world: World, told_before: bool) -> None:
    text = f"The buyer wants to return it.\n\nOrder ID: {mails.AMAZON_ORDER}\n"
    arrive(world.amazon, mails.amazon(world.amazon, "RETURN_REQUEST", text, sent_at=ASKED))
    if told_before:
        take_returns(world.amazon, rma(order_id=mails.AMAZON_ORDER))
        assert cases_of(world.amazon)[0].outcome == ""
    take_returns(world.amazon, here(order_id=mails.AMAZON_ORDER))
    asked, *_, received = cases_of(world.amazon)
    assert (asked.type, asked.outcome) == ("return_request", CaseOutcome.SETTLED)
    assert [kind for kind, runs, _ in clocks_of(received.conversation) if runs] == ["return_received"]


def test_a_request_that_comes_after_the_return_arrived_is_about_another(world: World) -> None:
    arrived = here(order_id=mails.AMAZON_ORDER, modified_at=ASKED, received_at=ASKED)
    take_returns(world.amazon, arrived)
    text = f"The buyer wants to return it.\n\nOrder ID: {mails.AMAZON_ORDER}\n"
    arrive(world.amazon, mails.amazon(world.amazon, "RETURN_REQUEST", text, sent_at=HERE))
    take_returns(world.amazon, replace(arrived, modified_at=NOW, status=ReturnStatus.COMPLETED))
    assert [(case.type, case.outcome) for case in cases_of(world.amazon)] == [
        ("return_received", CaseOutcome.SETTLED),
        ("return_request", ""),
    ]


def test_what_amazons_report_says_was_paid_back_is_kept(world: World) -> None:
    take_returns(world.amazon, here())
    take_returns(world.amazon, here(status=ReturnStatus.COMPLETED, refund=usd("28.50")))
    case = only_case(world.amazon)
    assert (case.type, case.outcome) == ("return_received", CaseOutcome.SETTLED)
    assert (case.paid, case.currency) == (Decimal("28.50"), "USD")


def test_amazon_has_the_days_of_its_own_promise(world: World) -> None:
    take_returns(world.amazon, here())
    deadline = only_case(world.amazon).deadline
    assert deadline is not None
    assert deadline.due_at == HERE + timedelta(days=4)


def test_the_same_return_read_again_opens_nothing(world: World) -> None:
    for _ in range(2):
        take_returns(world.walmart, here())
    take_returns(world.walmart, here(modified_at=NOW, status_text="DELIVERED AGAIN"))
    assert only_case(world.walmart).type == "return_received"


def test_a_refund_ends_it_at_the_refunds_own_moment(world: World) -> None:
    take_returns(world.walmart, here())
    refunded = NOW - timedelta(hours=1)
    take_returns(world.walmart, here(modified_at=NOW, refunded_at=refunded, status=ReturnStatus.COMPLETED))
    case = only_case(world.walmart)
    assert (case.outcome, case.closed_at, case.paid) == (CaseOutcome.SETTLED, refunded, Decimal("89.90"))
    assert clocks_of(case.conversation) == [("return_received", False, "case_done")]
    row = fresh(case.conversation)
    assert (row.due_at, row.case_label) == (None, "")


def test_a_refund_known_from_elsewhere_ends_it_too(world: World) -> None:
    received = order().ordered_at - timedelta(days=1)
    world.amazon.clocks_from = received
    take_returns(world.amazon, here(modified_at=received, received_at=received))
    take_orders(world.amazon, order(refunds=(refund(),)))
    assert only_case(world.amazon).outcome == ""  # a goodwill
    take_orders(world.amazon, order(refunds=(refund(), refund("R2", "79.90")), modified_at=NOW))
    case = only_case(world.amazon)
    assert (case.outcome, case.paid) == (CaseOutcome.SETTLED, Decimal("89.90"))


def paid(number: str, at: datetime) -> RefundRecord:
    """The whole sum of a return, given back then."""
    return replace(refund(number, "89.90"), at=at)


def test_a_refund_told_of_before_its_return_ends_it_too(world: World) -> None:
    take_orders(world.amazon, order(refunds=(paid("R1", HERE + timedelta(hours=1)),)))
    take_returns(world.amazon, here())
    case = only_case(world.amazon)
    assert (case.outcome, case.paid) == (CaseOutcome.SETTLED, Decimal("89.90"))
    assert clocks_of(case.conversation) == [("return_received", False, "case_done")]


def test_the_refund_of_one_return_does_not_end_another_told_of_later(world: World) -> None:
    first = order(refunds=(paid("R1", HERE + timedelta(hours=1)),))
    take_returns(world.amazon, here())
    take_orders(world.amazon, first)
    take_returns(world.amazon, here(external_id="RMA-2"))
    take_orders(world.amazon, replace(first, modified_at=NOW))
    assert [case.outcome for case in cases_of(world.amazon)] == [CaseOutcome.SETTLED, ""]
    second = paid("R2", HERE + timedelta(hours=2))
    take_orders(world.amazon, replace(first, refunds=(*first.refunds, second), modified_at=NOW))
    assert [case.outcome for case in cases_of(world.amazon)] == [CaseOutcome.SETTLED] * 2


def test_one_refund_does_not_end_what_two_returns_wait_for(world: World) -> None:
    received = order().ordered_at - timedelta(days=1)
    world.amazon.clocks_from = received
    facts = {"modified_at": received, "received_at": received}
    take_returns(world.amazon, here(**facts), here(external_id="RMA-2", **facts))
    take_orders(world.amazon, order(refunds=(refund("R1", "89.90"),)))
    assert [case.outcome for case in cases_of(world.amazon)] == ["", ""]


def test_it_hangs_on_the_buyers_own_conversation(world: World) -> None:
    talk = conversation_of(world.walmart)
    take_returns(world.walmart, here())
    assert only_case(world.walmart).conversation_id == talk.pk
    assert [kind for kind, running, _ in clocks_of(talk) if running] == ["reply", "return_received"]


def test_what_walmart_refunded_can_be_disputed_for_48_hours(world: World) -> None:
    facts: dict[str, Any] = {"refunded_at": HERE, "modified_at": HERE, "status": ReturnStatus.COMPLETED}
    take_returns(world.walmart, rma(refund_channel="WALMART_TRIGGERED_REFUND", **facts))
    case = only_case(world.walmart)
    assert case.type == "walmart_refund"
    assert case.deadline is not None
    assert case.deadline.due_at == HERE + timedelta(hours=48)


def test_customer_care_and_lost_parcels_are_told_apart(world: World) -> None:
    facts: dict[str, Any] = {"refunded_at": HERE, "modified_at": HERE, "status": ReturnStatus.COMPLETED}
    take_returns(world.walmart, rma(channel="CUSTOMER_CARE", **facts))
    lost = (ReturnLineRecord("1", sku="LMP-ARC-01", reason="LOST_AFTER_DELIVERY"),)
    take_returns(world.walmart, rma(external_id="RMA-2", channel="CUSTOMER_CARE", lines=lost, **facts))
    assert [case.type for case in cases_of(world.walmart)] == ["walmart_refund", "item_not_received"]


def test_a_refund_the_seller_made_asks_nothing(world: World) -> None:
    facts: dict[str, Any] = {"refunded_at": HERE, "modified_at": HERE, "status": ReturnStatus.COMPLETED}
    take_returns(world.walmart, rma(refund_channel="SELLER_MANUAL_REFUND", **facts))
    assert cases_of(world.walmart) == []


def test_amazons_return_report_tells_of_claims(world: World) -> None:
    take_returns(
        world.amazon,
        here(a_to_z=True, safe_t="5001 Pending", safe_t_at=HERE, status=ReturnStatus.COMPLETED),
    )
    claim, safe_t = cases_of(world.amazon)
    assert (claim.type, claim.stage) == ("atoz_claim", Stage.SELLER)
    assert (safe_t.type, safe_t.stage, safe_t.reference) == ("safe_t", Stage.REVIEW, "5001")
    assert clocks_of(claim.conversation) == [("atoz_claim", True, "")]
    take_returns(
        world.amazon, here(modified_at=NOW, a_to_z=True, safe_t="5001 Granted", safe_t_paid=usd("20"))
    )
    _, safe_t, *_ = cases_of(world.amazon)
    assert (safe_t.stage, safe_t.outcome, safe_t.amount) == (Stage.DECIDED, CaseOutcome.WON, Decimal("20.00"))


@pytest.mark.parametrize(
    ("facts", "outcome", "amount"),
    [
        ({"safe_t": "5001 Granted", "safe_t_paid": usd("20")}, CaseOutcome.WON, "20.00"),
        ({"safe_t": "5001 Denied"}, CaseOutcome.LOST, "28.50"),
    ],
)
def test_a_claim_first_told_of_when_it_is_decided_is_decided(
    world: World, facts: dict[str, Any], outcome: str, amount: str
) -> None:
    take_returns(
        world.amazon,
        here(safe_t_at=HERE, status=ReturnStatus.COMPLETED, refund=usd("28.50"), **facts),
    )
    case = only_case(world.amazon)
    assert (case.type, case.stage, case.outcome) == ("safe_t", Stage.DECIDED, outcome)
    assert (case.decided_by, case.amount) == ("marketplace", Decimal(amount))


def test_a_claim_that_was_denied_and_is_paid_after_all_is_won(world: World) -> None:
    facts: dict[str, Any] = {"safe_t_at": HERE, "status": ReturnStatus.COMPLETED}
    take_returns(world.amazon, here(safe_t="5001 Denied", **facts))
    assert only_case(world.amazon).outcome == CaseOutcome.LOST
    granted = here(safe_t="5001 Granted", safe_t_paid=usd("20"), modified_at=NOW, **facts)
    take_returns(world.amazon, granted)
    case = only_case(world.amazon)
    assert (case.stage, case.outcome, case.amount) == (Stage.DECIDED, CaseOutcome.WON, Decimal("20.00"))


def test_a_claim_prepared_by_hand_is_the_one_the_report_tells_of(world: World) -> None:
    take_returns(world.amazon, here(status=ReturnStatus.COMPLETED))
    prepared = by_hand(world.amazon, "safe_t", at=NOW)
    assert prepared.stage == Stage.SELLER
    take_returns(
        world.amazon,
        here(modified_at=NOW, safe_t="5001 Pending", safe_t_at=NOW, status=ReturnStatus.COMPLETED),
    )
    case = only_case(world.amazon)
    assert (case.pk, case.stage, case.reference) == (prepared.pk, Stage.REVIEW, "5001")
    assert clocks_of(case.conversation) == [("safe_t", False, "case_done")]


def test_what_a_person_settled_the_data_opens_no_second_time(world: World) -> None:
    take_returns(world.walmart, rma())
    settled_at = HERE + timedelta(hours=1)
    by_hand(world.walmart, "return_received", at=HERE - timedelta(hours=1), settled_at=settled_at)
    take_returns(world.walmart, here())
    assert [case.type for case in cases_of(world.walmart)] == ["return_open", "return_received"]
    take_returns(world.walmart, here(external_id="RMA-2"))
    *_, second = cases_of(world.walmart)
    assert (second.type, second.outcome) == ("return_received", "")


def test_a_return_that_comes_after_a_person_settled_another_is_opened(world: World) -> None:
    take_returns(world.walmart, rma())
    settled_at = HERE - timedelta(hours=1)
    by_hand(world.walmart, "return_received", at=HERE - timedelta(hours=2), settled_at=settled_at)
    take_returns(world.walmart, here())
    assert [case.outcome for case in cases_of(world.walmart)] == [CaseOutcome.SETTLED] * 2 + [""]


def test_what_a_person_opened_ends_when_the_return_is_told_of_as_refunded(world: World) -> None:
    take_returns(world.walmart, rma())
    by_hand(world.walmart, "return_received", at=HERE)
    done = here(refunded_at=NOW, modified_at=NOW, status=ReturnStatus.COMPLETED)
    take_returns(world.walmart, done)
    assert [case.outcome for case in cases_of(world.walmart)] == [CaseOutcome.SETTLED] * 2


def test_what_a_person_opened_does_not_end_with_the_refund_of_one_of_two_returns(world: World) -> None:
    take_returns(world.walmart, rma(), rma(external_id="RMA-2"))
    by_hand(world.walmart, "return_received", at=HERE)
    done = here(refunded_at=NOW, modified_at=NOW, status=ReturnStatus.COMPLETED)
    take_returns(world.walmart, done)
    assert [case.outcome for case in cases_of(world.walmart)] == [CaseOutcome.SETTLED, "", ""]


def test_what_the_marketplace_ships_is_its_own_affair(world: World) -> None:
    take_orders(world.walmart, order(fulfilment=Fulfilment.WFS, ordered_at=ASKED, modified_at=ASKED))
    take_returns(world.walmart, here())
    assert cases_of(world.walmart) == []


def test_a_return_told_of_before_the_order_the_marketplace_ships_asks_nothing_any_more(world: World) -> None:
    take_returns(world.walmart, here())
    assert only_case(world.walmart).outcome == ""
    take_orders(world.walmart, order(fulfilment=Fulfilment.WFS, ordered_at=ASKED, modified_at=ASKED))
    case = only_case(world.walmart)
    assert (case.outcome, case.closed_at) == (CaseOutcome.WITHDRAWN, NOW)
    assert clocks_of(case.conversation) == [("return_received", False, "case_done")]


def test_history_opens_nothing(world: World) -> None:
    before = world.walmart.clocks_from - timedelta(days=1)
    take_returns(
        world.walmart,
        here(requested_at=before, received_at=before, modified_at=NOW),
        rma(external_id="RMA-2", requested_at=before),
    )
    take_orders(world.walmart, wanted(ordered_at=before, ship_by=before))
    assert cases_of(world.walmart) == []


def test_a_check_follows_when_two_rows_turn_out_to_be_one_order(world: World) -> None:
    conversation_of(world.walmart, order="200011874402913")
    talk = conversation_of(world.walmart, order="108810001000123", relay="f" * 32)
    check = ask(talk, world.alice)
    take_orders(world.walmart, order(external_id="108810001000123"))
    with tenant_tx(world.acme.pk):
        found = WarehouseCheck.objects.select_related("order").get(pk=check.pk).order
    assert found is not None
    assert found.external_id == "200011874402913"


def test_conversations_are_held_in_one_order_whatever_the_order_of_the_returns(
    world: World, superuser: psycopg.Connection[tuple[Any, ...]]
) -> None:
    first = conversation_of(world.walmart)
    second = conversation_of(world.walmart, order="200011874402999", relay="f" * 32)
    later = here(external_id="RMA-2", order_id="200011874402999")

    def store() -> None:
        try:
            take_returns(world.walmart, later, here())
        finally:
            connections.close_all()

    thread = threading.Thread(target=store)
    held = "SELECT 1 FROM inbox_conversation WHERE id = %s FOR UPDATE NOWAIT"
    with superuser.transaction():
        superuser.execute(held, [first.pk])
        thread.start()
        while not superuser.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            assert thread.is_alive()
        # It waits for the first and holds nothing that somebody who has the first may want next.
        superuser.execute(held, [second.pk])
    thread.join(30)
    assert {case.conversation_id for case in cases_of(world.walmart)} == {first.pk, second.pk}


def test_a_fault_in_opening_costs_the_case_and_not_the_return(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **named: object) -> Case:
        case = opening.open_case(*given, **named)  # type: ignore[arg-type]
        raise RuntimeError(f"no room for {case.pk}")

    monkeypatch.setattr(from_orders, "open_case", broken)
    take_returns(world.walmart, here())
    assert cases_of(world.walmart) == []
    with tenant_tx(world.acme.pk):
        assert Return.objects.filter(external_id="RMA-1").exists()
