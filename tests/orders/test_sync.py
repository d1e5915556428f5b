"""A stream reads everything its marketplace has, once, whatever happens on the way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import streams
from marketplaces.errors import Temporary
from marketplaces.models import ApiBucket, ApiStream, ApiToken, Health, SellerAccount
from marketplaces.types import Marketplace
from orders import pictures, sync, wanted
from orders.models import Item, Order, OrderLine, PurchaseOrder, Return, Shipment
from tests.simulator_client import Control
from tests.world import World, arrive, walmart_mail


def begin(account: SellerAccount) -> dict[str, ApiStream]:
    """The account's streams, due at once."""
    with tenant_tx(account.tenant_id):
        streams.begin(account, now=timezone.now())
        return {row.name: row for row in ApiStream.objects.filter(account=account)}


def due(stream: ApiStream) -> None:
    with tenant_tx(stream.tenant_id):
        ApiStream.objects.filter(pk=stream.pk).update(next_at=timezone.now())
        # Two readings in one moment are more than the bucket gives; in life minutes lie between them.
        ApiBucket.objects.filter(account=stream.account_id).delete()


def read(stream: ApiStream, *, now: datetime | None = None) -> ApiStream:
    """Read the stream as its task would, now; the stream afterwards."""
    due(stream)
    # Past the span in which the newest records may still be settling.
    sync.read(stream.pk, tenant_id=stream.tenant_id, now=now or timezone.now() + timedelta(minutes=5))
    return again(stream)


def again(stream: ApiStream) -> ApiStream:
    with tenant_tx(stream.tenant_id):
        return ApiStream.objects.get(pk=stream.pk)


def without_limits(account: SellerAccount) -> None:
    """As if the pause a marketplace asked for were over."""
    with tenant_tx(account.tenant_id):
        ApiBucket.objects.filter(account=account).delete()


def held(account: SellerAccount) -> dict[str, tuple[str, list[str], list[str]]]:
    """What we have: each purchase order with its order's number, its SKUs and its tracking numbers."""
    with tenant_tx(account.tenant_id):
        return {
            row.external_id: (
                row.order.external_id,
                sorted(OrderLine.objects.filter(purchase_order=row).values_list("sku", flat=True)),
                sorted(Shipment.objects.filter(purchase_order=row).values_list("tracking_number", flat=True)),
            )
            for row in PurchaseOrder.objects.filter(account=account).select_related("order")
        }


def sent(account: SellerAccount, control: Control) -> list[dict[str, Any]]:
    return control.orders(account.sender_address)


def parcels(order: dict[str, Any]) -> list[str]:
    return [order["tracking"]] if order["tracking"] else []


def everything_is_here(account: SellerAccount, control: Control) -> None:
    """Assert that we hold exactly what the marketplace has."""
    expected = {
        each["id"]: (each["customer_order_id"], sorted(each["skus"]), parcels(each))
        for each in sent(account, control)
    }
    assert held(account) == expected


@pytest.fixture(params=["walmart", "amazon"])
def account(request: pytest.FixtureRequest) -> SellerAccount:
    """Each marketplace in turn."""
    found: SellerAccount = request.getfixturevalue(request.param)
    return found


def test_the_first_reading_brings_everything_and_the_second_nothing(
    account: SellerAccount, control: Control
) -> None:
    control.place_orders(account.sender_address, 30)
    stream = read(begin(account)["orders"])
    assert (stream.health, stream.failures) == (Health.OK, 0)
    everything_is_here(account, control)
    before = stream.read_until
    due(stream)
    assert sync.read(stream.pk, tenant_id=stream.tenant_id, now=timezone.now() + timedelta(minutes=6)) == 0
    after = again(stream).read_until
    assert before is not None
    assert after is not None
    assert after > before
    everything_is_here(account, control)


def test_what_changes_at_the_marketplace_changes_here(account: SellerAccount, control: Control) -> None:
    # One order may be two purchase orders.
    numbers = control.place_orders(account.sender_address, 1, state="acknowledged", fulfilment="seller")
    stream = read(begin(account)["orders"])
    for number in numbers:
        control.advance(number, "shipped")
        control.advance(number, "delivered")
    read(stream)
    everything_is_here(account, control)
    with tenant_tx(account.tenant_id):
        row = Order.objects.get(account=account)
        assert row.status == "delivered"
        assert row.delivered_at is not None


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("server_error", {}),
        ("html", {}),
        ("cut", {}),
        ("throttle", {}),
        ("repeat", {}),
        ("garble", {"how": "missing_field"}),
    ],
)
def test_a_fault_in_the_middle_moves_no_cursor_and_loses_nothing(
    account: SellerAccount, control: Control, action: str, more: dict[str, str]
) -> None:
    control.place_orders(account.sender_address, 110)  # two pages
    rows = begin(account)
    control.fault("api.orders", action, account=account.sender_address, **more)
    stream = read(rows["orders"])
    if action == "repeat" and stream.read_until:
        everything_is_here(account, control)
        return
    assert stream.read_until is None
    if action != "throttle":  # which is nobody's fault
        assert stream.health == Health.DEGRADED
        assert stream.health_reason
    without_limits(account)
    stream = read(stream, now=timezone.now() + timedelta(hours=1))
    assert (stream.health, stream.health_reason) == (Health.OK, "")
    everything_is_here(account, control)


