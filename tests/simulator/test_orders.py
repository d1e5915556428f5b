"""Orders: behind stories, around a day, on demand, and moving on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import OpenAccount, OpenAmazon, OpenImap, OpenWalmart, mails, read, text_of
from tests.simulator_client import Control, ControlError, SimulatorProcess

_LONG_AGO = "2025-01-01T00:00:00Z"


def _at(text: str | None) -> datetime:
    assert text is not None
    return datetime.fromisoformat(text)


def _order(control: Control, told: dict[str, Any]) -> dict[str, Any]:
    """The order a story's mails are about."""
    name = told["purchase_order_id"] if told["marketplace"] == "walmart" else told["order_id"]
    return control.order(name)


@pytest.fixture(params=["walmart", "amazon"])
def address(seller: OpenAccount, request: pytest.FixtureRequest) -> str:
    return seller(request.param)


def test_a_story_and_its_order_name_the_same_things(control: Control, address: str) -> None:
    told = control.story("damaged", address, age_minutes=120)
    order = _order(control, told)
    assert order["customer_order_id"] == told["order_id"]
    assert order["buyer_name"] == told["buyer_name"]
    assert (
        order["relay_address"]
        == f"{told['relay_address'].partition('@')[0].partition('+')[0]}@"
        + (told["relay_address"].partition("@")[2])
    )
    assert order["skus"] == [told["sku"]]
    assert order["lines"][0]["quantity"] == told["quantity"]
    assert order["story_id"] == told["story_id"]


def test_where_is_my_order_is_shipped_late_and_overdue(control: Control, address: str) -> None:
    for seed in range(12):
        told = control.story("where_is_my_order", address, age_minutes=100, seed=seed)
        order, wrote = _order(control, told), _at(told["sent_at"])
        assert order["status"] == "shipped"
        assert _at(order["shipped_at"]) > _at(order["ship_by"])
        assert _at(order["ordered_at"]) < _at(order["shipped_at"]) < _at(order["promised_by"]) < wrote
        assert order["tracking"]


def test_delivered_but_not_received_has_a_scan_of_the_day_before(control: Control, address: str) -> None:
    told = control.story("delivered_not_received", address)
    delivered = _at(_order(control, told)["delivered_at"])
    assert (_at(told["sent_at"]).date() - delivered.date()).days == 1


@pytest.mark.parametrize("story", ["address_change", "cancel_before_shipping", "impatient"])
def test_what_is_to_be_changed_is_not_shipped(control: Control, address: str, story: str) -> None:
    told = control.story(story, address)
    order = _order(control, told)
    assert order["status"] in ("created", "acknowledged")
    assert (order["cancel_requested_at"] is not None) == (story == "cancel_before_shipping")


def test_a_cancel_request_stands_on_the_line(
    control: Control, seller: OpenAccount, walmart: OpenWalmart, amazon: OpenAmazon
) -> None:
    shop, store = seller(), seller("amazon")
    told = control.story("cancel_before_shipping", shop)
    order = walmart(shop).get(f"/v3/orders/{told['purchase_order_id']}").json()["order"]
    assert order["orderLines"]["orderLine"][0]["intentToCancel"] == "true"
    told = control.story("cancel_before_shipping", store)
    path = f"/orders/2026-01-01/orders/{told['order_id']}"
    (line,) = amazon(store).get(path, includedData="CANCELLATION").json()["order"]["orderItems"]
    assert line["cancellation"]["cancellationRequest"]["requester"] == "BUYER"
    assert line["cancellation"]["cancellationRequest"]["cancelReason"] == told["texts"][0]


