"""The pages of cases, and their acts with and without htmx."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tenancy import tenant_tx
from cases.models import Case, CaseOutcome, Stage
from cases.narrowing import Narrowing, narrowing_of
from inbox.models import Conversation
from tests.cases import mails
from tests.cases.rows import cases_of, fresh, only_case
from tests.web.conftest import Browser
from tests.web.test_budgets import at_most
from tests.world import World, arrive, conversation_of

NEXT_YEAR = f"{timezone.now().year + 1}-01-02T10:30"
HTMX = pytest.mark.parametrize("htmx", [True, False])


@pytest.fixture
def case(world: World) -> Case:
    """An A-to-z claim that a mail opened."""
    arrive(world.amazon, mails.claim(world.amazon))
    return only_case(world.amazon)


def at(case: Case, rest: str = "") -> str:
    """An address of the case."""
    return f"/t/acme/c/{case.conversation.number}/cases/{case.pk}/{rest}"


def test_the_row_the_view_and_the_head_say_that_it_is_a_case(alice: Browser, case: Case) -> None:
    for view in ("all", "cases"):
        page = alice.get(f"/t/acme/queue/{view}/").content.decode()
        assert 'class="row is-unread is-case"' in page
        assert 'class="case-mark"' in page
    talk = alice.get(f"/t/acme/c/{case.conversation.number}/").content.decode()
    assert "Answer an A-to-z claim" in talk
    assert f'hx-get="/t/acme/c/{case.conversation.number}/cases/"' in talk


def test_two_clocks_are_told_apart_by_name(alice: Browser, world: World, talk: object) -> None:
    opened = conversation_of(world.walmart)
    arrive(world.walmart, mails.customer_care(world.walmart, "Please call the customer."))
    page = alice.get(f"/t/acme/c/{opened.number}/").content.decode()
    assert "Answer the buyer" in page
    assert "Answer Walmart Customer Care" in page


def test_the_panel_is_sent_again_only_when_a_case_has_changed(
    alice: Browser, world: World, case: Case
) -> None:
    address = f"/t/acme/c/{case.conversation.number}/cases/"
    seen = re.findall('name="seen" value="([^"]*)"', alice.get(address, htmx=True).content.decode())[0]
    assert alice.get(address, {"seen": "none"}, htmx=True).status_code == 200
    assert alice.get(address, {"seen": seen}, htmx=True).status_code == 204
    alice.post(at(case, "stages/"), {"stage": "done", "note": "Sent the scan."})
    assert "Under review" in alice.get(address, {"seen": seen}, htmx=True).content.decode()
    without = f"/t/acme/c/{conversation_of(world.walmart).number}/"
    assert 'name="seen" value="none"' in alice.get(without).content.decode()
    assert alice.get(f"{without}cases/", {"seen": "none"}, htmx=True).status_code == 204


@HTMX
def test_the_panel_says_what_to_do_where_and_by_when(alice: Browser, case: Case, htmx: bool) -> None:
    page = alice.get(f"/t/acme/c/{case.conversation.number}/cases/", htmx=htmx).content.decode()
    assert "A-to-z claim" in page
    assert "Represent your side at Seller Central" in page
    assert "119.00 EUR" in page
    assert "A2Z-5501" in page
    assert "https://sellercentral.amazon.de/orders-v3/order/302-1234567-7654321" in page
    assert '<li data-standing="now" aria-current="step"><span>Your turn</span></li>' in page
    assert ("<html" in page) is not htmx


@HTMX
def test_done_decided_and_finished(alice: Browser, world: World, case: Case, htmx: bool) -> None:
    answers = [
        alice.post(at(case, "stages/"), {"stage": "done", "note": "Sent the scan."}, htmx=htmx),
        alice.post(
            at(case, "decision/"),
            {"outcome": "lost", "paid": "119.00", "decided_by": "marketplace"},
            htmx=htmx,
        ),
        alice.post(at(case, "stages/"), {"stage": "follow_up", "due_at": NEXT_YEAR}, htmx=htmx),
        alice.post(at(case, "closure/"), {"lesson": "Ship with a signature."}, htmx=htmx),
    ]
    assert [answer.status_code for answer in answers] == [200 if htmx else 303] * 4
    found = only_case(world.amazon)
    assert (found.outcome, str(found.paid), found.stage) == (CaseOutcome.LOST, "119.00", Stage.LESSON)
    assert found.closed_at is not None
    assert found.follow_up_at is not None
    # Berlin's clock, as the reader's.
    assert found.follow_up_at.isoformat() == f"{NEXT_YEAR[:10]}T09:30:00+00:00"
    assert fresh(case.conversation).case_label == ""


@HTMX
def test_what_makes_no_sense_is_refused_with_its_reason(alice: Browser, case: Case, htmx: bool) -> None:
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "Choose an outcome.": ("decision/", {"decided_by": "seller"}),
        "Write the sum as a number": (
            "decision/",
            {"outcome": "won", "decided_by": "seller", "paid": "lots"},
        ),
        "Record the decision first": ("closure/", {}),
        "It stands in “Your turn” already": ("stages/", {"stage": "seller"}),
        "That moment has passed": ("stages/", {"stage": "escalated", "due_at": "2020-01-01T00:00"}),
        "Write the moment as a date": ("stages/", {"stage": "escalated", "due_at": "tomorrow"}),
    }
    for reason, (rest, body) in asked.items():
        answer = alice.post(at(case, rest), body, htmx=htmx)
        assert answer.status_code == 409
        assert reason in answer.content.decode()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_only_a_lost_claim_is_to_be_appealed(alice: Browser, case: Case, outcome: str) -> None:
    alice.post(at(case, "decision/"), {"outcome": outcome, "decided_by": "marketplace"})
    page = alice.get(f"/t/acme/c/{case.conversation.number}/cases/", htmx=True).content.decode()
    assert ("Granted against you" in page) is (outcome == "lost")
    assert ("there is nothing to appeal" in page) is (outcome == "won")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_the_end_of_the_calendar_is_refused_with_a_sentence(
    alice: Browser, world: World, case: Case, zone: str
) -> None:
    with tenant_tx(world.acme.pk):
        User.objects.filter(pk=world.alice.user_id).update(time_zone=zone)
    talk = f"/t/acme/c/{case.conversation.number}/"
    for moment in ("9999-12-31T23:59", f"{timezone.now().year + 3}-01-02T10:30"):
        for path, body in (
            (f"{talk}cases/{case.pk}/stages/", {"stage": "escalated"}),
            (f"{talk}cases/", {"type": "safe_t"}),
            ("/t/acme/cases/", {"type": "safe_t", "account": str(world.amazon.pk)}),
        ):
            answer = alice.post(path, body | {"due_at": moment})
            assert answer.status_code == 409
            assert "more than two years ahead" in answer.content.decode()
    assert alice.post(f"{talk}cases/", {"type": "safe_t", "due_at": "0001-01-01T00:00"}).status_code == 409
    alice.post(at(case, "decision/"), {"outcome": "lost", "decided_by": "marketplace"})
    answer = alice.post(at(case, "stages/"), {"stage": "follow_up", "due_at": "9999-12-31T23:59"})
    assert answer.status_code == 409
    assert alice.get(talk).status_code == alice.get(f"{talk}cases/").status_code == 200
    assert only_case(world.amazon).follow_up_at is None


@HTMX
def test_a_case_is_opened_by_hand(alice: Browser, world: World, talk: object, htmx: bool) -> None:
    (conversation,) = [conversation_of(world.walmart, relay="b" * 32, order="200011874400009")]
    body = {"type": "return_dispute", "reference": "D-7", "amount": "20.00", "due_at": NEXT_YEAR}
    answer = alice.post(f"/t/acme/c/{conversation.number}/cases/", body, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    found = only_case(world.walmart)
    assert (found.reference, str(found.amount)) == ("D-7", "20.00")
    past = alice.post(
        f"/t/acme/c/{conversation.number}/cases/", body | {"due_at": "2020-01-01T00:00"}, htmx=htmx
    )
    assert past.status_code == 409
    assert "That moment has passed" in past.content.decode()
    assert len(cases_of(world.walmart)) == 1


@HTMX
def test_closing_with_a_case_that_needs_somebody_names_it(alice: Browser, case: Case, htmx: bool) -> None:
    answer = alice.post(f"/t/acme/c/{case.conversation.number}/closure/", htmx=htmx)
    assert answer.status_code == 409
    assert "The case “A-to-z claim” needs you" in answer.content.decode()


def test_the_lists_hold_what_they_say(alice: Browser, world: World, case: Case) -> None:
    arrive(world.walmart, mails.customer_care(world.walmart, "Please call the customer."))
    page = alice.get("/t/acme/cases/").content.decode()
    assert page.count('class="case-row"') == 2
    assert f"/t/acme/c/{case.conversation.number}/?view=cases" in page
    narrowed = alice.get("/t/acme/cases/", {"type": "escalation"}).content.decode()
    assert narrowed.count('class="case-row"') == 1
    narrowed = alice.get("/t/acme/cases/", {"account": str(world.amazon.pk)}).content.decode()
    assert narrowed.count('class="case-row"') == 1
    alice.post(at(case, "stages/"), {"stage": "done"})
    assert alice.get("/t/acme/cases/?tab=waiting").content.decode().count('class="case-row"') == 1
    alice.post(at(case, "decision/"), {"outcome": "won", "decided_by": "marketplace"})
    decided = alice.get("/t/acme/cases/?tab=decided").content.decode()
    assert decided.count('class="case-row"') == 1
    assert '<span class="badge">Won</span>' in decided
    assert alice.get("/t/acme/cases/?tab=nothing&after=%7B").status_code == 404


def test_a_row_leads_to_its_own_case_and_the_nearest_clock_stands_on_top(
    alice: Browser, world: World, case: Case
) -> None:
    talk, later = f"/t/acme/c/{case.conversation.number}/cases/", timezone.now() + timedelta(days=300)
    for body in ({"type": "safe_t", "due_at": f"{later:%Y-%m-%dT%H:%M}"}, {"type": "performance_alarm"}):
        assert alice.post(talk, body).status_code == 303
    first, newer, newest = cases_of(world.amazon)
    page = alice.get(talk, htmx=True).content.decode()
    assert re.findall(r'id="case-(\d+)" ', page) == [str(first.pk), str(newer.pk), str(newest.pk)]
    listed = alice.get("/t/acme/cases/").content.decode()
    for each in (first, newer, newest):
        assert f'href="/t/acme/c/{case.conversation.number}/?view=cases#case-{each.pk}"' in listed
    # What is over stands last, however near its clock was.
    alice.post(at(first, "decision/"), {"outcome": "won", "decided_by": "marketplace"})
    alice.post(at(first, "closure/"))
    page = alice.get(talk, htmx=True).content.decode()
    assert re.findall(r'id="case-(\d+)" ', page) == [str(newer.pk), str(newest.pk), str(first.pk)]


def test_a_list_says_what_it_is_narrowed_to_and_keeps_it(alice: Browser, case: Case) -> None:
    query = {"tab": "opened", "type": "atoz_claim", "currency": "EUR", "days": "7"}
    page = alice.get("/t/acme/cases/", query).content.decode()
    assert page.count('class="case-row"') == 1
    assert '<span class="narrowing">opened in the last 7 days</span>' in page
    assert '<span class="narrowing">EUR</span>' in page
    assert '<input type="hidden" name="currency" value="EUR">' in page
    # Another list is of the same kind and currency; days and outcome are this one's own.
    assert 'href="?tab=turn&amp;type=atoz_claim&amp;currency=EUR"' in page
    for other in ({"currency": "USD"}, {"currency": "none"}, {"outcome": "won"}):
        page = alice.get("/t/acme/cases/", {"tab": "open"} | other).content.decode()
        assert page.count('class="case-row"') == 0
        assert 'class="narrowing"' in page


@pytest.mark.parametrize(
    "given",
    [
        {"type": "no_such"},
        {"account": "-1"},
        {"tag": "²"},
        {"currency": "eur"},
        {"currency": "EURO"},
        {"outcome": "x"},
        {"days": "7d"},
        {"days": "9999"},
    ],
)
def test_what_is_no_narrowing_of_cases_narrows_nothing(given: dict[str, str]) -> None:
    assert narrowing_of(given) == Narrowing()


def test_a_long_list_goes_on_and_stays_within_its_budget(alice: Browser, world: World) -> None:
    now = timezone.now()
    for number in range(55):
        sent_at = now - timedelta(minutes=number)
        order = f"302-{number:07d}-7654321"
        content = mails.claim(world.amazon, order=order, sent_at=sent_at)
        arrive(world.amazon, content.replace(b"A2Z-5501", f"A2Z-{number:04d}".encode()))
    with at_most(6):
        first = alice.get("/t/acme/cases/").content.decode()
    assert first.count('class="case-row"') == 50
    after = first.split("&amp;after=")[-1] if "&amp;after=" in first else first.split("&after=")[-1]
    cursor = after.split('"')[0]
    rest = alice.get("/t/acme/cases/", {"tab": "turn", "after": cursor}, htmx=True).content.decode()
    assert rest.count('class="case-row"') == 5


def test_without_a_conversation_it_opens_one(alice: Browser, world: World) -> None:
    body = {"account": world.amazon.pk, "type": "safe_t", "order": "302-1234567-7654321", "reference": "S-1"}
    answer = alice.post("/t/acme/cases/", body)
    found = only_case(world.amazon)
    assert (answer.status_code, answer["Location"]) == (303, f"/t/acme/c/{found.conversation.number}/")
    assert found.order is not None
    assert found.order.is_placeholder
    row = fresh(found.conversation)
    assert (row.case_label, row.due_at) == ("SAFE-T", found.deadline.due_at if found.deadline else None)
    assert 'class="case-mark"' in alice.get("/t/acme/queue/cases/").content.decode()


@pytest.mark.parametrize("order", ["", "302-1234567-7654321"])
def test_a_second_press_of_the_same_sheet_finds_the_first_case(
    alice: Browser, world: World, order: str
) -> None:
    sheet = alice.get("/t/acme/cases/").content.decode()
    key = sheet.split('name="form_key" value="')[1].split('"')[0]
    assert key not in alice.get("/t/acme/cases/").content.decode()
    body = {"account": world.amazon.pk, "type": "safe_t", "order": order, "form_key": key}
    answers = [alice.post("/t/acme/cases/", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(cases_of(world.amazon)) == 1
    with tenant_tx(world.acme.pk):
        assert Conversation.objects.count() == 1
    # The sheet of the page before, filled in anew, is another case.
    other = body | {"order": "302-1234567-7654399"}
    assert alice.post("/t/acme/cases/", other)["Location"] != answers[0]["Location"]
    assert len(cases_of(world.amazon)) == 2


def test_a_refused_sheet_keeps_everything_that_was_typed(alice: Browser, world: World) -> None:
    typed = {
        "account": str(world.amazon.pk),
        "type": "safe_t",
        "order": "302-1234567-7654321",
        "reference": "S-1 & more",
        "amount": "12.34",
        "due_at": "2020-01-01T00:00",
    }
    page = alice.post("/t/acme/cases/", typed).content.decode()
    sheet = page.partition('case-slot case-new" open>')[2].partition("</details>")[0]
    assert "That moment has passed" in sheet
    assert page.count("That moment has passed") == 1
    assert f'<option value="{world.amazon.pk}" selected>' in sheet
    assert '<option value="safe_t" selected>' in sheet
    for name in ("order", "amount", "due_at"):
        assert f'name="{name}" value="{typed[name]}"' in sheet
    assert 'name="reference" value="S-1 &amp; more"' in sheet
    fresh_sheet = alice.get("/t/acme/cases/").content.decode()
    assert 'name="amount" value=""' in fresh_sheet
    assert 'case-new" open' not in fresh_sheet


def test_what_is_not_known_of_an_order_is_said_truly(alice: Browser, world: World) -> None:
    body = {"account": world.amazon.pk, "type": "safe_t", "order": "302-1234567-7654321", "amount": "45.50"}
    page = alice.get(alice.post("/t/acme/cases/", body)["Location"]).content.decode()
    assert "No article of this order is known yet." in page
    assert "The mail" not in page
    panel = f"/t/acme/c/{only_case(world.amazon).conversation.number}/cases/"
    # The order is unknown, and so is its money: it is that of the account's country.
    assert "45.50 EUR" in alice.get(panel, htmx=True).content.decode()
    assert "45.50 EUR" in alice.get("/t/acme/cases/").content.decode()


def test_what_was_paid_has_the_money_of_the_accounts_country(alice: Browser, world: World) -> None:
    alice.post("/t/acme/cases/", {"account": world.walmart.pk, "type": "complaint"})
    case = only_case(world.walmart)
    alice.post(at(case, "decision/"), {"outcome": "lost", "decided_by": "marketplace", "paid": "9"})
    panel = alice.get(f"/t/acme/c/{case.conversation.number}/cases/", htmx=True).content.decode()
    assert "9.00 USD" in panel


def test_a_refusal_names_the_day_by_the_readers_clock(alice: Browser, world: World, case: Case) -> None:
    with tenant_tx(world.acme.pk):
        User.objects.filter(pk=world.alice.user_id).update(time_zone="Pacific/Auckland")
    alice.post(at(case, "decision/"), {"outcome": "won", "decided_by": "marketplace"})
    late = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)  # the fourth in Auckland
    with tenant_tx(world.acme.pk):
        Case.objects.update(decided_at=late)
    again = alice.post(at(case, "decision/"), {"outcome": "lost", "decided_by": "marketplace"})
    assert "decided (won) on 04 Mar 2026" in again.content.decode()
    with tenant_tx(world.acme.pk):
        Case.objects.update(closed_at=late)
    again = alice.post(at(case, "closure/"))
    assert "finished on 04 Mar 2026" in again.content.decode()


def test_what_cannot_be_opened_leaves_no_conversation_behind(alice: Browser, world: World) -> None:
    body = {"account": world.amazon.pk, "type": "escalation", "order": "302-1234567-7654321"}
    refused = {
        "Amazon has no such case": body,
        "is no order number of Amazon": body | {"type": "safe_t", "order": "77"},
        "That moment has passed": body | {"type": "safe_t", "due_at": "2020-01-01T00:00"},
        "Choose the seller account": body | {"account": ""},
    }
    for reason, given in refused.items():
        answer = alice.post("/t/acme/cases/", given)
        assert answer.status_code == 409
        assert reason in answer.content.decode()
    with tenant_tx(world.acme.pk):
        assert Conversation.objects.count() == 0
    assert alice.post("/t/acme/cases/", body | {"account": world.foreign.pk}).status_code == 404
