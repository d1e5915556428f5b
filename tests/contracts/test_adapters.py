"""Both adapters answer the same questions in the same shapes; each request is as its model says."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from marketplaces.errors import NotFound, NotReady, Refused
from marketplaces.models import SellerAccount
from marketplaces.records import (
    AccountFacts,
    FulfilmentRecord,
    MessageAction,
    OrderRecord,
    Page,
    ReturnRecord,
    Window,
)
from marketplaces.types import STREAMS
from tests.contracts.test_client_requests import Ears, call, check, heard
from tests.marketplaces.conftest import amazon, control, shops, walmart
from tests.simulator.api_clients import keys_of
from tests.simulator_client import Control

__all__ = ["amazon", "control", "heard", "shops", "walmart"]


@pytest.fixture(params=["walmart", "amazon"])
def account(request: pytest.FixtureRequest) -> SellerAccount:
    """Each marketplace in turn."""
    found: SellerAccount = request.getfixturevalue(request.param)
    return found


def month() -> Window:
    now = timezone.now()
    return Window(now - timedelta(days=30), now - timedelta(seconds=1))


def ready(account: SellerAccount, heard: Ears) -> list[Page[ReturnRecord]]:
    """The returns, after as many looks as their report takes."""
    pending = ""

    def look(pending: str, api: Any) -> Any:
        return api.returns(month(), pending=pending)

    for _ in range(8):
        try:
            return list(call(account, heard, partial(look, pending)))
        except NotReady as wait:
            pending = wait.pending
    raise AssertionError("The returns never came.")


def one(number: str, api: Any) -> Any:
    """The records of one order."""
    return api.order(number)


def of_kind(pages: list[Any], kind: type) -> list[Any]:
    """All records of the pages, which are pages of such records and nothing strange."""
    assert all(isinstance(page, Page) and page.strange == () for page in pages)
    records = [record for page in pages for record in page.records]
    assert all(isinstance(record, kind) for record in records)
    return records


def test_orders_come_as_records_and_one_by_its_number(
    account: SellerAccount, control: Control, heard: Ears
) -> None:
    placed = control.place_orders(account.sender_address, 5, state="in_transit", fulfilment="seller")
    records = of_kind(call(account, heard, lambda api: api.orders(month())), OrderRecord)
    assert {record.external_id for record in records} == set(placed)
    for record in records:
        assert record.lines
        assert record.ordered_at.tzinfo is not None
        assert [parcel.tracking_number for parcel in record.shipments]
        asked = call(account, heard, partial(one, record.order_id))
        assert record.external_id in {each.external_id for each in asked}
        assert {each.order_id for each in asked} == {record.order_id}
    check(heard)


def test_returns_come_as_records(account: SellerAccount, control: Control, heard: Ears) -> None:
    placed = control.place_orders(
        account.sender_address, 2, state="return_received", fulfilment="seller", parts=1
    )
    records = of_kind(ready(account, heard), ReturnRecord)
    orders = [control.order(number) for number in placed]
    assert {(record.external_id, record.order_id) for record in records} == {
        (back["id"], order["customer_order_id"]) for order in orders for back in order["returns"]
    }
    assert all(record.lines for record in records)
    check(heard)


def test_fulfilments_are_records_where_there_are_any(
    walmart: SellerAccount, account: SellerAccount, amazon: SellerAccount, control: Control, heard: Ears
) -> None:
    ships: dict[str, Any] = {"mcf_account": amazon.sender_address, "state": "delivered", "parts": 1}
    control.place_orders(walmart.sender_address, 1, **ships)
    records = of_kind(call(account, heard, lambda api: api.fulfilments(month())), FulfilmentRecord)
    assert len(records) == (account.pk == amazon.pk)
    check(heard)


def test_a_picture_can_be_found_and_fetched(account: SellerAccount, control: Control, heard: Ears) -> None:
    control.place_orders(account.sender_address, 1, fulfilment="seller")
    line = call(account, heard, lambda api: api.orders(month()))[0].records[0].lines[0]
    url = call(account, heard, lambda api: api.item_image(line.sku, line.item_id, line.image_url))
    assert call(account, heard, lambda api: api.picture(url)).startswith(b"\x89PNG")
    check(heard)


def test_a_first_message_is_offered_or_refused_never_lost(
    account: SellerAccount, control: Control, heard: Ears
) -> None:
    number = control.place_orders(account.sender_address, 1, state="in_transit", fulfilment="seller")[0]
    actions = call(account, heard, lambda api: api.message_actions(number))
    assert all(isinstance(action, MessageAction) and action.longest > 0 for action in actions)
    with pytest.raises(Refused):
        call(account, heard, lambda api: api.send_message(number, "praise", "Thank you."))
    check(heard)


def test_a_key_is_tested_for_real(account: SellerAccount, control: Control, heard: Ears) -> None:
    control.place_orders(account.sender_address, 2, fulfilment="seller", state="delivered", parts=1)
    facts = call(account, heard, lambda api: api.check(thorough=True))
    assert isinstance(facts, AccountFacts)
    assert facts.summary.endswith("can be read.")
    assert (facts.missing, facts.advised) == ((), ())
    assert facts.newest_order in {
        each["customer_order_id"] for each in control.orders(account.sender_address)
    }
    assert facts.seller_id == keys_of(control, account.sender_address)["seller_id"]
    assert facts.clock_ahead is not None
    assert abs(facts.clock_ahead) < timedelta(seconds=5)
    assert len(check(heard)) >= 1


def test_each_marketplace_names_its_streams(account: SellerAccount, heard: Ears) -> None:
    assert call(account, heard, lambda api: api.streams) == STREAMS[account.marketplace]


@pytest.mark.parametrize("number", ["../sellers", "2000-none", "999-9999999-9999999"])
def test_an_order_that_is_not_there_is_not_found(account: SellerAccount, heard: Ears, number: str) -> None:
    with pytest.raises(NotFound):
        call(account, heard, partial(one, number))