def test_a_return_has_the_mails_carrier_reason_and_tracking(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller("amazon")
    order = _order(control, control.story("return_request", address))
    (back,) = order["returns"]
    (raw,) = mails(imap(address)).values()
    text = text_of(read(raw))
    assert back["tracking"] in text
    assert back["reason"] in text
    assert back["carrier"] in text


def test_refunds_add_up_to_what_the_mails_say(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller("amazon")
    for seed in range(5):
        order = _order(control, control.story("refund_notice", address, seed=seed))
        texts = [text_of(read(raw)) for raw in mails(imap(address)).values()]
        about = [text for text in texts if order["id"] in text]
        assert len(order["refunds"]) == len(about)
        for refund, text in zip(order["refunds"], about, strict=True):
            assert refund["amount"] in text


@pytest.mark.parametrize("story", ["presale", "forged", "newsletter", "performance_notice"])
def test_a_mail_about_no_order_brings_none(control: Control, address: str, story: str) -> None:
    control.story(story, address)
    assert control.orders(address) == []


def test_a_story_can_be_about_an_order_there_is(control: Control, address: str) -> None:
    order_id = control.place_orders(address, state="in_transit", quantity=3, parts=1)[0]
    told = control.story("where_is_my_order", address, about=order_id)
    order = control.order(order_id)
    assert told["order_id"] == order["customer_order_id"]
    assert (told["buyer_name"], told["sku"]) == (order["buyer_name"], order["skus"][0])
    assert len(control.orders(address)) == 1
    with pytest.raises(ControlError, match="has no order"):
        control.story("where_is_my_order", address, about="123")


def test_a_day_has_silent_orders_some_due_today_and_some_overdue(
    control: Control, seller: OpenAccount
) -> None:
    sellers = [seller(), seller("amazon"), seller("amazon", "de")]
    day = control.day(accounts=sellers)
    orders = [order for address in sellers for order in control.orders(address)]
    silent = [order for order in orders if not order["story_id"]]
    now = datetime.now(UTC)
    assert len(silent) >= day["orders"] == 3 * day["count"]
    for address in sellers:
        open_ones = [
            _at(order["ship_by"])
            for order in orders
            if order["account"] == address and order["status"] in ("created", "acknowledged")
        ]
        assert sum(now - timedelta(minutes=1) <= due <= now + timedelta(days=1) for due in open_ones) >= 3
        assert any(due < now for due in open_ones)
    by_story = {order["story_id"] for order in orders if order["story_id"]}
    assert {told["story_id"] for told in day["stories"] if told["relay_address"] and told["order_id"]} - {
        told["story_id"] for told in day["stories"] if told["story"] in ("forged", "unreadable")
    } <= by_story


def test_a_day_has_orders_amazon_ships_for_walmart_and_mail_about_the_marketplaces_own(
    control: Control, seller: OpenAccount
) -> None:
    shop, store = seller(), seller("amazon")
    control.day(accounts=[shop, store], mcf_accounts={shop: store})
    shipped = [order for order in control.orders(shop) if order["mcf_account"] == store]
    shipments = {order["id"]: order for order in control.orders(store) if order["fulfilment"] == "mcf"}
    assert len(shipped) >= 8
    assert {order["mcf_id"] for order in shipped} == set(shipments)
    assert all(shipments[order["mcf_id"]]["tracking"] == order["tracking"] for order in shipped)
    for address, kind in ((shop, "wfs"), (store, "fba")):
        assert any(order["story_id"] and order["fulfilment"] == kind for order in control.orders(address))
    with pytest.raises(ControlError, match="mcf_account"):
        control.day(accounts=[shop], mcf_accounts={shop: shop})


def test_a_story_says_who_ships(control: Control, seller: OpenAccount) -> None:
    address = seller("amazon")
    assert _order(control, control.story("damaged", address, fulfilment="fba"))["fulfilment"] == "fba"
    with pytest.raises(ControlError, match="fulfilment is one of"):
        control.story("damaged", address, fulfilment="wfs")


def test_nothing_has_happened_in_the_future_and_all_in_order(control: Control, seller: OpenAccount) -> None:
    sellers = [seller(), seller("amazon")]
    control.day(accounts=sellers)
    for address in sellers:
        control.place_orders(address, 80)
        for order in control.orders(address):
            steps = [order["ordered_at"], order["shipped_at"], order["delivered_at"]]
            for back in order["returns"]:
                steps += [back["started_at"], back["received_at"], back["refunded_at"]]
            moments = [_at(step) for step in steps if step]
            assert moments == sorted(moments), order
            happened = [*moments, *(_at(refund["at"]) for refund in order["refunds"])]
            happened += [_at(order[name]) for name in ("cancel_requested_at", "cancelled_at") if order[name]]
            assert max(happened) <= _at(order["modified_at"]) <= datetime.now(UTC)


def test_the_same_seed_makes_the_same_orders(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        with SimulatorProcess(tmp_path / name, seed=5) as process:
            process.control.open_account("care@acme.test")
            process.control.open_account("store@acme.test", marketplace="amazon")
            process.control.day()
            process.control.place_orders("care@acme.test", 20, seed=3)
            made.append(
                [
                    (order["id"], order["status"], order["skus"], order["buyer_name"], order["tracking"])
                    for address in ("care@acme.test", "store@acme.test")
                    for order in sorted(process.control.orders(address), key=lambda order: str(order["id"]))
                ]
            )
    assert made[0] == made[1]
    assert len(made[0]) > 150


def test_orders_and_keys_survive_a_kill(own_simulator: SimulatorProcess) -> None:
    keys = own_simulator.control.open_account("care@acme.test")["api"]
    own_simulator.control.place_orders("care@acme.test", 5)
    before = own_simulator.control.orders("care@acme.test")
    own_simulator.kill()
    own_simulator.start()
    assert own_simulator.control.orders("care@acme.test") == before
    assert own_simulator.control.accounts()[0]["api"] == keys


def test_an_order_moves_on_step_by_step(control: Control, address: str) -> None:
    order_id = control.place_orders(address, state="fresh", parts=1)[0]
    seen = [control.order(order_id)["modified_ms"]]
    shipped = control.advance(order_id, "shipped", carrier="UPS", tracking="1Z42")
    assert (shipped["status"], shipped["carrier"], shipped["tracking"]) == ("shipped", "UPS", "1Z42")
    seen.append(shipped["modified_ms"])
    for step in ("delivered", "return_started", "returned", "refunded"):
        seen.append(control.advance(order_id, step)["modified_ms"])
    assert seen == sorted(set(seen))
    order = control.order(order_id)
    assert order["status"] == "delivered"
    assert order["refunds"][0]["amount"] == order["returns"][0]["amount"]


def test_a_step_that_cannot_be_the_next_is_refused(control: Control, address: str) -> None:
    order_id = control.place_orders(address, state="delivered", parts=1)[0]
    before = control.order(order_id)
    for step in ("shipped", "cancelled", "returned", "cancel_requested"):
        with pytest.raises(ControlError):
            control.advance(order_id, step)
    with pytest.raises(ControlError, match="to is one of"):
        control.advance(order_id, "teleported")
    with pytest.raises(ControlError, match="amount is a number"):
        control.advance(order_id, "refunded", amount="much")
    assert control.order(order_id) == before


@pytest.mark.parametrize(
    ("count", "options"),
    [
        (0, {}),
        (1, {"colour": "red"}),
        (1, {"state": "lost"}),
        (1, {"sku": "NOPE"}),
        (1, {"fulfilment": "drone"}),
        (1, {"quantity": "two"}),
        (1, {"mcf_account": "nobody@acme.test"}),
    ],
)
def test_orders_that_make_no_sense_are_refused(
    control: Control, address: str, count: int, options: dict[str, Any]
) -> None:
    with pytest.raises(ControlError):
        control.place_orders(address, count, **options)
    assert control.orders(address) == []


def test_a_drip_moves_orders_on(own_simulator: SimulatorProcess) -> None:
    control = own_simulator.control
    control.open_account("care@acme.test")
    control.place_orders("care@acme.test", 20, state="fresh")
    control.drip(0.05)
    after = 0
    for _ in range(60):
        after = control.wait_for("placed", after=after)["n"]
        if any(
            not order["story_id"] and order["status"] != "created"
            for order in control.orders("care@acme.test")
        ):
            break
    else:
        raise AssertionError("60 stories came and no order moved on.")
    control.drip(0)


def test_many_mails_are_each_about_an_order(control: Control, address: str, imap: OpenImap) -> None:
    control.place_orders(address, 15)
    sent = control.mails(address, 30, seed=4)
    assert sent["mails"] == len(sent["message_ids"]) == len(mails(imap(address))) == 30
    assert len(sent["stories"]) < 30
    orders = {order["customer_order_id"] for order in control.orders(address)}
    assert {control.ask("GET", f"stories/{story}")["order_id"] for story in sent["stories"]} <= orders
    assert len(control.orders(address)) == 15


def test_mails_need_orders(control: Control, address: str) -> None:
    with pytest.raises(ControlError, match="no order anybody could write about"):
        control.mails(address, 5)
