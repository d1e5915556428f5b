"""Orders as the clients read them from the simulated shops."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplaces import registry
from marketplaces.errors import NotFound
from marketplaces.models import SellerAccount
from marketplaces.records import OrderRecord, OrderStatus, Window
from tests.simulator_client import Control


def last_days(days: int = 30) -> Window:
    now = timezone.now()
    return Window(now - timedelta(days=days), now)


def read(account: SellerAccount) -> list[OrderRecord]:
    with registry.adapter(account) as api:
        pages = list(api.orders(last_days()))
    assert [each for page in pages for each in page.strange] == []
    return [record for page in pages for record in page.records]


def test_every_order_of_a_walmart_account_is_read_once(walmart: SellerAccount, control: Control) -> None:
    placed = set(control.place_orders(walmart.sender_address, 25))
    found = [record.external_id for record in read(walmart)]
    assert sorted(found) == sorted(placed)


def test_every_order_of_an_amazon_account_is_read_once(amazon: SellerAccount, control: Control) -> None:
    placed = set(control.place_orders(amazon.sender_address, 25))
    found = [record.external_id for record in read(amazon)]
    assert sorted(found) == sorted(placed)


@pytest.mark.parametrize("which", ["walmart", "amazon"])
def test_one_order_is_read_by_its_number(
    which: str, control: Control, request: pytest.FixtureRequest
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    # By chance a customer's order at Walmart is two purchase orders.
    placed = control.place_orders(account.sender_address, 2, parts=1)[0]
    with registry.adapter(account, interactive=True) as api:
        record = api.order(placed)[0]
        assert record.external_id == placed
        assert [each.external_id for each in api.order(record.order_id)] == [placed]
        with pytest.raises(NotFound):
            api.order("200099999999999" if which == "walmart" else "999-9999999-9999999")
    assert record.lines[0].sku
    assert record.lines[0].quantity >= 1
    assert record.status is not OrderStatus.UNKNOWN


@pytest.mark.parametrize("which", ["walmart", "amazon"])
def test_a_list_of_several_pages_is_read_to_its_end(
    which: str, control: Control, request: pytest.FixtureRequest
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    placed = control.place_orders(account.sender_address, 205, fulfilment="seller")
    with registry.adapter(account) as api:
        pages = [page for page in api.orders(last_days()) if page.records]
    assert len(pages) in (2, 3)
    assert sorted(record.external_id for page in pages for record in page.records) == sorted(placed)
