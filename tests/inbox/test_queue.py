"""The triage queue: nearest due first, in bands, page after page, in one statement."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.cursors import BadCursor
from accounts.tenancy import tenant_tx
from inbox import actions
from inbox.models import Conversation, Deadline, SlaPolicy
from inbox.queue import queue_page
from inbox.rail import rail
from inbox.recomputing import recompute
from tests.world import SEEN_ALL, World, arrive, conversation_of, walmart_mail

NOW = timezone.now().replace(microsecond=0, second=0)


@pytest.fixture
def waiting(world: World) -> Callable[..., Conversation]:
    """A conversation whose answer is due so long from now."""

    def make(**left: float) -> Conversation:
        make.count += 1  # type: ignore[attr-defined]
        relay = f"{make.count:032x}"  # type: ignore[attr-defined]
        order = f"2000{make.count:011d}"  # type: ignore[attr-defined]
        sent = NOW + timedelta(**left) - timedelta(hours=48)
        return conversation_of(world.walmart, relay=relay, order=order, sent_at=sent)

    make.count = 0  # type: ignore[attr-defined]
    return make


def sections(world: World, view: str = "all") -> list[tuple[str, list[int]]]:
    with tenant_tx(world.acme.pk):
        page = queue_page(view, membership=world.alice, now=NOW)
    return [(section.key, [row.number for row in section.rows]) for section in page.sections]


def test_the_bands_and_their_order(world: World, waiting: Callable[..., Conversation]) -> None:
    later = waiting(hours=40).number
    critical = waiting(hours=1, minutes=59).number
    late = waiting(seconds=-1).number
    later_still = waiting(hours=47).number
    arrive(world.walmart, b"From: partner@walmart.com\r\nSubject: Policy update\r\n\r\nNews for sellers\r\n")
    found = sections(world)
    assert found[0] == ("late", [late])
    assert found[1] == ("critical", [critical])
    assert found[2] == ("later", [later, later_still])
    assert [key for key, _ in found[3:]] in ([], ["no_clock"])


def test_today_is_the_readers_today(world: World, waiting: Callable[..., Conversation]) -> None:
    number = waiting(hours=5).number
    # Five hours apart at most, all around the globe: in one of them a day ends in the next five.
    zones = {"Pacific/Pago_Pago", "America/Costa_Rica", "Atlantic/Cape_Verde", "Asia/Dubai", "Asia/Tokyo"}
    seen = set()
    for zone in zones:
        world.alice.user.time_zone = zone
        ((key, rows),) = sections(world)
        assert rows == [number]
        seen.add(key)
    assert seen == {"today", "later"}


def test_a_waiting_row_becomes_critical_by_itself(world: World, waiting: Callable[..., Conversation]) -> None:
    waiting(hours=2, minutes=5)
    with tenant_tx(world.acme.pk):
        before = queue_page("all", membership=world.alice, now=NOW)
        after = queue_page("all", membership=world.alice, now=NOW + timedelta(minutes=6))
    assert before.sections[0].key in ("today", "later")
    assert after.sections[0].key == "critical"
    assert after.sections[0].pinned


def test_pages_follow_each_other_without_gap_or_repeat(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    made = [waiting(hours=hours).number for hours in (30, 10, 10, 10, 20)]
    seen: list[int] = []
    after = ""
    with tenant_tx(world.acme.pk):
        while True:
            page = queue_page("all", membership=world.alice, now=NOW, after=after, limit=2)
            seen += [row.number for row in page.rows]
            after = page.next_cursor
            if not after:
                break
    assert seen == [made[1], made[2], made[3], made[4], made[0]]


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


MADE_UP = [
    "x",
    "!!",
    *map(
        cursor_of,
        [
            "null",
            "[1]",
            '["2026-01-01", 1]',
            '["2000-01-01T00:00:00+00:00", Infinity]',
            '["2000-01-01T00:00:00+00:00", 1e400]',
            '["2000-01-01T00:00:00+00:00", 99999999999999999999]',
            '["0001-01-01T00:00:00+23:59", 5]',
            "[" * 3000,
        ],
    ),
]


@pytest.mark.parametrize("cursor", MADE_UP)
def test_a_made_up_cursor_is_refused(world: World, cursor: str) -> None:
    with tenant_tx(world.acme.pk), pytest.raises(BadCursor):
        queue_page("all", membership=world.alice, now=NOW, after=cursor)


def test_each_view_shows_its_own(world: World, waiting: Callable[..., Conversation]) -> None:
    mine, nobodys = waiting(hours=20), waiting(hours=30)
    arrive(world.walmart, b"From: shop@news.example\r\nSubject: Sale\r\n\r\nBuy!\r\n")
    with tenant_tx(world.acme.pk):
        actions.assign(mine, by=world.leo, assignee=world.alice, now=NOW)
        done = waiting(hours=10)
        actions.settle_clock(
            done, by=world.alice, outcome="answered_elsewhere", seen_message_id=SEEN_ALL, now=NOW
        )
    assert sections(world, "mine") == [("later", [mine.number])] or sections(world, "mine")[0][1] == [
        mine.number
    ]
    assert [number for _, rows in sections(world, "unassigned") for number in rows] == [nobodys.number]
    assert [key for key, _ in sections(world, "unrecognised")] == ["list"]
    assert sections(world, "closed") == [("list", [done.number])]


def test_the_queue_is_one_statement_on_its_index(world: World, waiting: Callable[..., Conversation]) -> None:
    for hours in range(1, 6):
        waiting(hours=hours)
    with tenant_tx(world.acme.pk):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            queue_page("all", membership=world.alice, now=NOW)
            rail(world.alice, NOW)
        assert len(captured) == 2
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            cursor.execute("EXPLAIN " + captured[0]["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "inbox_conversation_queue" in plan


def test_the_rail_counts_and_colours(world: World, waiting: Callable[..., Conversation]) -> None:
    waiting(hours=-1)
    waiting(hours=30)
    with tenant_tx(world.acme.pk):
        shown = {view.key: view for view in rail(world.alice, NOW).views}
    assert (shown["all"].count, shown["all"].face) == ("2", "red")
    assert (shown["mine"].count, shown["mine"].face) == ("", "")


def test_a_changed_policy_moves_only_what_differs_and_the_queue_follows(
    world: World, waiting: Callable[..., Conversation]
) -> None:
    conversation = waiting(hours=30)
    before = conversation.due_at
    with tenant_tx(world.acme.pk):
        SlaPolicy.objects.filter(marketplace="walmart").update(allowance_minutes=24 * 60, rule="Walmart 24 h")
    assert recompute(world.acme.pk, now=NOW) == 1
    assert recompute(world.acme.pk, now=NOW) == 0
    with tenant_tx(world.acme.pk):
        conversation.refresh_from_db()
        assert before is not None
        assert conversation.due_at == conversation.queue_at == before - timedelta(hours=24)
        assert Deadline.objects.get().rule == "Walmart 24 h"


def test_two_messages_on_one_order_share_one_row(world: World) -> None:
    arrive(world.walmart, walmart_mail(world.walmart))
    arrive(world.walmart, walmart_mail(world.walmart, text="Hello??"))
    assert [rows for _, rows in sections(world)] == [[1]]
