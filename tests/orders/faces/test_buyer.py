"""What is known of a buyer: over all seller accounts of the tenant, counted, and bounded."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import Conversation
from orders.models import Buyer, Order
from tests.orders.rows import make_order
from tests.web.conftest import Browser
from tests.world import World, conversation_of

NOW = timezone.now()


def days(count: float) -> dict[str, Any]:
    at = NOW - timedelta(days=count)
    return {"ordered_at": at, "created_at": at}


def buyer_of(talk: Conversation) -> Buyer:
    with tenant_tx(talk.tenant_id):
        return Buyer.objects.get(conversations=talk)


def part(browser: Browser, buyer: Buyer, query: str = "") -> str:
    response = browser.get(f"/t/acme/buyers/{buyer.pk}/{query}", htmx=True)
    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    return " ".join(response.content.decode().split())


def test_orders_and_returns_of_all_accounts_stand_together(alice: Browser, world: World) -> None:
    talk = conversation_of(world.walmart, text="Where is it?")
    buyer = buyer_of(talk)
    make_order(world.amazon, external_id="302-1234567-7654321", buyer=buyer, returns=[{"a_to_z": True}])
    make_order(world.walmart, external_id="3000", buyer=buyer, **days(100), returns=[{}, {}])
    page = part(alice, buyer)
    for seen in ("302-1234567-7654321", "3000", "200011874402913", "Where is it?", "A-to-z"):
        assert seen in page, seen
    # Two orders in the last 90 days: the Amazon one and the one the mail names.
    assert "Repeat buyer, 2 orders" in page
    assert "<dt>orders</dt><dd>2</dd>" in page
    # The returns were all asked for yesterday, whenever the order was.
    assert "Many claims, 3 on 2 orders" in page
    assert "Where is it?" not in part(alice, buyer, f"?beside={talk.number}")


def test_a_buyer_of_one_order_is_called_nothing(alice: Browser, world: World) -> None:
    page = part(alice, buyer_of(conversation_of(world.walmart)))
    assert "Repeat" not in page
    assert "Many claims" not in page
    assert "<dt>order</dt><dd>1</dd>" in page


def test_another_buyers_orders_are_not_mixed_in(alice: Browser, world: World) -> None:
    one = buyer_of(conversation_of(world.walmart))
    other = buyer_of(conversation_of(world.walmart, relay="f" * 32, order="200011874409999", text="Mine!"))
    assert one.pk != other.pk
    assert "200011874409999" not in part(alice, one)
    assert "Mine!" not in part(alice, one)


def test_five_of_each_are_shown_and_a_page_of_its_own_has_the_rest(alice: Browser, world: World) -> None:
    buyer = buyer_of(conversation_of(world.walmart))
    for number in range(8):
        make_order(world.amazon, external_id=f"4000-{number}", buyer=buyer, returns=[{}])
    page = part(alice, buyer)
    assert page.count("4000-") == 4  # and the order the mail names
    assert f'href="/t/acme/buyers/{buyer.pk}/">All of them</a>' in page
    assert "Many claims, 8 on 9 orders" in page
    whole = alice.get(f"/t/acme/buyers/{buyer.pk}/").content.decode()
    assert whole.count("4000-") == 8
    assert "<html" in whole


def test_without_scripts_the_panel_leads_to_the_buyers_page(alice: Browser, world: World) -> None:
    talk = conversation_of(world.walmart)
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert f'href="/t/acme/buyers/{talk.buyer_id}/"' in page
    assert f'hx-get="/t/acme/buyers/{talk.buyer_id}/?beside={talk.number}"' in page


def test_strange_queries_change_nothing(alice: Browser, world: World) -> None:
    buyer = buyer_of(conversation_of(world.walmart))
    for beside in ("x", "-1", "9" * 40, "²"):
        assert part(alice, buyer, f"?beside={beside}")
    with tenant_tx(world.acme.pk):
        assert Order.objects.count() == 1