def test_a_word_nobody_knows_is_kept_and_said(account: SellerAccount, control: Control) -> None:
    control.place_orders(account.sender_address, 3)
    rows = begin(account)
    control.fault("api.orders", "garble", account=account.sender_address, how="unknown_enum")
    stream = read(rows["orders"])
    assert stream.health == Health.DEGRADED
    assert stream.read_until is not None
    with tenant_tx(account.tenant_id):
        assert PurchaseOrder.objects.filter(account=account).count() == len(sent(account, control))
        assert (
            PurchaseOrder.objects.filter(account=account, status="unknown").exclude(status_text="").exists()
        )
    everything_is_here_after_another_read(account, control, stream)


def everything_is_here_after_another_read(
    account: SellerAccount, control: Control, stream: ApiStream
) -> None:
    assert read(stream, now=timezone.now() + timedelta(minutes=6)).health == Health.OK
    everything_is_here(account, control)


def test_an_order_of_another_account_in_the_answer_is_not_stored(
    amazon: SellerAccount, control: Control
) -> None:
    control.place_orders(amazon.sender_address, 3)
    control.open_account("other@globex.example", marketplace="amazon", market="us")
    control.place_orders("other@globex.example", 1)
    rows = begin(amazon)
    control.fault("api.orders", "foreign", account=amazon.sender_address)
    stream = read(rows["orders"])
    assert stream.health == Health.DEGRADED
    everything_is_here(amazon, control)


def test_a_record_that_stays_unreadable_holds_the_cursor_only_for_a_while(
    walmart: SellerAccount, control: Control
) -> None:
    control.place_orders(walmart.sender_address, 3, fulfilment="seller")
    stream = begin(walmart)["orders"]
    hours = 0
    while stream.read_until is None:
        hours += 1
        assert hours < 10, stream.health_reason
        control.fault("api.orders", "garble", account=walmart.sender_address, how="missing_field")
        without_limits(walmart)
        stream = read(stream, now=timezone.now() + timedelta(hours=hours))
    assert stream.health == Health.DEGRADED
    # What has no number to be asked for by is found again by the sweep.
    for more in range(streams.SWEEP_DAYS):
        without_limits(walmart)
        stream = read(stream, now=timezone.now() + timedelta(hours=hours + more))
    everything_is_here(walmart, control)


def test_a_revoked_key_stops_the_stream_and_says_why(account: SellerAccount, control: Control) -> None:
    rows = begin(account)
    control.change_account(account.sender_address, api={"revoked": True})
    stream = read(rows["orders"])
    assert stream.health == Health.DEGRADED
    stream = read(stream)
    # Amazon says that the seller's consent is gone, Walmart that the key is not accepted.
    state = Health.REVOKED if account.marketplace is Marketplace.AMAZON else Health.AUTH_FAILED
    assert (stream.health, stream.next_at) == (state, None)
    with tenant_tx(account.tenant_id):
        streams.begin(account, now=timezone.now())
        assert ApiStream.objects.get(pk=stream.pk).health == Health.OK


def test_returns_come_with_their_orders_or_before(account: SellerAccount, control: Control) -> None:
    number = control.place_orders(account.sender_address, 1, state="delivered", fulfilment="seller")[0]
    control.advance(number, "return_started")
    stream = begin(account)["returns"]
    for minutes in range(6):
        stream = read(stream, now=timezone.now() + timedelta(minutes=5 * (minutes + 1)))
        if stream.last_ok_at:
            break
    with tenant_tx(account.tenant_id):
        row = Return.objects.get(account=account)
        assert row.order.is_placeholder
        assert row.order.wanted_at is not None
    wanted.read_wanted(account.pk, tenant_id=account.tenant_id, now=timezone.now() + timedelta(hours=1))
    with tenant_tx(account.tenant_id):
        assert not Order.objects.get(pk=row.order_id).is_placeholder
    everything_is_here(account, control)


