"""Mail opens, updates and decides cases, once each, and never loses its own clock."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases import acts, from_mail, opening
from cases.models import Case, CaseOutcome, CaseSource, CaseStage, Decider, Stage, WarehouseCheck
from cases.types import types
from inbox import clocks, recognising, reparsing
from inbox.models import Conversation, Deadline, Event, Message
from inbox.reparsing import Which
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.models import SellerAccount
from marketplaces.records import ReturnStatus
from orders.models import Order
from tests.cases import mails
from tests.cases.checks import ask
from tests.cases.rows import cases_of, clocks_of, fresh, only_case, stages_of
from tests.cases.test_from_orders import rma, take_returns
from tests.cases.test_warehouse_asking import tags_of
from tests.world import World, arrive, walmart_mail

BUYER = "v5xk0l6l6w4bl8d@marketplace.amazon.de"
NOON = timezone.now().replace(microsecond=0) - timedelta(hours=3)
AMAZON_MAILS = {
    "atoz_claim": ("A_Z_CLAIM_RESPONDENT_NOTIFY", "atoz-guarantee-no-reply", "A claim was filed."),
    "information_request": ("", "atoz-guarantee-no-reply", "This is a request for information on the claim."),
    "chargeback": ("", "cb-seller-notification", "A chargeback has been filed."),
    "cancel_request": ("BRC_SELLER_NOTIFICATION", "order-update", "The buyer wants to cancel."),
    "return_request": ("RETURN_REQUEST", "order-update", "The buyer wants to return it."),
}


def take_in(account: SellerAccount, content: bytes) -> Message:
    message = arrive(account, content)
    assert message is not None
    return message


def test_every_matter_of_the_mail_rules_is_a_type_of_its_marketplace() -> None:
    for name, rules in rulebook().marketplaces.items():
        for rule in rules.matters:
            assert name in types()[rule.type].marketplaces, rule.name
            assert f"mail: {rule.type}" in types()[rule.type].opened_by, rule.name


@pytest.mark.parametrize("key", AMAZON_MAILS)
def test_each_kind_of_mail_opens_its_case_with_its_own_clock_and_no_other(world: World, key: str) -> None:
    kind, local, text = AMAZON_MAILS[key]
    content = mails.amazon(
        world.amazon,
        kind,
        f"{text}\n\nOrder ID: {mails.AMAZON_ORDER}\n",
        sender=f"{local}@amazon.de",
        subject="About an order" if kind else text,
        sent_at=NOON,
    )
    message = take_in(world.amazon, content)
    case = only_case(world.amazon)
    assert (case.type, case.stage, case.mail_id) == (key, Stage.SELLER, message.pk)
    assert clocks_of(message.conversation) == [(key, True, "")]
    assert case.deadline is not None
    assert case.deadline.started_at == NOON
    row = fresh(message.conversation)
    assert row.due_at == case.deadline.due_at
    assert row.queue_at == row.due_at
    assert row.case_label == types()[key].label


def test_a_claim_knows_its_number_its_sum_and_its_order(world: World) -> None:
    take_in(world.amazon, mails.claim(world.amazon))
    case = only_case(world.amazon)
    assert (case.reference, case.amount, case.currency) == ("A2Z-5501", Decimal("119.00"), "EUR")
    assert case.order is not None
    assert case.order.external_id == mails.AMAZON_ORDER
    assert case.order.is_placeholder


def test_a_moment_the_mail_states_beats_the_table(world: World) -> None:
    said = "Please respond to this claim within 2 calendar days."
    take_in(world.amazon, mails.claim(world.amazon, said=said, sent_at=NOON))
    deadline = only_case(world.amazon).deadline
    assert deadline is not None
    assert (deadline.due_at, deadline.stated_in_source) == (NOON + timedelta(days=2), True)


def test_without_a_stated_moment_the_promise_gives_it(world: World) -> None:
    take_in(world.amazon, mails.claim(world.amazon, sent_at=NOON))
    deadline = only_case(world.amazon).deadline
    assert deadline is not None
    assert (deadline.due_at, deadline.stated_in_source) == (NOON + timedelta(days=3), False)
    assert deadline.rule == "Amazon A-to-z 3 days"


def test_a_case_that_comes_past_its_moment_is_opened_and_late(world: World) -> None:
    take_in(world.amazon, mails.claim(world.amazon, sent_at=timezone.now() - timedelta(days=5)))
    case = only_case(world.amazon)
    assert case.deadline is not None
    assert case.deadline.due_at < timezone.now()
    assert fresh(case.conversation).due_at == case.deadline.due_at


def test_a_second_mail_about_the_matter_updates_the_case(world: World) -> None:
    take_in(world.amazon, mails.claim(world.amazon, sent_at=NOON))
    said = "Respond within 1 days."
    second = mails.claim(world.amazon, said="Please respond within 1 days.", sent_at=NOON)
    assert said.split()[-1].encode() in second
    message = take_in(world.amazon, second.replace(b"119,00", b"129,50"))
    case = only_case(world.amazon)
    assert case.amount == Decimal("129.50")
    assert case.deadline is not None
    assert case.deadline.due_at == NOON + timedelta(days=1)
    assert clocks_of(message.conversation) == [("atoz_claim", True, "")]


@pytest.mark.parametrize("stated", [True, False])
def test_a_further_mail_about_a_case_without_a_clock_loses_none(world: World, stated: bool) -> None:
    take_in(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    with tenant_tx(world.acme.pk):
        row = Case.objects.select_related("conversation__account", "order", "deadline").get()
        acts.move(row, "review", by=world.alice, now=NOON)
        acts.move(row, "escalated", by=world.alice, now=NOON)
    case = only_case(world.amazon)
    assert case.deadline is None
    said = "Please respond to this claim within 2 calendar days." if stated else ""
    take_in(world.amazon, mails.claim(world.amazon, said=said, sent_at=NOON))
    case = only_case(world.amazon)
    running = [kind for kind, runs, _ in clocks_of(case.conversation) if runs]
    assert (case.stage, running) == (Stage.ESCALATED, ["atoz_claim" if stated else "reply"])
    if stated:
        assert case.deadline is not None
        assert case.deadline.due_at == NOON + timedelta(days=2)
        assert fresh(case.conversation).due_at == case.deadline.due_at
        with tenant_tx(world.acme.pk):
            assert CaseStage.objects.get(left_at__isnull=True).deadline_id == case.deadline_id


def test_two_orders_have_two_cases(world: World) -> None:
    take_in(world.amazon, mails.claim(world.amazon).replace(b"A2Z-5501", b"A2Z-5502"))
    take_in(world.amazon, mails.claim(world.amazon, order="302-7654321-1234567"))
    assert len(cases_of(world.amazon)) == 2


@pytest.mark.parametrize("granted", [True, False])
def test_a_decision_decides_it_and_a_lost_one_starts_the_appeal(world: World, granted: bool) -> None:
    message = take_in(world.amazon, mails.claim(world.amazon, sent_at=NOON - timedelta(days=1)))
    take_in(world.amazon, mails.decision(world.amazon, granted=granted, sent_at=NOON))
    case = only_case(world.amazon)
    assert (case.stage, case.decided_by) == (Stage.DECIDED, Decider.MARKETPLACE)
    assert stages_of(case) == [Stage.SELLER, Stage.DECIDED]
    clocks = clocks_of(message.conversation)
    assert clocks[0] == ("atoz_claim", False, "case_done")
    if granted:
        assert (case.outcome, case.paid) == (CaseOutcome.LOST, Decimal("119.00"))
        assert clocks[1:] == [("atoz_appeal", True, "")]
        assert case.deadline is not None
        assert case.deadline.due_at == NOON + timedelta(days=30)
    else:
        assert (case.outcome, case.paid) == (CaseOutcome.WON, None)
        assert clocks[1:] == []
        assert fresh(message.conversation).due_at is None


def test_a_decision_nobody_vouches_for_stops_no_clock(world: World) -> None:
    message = take_in(world.amazon, mails.claim(world.amazon))
    take_in(world.amazon, mails.decision(world.amazon, granted=False, vouched=False))
    assert only_case(world.amazon).stage == Stage.SELLER
    assert clocks_of(message.conversation) == [("atoz_claim", True, "")]
    with tenant_tx(world.acme.pk):
        assert Event.objects.filter(kind="case_decision_unproven").exists()


def test_a_decision_without_its_claim_is_a_decided_case(world: World) -> None:
    take_in(world.amazon, mails.decision(world.amazon, granted=False))
    case = only_case(world.amazon)
    assert (case.stage, case.outcome) == (Stage.DECIDED, CaseOutcome.WON)


def test_a_complaint_has_one_hour(world: World) -> None:
    text = "We have received a complaint through the Better Business Bureau (BBB)."
    message = take_in(world.walmart, mails.customer_care(world.walmart, text, sent_at=NOON))
    case = only_case(world.walmart)
    assert case.type == "complaint"
    assert case.deadline is not None
    assert case.deadline.due_at == NOON + timedelta(hours=1)
    assert clocks_of(message.conversation) == [("complaint", True, "")]


def test_what_else_customer_care_writes_is_an_escalation(world: World) -> None:
    take_in(world.walmart, mails.customer_care(world.walmart, "Please call the customer.", sent_at=NOON))
    case = only_case(world.walmart)
    assert case.type == "escalation"
    assert case.deadline is not None
    assert case.deadline.due_at == NOON + timedelta(hours=48)


def test_a_cancel_request_is_due_when_the_order_must_ship(world: World) -> None:
    ship_by = timezone.now().replace(microsecond=0) + timedelta(hours=9)
    with tenant_tx(world.acme.pk):
        Order.objects.create(
            account=world.amazon,
            external_id=mails.AMAZON_ORDER,
            is_placeholder=False,
            ship_by=ship_by,
            expires_at=ship_by,
        )
    text = f"The buyer wants to cancel.\n\nOrder ID: {mails.AMAZON_ORDER}\n"
    take_in(world.amazon, mails.amazon(world.amazon, "BRC_SELLER_NOTIFICATION", text))
    deadline = only_case(world.amazon).deadline
    assert deadline is not None
    assert (deadline.due_at, deadline.stated_in_source) == (ship_by, True)


def test_history_opens_no_case(world: World) -> None:
    sent_at = world.amazon.clocks_from - timedelta(days=1)
    arrive(world.amazon, mails.claim(world.amazon, sent_at=sent_at), received_at=sent_at)
    assert cases_of(world.amazon) == []


def test_what_only_claims_to_be_amazon_opens_none(world: World) -> None:
    content = (
        mails.claim(world.amazon).replace(b"dmarc=pass", b"dmarc=fail").replace(b"dkim=pass", b"dkim=fail")
    )
    take_in(world.amazon, content)
    assert cases_of(world.amazon) == []


def test_a_buyers_message_and_a_newsletter_open_none(world: World) -> None:
    take_in(world.walmart, walmart_mail(world.walmart, text="I file an A-to-z claim and a chargeback!"))
    take_in(world.amazon, mails.amazon(world.amazon, "", "Sell more.", sender="news@amazon.de"))
    assert cases_of(world.walmart) == cases_of(world.amazon) == []


def test_the_next_tenant_has_a_case_of_its_own(world: World) -> None:
    take_in(world.amazon, mails.claim(world.amazon))
    take_in(world.foreign, mails.claim(world.foreign))
    assert only_case(world.amazon).tenant_id == world.acme.pk
    assert only_case(world.foreign).tenant_id == world.globex.pk


def test_a_fault_in_opening_costs_neither_the_mail_nor_its_clock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **named: object) -> Case:
        case = opening.open_case(*given, **named)  # type: ignore[arg-type]
        raise RuntimeError(f"no room for {case.pk}")

    monkeypatch.setattr(from_mail, "open_case", broken)
    message = take_in(world.amazon, mails.claim(world.amazon))
    assert cases_of(world.amazon) == []
    assert clocks_of(message.conversation) == [("reply", True, "")]
    row = fresh(message.conversation)
    assert row.due_at is not None
    assert row.case_label == ""


def half_understood(world: World) -> Conversation:
    """A claim from an address that none is known to come from: a notice without a clock."""
    content = mails.amazon(
        world.amazon,
        "",
        f"A claim.\nClaim ID: A2Z-9\nOrder ID: {mails.AMAZON_ORDER}\n",
        sender="odd@amazon.de",
    )
    return take_in(world.amazon, content).conversation


def file_as(world: World, conversation: Conversation, kind: str) -> None:
    with tenant_tx(world.acme.pk):
        talk = Conversation.objects.select_related("account", "order").get(pk=conversation.pk)
        recognising.file_as(talk, by=world.alice, kind=kind, now=timezone.now())


def test_filing_by_hand_opens_the_case_and_undoing_it_ends_its_clock(world: World) -> None:
    conversation = half_understood(world)
    assert cases_of(world.amazon) == []
    file_as(world, conversation, "claim")
    case = only_case(world.amazon)
    assert (case.type, case.reference) == ("atoz_claim", "A2Z-9")
    assert clocks_of(conversation) == [("atoz_claim", True, "")]
    file_as(world, conversation, "notice")
    case = only_case(world.amazon)
    assert case.outcome == CaseOutcome.WITHDRAWN
    assert case.closed_at is not None
    assert [running for _, running, _ in clocks_of(conversation)] == [False]
    row = fresh(conversation)
    assert (row.due_at, row.case_label) == (None, "")
    file_as(world, conversation, "claim")
    assert only_case(world.amazon).closed_at is None
    assert clocks_of(conversation) == [("atoz_claim", True, "")]
    with tenant_tx(world.acme.pk):
        again = Case.objects.select_related("conversation__account", "order", "deadline").get()
        acts.done_there(again, by=world.alice, note="", now=timezone.now())
    file_as(world, conversation, "claim")
    assert clocks_of(conversation) == [("atoz_claim", False, "case_done")]


def test_a_notice_that_newer_rules_know_for_a_claim_becomes_a_case(world: World) -> None:
    message = take_in(world.amazon, mails.claim(world.amazon, sent_at=NOON))
    with tenant_tx(world.acme.pk):
        # As it was read before the rules knew of cases.
        Case.objects.all().delete()
        Deadline.objects.all().delete()
        Message.objects.filter(pk=message.pk).update(kind="notice")
        talk = Conversation.objects.filter(pk=message.conversation_id)
        talk.update(kind="notice", due_at=None, queue_at=None, case_label="")
    (told,) = reparsing.reread(world.acme.pk, Which(again=True), write=True, now=timezone.now())
    assert told.changes
    case = only_case(world.amazon)
    assert (case.type, case.mail_id) == ("atoz_claim", message.pk)
    assert clocks_of(message.conversation) == [("atoz_claim", True, "")]
    assert fresh(message.conversation).case_label == "A-to-z claim"


def test_a_claim_that_newer_rules_move_takes_its_case_along(world: World) -> None:
    claim = take_in(world.amazon, mails.claim(world.amazon))
    with tenant_tx(world.acme.pk):
        # Older rules had not seen the number of the order.
        Conversation.objects.update(order=None)
        Case.objects.update(order=None)
    text = f"Order ID: {mails.AMAZON_ORDER}\nWhere is my lamp?\n"
    buyer = take_in(
        world.amazon, mails.amazon(world.amazon, "", text, sender="v5xk0l6l6w4bl8d@marketplace.amazon.de")
    )
    assert buyer.conversation_id != claim.conversation_id
    with tenant_tx(world.acme.pk):
        ask(Conversation.objects.get(pk=claim.conversation_id), world.alice)
    list(reparsing.reread(world.acme.pk, Which(again=True), write=True, now=timezone.now()))
    case = only_case(world.amazon)
    assert case.conversation_id == buyer.conversation_id
    assert case.order is not None
    assert case.order.external_id == mails.AMAZON_ORDER
    assert ("atoz_claim", True, "") in clocks_of(buyer.conversation)
    assert clocks_of(claim.conversation) == []
    assert (fresh(claim.conversation).case_label, fresh(buyer.conversation).case_label != "") == ("", True)
    with tenant_tx(world.acme.pk):
        assert WarehouseCheck.objects.get().conversation_id == buyer.conversation_id
    assert (tags_of(claim.conversation), tags_of(buyer.conversation)) == ([], ["Warehouse check"])
    take_returns(world.amazon, rma(order_id=mails.AMAZON_ORDER, a_to_z=True, status=ReturnStatus.COMPLETED))
    assert only_case(world.amazon).pk == case.pk


def test_a_claim_that_newer_rules_know_for_a_message_is_no_case_any_more(world: World) -> None:
    message = take_in(world.amazon, mails.amazon(world.amazon, "", "Where is my lamp?\n", sender=BUYER))
    with tenant_tx(world.acme.pk):
        # As older rules read it: a claim, whose clock took the place of the message's.
        Message.objects.filter(pk=message.pk).update(kind="claim")
        talk = Conversation.objects.select_related("account").get(pk=message.conversation_id)
        claim = opening.Found(
            types()["atoz_claim"], CaseSource.MAIL, f"mail:{message.pk}", at=NOON, mail=message
        )
        opening.open_case(talk, claim, now=NOON)
        clocks.in_place_of_reply(message)
    assert clocks_of(message.conversation) == [("atoz_claim", True, "")]
    (told,) = reparsing.reread(world.acme.pk, Which(again=True), write=True, now=timezone.now())
    assert [change.new for change in told.changes] == ["buyer_message"]
    case = only_case(world.amazon)
    assert (case.outcome, case.closed_at is not None) == (CaseOutcome.WITHDRAWN, True)
    assert [kind for kind, running, _ in clocks_of(message.conversation) if running] == ["reply"]
    row = fresh(message.conversation)
    assert (row.case_label, row.due_at is not None) == ("", True)


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_claim_that_was_none_does_not_hide_the_one_the_report_tells_of(world: World, by_hand: bool) -> None:
    claim = take_in(world.amazon, mails.claim(world.amazon))
    case = only_case(world.amazon)
    if by_hand:
        with tenant_tx(world.acme.pk):
            decision = opening.Decision(CaseOutcome.WITHDRAWN, Decider.BUYER)
            opening.decide(case, decision, at=timezone.now(), source=CaseSource.HAND, by=world.alice)
    else:
        file_as(world, claim.conversation, "buyer_message")
    take_returns(world.amazon, rma(order_id=mails.AMAZON_ORDER, a_to_z=True, modified_at=timezone.now()))
    found = [each for each in cases_of(world.amazon) if each.type == "atoz_claim"]
    assert [each.closed_at is None for each in found] == ([True] if by_hand else [False, True])


def test_filing_it_as_another_case_changes_what_the_case_is(world: World) -> None:
    conversation = half_understood(world)
    file_as(world, conversation, "return_request")
    file_as(world, conversation, "claim")
    case = only_case(world.amazon)
    assert (case.type, case.stage, case.closed_at) == ("atoz_claim", Stage.SELLER, None)
    running = [kind for kind, runs, _ in clocks_of(conversation) if runs]
    assert running == ["atoz_claim"]
    assert fresh(conversation).case_label == "A-to-z claim"
