"""The SLA board as a page: who sees it, what narrows it, and that each number opens exactly its list."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role
from accounts.tenancy import tenant_tx
from inbox import actions, tagging
from inbox.models import Conversation
from marketplaces import seeing
from marketplaces.models import SellerAccount
from reports import rolling
from reports.metrics import metrics
from tests.cases.case_rows import case_on
from tests.web.conftest import Browser, browser_of
from tests.web.test_budgets import at_most
from tests.world import World, conversation_of, make_member

NOW = timezone.now().replace(microsecond=0)
BUDGET = 20


@pytest.fixture
def leo(world: World) -> Browser:
    """The browser of acme's lead."""
    return browser_of(world.leo)


Waiting = Callable[..., Conversation]


@pytest.fixture
def waiting(world: World) -> Waiting:
    """A Walmart conversation with so many hours left."""
    numbers = iter(range(1, 100))

    def make(hours: float) -> Conversation:
        number = next(numbers)
        sent = timezone.now() - timedelta(hours=48 - hours)
        return conversation_of(
            world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", sent_at=sent
        )

    return make


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def figures(page: str) -> dict[str, tuple[str, str]]:
    """The address and the number of each figure of the first row."""
    found = re.findall(r'id="now-(\w+)" href="([^"]+)"[^>]*>([^<]+)</a>', page)
    return {key: (address.replace("&amp;", "&"), number) for key, address, number in found}


def rows(page: str) -> int:
    return page.count("data-row=")


def test_every_number_of_now_is_the_count_of_its_list(leo: Browser, world: World, waiting: Waiting) -> None:
    for hours in (-30, -1, 0.5, 1.9, 2.1, 7, 30, 47):
        waiting(hours)
    with tenant_tx(world.acme.pk):
        actions.assign(waiting(1), by=world.leo, assignee=world.alice, now=NOW)
    shown = figures(text(leo.get("/t/acme/board/")))
    assert {key: number for key, (_, number) in shown.items() if key in ("late", "under_2h", "under_8h")} == {
        "late": "2",
        "under_2h": "3",
        "under_8h": "5",
    }
    for key in ("late", "under_2h", "under_8h", "unassigned_today"):
        address, number = shown[key]
        assert rows(text(leo.get(address))) == int(number), key


def test_the_oldest_unanswered_opens_its_conversation(leo: Browser, waiting: Waiting) -> None:
    waiting(20)
    oldest = waiting(-3)
    address, length = figures(text(leo.get("/t/acme/board/")))["oldest"]
    assert address == f"/t/acme/c/{oldest.number}/"
    assert length == "2 d"


def test_a_narrowed_board_opens_lists_as_narrow(leo: Browser, world: World, waiting: Waiting) -> None:
    first, _ = waiting(1), waiting(1)
    with tenant_tx(world.acme.pk):
        tag = tagging.named("lost")
        tagging.put(first, tag, by=world.leo, now=NOW)
    page = text(leo.get(f"/t/acme/board/?account={world.walmart.pk}&tag={tag.pk}"))
    address, number = figures(page)["under_2h"]
    assert number == "1"
    assert rows(text(leo.get(address))) == 1
    assert "Last 30 days, Lumen US, tag lost." in page
    other = text(leo.get(f"/t/acme/board/?account={world.amazon.pk}"))
    assert figures(other)["under_2h"][1] == "0"


def test_bars_and_rows_of_hours_open_the_list_of_their_hour(leo: Browser, waiting: Waiting) -> None:
    waiting(5), waiting(29)
    page = text(leo.get("/t/acme/board/"))
    addresses = re.findall(r'<th scope="row"><a href="(/t/acme/queue/all/\?due=[^"]+)"', page)
    assert len(addresses) == 2
    assert [rows(text(leo.get(address))) for address in addresses] == [1, 1]
    assert all(page.count(f'href="{address}"') == 3 for address in addresses)