def test_a_report_that_cannot_be_read_is_asked_for_again(amazon: SellerAccount, control: Control) -> None:
    stream = begin(amazon)["returns"]
    now = timezone.now()
    streams.waits_for(stream, "report", until=now, now=now, again_in=timedelta(0))
    for _ in range(2):
        streams.failed(again(stream), Temporary("The returns report is damaged."), now=now)
    assert again(stream).pending == "report"
    streams.failed(again(stream), Temporary("The returns report is damaged."), now=now)
    assert (again(stream).pending, again(stream).pending_until) == ("", None)


def test_an_order_a_mail_names_is_read_at_once(
    world: World, walmart: SellerAccount, control: Control
) -> None:
    control.place_orders(walmart.sender_address, 2)
    number = sent(walmart, control)[0]["customer_order_id"]
    arrive(walmart, walmart_mail(walmart, order=number))
    arrive(walmart, walmart_mail(walmart, order="200099999999999", relay="9" * 32))
    later = timezone.now() + timedelta(seconds=1)
    wanted.read_wanted(walmart.pk, tenant_id=walmart.tenant_id, now=later)
    with tenant_tx(walmart.tenant_id):
        assert not Order.objects.get(external_id=number).is_placeholder
        unknown = Order.objects.get(external_id="200099999999999")
        assert (unknown.is_placeholder, unknown.wanted_at) == (True, None)
        assert "knows no order" in unknown.fault


def test_an_order_keeps_its_last_data_and_the_reason_when_the_source_fails(
    account: SellerAccount, control: Control
) -> None:
    control.place_orders(account.sender_address, 1)
    read(begin(account)["orders"])
    asked = timezone.now()
    with tenant_tx(account.tenant_id):
        Order.objects.update(wanted_at=asked, wanted_by_person=True)
    control.fault("api.order", "server_error", account=account.sender_address, times=5)
    control.fault("api.orders", "server_error", account=account.sender_address, times=5)
    wanted.read_wanted(account.pk, tenant_id=account.tenant_id, now=asked)
    with tenant_tx(account.tenant_id):
        row = Order.objects.get()
        assert row.fault
        assert row.wanted_at is not None
        assert row.wanted_at > asked
    everything_is_here(account, control)
    control.clear_faults()
    wanted.read_wanted(account.pk, tenant_id=account.tenant_id, now=asked + timedelta(hours=1))
    with tenant_tx(account.tenant_id):
        row = Order.objects.get()
        assert (row.fault, row.wanted_at) == ("", None)


def test_an_order_that_cannot_be_read_keeps_no_other_waiting(amazon: SellerAccount, control: Control) -> None:
    control.place_orders(amazon.sender_address, 3)
    read(begin(amazon)["orders"])
    asked = timezone.now()
    with tenant_tx(amazon.tenant_id):
        Order.objects.update(wanted_at=asked)
    control.fault("api.order", "garble", account=amazon.sender_address, how="missing_field")
    wanted.read_wanted(amazon.pk, tenant_id=amazon.tenant_id, now=asked)
    with tenant_tx(amazon.tenant_id):
        first, *others = Order.objects.order_by("pk")
    assert "could not be read" in first.fault
    assert first.wanted_at is not None
    assert first.wanted_at > asked
    # One whose language may not be asked for yet comes again, but has been read.
    assert [(order.fault, order.as_of) for order in others] == [("", asked)] * 2


def test_pictures_are_fetched_once_and_kept(account: SellerAccount, control: Control) -> None:
    control.place_orders(account.sender_address, 5)
    read(begin(account)["orders"])
    later = timezone.now() + timedelta(hours=1)
    came = 0
    for minutes in range(10):
        # Amazon's catalogue answers two questions at once; the next two come when it allows.
        without_limits(account)
        later += timedelta(minutes=minutes)
        came += pictures.fetch_pictures(account.pk, tenant_id=account.tenant_id, now=later)
    with tenant_tx(account.tenant_id):
        assert came == Item.objects.count()
    with tenant_tx(account.tenant_id):
        for item in Item.objects.all():
            assert item.image_due_at is None
            with default_storage.open(item.image_path) as file:
                assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert pictures.fetch_pictures(account.pk, tenant_id=account.tenant_id, now=later) == 0


