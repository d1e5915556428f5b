"""The order card: what a person sees of an order, beside a conversation and across its own page."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import Conversation
from marketplaces.models import SellerAccount
from marketplaces.records import Fulfilment, OrderStatus, ReturnStatus
from orders.models import Item, Order
from tests.orders.rows import make_order
from tests.web.conftest import Browser
from tests.web.rows import PNG
from tests.web.test_budgets import at_most
from tests.world import World, conversation_of

ORDER = "200011874402913"
NOW = timezone.now()


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def a_lot(account: SellerAccount) -> Order:
    """An order with 3 lines, 2 parcels, 10 scans, a return and a refund."""
    scans = [
        {"at": hours(-number), "text": f"Scan {number}", "place": "Memphis, TN"} for number in range(1, 10)
    ]
    return make_order(
        account,
        external_id=ORDER,
        status=OrderStatus.SHIPPED.value,
        deliver_by=hours(-48),  # the same time of day two days ago, wherever the days begin
        buyer_locale="de-AT",
        lines=[
            {"title": "Arched floor lamp", "sku": "LO-1", "quantity": 2},
            {"title": "Linen shade", "sku": "LO-2"},
            {
                "title": "Bulb, warm",
                "sku": "LO-3",
                "cancel_requested": True,
                "cancel_reason": "Ordered twice",
            },
        ],
        shipments=[
            {
                "carrier": "FedEx Ground",
                "tracking_number": "7712 8840",
                "shipped_at": hours(-90),
                "events": scans,
            },
            {
                "carrier": "Some Courier",
                "tracking_number": "X-1",
                "tracking_url": "http://tracking.example/X-1",
                "events": [{"at": hours(-1), "text": "DELIVERY_ATTEMPTED"}],
            },
        ],
        returns=[
            {
                "external_id": "RMA-77",
                "status": ReturnStatus.RECEIVED.value,
                "received_at": hours(-3),
                "a_to_z": True,
                "safe_t": "D-9",
                "safe_t_paid": Decimal("15.25"),
                "safe_t_reason": "Not as it was sent",
                "refund_channel": "WALMART_TRIGGERED_REFUND",
                "events": [
                    {"at": hours(-30).isoformat(), "code": "RETURN_IN_TRANSIT", "text": ""},
                    {"at": hours(-3).isoformat(), "code": "DELIVERED_AT_RETURN_CENTER", "text": ""},
                ],
                "lines": [{"title": "Linen shade", "reason": "DAMAGED", "comment": "The shade is torn."}],
            }
        ],
        refunds=[{"amount": Decimal("12.50"), "issued_by": "marketplace"}],
    )


def page_of(browser: Browser, order: Order) -> str:
    response = browser.get(f"/t/acme/orders/{order.pk}/")
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.fixture
def talk(world: World) -> Conversation:
    """A conversation about the order."""
    return conversation_of(world.walmart, order=ORDER)


def test_the_card_says_everything_beside_the_message(
    alice: Browser, world: World, talk: Conversation
) -> None:
    a_lot(world.walmart)
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    for seen in (
        *("Arched floor lamp", "LO-1", "2 × $89.00", "The buyer wants to cancel this: Ordered twice"),
        *("FedEx Ground", "Parcel 1 of 2", "7 earlier scans", "Delivery attempted", "2 days late"),
        *("RMA-77", "Received back", "A-to-z", "SAFE-T D-9", "The shade is torn.", "Damaged"),
        *("Delivered at return center", "Return in transit", "Walmart decided it", "The buyer reads German"),
        *("Amazon pays you $15.25", "Not as it was sent"),
        *("$12.50", "by the marketplace", "You ship, and you answer for delivery", "3 min ago"),
    ):
        assert seen in page, seen
    assert 'href="https://www.fedex.com/fedextrack/?trknbr=77128840"' in page
    # Neither a carrier nobody knows nor an address without TLS is linked.
    assert "tracking.example" not in page
    assert f'data-copy="{ORDER}"' in page


@pytest.mark.parametrize(
    ("amazon", "facts", "said"),
    [
        (True, {"refund_amount": Decimal("34.99"), "currency": "USD"}, "$34.99"),
        (True, {}, "not read yet"),
        (False, {"refund_amount": Decimal("34.99"), "currency": "USD"}, "nothing"),
        (False, {"refund_amount": Decimal("34.99"), "currency": "USD", "refunded_at": NOW}, "$34.99"),
    ],
)
def test_what_a_return_paid_back_is_not_asked_of_the_seller_again(
    alice: Browser, world: World, amazon: bool, facts: dict[str, Any], said: str
) -> None:
    account = world.amazon if amazon else world.walmart
    number = "302-1234567-7654321" if amazon else ORDER
    order = make_order(account, external_id=number, returns=[{"external_id": "R-1", **facts}])
    found = re.search(r"<dt>Refunded</dt><dd[^>]*>([^<]*)</dd>", page_of(alice, order))
    assert found is not None
    assert found[1] == said


@pytest.mark.parametrize("amazon", [True, False])
def test_a_day_of_amazons_report_is_given_no_time(alice: Browser, world: World, amazon: bool) -> None:
    account = world.amazon if amazon else world.walmart
    number = "302-1234567-7654321" if amazon else ORDER
    asked = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    order = make_order(account, external_id=number, returns=[{"external_id": "R-1", "requested_at": asked}])
    found = re.search(r"<dt>Opened</dt><dd[^>]*><time[^>]*>([^<]*)</time>", page_of(alice, order))
    assert found is not None
    assert (found[1] == f"{asked:%a} {asked.day}", ":" in found[1]) == (amazon, not amazon)


def test_the_pages_cost_no_more_for_an_order_with_a_lot_to_it(
    alice: Browser, world: World, talk: Conversation
) -> None:
    order = a_lot(world.walmart)
    for number in range(30):
        make_order(world.walmart, external_id=f"3000{number:011d}", buyer_id=order.buyer_id)
    with at_most(8):
        assert alice.get(f"/t/acme/c/{talk.number}/").status_code == 200
    with at_most(7):
        assert alice.get(f"/t/acme/c/{talk.number}/", htmx=True).status_code == 200
    with at_most(6):
        page_of(alice, order)
    with at_most(4):
        assert alice.get(f"/t/acme/orders/{order.pk}/card/", htmx=True).status_code == 200
    with at_most(5):
        assert alice.get("/t/acme/orders/?view=all").status_code == 200
    with tenant_tx(world.acme.pk):
        buyer_id = Order.objects.get(pk=order.pk).buyer_id
    with at_most(5):
        assert alice.get(f"/t/acme/buyers/{buyer_id}/", htmx=True).status_code == 200


def test_a_placeholder_says_what_the_mail_said_and_that_nothing_was_read_yet(
    alice: Browser, talk: Conversation
) -> None:
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert "Arched floor lamp" in page
    assert "This is what the mail says. Not read from Walmart yet." in page


def test_what_could_not_be_read_again_is_shown_as_old_with_the_reason(alice: Browser, world: World) -> None:
    order = make_order(world.walmart, fault="Walmart is away (503).", as_of=hours(-5))
    page = page_of(alice, order)
    assert "order-card is-stale" in page
    assert "Walmart could not be read: Walmart is away (503). This is what was known 5 h ago." in page
    assert "is-stale" not in page_of(alice, make_order(world.walmart))


@pytest.mark.parametrize(
    ("fulfilment", "name", "meaning"),
    [
        (Fulfilment.WFS, "WFS", "Walmart ships from its warehouse and answers"),
        (Fulfilment.FBA, "FBA", "Amazon ships and answers for delivery"),
        (Fulfilment.THIRD_PARTY, "3PL", "you answer for delivery"),
    ],
)
def test_the_badge_says_who_ships_and_what_follows(
    alice: Browser, world: World, fulfilment: Fulfilment, name: str, meaning: str
) -> None:
    page = page_of(alice, make_order(world.amazon, fulfilment=fulfilment.value, programs=["PRIME"]))
    assert f">{name}<" in page
    assert meaning in page
    assert ">Prime<" in page


def test_a_parcel_from_amazon_for_another_marketplace_is_named(alice: Browser, world: World) -> None:
    page = page_of(alice, make_order(world.walmart, shipments=[{"by_mcf": True}]))
    assert ">MCF<" in page
    assert "from Amazon (MCF)" in page


def test_asking_again_marks_the_order_and_says_so(alice: Browser, world: World) -> None:
    order = make_order(world.walmart)
    answer = alice.post(f"/t/acme/orders/{order.pk}/refresh/", htmx=True)
    assert answer.status_code == 200
    assert "Asking Walmart…" in answer.content.decode()
    with tenant_tx(world.acme.pk):
        row = Order.objects.get(pk=order.pk)
        assert row.wanted_by_person
        assert row.wanted_at is not None
        assert f'data-asked="{row.wanted_at:%Y-%m-%dT%H:%M:%SZ}"' in answer.content.decode()
        # The worker has read it.
        Order.objects.filter(pk=order.pk).update(wanted_at=None, as_of=timezone.now())
    again = alice.get(f"/t/acme/orders/{order.pk}/card/", htmx=True).content.decode()
    assert "Asking" not in again
    assert "just now" in again


def test_asking_works_without_scripts(alice: Browser, world: World) -> None:
    order = make_order(world.walmart)
    answer = alice.post(f"/t/acme/orders/{order.pk}/refresh/")
    assert (answer.status_code, answer["Location"]) == (303, f"/t/acme/orders/{order.pk}/")
    assert "Asking Walmart…" in page_of(alice, order)


def test_a_question_nobody_answered_does_not_wait_for_ever(alice: Browser, world: World) -> None:
    order = make_order(world.walmart, wanted_at=hours(-1), wanted_by_person=True)
    page = page_of(alice, order)
    assert "Asking Walmart…" not in page
    assert "no answer yet" in page


def test_an_articles_picture_is_ours_and_nothing_but_a_picture(alice: Browser, world: World) -> None:
    path = default_storage.save(f"{world.acme.pk}/lamp", ContentFile(PNG))
    order = make_order(world.walmart, lines=[{"image_path": path}])
    with tenant_tx(world.acme.pk):
        item = Item.objects.get()
    address = f"/t/acme/items/{item.pk}/picture/"
    assert f'src="{address}"' in page_of(alice, order)
    picture = alice.get(address)
    assert (picture.getvalue(), picture["Content-Type"]) == (PNG, "image/png")
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for bad in ("", f"{path}-gone", default_storage.save(f"{world.acme.pk}/page", ContentFile(b"<html>"))):
        with tenant_tx(world.acme.pk):
            Item.objects.update(image_path=bad)
        assert alice.get(address).status_code == 404, bad


def test_without_a_picture_its_place_is_the_same_size(alice: Browser, world: World) -> None:
    page = page_of(alice, make_order(world.walmart, lines=[{"title": "Arched floor lamp"}]))
    assert '<span class="shot"><span aria-hidden="true">AL</span></span>' in page


def test_the_warehouse_sees_the_order_and_no_word_of_the_buyer(
    wendy: Browser, alice: Browser, world: World
) -> None:
    order = a_lot(world.walmart)
    talk = conversation_of(world.walmart, order=ORDER, text="Where on earth is it?")
    page = page_of(wendy, order)
    assert "Arched floor lamp" in page
    for hidden in (
        "The shade is torn.",
        "Ordered twice",
        "Where on earth",
        "/writing/",
        "/refresh/",
        "/buyers/",
    ):
        assert hidden in page_of(alice, order), hidden
        assert hidden not in page, hidden
    assert f"/c/{talk.number}/" not in page
    for act in ("refresh", "writing"):
        assert wendy.post(f"/t/acme/orders/{order.pk}/{act}/").status_code == 403
    listed = wendy.get("/t/acme/orders/?view=all").content.decode()
    assert ORDER in listed
    assert "/queue/" not in listed
