"""What only a real browser shows of orders: copying, looking again, the drawer, and keys in the list."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from accounts.tenancy import tenant_tx
from orders.models import Order
from tests.orders.rows import make_order
from tests.web.conftest import context, faults, site
from tests.world import World, conversation_of

__all__ = ["context", "faults", "site"]  # fixtures
pytestmark = pytest.mark.browser
ORDER = "200011874402913"


def answered(order: Order, **facts: Any) -> None:
    """A worker has read it."""
    with tenant_tx(order.tenant_id):
        Order.objects.filter(pk=order.pk).update(wanted_at=None, as_of=timezone.now(), **facts)


def test_the_card_looks_again_when_the_order_has_changed_and_not_when_another_has(
    context: BrowserContext, world: World
) -> None:
    talk = conversation_of(world.walmart, order=ORDER)
    order = make_order(world.walmart, external_id=ORDER)
    page = context.new_page()
    page.goto(f"/t/acme/c/{talk.number}/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/card/" in request.url else None)
    answered(order, ship_to_place="Austin, TX")
    changed = "id => document.dispatchEvent(new CustomEvent('live:order', {detail: {order: id}}))"
    page.evaluate(changed, order.pk + 1)
    page.evaluate(changed, order.pk)
    expect(page.locator("#order-card")).to_contain_text("Austin, TX")
    assert len(asked) == 1


def test_an_ask_is_followed_by_two_looks_though_nobody_says_that_it_was_answered(
    context: BrowserContext, world: World
) -> None:
    order = make_order(world.walmart)
    page = context.new_page()
    page.goto(f"/t/acme/orders/{order.pk}/")
    page.clock.install()
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url) if "/card/" in request.url else None)
    page.get_by_role("button", name="Ask Walmart again").click()
    expect(page.locator("#order-card")).to_contain_text("Asking Walmart…")
    with page.expect_response("**/card/"):
        page.clock.run_for(3_100)
    answered(order, ship_to_place="Austin, TX")
    with page.expect_response("**/card/"):
        page.clock.run_for(7_100)
    expect(page.locator("#order-card")).to_contain_text("Austin, TX")
    page.clock.run_for(60_000)
    assert len(looks) == 2


def test_the_order_number_is_copied_with_one_press(context: BrowserContext, world: World) -> None:
    order = make_order(world.walmart, external_id=ORDER)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"/t/acme/orders/{order.pk}/")
    page.get_by_role("button", name="Copy the order number").click()
    expect(page.locator("[data-announcer]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == ORDER


def test_in_a_narrow_window_the_panel_is_a_drawer_and_the_buyer_comes_when_it_is_seen(
    context: BrowserContext, world: World
) -> None:
    talk = conversation_of(world.walmart, order=ORDER)
    make_order(world.walmart, external_id=ORDER)
    page = context.new_page()
    page.set_viewport_size({"width": 1024, "height": 900})
    page.goto(f"/t/acme/c/{talk.number}/")
    expect(page.locator("#panel")).not_to_be_visible()
    page.get_by_role("button", name="Order, buyer and clocks").click()
    expect(page.locator("#order-card")).to_be_visible()
    # Playwright's own would wait for it to stand still, and what is read once seen takes its place.
    page.locator(".buyer-slot").evaluate("slot => slot.scrollIntoView()")
    expect(page.locator(".buyer-numbers")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).not_to_be_visible()


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_of_the_orders_pages_sticks_out(context: BrowserContext, world: World, width: int) -> None:
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    order = make_order(
        world.walmart,
        external_id="9" * 37,
        buyer_name=long,
        ship_to_place=long,
        lines=[{"title": long, "sku": "S" * 90}],
        shipments=[
            {"carrier": long[:60], "tracking_number": "7" * 90, "events": [{"text": long, "place": long}]}
        ],
        returns=[
            {"external_id": "R" * 60, "lines": [{"title": long, "comment": long * 4, "reason": "X" * 90}]}
        ],
        refunds=[{"reason": long}],
    )
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    for address in ("orders/", f"orders/{order.pk}/", f"orders/{order.pk}/writing/"):
        page.goto(f"/t/acme/{address}")
        wide = page.evaluate(
            "[...document.querySelectorAll('.panes-main *')].filter(one => one.checkVisibility()"
            " && one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.cut, .tabs, .sr-only'))"
            ".map(one => one.outerHTML.slice(0, 120))"
        )
        assert wide == [], address


def test_the_list_is_walked_with_keys(context: BrowserContext, world: World) -> None:
    orders = [make_order(world.walmart, external_id=f"n{number}") for number in range(3)]
    page = context.new_page()
    page.goto("/t/acme/orders/?view=all")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/*/")
    expect(page.locator("#order-card")).to_contain_text(orders[2].external_id)
    page.keyboard.press("u")
    page.wait_for_url("**/orders/")