def test_the_bar_of_the_hour_that_runs_counts_what_its_list_shows(
    leo: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_past = timezone.now().replace(minute=30, second=0, microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: half_past)
    for number, minutes in enumerate((-20, -10, 20), 1):
        sent = half_past + timedelta(minutes=minutes) - timedelta(hours=48)
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", sent_at=sent)
    page = text(leo.get("/t/acme/board/"))
    ((address, words),) = set(re.findall(r'<a href="([^"]+due=20[^"]+)" aria-label="([^"]+)"', page))
    assert "1 deadline" in words
    listed = text(leo.get(address.replace("&amp;", "&")))
    assert rows(listed) == 1
    assert 'data-face="late"' not in listed


@pytest.mark.parametrize("by", ["agent", "account"])
def test_what_stands_open_in_a_row_is_a_list_of_as_many(
    leo: Browser, world: World, waiting: Waiting, by: str
) -> None:
    with tenant_tx(world.acme.pk):
        for hours in (1, 2):
            actions.assign(waiting(hours), by=world.ada, assignee=world.alice, now=NOW)
    waiting(3)
    page = text(leo.get(f"/t/acme/board/?by={by}"))
    found = re.findall(r'href="([^"]+)" aria-label="(\d) open: ([^.]+)', page)
    open_now = {name: int(number) for _, number, name in found}
    assert open_now == ({"Alice Archer": 2, "Nobody": 1} if by == "agent" else {"Lumen US": 3})
    for address, number, _ in found:
        assert rows(text(leo.get(address.replace("&amp;", "&")))) == int(number)


@pytest.fixture
def cases(world: World) -> Conversation:
    """Cases in every state, opened and decided at the edges of a week and of a month; returns one of them."""
    now, decided = timezone.now(), {"stage": "decided", "decided_by": "marketplace"}
    talk = conversation_of(world.walmart)
    other = conversation_of(world.amazon, relay="b" * 32, order="200011874400009")
    for days in (0, 6.5, 8, 29, 40):
        at = now - timedelta(days=days)
        case_on(talk, type="return_dispute", opened_at=at, amount=Decimal(20), currency="USD")
        case_on(talk, type="return_dispute", opened_at=at)
        case_on(other, opened_at=at, amount=Decimal(20), currency="EUR")
        for outcome in ("won", "partly", "lost", "settled"):
            case_on(other, opened_at=at, outcome=outcome, decided_at=at, currency="EUR", **decided)
    case_on(other, opened_at=now, currency="EUR", closed_at=now)
    with tenant_tx(world.acme.pk):
        tagging.put(talk, tagging.named("lost"), by=world.leo, now=NOW)
    rolling.roll_all(world.acme.pk)
    return talk


def linked_cases(page: str) -> dict[tuple[str, str], tuple[int, str]]:
    """By what is counted and of which row, the number and the address of its list."""
    found = re.findall(r'href="(/t/acme/cases/[^"]+)" aria-label="(\d+) ([^:]+): ([^"]+)\. Show them"', page)
    return {(what, row): (int(n), address.replace("&amp;", "&")) for address, n, what, row in found}


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize("narrowed", ["", "account", "tag"])
def test_every_number_of_cases_opens_a_list_of_as_many(
    leo: Browser, world: World, cases: Conversation, days: int, narrowed: str
) -> None:
    with tenant_tx(world.acme.pk):
        tag = tagging.named("lost")
    query = {"account": f"&account={world.amazon.pk}", "tag": f"&tag={tag.pk}"}.get(narrowed, "")
    page = text(leo.get(f"/t/acme/board/?days={days}{query}"))
    linked = linked_cases(page)
    shown = {"": 3, "account": 1, "tag": 2}[narrowed]
    assert len([what for what, _ in linked if what == "open now"]) == shown
    assert {what for what, _ in linked} >= {"opened", "open now"}
    if narrowed != "tag":
        assert {what for what, _ in linked} == {"opened", "open now", "won", "partly won", "lost"}
    for place, (count, address) in linked.items():
        assert listed_cases(leo, address) == count, place
    # The list of all that is open is the sum of the column.
    (address,) = re.findall(r'board-open-cases" href="([^"]+)"', page)
    open_now = sum(count for (what, _), (count, _) in linked.items() if what == "open now")
    assert listed_cases(leo, address.replace("&amp;", "&")) == open_now


def listed_cases(browser: Browser, address: str) -> int:
    return text(browser.get(address)).count('class="case-row"')


@pytest.mark.parametrize("role", list(Role))
def test_leads_and_admins_find_the_board_in_the_rail_and_nobody_else(world: World, role: Role) -> None:
    member = make_member(world.acme, "Mika Moor", role)
    browser = browser_of(member)
    allowed = role in (Role.LEAD, Role.ADMIN)
    assert browser.get("/t/acme/board/").status_code == (200 if allowed else 403)
    assert browser.get("/t/acme/board/rates.csv").status_code == (200 if allowed else 403)
    assert ('href="/t/acme/board/"' in browser.get("/t/acme/orders/").content.decode()) is allowed


def test_htmx_gets_the_figures_and_the_rail_alone(leo: Browser, waiting: Waiting) -> None:
    waiting(1)
    part = text(leo.get("/t/acme/board/?days=7", htmx=True))
    assert 'id="board-figures"' not in part
    assert 'id="now-late"' in part
    assert "<html" not in part
    assert 'id="rail-lists" hx-swap-oob="true"' in part
    # What looks again asks for the same narrowing.
    assert 'hx-get="/t/acme/board/?days=7" hx-trigger="poll, paced"' in part
    whole = text(leo.get("/t/acme/board/?days=7"))
    assert '<option value="7" selected>' in whole
    assert 'id="board-figures"' in whole


def test_what_is_no_narrowing_narrows_nothing(leo: Browser, waiting: Waiting) -> None:
    waiting(1)
    page = text(leo.get("/t/acme/board/?days=8&account=x&tag=-1&by=name&sort=-password&compare=2"))
    assert "board-narrowed" not in page
    assert figures(page)["under_2h"][1] == "1"


def test_every_figure_says_what_it_means_where_the_focus_reaches_it(leo: Browser, waiting: Waiting) -> None:
    waiting(1)
    page = text(leo.get("/t/acme/board/"))
    keys = re.findall(r'<button type="button" id="define-(\w+)"', page)
    assert len(keys) == len(set(keys))
    assert set(keys) >= {"late", "under_2h", "under_8h", "unassigned_today", "oldest", "load", "causes"}
    meanings = text(leo.get("/t/acme/board/definitions/"))
    for key in keys:
        assert f'id="tip-{key}"' in page
        assert f'href="/t/acme/board/definitions/#{key}"' in page
        assert f'<div id="{key}"><dt>{metrics()[key].title}' in meanings


def test_ids_are_unique_on_the_page(leo: Browser, waiting: Waiting) -> None:
    waiting(1), waiting(-1), waiting(20)
    ids = re.findall(r'\bid="([^"]+)"', text(leo.get("/t/acme/board/?compare=1")))
    assert sorted(ids) == sorted(set(ids))


def test_without_an_account_the_board_says_why_it_is_empty(world: World) -> None:
    with tenant_tx(world.acme.pk):
        SellerAccount.objects.update(disconnected_at=NOW)
    for browser, words in (
        (browser_of(world.leo), "As soon as an admin has connected an account"),
        (browser_of(world.ada), "Connect an account, and it fills by itself."),
    ):
        page = text(browser.get("/t/acme/board/"))
        assert "No seller account is connected yet." in page
        assert words in page
        assert "now-late" not in page


def test_an_account_that_is_being_connected_has_no_figures(leo: Browser, world: World) -> None:
    with tenant_tx(world.acme.pk):
        SellerAccount.objects.filter(pk=world.amazon.pk).update(connecting_since=timezone.now())
    page = text(leo.get("/t/acme/board/"))
    assert world.walmart.name in page
    assert world.amazon.name not in page


def test_a_quiet_tenant_is_told_so_in_every_part(leo: Browser) -> None:
    page = text(leo.get("/t/acme/board/"))
    assert "Everybody has an answer" in page
    assert "Nothing is due in the next 48 hours." in page
    assert "Nothing was late in the last 30 days" in page
    assert "No case was opened or decided" in page


def test_a_restricted_lead_counts_their_own_accounts_only(world: World, waiting: Waiting) -> None:
    waiting(1)
    with tenant_tx(world.acme.pk):
        seeing.choose(world.leo, [world.amazon], by=world.ada, now=NOW)
    page = text(browser_of(world.leo).get("/t/acme/board/"))
    assert figures(page)["under_2h"][1] == "0"
    assert "Lumen US" not in page
    assert "Lumen DE" in page


def test_the_board_costs_the_same_statements_whatever_lies_behind_it(leo: Browser, waiting: Waiting) -> None:
    waiting(1)
    with at_most(BUDGET) as few:
        text(leo.get("/t/acme/board/"))
    for hours in range(-10, 30):
        waiting(hours)
    with at_most(len(few)):
        text(leo.get("/t/acme/board/"))
