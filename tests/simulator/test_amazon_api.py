"""Amazon's API: login, which orders come and what they tell, messages, the returns report, shipments."""

import gzip
from typing import Any

import httpx
import pytest

from tests.simulator.conftest import OpenAccount, OpenAmazon
from tests.simulator_client import Control

_LONG_AGO = "2025-01-01T00:00:00Z"
_ORDERS = "/orders/2026-01-01/orders"
_USA = "ATVPDKIKX0DER"
_REPORTS = "/reports/2021-06-30"
_RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"


def test_login_says_what_is_wrong(control: Control, seller: OpenAccount, amazon: OpenAmazon) -> None:
    address = seller("amazon")
    client = amazon(address)
    assert client.token().json()["expires_in"] == 3600
    client.keys["client_secret"] = "guess"
    assert client.token().json()["error"] == "invalid_client"
    client = amazon(address)
    client.token()
    control.change_account(address, api={"revoked": True})
    answer = client.token()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert client.get(_ORDERS, createdAfter=_LONG_AGO).status_code == 403


def test_one_sign_in_opens_all_sites_of_a_seller(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    germany, france = seller("amazon", "de"), seller("amazon", "fr")
    keys = amazon(germany).keys
    control.change_account(france, api={name: keys[name] for name in keys if name.startswith("client")})
    control.change_account(france, api={name: keys[name] for name in ("seller_id", "refresh_token")})
    there = set(control.place_orders(germany, 6))
    elsewhere = set(control.place_orders(france, 6))
    client = amazon(germany)

    def read(**query: Any) -> set[str]:
        return {
            order["orderId"] for order in client.orders(createdAfter=_LONG_AGO, maxResultsPerPage=5, **query)
        }

    assert read() == there | elsewhere
    assert read(marketplaceIds="A13V1IB3VIYZZH") == elsewhere
    assert client.get(_ORDERS, createdAfter=_LONG_AGO, marketplaceIds=_USA).status_code == 400
    assert client.get(f"{_ORDERS}/{elsewhere.pop()}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"createdAfter": _LONG_AGO, "lastUpdatedAfter": _LONG_AGO},
        {"createdAfter": _LONG_AGO, "lastUpdatedBefore": _LONG_AGO},
        {"createdAfter": _LONG_AGO, "createdBefore": "2099-01-01T00:00:00Z"},
        {"createdAfter": "yesterday"},
        {"createdAfter": _LONG_AGO, "maxResultsPerPage": 101},
        {"createdAfter": _LONG_AGO, "includedData": "SMELL"},
        {"createdAfter": _LONG_AGO, "paginationToken": "made up"},
        {"createdAfter": _LONG_AGO, "NextToken": "old"},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    seller: OpenAccount, amazon: OpenAmazon, query: dict[str, Any]
) -> None:
    answer = amazon(seller("amazon")).get(_ORDERS, **query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")
    assert answer.headers["x-amzn-RequestId"]


def test_the_pages_hold_exactly_what_the_marketplace_has(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    address, other = seller("amazon"), seller("amazon")
    control.place_orders(address, 45)
    control.place_orders(other, 3)
    client = amazon(address)
    wanted = control.orders(address)
    created = client.orders(createdAfter=_LONG_AGO, maxResultsPerPage=7)
    assert [order["orderId"] for order in created] == [order["id"] for order in wanted]
    wanted.sort(key=lambda order: (order["modified_ms"], order["id"]))
    updated = client.orders(lastUpdatedAfter=_LONG_AGO, maxResultsPerPage=7)
    assert [order["orderId"] for order in updated] == [order["id"] for order in wanted]
    by_amazon = client.orders(createdAfter=_LONG_AGO, fulfilledBy="AMAZON")
    assert {order["orderId"] for order in by_amazon} == {
        order["id"] for order in wanted if order["fulfilment"] == "fba"
    }
    cancelled = client.orders(createdAfter=_LONG_AGO, fulfillmentStatuses="CANCELLED")
    assert {order["orderId"] for order in cancelled} == {
        order["id"] for order in wanted if order["status"] == "cancelled"
    }


def test_a_page_token_goes_with_its_own_search(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    address = seller("amazon")
    control.place_orders(address, 3)
    client = amazon(address)
    page = client.get(_ORDERS, createdAfter=_LONG_AGO, maxResultsPerPage=1).json()
    token = page["pagination"]["nextToken"]
    other = client.get(_ORDERS, createdAfter=_LONG_AGO, maxResultsPerPage=2, paginationToken=token)
    assert other.status_code == 400


def test_a_change_is_found_by_its_moment(control: Control, seller: OpenAccount, amazon: OpenAmazon) -> None:
    address = seller("amazon")
    ids = control.place_orders(address, 5, state="in_transit")
    client = amazon(address)
    cursor = client.get(_ORDERS, lastUpdatedAfter=_LONG_AGO).json()["lastUpdatedBefore"]
    control.advance(ids[2], "delivered")
    found = client.orders(lastUpdatedAfter=cursor)
    assert [order["orderId"] for order in found] == [ids[2]]


def test_an_order_tells_only_what_is_asked_for_and_the_address_only_of_the_sellers_own(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    address = seller("amazon")
    own = control.place_orders(address, state="in_transit", fulfilment="seller")[0]
    by_amazon = control.place_orders(address, state="in_transit", fulfilment="fba")[0]
    client = amazon(address)
    plain = client.get(f"{_ORDERS}/{own}").json()["order"]
    assert not {"buyer", "recipient", "fulfillment", "packages", "proceeds"} & set(plain)
    full = client.get(f"{_ORDERS}/{own}", includedData="BUYER,PACKAGES").json()["order"]
    assert full["buyer"]["buyerEmail"] == control.order(own)["relay_address"]
    assert full["packages"][0]["trackingNumber"] == control.order(own)["tracking"]
    assert set(client.get(f"{_ORDERS}/{by_amazon}", includedData="BUYER").json()["order"]["buyer"]) == {
        "buyerName"
    }


def test_another_sellers_order_is_not_found(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    order_id = control.place_orders(seller("amazon"))[0]
    assert amazon(seller("amazon")).get(f"{_ORDERS}/{order_id}").status_code == 404


def _writable(control: Control, address: str, client: Any) -> tuple[str, list[str]]:
    """An order that offers messages, and their links."""
    for order_id in control.place_orders(address, 20, state="in_transit", fulfilment="seller"):
        answer = client.get(f"/messaging/v1/orders/{order_id}", marketplaceIds=_USA).json()
        links = [action["href"] for action in answer["_links"]["actions"]]
        if any("unexpectedProblem" in link for link in links):
            return order_id, [link for link in links if "unexpectedProblem" in link]
    raise AssertionError("None of 20 orders offers unexpectedProblem.")


def test_a_message_lies_in_the_buyers_mailbox(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    address = seller("amazon")
    client = amazon(address)
    order_id, (link,) = _writable(control, address, client)
    assert client.post(link, {"text": "The parcel is late, we are sorry."}).status_code == 201
    (mail,) = control.buyer(control.order(order_id)["relay_address"])
    assert (mail["kind"], mail["text"]) == ("messaging", "The parcel is late, we are sorry.")
    event = control.wait_for("messaging", account=address)
    assert (event["order_id"], event["action"]) == (order_id, "unexpectedProblem")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "x" * 2001},
        {"text": "Look: <b>bold</b>"},
        {"text": "Write to me@acme.test"},
        {"text": "See https://acme.example/deal"},
        {"text": "ok", "attachments": [{"uploadDestinationId": "u", "fileName": "f"}]},
    ],
)
def test_a_message_the_model_does_not_allow_is_refused(
    control: Control, seller: OpenAccount, amazon: OpenAmazon, body: dict[str, Any]
) -> None:
    address = seller("amazon")
    client = amazon(address)
    order_id, (link,) = _writable(control, address, client)
    assert client.post(link, body).status_code == 400
    assert control.buyer(control.order(order_id)["relay_address"]) == []


def test_only_offered_messages_can_be_sent(control: Control, seller: OpenAccount, amazon: OpenAmazon) -> None:
    address = seller("amazon")
    client = amazon(address)
    order_id = control.place_orders(address, state="cancelled")[0]
    path = f"/messaging/v1/orders/{order_id}"
    assert client.get(path, marketplaceIds=_USA).json()["_links"]["actions"] == []
    sent = client.post(f"{path}/messages/unexpectedProblem", {"text": "Hello"}, marketplaceIds=_USA)
    assert sent.status_code == 403
    assert client.get(path).status_code == 400


def _report(client: Any, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A finished report and its document."""
    asked = {"reportType": _RETURNS, "marketplaceIds": [_USA], **more}
    report_id = client.post(f"{_REPORTS}/reports", asked).json()["reportId"]
    for _ in range(3):
        report = client.get(f"{_REPORTS}/reports/{report_id}").json()
    document = client.get(f"{_REPORTS}/documents/{report.get('reportDocumentId', 'none')}").json()
    return report, document


def test_the_returns_report_has_every_return(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    address = seller("amazon")
    control.place_orders(address, 6, state="returned", fulfilment="seller")
    client = amazon(address)
    wanted = {(order["id"], back["id"]) for order in control.orders(address) for back in order["returns"]}
    compressed = set()
    for _ in range(2):
        _, document = _report(client)
        content = httpx.get(document["url"], trust_env=False).content
        compressed.add("compressionAlgorithm" in document)
        if "compressionAlgorithm" in document:
            content = gzip.decompress(content)
        head, *rows = content.decode().splitlines()
        cells = [dict(zip(head.split("\t"), row.split("\t"), strict=True)) for row in rows]
        assert {(cell["Order ID"], cell["Amazon RMA ID"]) for cell in cells} == wanted
        assert all(cell["Refunded Amount"] for cell in cells)
    assert compressed == {True, False}


def test_a_report_without_data_is_cancelled(seller: OpenAccount, amazon: OpenAmazon) -> None:
    report, _ = _report(amazon(seller("amazon")))
    assert report["processingStatus"] == "CANCELLED"


def test_a_shipment_follows_the_order_it_is_for(
    control: Control, seller: OpenAccount, amazon: OpenAmazon
) -> None:
    shipper = seller("amazon")
    order_id = control.place_orders(seller(), mcf_account=shipper, state="fresh", parts=1)[0]
    client = amazon(shipper)
    base = "/fba/outbound/2020-07-01"
    (listed,) = client.get(f"{base}/fulfillmentOrders").json()["payload"]["fulfillmentOrders"]
    assert listed["displayableOrderId"] == control.order(order_id)["customer_order_id"]
    assert listed["fulfillmentOrderStatus"] == "Received"
    control.advance(order_id, "shipped")
    path = f"{base}/fulfillmentOrders/{listed['sellerFulfillmentOrderId']}"
    (shipment,) = client.get(path).json()["payload"]["fulfillmentShipments"]
    (package,) = shipment["fulfillmentShipmentPackage"]
    assert package["trackingNumber"] == control.order(order_id)["tracking"]
    for step, status in (("", "IN_TRANSIT"), ("delivered", "DELIVERED")):
        if step:
            control.advance(order_id, step)
        place = client.get(f"{base}/tracking", packageNumber=package["packageNumber"]).json()["payload"]
        assert place["currentStatus"] == status
    assert client.orders(createdAfter=_LONG_AGO) == []


def test_shipments_come_in_pages(control: Control, seller: OpenAccount, amazon: OpenAmazon) -> None:
    shipper = seller("amazon")
    control.place_orders(seller(), 25, mcf_account=shipper)
    client, seen, query = amazon(shipper), [], {"queryStartDate": _LONG_AGO}
    while True:
        page = client.get("/fba/outbound/2020-07-01/fulfillmentOrders", **query).json()["payload"]
        seen += [one["sellerFulfillmentOrderId"] for one in page["fulfillmentOrders"]]
        if "nextToken" not in page:
            break
        query = {"nextToken": page["nextToken"]}
    assert sorted(seen) == sorted(order["id"] for order in control.orders(shipper))


def test_the_sites_of_a_token_are_told(control: Control, seller: OpenAccount, amazon: OpenAmazon) -> None:
    address = seller("amazon")
    client = amazon(address)
    told = client.get("/sellers/v1/marketplaceParticipations").json()["payload"]
    assert [each["marketplace"]["id"] for each in told] == [_USA]
    assert told[0]["marketplace"]["domainName"] == "www.amazon.com"
    assert told[0]["participation"] == {"isParticipating": True, "hasSuspendedListings": False}
    assert client.get("/sellers/v1/marketplaceParticipations", colour="red").status_code == 400
    for how in ("unknown_enum", "missing_field"):
        control.fault("api.sellers", "garble", account=address, how=how)
        assert client.get("/sellers/v1/marketplaceParticipations").json()["payload"] != told
