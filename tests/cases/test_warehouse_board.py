"""The board: nearest buyer's clock first, found by numbers, without the buyer, and in few statements."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tenancy import tenant_tx
from cases.models import WarehouseCheck
from cases.warehouse import board
from inbox import clocks
from inbox.models import Conversation, Outcome
from marketplaces import seeing
from tests.cases.checks import answer, ask
from tests.orders.rows import make_order
from tests.web.conftest import Browser
from tests.web.test_budgets import at_most
from tests.world import World, conversation_of

NOW = timezone.now()


def talk_of(world: World, number: int, *, hours: float = 1) -> Conversation:
    return conversation_of(
        world.walmart,
        relay=f"{number:032x}",
        order=f"2000{number:011d}",
        sent_at=NOW - timedelta(hours=hours),
    )


def questions(page: str) -> list[str]:
    return re.findall(r'<b dir="auto">(.*?)</b>', page)


def test_the_nearest_buyers_clock_stands_first_and_none_last(world: World, wendy: Browser) -> None:
    for number, (words, hours) in enumerate(
        [("Calm?", 1), ("Nearest?", 47), ("Near?", 30), ("No clock?", 2)]
    ):
        talk = talk_of(world, number, hours=hours)
        ask(talk, world.alice, words)
    with tenant_tx(world.acme.pk):
        clocks.stop_by_person(talk, by=world.alice, outcome=Outcome.ANSWERED_ELSEWHERE, at=NOW)
    page = wendy.get("/t/acme/warehouse/").content.decode()
    assert questions(page) == ["Nearest?", "Near?", "Calm?", "No clock?"]
    assert "no clock" in page
    assert page.count("data-due=") == 3


def test_the_board_has_no_word_of_the_buyer(world: World, wendy: Browser) -> None:
    talk = conversation_of(world.walmart, buyer="Zelda Quickenbush", text="My quickenbush is broken")
    check = ask(talk, world.alice)
    for path in ("", f"{check.pk}/", "?q=200011874402913"):
        page = wendy.get(f"/t/acme/warehouse/{path}").content.decode()
        assert "Was it shipped?" in page
        assert "quickenbush" not in page.lower()
        assert talk.relay_address not in page


def test_the_answered_ones_go_on_page_after_page(world: World, talk: Conversation, wendy: Browser) -> None:
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        answer(ask(talk, world.alice, f"Question {number}?", now=at), world.wendy, "in_stock", now=at)
    seen, after = [], ""
    with tenant_tx(world.acme.pk):
        while True:
            page = board.answered_checks(now=NOW, after=after, limit=2)
            seen += [row.check.question for row in page.rows]
            after = page.next_cursor
            if not after:
                break
            last = after
    assert seen == [f"Question {number}?" for number in (4, 3, 2, 1, 0)]
    # The second page reads itself again, not the first.
    shown = wendy.get("/t/acme/warehouse/", {"list": "answered", "after": last}).content.decode()
    looks = html.unescape(str(re.findall(r'hx-get="([^"]+)"[^>]*hx-target="#checks"', shown)[0]))
    again = wendy.get(looks, htmx=True).content.decode()
    assert ("Question 0?" in again, "Question 4?" in again) == (True, False)
    assert wendy.get("/t/acme/warehouse/?list=answered&after=nonsense").status_code == 404


@pytest.mark.parametrize(
    "typed",
    ["200011874402913", "2000118744", "02913", "1Z999AA10123456784", " 1z999aa10123456784 ", "1Z999AA"],
)
def test_a_check_is_found_by_its_order_and_by_tracking_numbers(
    world: World, talk: Conversation, wendy: Browser, alice: Browser, typed: str
) -> None:
    make_order(
        world.walmart,
        external_id="200011874402913",
        shipments=[{"carrier": "UPS", "tracking_number": "1Z999AA10123456784"}],
    )
    ask(talk, world.alice)
    ask(talk_of(world, 7), world.alice, "Another order's?")
    for browser in (wendy, alice):
        page = browser.get("/t/acme/warehouse/", {"q": typed}).content.decode()
        assert questions(page) == ["Was it shipped?"], typed


def test_a_check_is_found_by_the_number_that_answered_it(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    answer(ask(talk, world.alice), world.wendy, carrier="DHL", tracking="JJD000390007")
    page = wendy.get("/t/acme/warehouse/", {"q": "JJD000390007"}).content.decode()
    assert questions(page) == ["Was it shipped?"]


def test_what_cannot_be_printed_is_left_out_of_the_number(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    answer(ask(talk, world.alice), world.wendy, carrier="DHL", tracking="JJD000390007")
    response = wendy.get("/t/acme/warehouse/", {"q": "JJD000390007\x00"})
    assert response.status_code == 200
    assert questions(response.content.decode()) == ["Was it shipped?"]


def test_an_order_nobody_asked_about_is_found_as_such(world: World, wendy: Browser) -> None:
    order = make_order(world.walmart, external_id="200099990000001")
    page = wendy.get("/t/acme/warehouse/", {"q": "200099990000001"}).content.decode()
    assert f"/t/acme/orders/{order.pk}/" in page
    assert "Nobody has asked about it." in page
    nothing = wendy.get("/t/acme/warehouse/", {"q": "999999999"}).content.decode()
    assert "Nothing was asked about that number." in nothing


def test_a_part_of_the_board_is_the_list_with_the_counts(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    ask(talk, world.alice)
    part = wendy.get("/t/acme/warehouse/", htmx=True).content.decode()
    assert "<html" not in part
    assert 'id="checks"' in part
    assert re.search(r'id="rail-lists" hx-swap-oob="true".*Warehouse<span class="count"[^>]*>1<', part, re.S)


def test_whoever_may_answer_sees_the_count_and_the_way(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    ask(talk, world.alice)
    ask(talk, world.alice, "Is the return here?")
    page = wendy.get("/t/acme/orders/").content.decode()
    assert 'href="/t/acme/warehouse/"' in page
    assert re.search(r'Warehouse<span class="count"[^>]*>2<', page)


def test_a_restricted_member_sees_the_checks_of_their_accounts_only(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    check = ask(talk, world.alice)
    with tenant_tx(world.acme.pk):
        seeing.choose(world.wendy, [world.amazon], by=world.ada, now=NOW)
    for path in ("", "?q=200011874402913", "?list=answered"):
        page = wendy.get(f"/t/acme/warehouse/{path}").content.decode()
        assert "Was it shipped?" not in page
        assert not re.search(r'Warehouse<span class="count"', page)
    assert wendy.get(f"/t/acme/warehouse/{check.pk}/").status_code == 404
    assert wendy.post(f"/t/acme/warehouse/{check.pk}/answer/", {"answer": "shipped"}).status_code == 404


def test_a_restricted_member_answers_for_their_account(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    check = ask(talk, world.alice)
    with tenant_tx(world.acme.pk):
        seeing.choose(world.wendy, [world.walmart], by=world.ada, now=NOW)
    assert wendy.post(f"/t/acme/warehouse/{check.pk}/answer/", {"answer": "shipped"}).status_code == 303


def test_the_pages_stay_within_their_budgets(world: World, wendy: Browser, alice: Browser) -> None:
    for number in range(30):
        talk = talk_of(world, number)
        check = ask(talk, world.alice, prepared_reply="{answer}")
        if number % 2:
            answer(check, world.wendy)
    with at_most(6):
        assert wendy.get("/t/acme/warehouse/").status_code == 200
    with at_most(6):
        assert wendy.get("/t/acme/warehouse/?list=answered").status_code == 200
    with at_most(9):
        assert wendy.get("/t/acme/warehouse/", {"q": "200000000000001"}).status_code == 200
    with at_most(6):
        assert wendy.get(f"/t/acme/warehouse/{check.pk}/").status_code == 200
    with at_most(10):
        assert alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).status_code == 200


LISTS = {
    "cases_check_open": lambda: WarehouseCheck.objects.filter(state="open").order_by("due_at", "id"),
    "cases_check_answered": lambda: WarehouseCheck.objects.filter(state="answered").order_by(*board.NEWEST),
    "cases_check_order": lambda: WarehouseCheck.objects.filter(order=7).order_by("-asked_at"),
    "cases_check_tracking": lambda: WarehouseCheck.objects.exclude(tracking_number="").filter(
        tracking_number="1Z999"
    ),
    "cases_check_conversation": lambda: WarehouseCheck.objects.filter(conversation=7).order_by("-asked_at"),
}


@pytest.mark.parametrize("index", LISTS)
def test_each_list_is_read_from_its_index(world: World, talk: Conversation, index: str) -> None:
    ask(talk, world.alice)
    with tenant_tx(world.acme.pk):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert index in LISTS[index]()[:51].explain()
