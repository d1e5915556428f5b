"""Records become rows once, whatever order they come in and however often."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from accounts.tenancy import tenant_tx
from inbox.models import Conversation
from marketplaces.models import SellerAccount
from marketplaces.records import (
    Fulfilment,
    FulfilmentRecord,
    OrderRecord,
    OrderStatus,
    ReturnStatus,
    ShipmentStatus,
)
from orders.models import (
    BuyerIdentity,
    Item,
    Order,
    OrderLine,
    PurchaseOrder,
    Refund,
    Return,
    Shipment,
    TrackingEvent,
)
from orders.storing import Stored, store_orders
from orders.storing_fulfilments import store_fulfilments
from orders.storing_returns import store_returns
from tests.orders.records import RELAY, START, line, order, parcel, refund, returned
from tests.world import World, arrive, walmart_mail

NOW = START + timedelta(days=10)


def store(account: SellerAccount, *records: OrderRecord) -> Stored:
    with tenant_tx(account.tenant_id):
        return store_orders(account, records, now=NOW)


def the_order(account: SellerAccount) -> Order:
    return Order.objects.get(account=account)


def shipped(**facts: Any) -> OrderRecord:
    later = START + timedelta(days=1)
    return order(modified_at=later, status=OrderStatus.SHIPPED, shipments=(parcel(scans=2),), **facts)


def test_a_new_order_is_here_with_lines_items_and_its_buyer(world: World) -> None:
    stored = store(world.walmart, order())
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
        assert stored.changed == [row.pk]
        assert (row.is_placeholder, row.status, row.as_of) == (False, "unshipped", NOW)
        assert row.total == Decimal("89.90")
        assert row.buyer is not None
        assert row.buyer.name == "Denise Kowalczyk"
        held = OrderLine.objects.get(order=row)
        assert row.shown_item_id == held.item_id
        assert (held.sku, held.unit_price, held.item.image_due_at) == ("LMP-ARC-01", Decimal("89.90"), None)


def test_an_order_says_how_its_buyer_is_reached_and_where_it_goes(world: World) -> None:
    place, programs = "Sacramento, CA 95829", ("TWO_DAY",)
    store(world.walmart, order(ship_to_place=place, programs=programs))
    # The next version leaves them out.
    later = START + timedelta(days=1)
    store(world.walmart, order(modified_at=later, relay_address="", buyer_name="", ship_to_place=""))
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
    assert (row.relay_address, row.buyer_name, row.ship_to_place) == (RELAY, "Denise Kowalczyk", place)
    assert row.programs == [*programs]


def test_the_same_page_twice_changes_nothing(world: World) -> None:
    record = shipped(refunds=(refund(),))
    store(world.walmart, record, record)
    again = store(world.walmart, record)
    assert again.changed == []
    with tenant_tx(world.acme.pk):
        for model, rows in (
            (Order, 1),
            (PurchaseOrder, 1),
            (OrderLine, 1),
            (Shipment, 1),
            (Refund, 1),
            (Item, 1),
        ):
            assert model.objects.count() == rows, model.__name__
        assert TrackingEvent.objects.count() == 2


def test_a_late_old_page_does_not_overwrite(world: World) -> None:
    store(world.walmart, shipped())
    late = store(world.walmart, order())
    assert (late.changed, late.stale) == ([], 1)
    with tenant_tx(world.acme.pk):
        assert the_order(world.walmart).status == "shipped"
        assert Shipment.objects.count() == 1


def test_versions_in_any_order_end_at_the_newest(world: World) -> None:
    versions = [
        order(modified_at=START + timedelta(hours=n), status_text=f"v{n}", lines=(line(quantity=n + 1),))
        for n in range(6)
    ]
    for seed in range(10):
        number = f"2000{seed:011d}"
        mixed = [replace(each, order_id=number, external_id=f"PO{seed}") for each in versions]
        Random(seed).shuffle(mixed)
        for record in mixed:
            store(world.walmart, record)
    with tenant_tx(world.acme.pk):
        assert set(PurchaseOrder.objects.values_list("status_text", flat=True)) == {"v5"}
        assert set(OrderLine.objects.values_list("quantity", flat=True)) == {6}
        assert OrderLine.objects.count() == 10


def test_a_line_and_a_parcel_that_are_gone_are_gone_here_too(world: World) -> None:
    store(world.walmart, shipped(lines=(line("1"), line("2", sku="SHD-02"))))
    newer = shipped(status_text="Delivered")
    store(world.walmart, replace(newer, modified_at=START + timedelta(days=3), shipments=(parcel("1Z111"),)))
    with tenant_tx(world.acme.pk):
        assert list(OrderLine.objects.values_list("external_id", flat=True)) == ["1"]
        assert list(Shipment.objects.values_list("tracking_number", flat=True)) == ["1Z111"]


def test_two_purchase_orders_are_one_order_of_the_buyer(world: World) -> None:
    second = shipped(external_id="108810002", lines=(line("1", sku="SHD-02"),), ship_by=None)
    store(world.walmart, order(), second)
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
        assert PurchaseOrder.objects.filter(order=row).count() == 2
        assert (row.status, row.total) == ("partly_shipped", Decimal("179.80"))
        assert row.ship_by == START + timedelta(days=2)


def test_an_order_is_delivered_when_its_last_parcel_is(world: World) -> None:
    there: dict[str, Any] = {"status": ShipmentStatus.DELIVERED, "delivered_at": START + timedelta(days=4)}
    one_of_two = replace(shipped(), modified_at=START + timedelta(days=4))
    store(world.walmart, replace(one_of_two, shipments=(parcel("1Z1", **there), parcel("1Z2"))))
    with tenant_tx(world.acme.pk):
        assert the_order(world.walmart).delivered_at is None
    store(
        world.walmart,
        replace(one_of_two, modified_at=NOW, shipments=(parcel("1Z1", **there), parcel("1Z2", **there))),
    )
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
        assert (row.status, row.delivered_at) == ("delivered", START + timedelta(days=4))


def test_an_order_that_must_still_ship_is_not_delivered_by_its_first_parcel(world: World) -> None:
    lines = (line(status=OrderStatus.SHIPPED), line("2", status=OrderStatus.UNSHIPPED))
    there = parcel(status=ShipmentStatus.DELIVERED, delivered_at=START)
    store(world.amazon, order(status=OrderStatus.PARTLY_SHIPPED, lines=lines, shipments=(there,)))
    with tenant_tx(world.acme.pk):
        found = the_order(world.amazon)
    assert (found.status, found.delivered_at) == (OrderStatus.PARTLY_SHIPPED, None)
    # Sixty days after it was read, not thirty after the delivery of one parcel.
    assert found.expires_at == NOW + timedelta(days=60)


def test_amazons_buyer_is_forgotten_thirty_days_after_delivery(world: World) -> None:
    there = parcel(status=ShipmentStatus.DELIVERED, delivered_at=START + timedelta(days=4))
    store(world.amazon, replace(shipped(), shipments=(there,)))
    with tenant_tx(world.acme.pk):
        assert the_order(world.amazon).expires_at == START + timedelta(days=34)


def test_the_placeholder_of_a_mail_becomes_the_order(world: World) -> None:
    message = arrive(world.walmart, walmart_mail(world.walmart, order="200011874402913"))
    assert message is not None
    with tenant_tx(world.acme.pk):
        placeholder = the_order(world.walmart)
        assert placeholder.is_placeholder
        assert placeholder.wanted_at is not None
    store(world.walmart, order())
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
        assert row.pk == placeholder.pk
        assert not row.is_placeholder
        assert BuyerIdentity.objects.count() == 1
        assert row.buyer_id == placeholder.buyer_id


def test_a_mail_that_names_the_purchase_order_finds_the_order_before_and_after(world: World) -> None:
    arrive(world.walmart, walmart_mail(world.walmart, order="108810001000123"))
    record = order(external_id="108810001000123")
    store(world.walmart, record)
    arrive(world.walmart, walmart_mail(world.walmart, order="108810001000123", relay="f" * 32))
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
        assert row.external_id == "200011874402913"
        assert set(Conversation.objects.values_list("order_id", flat=True)) == {row.pk}


def test_conversations_follow_when_two_rows_turn_out_to_be_one_order(world: World) -> None:
    arrive(world.walmart, walmart_mail(world.walmart, order="200011874402913"))
    arrive(world.walmart, walmart_mail(world.walmart, order="108810001000123", relay="f" * 32))
    store(world.walmart, order(external_id="108810001000123"))
    with tenant_tx(world.acme.pk):
        row = the_order(world.walmart)
        assert set(Conversation.objects.values_list("order_id", flat=True)) == {row.pk}
        assert Conversation.objects.count() == 2


def test_a_return_before_its_order_makes_the_placeholder_and_asks_for_it(world: World) -> None:
    with tenant_tx(world.acme.pk):
        store_returns(world.walmart, [returned()], now=NOW)
        row = the_order(world.walmart)
        assert row.is_placeholder
        assert row.wanted_at == NOW
    store(world.walmart, order())
    with tenant_tx(world.acme.pk):
        assert Return.objects.get().order_id == the_order(world.walmart).pk
        assert not the_order(world.walmart).is_placeholder


def test_an_older_version_of_a_return_changes_nothing(world: World) -> None:
    newer = returned(modified_at=NOW, status=ReturnStatus.RECEIVED, received_at=NOW)
    with tenant_tx(world.acme.pk):
        store_returns(world.walmart, [newer], now=NOW)
        late = store_returns(world.walmart, [returned()], now=NOW)
        assert (late.changed, late.stale) == ([], 1)
        assert Return.objects.get().status == "received"


def test_amazons_scans_of_a_walmart_order_outlive_what_walmart_knows(world: World) -> None:
    store(world.walmart, shipped())
    there = parcel("1Z999", scans=5, status=ShipmentStatus.DELIVERED, delivered_at=NOW)
    record = FulfilmentRecord("MCF-1", "200011874402913", NOW, "COMPLETE", (there,))
    with tenant_tx(world.acme.pk):
        store_fulfilments(world.amazon, [record], now=NOW)
    store(world.walmart, shipped(status_text="again", fulfilment=Fulfilment.SELLER))
    with tenant_tx(world.acme.pk):
        held = Shipment.objects.get()
        assert (held.status, held.by_mcf, held.events.count()) == ("delivered", True, 5)
        assert the_order(world.walmart).status == "delivered"


def test_the_number_of_another_tenants_order_is_another_order(world: World) -> None:
    store(world.walmart, order())
    store(world.foreign, order())
    with tenant_tx(world.globex.pk):
        assert Order.objects.get().account_id == world.foreign.pk
