"""The lists behind the board's numbers: the queue narrowed by how soon an answer is due, and by account."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import actions, narrowing
from inbox.models import Conversation
from inbox.queue import VIEWS, queue_page
from tests.web.conftest import Browser, browser_of
from tests.web.rows import reply_in
from tests.web.test_budgets import at_most
from tests.world import World, conversation_of

NOW = timezone.now().replace(microsecond=0, second=0, minute=15)


@pytest.fixture
def waiting(world: World) -> Callable[..., Conversation]:
    """A conversation whose answer is due so long from now."""
    numbers = iter(range(1, 100))

    def make(**left: float) -> Conversation:
        number = next(numbers)
        sent = NOW + timedelta(**left) - timedelta(hours=48)
        return conversation_of(
            world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", sent_at=sent
        )

    return make


@pytest.fixture
def alice(world: World) -> Browser:
    """The browser of acme's agent."""
    return browser_of(world.alice)


def rows(world: World, view: str = "all", **narrowed: Any) -> list[int]:
    with tenant_tx(world.acme.pk):
        return [row.number for row in queue_page(view, membership=world.alice, now=NOW, **narrowed).rows]


def test_each_list_holds_what_its_words_say_and_the_edges_lie_in_one_of_them(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    late, on_time = waiting(seconds=-1).number, waiting(seconds=0).number
    soon, at_two = waiting(hours=2, seconds=-1).number, waiting(hours=2).number
    waiting(hours=8)
    assert rows(world, due="late") == [late]
    assert rows(world, due="2h") == [on_time, soon]
    assert rows(world, due="8h") == [on_time, soon, at_two]


def test_due_today_is_the_rest_of_the_readers_day(world: World, waiting: Callable[..., Conversation]) -> None:
    world.alice.user.time_zone = "UTC"
    left = (NOW + timedelta(days=1)).replace(hour=0, minute=0) - NOW
    waiting(seconds=-1)
    before, last = waiting(seconds=0).number, waiting(seconds=left.total_seconds() - 1).number
    waiting(seconds=left.total_seconds())
    assert rows(world, due="today") == [before, last]


def test_an_hour_is_named_by_its_beginning(world: World, waiting: Callable[..., Conversation]) -> None:
    waiting(minutes=44)
    first = waiting(minutes=45).number
    waiting(minutes=105)
    name = narrowing.of_hour(NOW + timedelta(minutes=45))
    assert narrowing.due_of(name) == name
    assert rows(world, due=name) == [first]


def test_the_hour_that_runs_begins_now_and_what_is_late_in_it_is_late_alone(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    late = [waiting(minutes=-10).number, waiting(seconds=-1).number]
    on_time, soon = waiting(seconds=0).number, waiting(minutes=44).number
    waiting(minutes=45)
    name = narrowing.of_hour(NOW.replace(minute=0))
    assert rows(world, due=name) == [on_time, soon]
    assert rows(world, due="late") == late
    assert rows(world, due=narrowing.of_hour(NOW.replace(minute=0) - timedelta(hours=1))) == []


@pytest.mark.parametrize("day", [1, 9, 10, 19, 20, 29, 30, 31])
@pytest.mark.parametrize("month", [1, 12])
def test_every_hour_that_the_board_names_is_one_of_its_lists(month: int, day: int) -> None:
    for minutes in (0, 570, 1439):
        name = narrowing.of_hour(datetime(2026, month, day, tzinfo=UTC) + timedelta(minutes=minutes))
        assert narrowing.due_of(name) == name


@pytest.mark.parametrize(
    "made_up",
    [
        "soon",
        "2026-13-01T00:00Z",
        "2026-02-30T00:00",
        "2026-2-3T04:05Z",
        "0001-01-01T00:00Z",
        "٢026-02-03T00:00Z",
        "-1",
        "2h ",
    ],
)
def test_a_made_up_narrowing_is_none(made_up: str) -> None:
    assert narrowing.due_of(made_up) == ""


def test_a_day_that_does_not_exist_narrows_nothing() -> None:
    assert narrowing.due_of("2026-02-30T00:00Z") == ""


def test_a_reply_that_did_not_arrive_stands_where_its_deadline_puts_it(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    first, second = waiting(minutes=10), waiting(minutes=20)
    reply_in(second, world.alice, "failed")
    assert rows(world) == [second.number, first.number]
    assert rows(world, due="2h") == [first.number, second.number]


def test_account_assignee_and_deadline_narrow_together(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    mine, nobodys = waiting(minutes=10), waiting(minutes=20)
    with tenant_tx(world.acme.pk):
        actions.assign(mine, by=world.leo, assignee=world.alice, now=NOW)
    assert rows(world, "unassigned", due="2h") == [nobodys.number]
    assert rows(world, assignee_id=world.alice.pk) == [mine.number]
    assert rows(world, account_id=world.walmart.pk) == [mine.number, nobodys.number]
    assert rows(world, account_id=world.amazon.pk) == []
    # A list without end is not read through for one account's rows.
    assert VIEWS["closed"].narrowed(account_id=world.walmart.pk, due="late").narrowings == {}


def test_pages_of_a_narrowed_list_follow_each_other(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    made = [waiting(minutes=minutes).number for minutes in (30, 10, 10, 20)]
    seen: list[int] = []
    after = ""
    with tenant_tx(world.acme.pk):
        while True:
            page = queue_page("all", membership=world.alice, now=NOW, after=after, limit=2, due="2h")
            seen += [row.number for row in page.rows]
            after = page.next_cursor
            if not after:
                break
    assert seen == [made[1], made[2], made[3], made[0]]


def test_a_narrowed_list_is_one_range_of_the_index_of_deadlines(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    for hours in range(5):
        waiting(hours=hours)
    with tenant_tx(world.acme.pk):
        with CaptureQueriesContext(connection) as captured:
            queue_page("all", membership=world.alice, now=NOW, due="8h")
        assert len(captured) == 1
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            cursor.execute("EXPLAIN " + captured[0]["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "inbox_conversation_due" in plan


def test_the_list_says_what_it_is_narrowed_to_and_offers_to_lift_it(
    world: World, alice: Browser, waiting: Callable[..., Conversation]
) -> None:
    number = waiting(minutes=75).number
    waiting(hours=20)
    address = f"/t/acme/queue/all/?account={world.walmart.pk}&due=2h"
    with at_most(6):
        page = alice.get(address).content.decode()
    assert page.count("data-row=") == 1
    assert "due in under 2 h" in page
    assert 'href="/t/acme/queue/all/?due=2h"' in page
    assert f'href="/t/acme/queue/all/?account={world.walmart.pk}"' in page
    assert "<title>Due soon, due in under 2 h, Lumen US - Acme</title>" in page
    # What is open keeps the list it came from, and the list that looks again stays as narrow.
    assert f"/t/acme/c/{number}/?account={world.walmart.pk}&amp;due=2h" in page
    assert f"/t/acme/queue/all/rows/?account={world.walmart.pk}&amp;due=2h" in page
    polled = alice.get(address.replace("/all/", "/all/rows/"), htmx=True).content.decode()
    assert polled.count("data-row=") == 1
    conversation = alice.get(f"/t/acme/c/{number}/?due=2h").content.decode()
    assert 'href="/t/acme/queue/all/?due=2h"' in conversation


def test_what_one_member_has_is_a_list_that_names_them(
    world: World, alice: Browser, waiting: Callable[..., Conversation]
) -> None:
    with tenant_tx(world.acme.pk):
        actions.assign(waiting(minutes=75), by=world.ada, assignee=world.leo, now=NOW)
    waiting(minutes=80)
    with at_most(6):
        page = alice.get(f"/t/acme/queue/all/?assignee={world.leo.pk}").content.decode()
    assert page.count("data-row=") == 1
    assert "Not only assigned to Leo Lang" in page


def test_an_empty_narrowed_list_says_why_and_shows_the_way_out(world: World, alice: Browser) -> None:
    page = alice.get("/t/acme/queue/all/?due=late").content.decode()
    assert "Nothing in Due soon is as narrow as this." in page
    assert 'href="/t/acme/queue/all/">Show all of Due soon' in page