def test_a_key_that_is_not_accepted_for_a_while_takes_no_picture_away(
    amazon: SellerAccount, control: Control
) -> None:
    control.place_orders(amazon.sender_address, 1)
    read(begin(amazon)["orders"])
    later = timezone.now() + timedelta(hours=1)
    pictures.fetch_pictures(amazon.pk, tenant_id=amazon.tenant_id, now=later)
    with tenant_tx(amazon.tenant_id):
        Item.objects.update(image_due_at=later)
        kept = set(Item.objects.values_list("image_path", flat=True))
        ApiToken.objects.all().delete()
    without_limits(amazon)
    control.change_account(amazon.sender_address, api={"revoked": True})
    pictures.fetch_pictures(amazon.pk, tenant_id=amazon.tenant_id, now=later)
    with tenant_tx(amazon.tenant_id):
        assert set(Item.objects.values_list("image_path", flat=True)) == kept
        assert all(item.image_due_at and item.image_due_at > later for item in Item.objects.all())


def test_the_daily_sweep_mends_what_a_window_missed_and_says_so(
    account: SellerAccount, control: Control
) -> None:
    control.place_orders(account.sender_address, 12)
    stream = read(begin(account)["orders"])
    with tenant_tx(account.tenant_id):
        lost = PurchaseOrder.objects.filter(account=account).order_by("-modified_at").first()
        assert lost is not None
        days = (stream.read_until - lost.modified_at).days if stream.read_until else 0
        lost.shipments.all().delete()
        lost.delete()
    for day in range(days + 1):
        stream = read(stream, now=timezone.now() + timedelta(hours=1 + day))
    assert stream.sweep_found == 1
    everything_is_here(account, control)


def test_a_window_is_read_again_however_often_the_api_had_failed_before(
    walmart: SellerAccount, control: Control
) -> None:
    control.place_orders(walmart.sender_address, 3, fulfilment="seller")
    stream = begin(walmart)["orders"]
    for hour in range(1, 5):
        action = {"action": "server_error"} if hour < 5 - 1 else {"action": "garble", "how": "missing_field"}
        control.fault("api.orders", account=walmart.sender_address, **action)
        stream = read(stream, now=timezone.now() + timedelta(hours=hour))
    assert (stream.read_until, stream.failures, stream.unreadable) == (None, 4, 1)
    stream = read(stream, now=timezone.now() + timedelta(hours=9))
    assert (stream.health, stream.unreadable) == (Health.OK, 0)
    everything_is_here(walmart, control)


def test_an_order_with_a_word_nobody_knows_is_asked_for_by_itself(
    account: SellerAccount, control: Control
) -> None:
    control.place_orders(account.sender_address, 1, state="delivered", fulfilment="seller", parts=1)
    control.fault("api.orders", "garble", account=account.sender_address, how="unknown_enum")
    asked = timezone.now() + timedelta(minutes=5)
    read(begin(account)["orders"], now=asked)
    with tenant_tx(account.tenant_id):
        assert Order.objects.get(account=account).status == "unknown"
    wanted.read_wanted(account.pk, tenant_id=account.tenant_id, now=asked)
    with tenant_tx(account.tenant_id):
        row = Order.objects.get(account=account)
        assert (row.status, row.wanted_at) == ("delivered", None)


def test_what_will_be_read_again_anyway_is_not_called_missed(
    account: SellerAccount, control: Control
) -> None:
    stream = read(begin(account)["orders"])
    later = timezone.now() + timedelta(hours=2)
    with tenant_tx(account.tenant_id):
        again_at = streams.sweep_window(stream, now=later)
    assert again_at is not None
    assert stream.read_until is not None
    assert again_at.until <= stream.read_until - streams.OVERLAP


def test_a_parcel_that_came_before_its_order_is_found_by_the_sweep(
    walmart: SellerAccount, amazon: SellerAccount, control: Control
) -> None:
    shipper: dict[str, Any] = {"mcf_account": amazon.sender_address}
    control.place_orders(walmart.sender_address, 1, state="delivered", parts=1, **shipper)
    parcels = begin(amazon)["fulfilments"]
    parcels = read(parcels)
    assert parcels.read_until is not None
    read(begin(walmart)["orders"])
    with tenant_tx(amazon.tenant_id):
        assert not Shipment.objects.filter(by_mcf=True).exists()
    for day in range(streams.SWEEP_DAYS):
        without_limits(amazon)
        parcels = read(parcels, now=timezone.now() + timedelta(hours=1 + day))
    with tenant_tx(amazon.tenant_id):
        assert Shipment.objects.get(by_mcf=True).order.account_id == walmart.pk
    assert parcels.sweep_found == 1
    for day in range(streams.SWEEP_DAYS + 1):
        without_limits(amazon)
        parcels = read(parcels, now=timezone.now() + timedelta(hours=40 + day))
    assert parcels.sweep_found == 0
