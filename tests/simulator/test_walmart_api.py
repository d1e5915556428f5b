"""Walmart's API: who may ask, which orders come, and how pages follow each other."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.simulator.conftest import OpenAccount, OpenWalmart
from tests.simulator_client import Control, ControlError

_LONG_AGO = "2025-01-01"


def _ids(orders: list[dict[str, Any]]) -> set[str]:
    return {order["purchaseOrderId"] for order in orders}


def test_an_account_has_believable_keys_or_the_ones_it_is_given(
    control: Control, seller: OpenAccount
) -> None:
    made = control.open_account("keys@acme.test")["api"]
    assert len(made["client_id"]) == 36
    assert len(made["client_secret"]) > 40
    assert control.open_account("keys@acme.test")["api"] == made
    given = control.change_account("keys@acme.test", api={"client_id": "mine", "client_secret": "hush"})
    assert (given["api"]["client_id"], given["api"]["seller_id"]) == ("mine", made["seller_id"])
    assert control.open_account("keys@acme.test")["api"]["client_id"] == "mine"
    with pytest.raises(ControlError, match="api has no colour"):
        control.change_account("keys@acme.test", api={"colour": "red"})


def test_wrong_keys_get_no_token(seller: OpenAccount, walmart: OpenWalmart) -> None:
    client = walmart(seller())
    client.keys["client_secret"] = "guess"
    answer = client.token()
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"].startswith("INVALID_CLIENT")


def test_withdrawn_keys_end_old_tokens_too(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    client = walmart(address)
    assert client.get("/v3/token/detail").status_code == 200
    control.change_account(address, api={"revoked": True})
    assert client.get("/v3/token/detail").status_code == 401
    assert client.token().status_code == 401


@pytest.mark.parametrize("name", ["WM_SVC.NAME", "WM_QOS.CORRELATION_ID"])
def test_a_call_without_a_required_header_is_refused(
    seller: OpenAccount, walmart: OpenWalmart, name: str
) -> None:
    client = walmart(seller())
    assert client.get("/v3/orders").status_code == 200
    del client.headers[name]
    answer = client.get("/v3/orders")
    assert answer.status_code == 400
    assert name in answer.json()["errors"][0]["description"]


def test_an_unknown_token_is_refused(seller: OpenAccount, walmart: OpenWalmart) -> None:
    client = walmart(seller())
    client.headers["WM_SEC.ACCESS_TOKEN"] = "made up"
    assert client.get("/v3/orders").status_code == 401


def test_the_pages_hold_exactly_what_the_marketplace_has(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address, other = seller(), seller()
    control.place_orders(address, 70)
    control.place_orders(other, 5)
    client = walmart(address)
    nodes = {"SellerFulfilled": "seller", "WFSFulfilled": "wfs", "3PLFulfilled": "3pl"}
    for node, kind in nodes.items():
        read = client.orders(createdStartDate=_LONG_AGO, limit=9, shipNodeType=node)
        wanted = [order["id"] for order in control.orders(address) if order["fulfilment"] == kind]
        assert [order["purchaseOrderId"] for order in read] == wanted
    by_change = client.orders(
        createdStartDate=_LONG_AGO, lastModifiedStartDate=_LONG_AGO, lastModifiedEndDate="2030-01-01", limit=9
    )
    assert _ids(by_change) == _ids(client.orders(createdStartDate=_LONG_AGO))
    assert len(by_change) == len(_ids(by_change))


def test_only_a_week_and_the_sellers_own_node_come_unasked(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    a_week = 7 * 24 * 60
    old, new = (
        control.place_orders(
            address, state="delivered", ordered_minutes_ago=minutes, fulfilment="seller", parts=1
        )
        for minutes in (a_week + 60, a_week - 60)
    )
    control.place_orders(address, state="fresh", ordered_minutes_ago=60, fulfilment="wfs")
    client = walmart(address)
    assert _ids(client.orders()) == set(new)
    assert _ids(client.orders(createdStartDate=_LONG_AGO)) == {*old, *new}


def test_a_cursor_is_only_good_as_it_was_given_out(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    control.place_orders(address, 5, fulfilment="seller")
    client = walmart(address)
    cursor = client.get("/v3/orders", limit=2, createdStartDate=_LONG_AGO).json()["list"]["meta"][
        "nextCursor"
    ]
    assert cursor.startswith("?limit=2&hasMoreElements=true&soIndex=")
    rebuilt = urlencode(parse_qsl(cursor[1:]))
    answer = client.get(f"/v3/orders?{rebuilt}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "INVALID_CURSOR")
    assert client.get(f"/v3/orders{cursor}").status_code == 200
    assert walmart(seller()).get(f"/v3/orders{cursor}").status_code == 400


@pytest.mark.parametrize("limit", ["0", "201", "many"])
def test_a_page_has_at_most_200_orders(seller: OpenAccount, walmart: OpenWalmart, limit: str) -> None:
    assert walmart(seller()).get("/v3/orders", limit=limit).status_code == 400


def test_orders_can_be_filtered(control: Control, seller: OpenAccount, walmart: OpenWalmart) -> None:
    address = seller()
    kettle = control.place_orders(address, sku="KT-17L-SS", state="fresh", fulfilment="seller", parts=1)[0]
    shipped = control.place_orders(
        address, sku="DOG-BED-L", state="in_transit", fulfilment="seller", parts=1
    )[0]
    facts = control.order(shipped)
    client = walmart(address)
    found = {
        "sku": client.orders(sku="DOG-BED-L"),
        "status": client.orders(status="Shipped"),
        "customerOrderId": client.orders(customerOrderId=facts["customer_order_id"]),
        "purchaseOrderId": client.orders(purchaseOrderId=shipped),
        "toExpectedShipDate": client.orders(toExpectedShipDate=facts["ship_by"]),
    }
    for name, orders in found.items():
        assert _ids(orders) == {shipped}, name
    assert _ids(client.orders(status="Created")) == {kettle}
    assert client.get("/v3/orders", status="Teleported").status_code == 400
    assert client.get("/v3/orders", createdStartDate="yesterday").status_code == 400
    assert client.get("/v3/orders", colour="red").status_code == 400


def test_an_empty_list_comes_as_404_where_the_account_has_it_so(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    client = walmart(address)
    assert client.get("/v3/orders").json()["list"]["elements"]["order"] == []
    control.change_account(address, api={"empty_is_404": True})
    assert client.get("/v3/orders").status_code == client.get("/v3/returns").status_code == 404


def test_pictures_come_only_when_asked_for(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    order_id = control.place_orders(address, sku="KT-17L-SS", parts=1)[0]
    client = walmart(address)
    path = f"/v3/orders/{order_id}"
    assert "imageUrl" not in client.get(path).json()["order"]["orderLines"]["orderLine"][0]["item"]
    item = client.get(path, productInfo="true").json()["order"]["orderLines"]["orderLine"][0]["item"]
    assert client.get(item["imageUrl"]).headers["content-type"] == "image/png"


def test_a_buyers_address_may_be_a_placeholder_for_a_while(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    waiting = control.place_orders(address, placeholder_minutes=5, parts=1)[0]
    ready = control.place_orders(address, placeholder_minutes=0, parts=1)[0]
    client = walmart(address)
    assert client.get(f"/v3/orders/{waiting}").json()["order"]["customerEmailId"].startswith("nocxemail@")
    told = client.get(f"/v3/orders/{ready}").json()["order"]["customerEmailId"]
    assert told == control.order(ready)["relay_address"]


def test_one_customer_order_can_be_two_purchase_orders(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    first, second = control.place_orders(address, parts=2, fulfilment="seller")
    orders = walmart(address).orders(createdStartDate=_LONG_AGO)
    assert _ids(orders) == {first, second}
    assert len({order["customerOrderId"] for order in orders}) == 1
    assert len({order["customerEmailId"] for order in orders}) == 1


def test_one_line_can_have_two_statuses(control: Control, seller: OpenAccount, walmart: OpenWalmart) -> None:
    address = seller()
    order_id = control.place_orders(address, state="in_transit", quantity=3, cancelled=1, parts=1)[0]
    line = walmart(address).get(f"/v3/orders/{order_id}").json()["order"]["orderLines"]["orderLine"][0]
    statuses = line["orderLineStatuses"]["orderLineStatus"]
    told = {status["status"]: status["statusQuantity"]["amount"] for status in statuses}
    assert told == {"Shipped": "2", "Cancelled": "1"}


def test_returns_tell_how_far_they_are(control: Control, seller: OpenAccount, walmart: OpenWalmart) -> None:
    address = seller()
    order_id = control.place_orders(address, state="delivered", parts=1)[0]
    client = walmart(address)
    seen = []
    for step in ("return_started", "returned", "refunded"):
        control.advance(order_id, step)
        back = client.get("/v3/returns").json()["returnOrders"][0]
        line = back["returnOrderLines"][0]
        seen.append((line["status"], line["returnTrackingDetail"][0]["eventTag"], line["purchaseOrderId"]))
    assert seen == [
        ("INITIATED", "RETURN_INITIATED", order_id),
        ("DELIVERED", "DELIVERED_AT_RETURN_CENTER", order_id),
        ("COMPLETED", "REFUND_ISSUED", order_id),
    ]
    assert back["returnOrderId"] == control.order(order_id)["returns"][0]["id"]
    assert client.get("/v3/returns", status="INITIATED").json()["returnOrders"] == []
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    assert client.get("/v3/returns", returnLastModifiedStartDate=since).json()["meta"]["totalCount"] == 1
    order = client.get(f"/v3/orders/{order_id}").json()["order"]["orderLines"]["orderLine"][0]
    assert order["returnOrderId"] == back["returnOrderId"]
    assert order["refund"]["refundCharges"]["refundCharge"][0]["charge"]["chargeAmount"]["amount"] < 0


def test_returns_come_by_offset(control: Control, seller: OpenAccount, walmart: OpenWalmart) -> None:
    address = seller()
    control.place_orders(address, 7, state="return_started", parts=1)
    client = walmart(address)
    path, seen = "/v3/returns?limit=3", []
    while path:
        page = client.get(path).json()
        seen += [back["returnOrderId"] for back in page["returnOrders"]]
        path = f"/v3/returns{page['meta']['nextCursor']}" if page["meta"]["nextCursor"] else ""
    assert sorted(seen) == sorted(
        back["id"] for order in control.orders(address) for back in order["returns"]
    )
    assert len(seen) == 7


def test_a_blank_value_is_part_of_what_was_asked(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    control.place_orders(address, 3, fulfilment="seller", parts=1)
    client = walmart(address)
    first = client.get(f"/v3/orders?createdStartDate={_LONG_AGO}&limit=2&status=").json()["list"]
    assert "status=" in first["meta"]["nextCursor"]
    second = client.get(f"/v3/orders{first['meta']['nextCursor']}")
    assert second.status_code == 200
    assert len(_ids(first["elements"]["order"] + second.json()["list"]["elements"]["order"])) == 3
    assert client.get("/v3/orders?colour=").status_code == 400


def test_a_repeated_first_page_has_a_cursor_that_can_be_followed(
    control: Control, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    address = seller()
    control.place_orders(address, 3, fulfilment="seller", parts=1)
    client = walmart(address)
    control.fault("api.orders", "repeat", account=address)
    first = client.get(f"/v3/orders?createdStartDate={_LONG_AGO}&limit=9").json()["list"]
    assert len(first["elements"]["order"]) == 3
    again = client.get(f"/v3/orders{first['meta']['nextCursor']}").json()["list"]
    assert again["elements"] == first["elements"]
    assert "nextCursor" not in again["meta"]
