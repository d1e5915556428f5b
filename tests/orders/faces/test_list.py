"""The lists of orders: what is to be shipped by the time left, page after page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.days import end_of_day
from accounts.models import Tenant
from accounts.tenancy import tenant_tx
from marketplaces.records import Fulfilment, OrderStatus
from orders.listing import order_list
from tests.orders.rows import make_order
from tests.web.conftest import Browser
from tests.world import World

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BERLIN, LOS_ANGELES = "Europe/Berlin", "America/Los_Angeles"


def numbers(world: World, view: str, *, zone: str = BERLIN, now: datetime = NOON) -> list[str]:
    with tenant_tx(world.acme.pk):
        return [row.order.external_id for row in order_list(view, zone=zone, now=now).rows]


def due(world: World, number: str, hours: float, **facts: Any) -> None:
    make_order(world.walmart, external_id=number, ship_by=NOON + timedelta(hours=hours), **facts)


def test_each_order_stands_where_its_ship_by_time_puts_it(world: World) -> None:
    due(world, "late", -1)
    due(world, "soon", 1)
    due(world, "tonight", 10.5)
    due(world, "tomorrow", 12)
    due(world, "half", 2, status=OrderStatus.PARTLY_SHIPPED.value)
    due(world, "gone", 1, status=OrderStatus.SHIPPED.value)
    due(world, "not ours", 1, fulfilment=Fulfilment.FBA.value)
    assert numbers(world, "new") == ["soon", "half", "tonight", "tomorrow"]
    # Noon in London is one o'clock in Berlin: 10 h 30 m later its day still lasts, 12 h later not.
    assert numbers(world, "today") == ["soon", "half", "tonight"]
    assert numbers(world, "today", zone=LOS_ANGELES) == ["soon", "half", "tonight", "tomorrow"]
    assert numbers(world, "late") == ["late"]
    assert set(numbers(world, "all")) == {"late", "soon", "tonight", "tomorrow", "half", "gone", "not ours"}


@pytest.mark.parametrize("view", ["new", "all"])
def test_pages_follow_each_other_without_a_gap_or_a_double(world: World, view: str) -> None:
    for number in range(7):
        # Three of them at one moment.
        at = NOON + timedelta(hours=number // 3)
        make_order(world.walmart, external_id=f"{number}", ship_by=at, ordered_at=at)
    seen: list[str] = []
    cursor = ""
    with tenant_tx(world.acme.pk):
        while True:
            page = order_list(view, zone=BERLIN, now=NOON, after=cursor, limit=2)
            seen += [row.order.external_id for row in page.rows]
            cursor = page.next_cursor
            if not cursor:
                break
    assert len(seen) == 7
    assert set(seen) == {str(number) for number in range(7)}


@pytest.mark.parametrize(
    ("view", "index"),
    [("new", "orders_order_to_ship"), ("late", "orders_order_to_ship"), ("all", "orders_order_newest")],
)
def test_every_page_is_one_read_of_an_index(world: World, view: str, index: str) -> None:
    make_order(world.walmart)
    plans: list[str] = []

    def explain(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if sql.startswith("SELECT") and "orders_order" in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN {sql}", params)
                plans.append("\n".join(row[0] for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with tenant_tx(world.acme.pk):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        with connection.execute_wrapper(explain):
            order_list(view, zone=BERLIN, now=timezone.now())
    assert len(plans) == 1
    assert f"using {index}" in plans[0], plans[0]


def test_the_page_shows_what_is_needed_to_pack(alice: Browser, world: World) -> None:
    now = timezone.now()
    make_order(
        world.walmart,
        external_id="200011874402913",
        ship_by=now + timedelta(hours=1, minutes=30),
        buyer_name="Denise Kowalczyk",
        lines=[{"title": "Arched floor lamp", "quantity": 3}, {"title": "Bulb", "sku": "B-1"}],
    )
    make_order(world.amazon, ship_by=now - timedelta(hours=2))
    page = alice.get("/t/acme/orders/").content.decode()
    for seen in ("200011874402913", "3 ×", "Arched floor lamp", "and 1 more", "Denise Kowalczyk", "Lumen US"):
        assert seen in page, seen
    assert 'data-face="critical"' in page
    assert "Lumen DE</span>" not in page.partition('class="order-rows"')[2]
    late = alice.get("/t/acme/orders/?view=late").content.decode()
    assert 'data-face="late"' in late
    # The rail counts what is past its moment, and leads there.
    assert 'href="/t/acme/orders/?view=late"' in page
    assert "1 late" in page


def test_more_rows_come_with_and_without_scripts(alice: Browser, world: World) -> None:
    for number in range(52):
        make_order(world.walmart, external_id=f"n{number:03d}", lines=[])
    first = alice.get("/t/acme/orders/").content.decode()
    more = first.partition('class="more link" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert first.count('class="order-row"') == 50
    part = alice.get(more, htmx=True).content.decode()
    assert part.count('class="order-row"') == 2
    assert "<html" not in part
    assert alice.get(more).content.decode().count('class="order-row"') == 2


@pytest.mark.parametrize("cursor", ["nonsense", "W10", "x" * 300])
def test_a_place_in_the_list_that_is_none_is_not_found(alice: Browser, world: World, cursor: str) -> None:
    assert alice.get(f"/t/acme/orders/?after={cursor}").status_code == 404


def test_an_empty_list_says_why(alice: Browser, world: World) -> None:
    assert "Nothing is waiting to be shipped." in alice.get("/t/acme/orders/").content.decode()
    assert "Nothing more has to leave today." in alice.get("/t/acme/orders/?view=today").content.decode()
    assert "No order has been read" in alice.get("/t/acme/orders/?view=all").content.decode()
    assert alice.get("/t/acme/orders/?view=nonsense").status_code == 200


def test_today_is_the_readers_own(alice: Browser, world: World) -> None:
    """At 23:30 in Berlin an order due in an hour is tomorrow's there, and today's in Los Angeles."""
    now = timezone.now()
    make_order(world.walmart, external_id="due-at-midnight", ship_by=end_of_day(now, BERLIN))
    for zone, here in (
        (BERLIN, False),
        (LOS_ANGELES, end_of_day(now, LOS_ANGELES) > end_of_day(now, BERLIN)),
    ):
        Tenant.objects.filter(pk=world.acme.pk).update(time_zone=zone)
        page = alice.get("/t/acme/orders/?view=today").content.decode()
        assert ("due-at-midnight" in page) is here, zone
