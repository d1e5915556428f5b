"""What the simulated marketplaces answer, checked against the marketplaces' own models."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from tests.contracts.models import folder, model
from tests.simulator.api_clients import AmazonClient, WalmartClient
from tests.simulator_client import SimulatorProcess

_EVERYTHING = "BUYER,RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES"
_USA = "ATVPDKIKX0DER"
_LONG_AGO = "2025-01-01T00:00:00Z"
_ORDERS = "/orders/2026-01-01/orders"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """A day's traffic and more orders, so that every state and every kind of order is there."""
    with SimulatorProcess(tmp_path_factory.mktemp("contracts")) as process:
        control = process.control
        control.open_account("walmart@acme.test")
        control.open_account("canada@acme.test", market="ca")
        control.open_account("amazon@acme.test", marketplace="amazon", market="us")
        control.open_account("germany@acme.test", marketplace="amazon", market="de")
        control.day()
        for address in ("walmart@acme.test", "amazon@acme.test"):
            control.place_orders(address, 60, seed=11)
            control.place_orders(address, 1, quantity=3, cancelled=1, state="in_transit")
        control.place_orders("walmart@acme.test", 4, mcf_account="amazon@acme.test", state="delivered")
        yield process


@pytest.fixture(params=["walmart@acme.test", "canada@acme.test"])
def walmart(simulator: SimulatorProcess, request: pytest.FixtureRequest) -> Iterator[WalmartClient]:
    client = WalmartClient(simulator, request.param)
    yield client
    client.close()


@pytest.fixture(params=["amazon@acme.test", "germany@acme.test"])
def amazon(simulator: SimulatorProcess, request: pytest.FixtureRequest) -> Iterator[AmazonClient]:
    client = AmazonClient(simulator, request.param)
    yield client
    client.close()


def _valid(file: str, answer: httpx.Response) -> Any:
    """The answer's body, once both it and the request it answers are as the model says."""
    request, body = answer.request, answer.json() if answer.content else None
    path = request.url.raw_path.decode()
    model(file).check_answer(request.method, path, answer.status_code, body)
    if answer.status_code < 400 and request.method == "GET":
        model(file).check_request(request.method, path)
    return body


def test_walmarts_tokens(walmart: WalmartClient) -> None:
    file = "walmart/us-mp-auth.openapi.json"
    assert _valid(file, walmart.token())["expires_in"] == 900
    assert _valid(file, walmart.get("/v3/token/detail"))["is_valid"] is True


@pytest.mark.parametrize("node", ["SellerFulfilled", "WFSFulfilled", "3PLFulfilled"])
def test_walmarts_orders(walmart: WalmartClient, node: str) -> None:
    file = "walmart/us-mp-orders.openapi.json"
    path = f"/v3/orders?limit=7&createdStartDate=2025-01-01&productInfo=true&shipNodeType={node}"
    pages = 0
    orders: list[dict[str, Any]] = []
    while path:
        page = _valid(file, walmart.get(path))["list"]
        orders += page["elements"]["order"]
        cursor = page["meta"].get("nextCursor")
        path = f"/v3/orders{cursor}" if cursor else ""
        pages += 1
    assert pages > 1 or node != "SellerFulfilled"
    for order in orders[:5]:
        _valid(file, walmart.get(f"/v3/orders/{order['purchaseOrderId']}"))


def test_walmarts_returns(walmart: WalmartClient) -> None:
    file = "walmart/us-mp-returns.openapi.json"
    path, count = "/v3/returns?limit=3", 0
    while path:
        page = _valid(file, walmart.get(path))
        count += len(page["returnOrders"])
        path = f"/v3/returns{page['meta']['nextCursor']}" if page["meta"]["nextCursor"] else ""
    assert count == page["meta"]["totalCount"] > 0


def test_walmarts_items(walmart: WalmartClient) -> None:
    file = "walmart/us-mp-items.openapi.json"
    first = _valid(file, walmart.get("/v3/items", limit=15))
    rest = _valid(file, walmart.get("/v3/items", limit=15, nextCursor=first["nextCursor"]))
    assert len(first["ItemResponse"]) + len(rest["ItemResponse"]) == first["totalItems"] == 20


def test_walmarts_refusals(walmart: WalmartClient) -> None:
    file = "walmart/us-mp-orders.openapi.json"
    for path, status in (("/v3/orders?limit=201", 400), ("/v3/orders/99", 404)):
        answer = walmart.get(path)
        assert answer.status_code == status
        _valid(file, answer)


def test_amazons_orders(amazon: AmazonClient) -> None:
    file = "amazon/orders_2026-01-01.json"
    query = {"createdAfter": _LONG_AGO, "includedData": _EVERYTHING, "maxResultsPerPage": 20}
    pages = 0
    while True:
        page = _valid(file, amazon.get(_ORDERS, **query))
        pages += 1
        if "pagination" not in page:
            break
        query["paginationToken"] = page["pagination"]["nextToken"]
    assert pages > 1
    for order in page["orders"]:
        _valid(file, amazon.get(f"{_ORDERS}/{order['orderId']}", includedData=_EVERYTHING))
        _valid(file, amazon.get(f"{_ORDERS}/{order['orderId']}"))


def test_amazons_refusals(amazon: AmazonClient) -> None:
    file = "amazon/orders_2026-01-01.json"
    for path, status in ((_ORDERS, 400), (f"{_ORDERS}/1-2-3", 404)):
        answer = amazon.get(path)
        assert answer.status_code == status
        _valid(file, answer)
    amazon.headers["x-amz-access-token"] = "somebody else's"
    answer = amazon.get(_ORDERS, createdAfter=_LONG_AGO)
    assert answer.status_code == 403
    _valid(file, answer)


@pytest.fixture
def usa(simulator: SimulatorProcess) -> Iterator[AmazonClient]:
    client = AmazonClient(simulator, "amazon@acme.test")
    yield client
    client.close()


def test_amazons_catalogue(usa: AmazonClient) -> None:
    file = "amazon/catalogItems_2022-04-01.json"
    path = "/catalog/2022-04-01/items/B08K2LM41Q"
    item = _valid(file, usa.get(path, marketplaceIds=_USA, includedData="images,summaries"))
    assert item["images"][0]["images"][0]["link"].endswith("/images/KT-17L-SS.png")
    for asked in ({"marketplaceIds": _USA, "includedData": "smells"}, {}):
        assert usa.get(path, **asked).status_code == 400
        _valid(file, usa.get(path, **asked))


def test_amazons_messages(simulator: SimulatorProcess, usa: AmazonClient) -> None:
    file = "amazon/messaging.json"
    offered = set()
    for order in simulator.control.orders("amazon@acme.test")[:40]:
        if order["fulfilment"] == "mcf":
            continue
        path = f"/messaging/v1/orders/{order['id']}"
        actions = _valid(file, usa.get(path, marketplaceIds=_USA))["_links"]["actions"]
        for action in actions:
            if action["name"] not in offered:
                model(file).check_request("POST", action["href"], body={"text": "Is this your address?"})
                sent = usa.post(action["href"], {"text": "Is this your address?"})
                assert sent.status_code == 201
                _valid(file, sent)
                offered.add(action["name"])
        _valid(file, usa.get(f"{path}/attributes", marketplaceIds=_USA))
    assert len(offered) >= 4
    refused = usa.post(f"{path}/messages/unexpectedProblem", {"text": ""}, marketplaceIds=_USA)
    assert refused.status_code in (400, 403)
    _valid(file, refused)


def test_amazons_reports(usa: AmazonClient) -> None:
    file, base = "amazon/reports_2021-06-30.json", "/reports/2021-06-30"
    asked = {"reportType": "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", "marketplaceIds": [_USA]}
    model(file).check_request("POST", f"{base}/reports", body=asked)
    report_id = _valid(file, usa.post(f"{base}/reports", asked))["reportId"]
    statuses = [_valid(file, usa.get(f"{base}/reports/{report_id}")) for _ in range(3)]
    assert [status["processingStatus"] for status in statuses] == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    _valid(file, usa.get(f"{base}/documents/{statuses[-1]['reportDocumentId']}"))
    refused = usa.post(f"{base}/reports", {**asked, "reportType": "GET_EVERYTHING"})
    assert refused.status_code == 400
    _valid(file, refused)


def test_amazons_multichannel_shipments(usa: AmazonClient) -> None:
    file, base = "amazon/fulfillmentOutbound_2020-07-01.json", "/fba/outbound/2020-07-01"
    listed = _valid(file, usa.get(f"{base}/fulfillmentOrders", queryStartDate=_LONG_AGO))["payload"]
    assert len(listed["fulfillmentOrders"]) == 4
    for order in listed["fulfillmentOrders"]:
        path = f"{base}/fulfillmentOrders/{order['sellerFulfillmentOrderId']}"
        shipment = _valid(file, usa.get(path))["payload"]["fulfillmentShipments"][0]
        number = shipment["fulfillmentShipmentPackage"][0]["packageNumber"]
        place = _valid(file, usa.get(f"{base}/tracking", packageNumber=number))["payload"]
        assert place["currentStatus"] == "DELIVERED"
    _valid(file, usa.get(f"{base}/fulfillmentOrders/none"))


def test_amazons_participations(amazon: AmazonClient) -> None:
    file, path = "amazon/sellers.json", "/sellers/v1/marketplaceParticipations"
    assert len(_valid(file, amazon.get(path))["payload"]) == 1
    refused = amazon.get(path, colour="red")
    assert refused.status_code == 400
    _valid(file, refused)


def test_walmarts_webhooks(walmart: WalmartClient) -> None:
    file, path = "walmart/us-mp-notifications.openapi.json", "/v3/webhooks/subscriptions"
    wish = {
        "eventType": "RETURN_CREATED",
        "eventVersion": "V1",
        "resourceName": "RETURNS",
        "eventUrl": "http://127.0.0.1:1/hooks/",
        "authDetails": {"authMethod": "HMAC", "authHeaderName": "X-Sign", "clientSecret": "s"},
        "status": "ACTIVE",
    }
    model(file).check_request("POST", path, body={"events": [wish]})
    made = _valid(file, walmart.post(path, {"events": [wish]}))["events"][0]
    assert [one["subscriptionId"] for one in _valid(file, walmart.get(path))["events"]] == [
        made["subscriptionId"]
    ]
    _valid(file, walmart.get("/v3/webhooks/eventTypes"))
    _valid(file, walmart.delete(f"{path}/{made['subscriptionId']}"))
    assert walmart.get(path).json() == {"events": []}
    assert walmart.delete(f"{path}/{made['subscriptionId']}").status_code == 404


def test_amazons_account_health(usa: AmazonClient) -> None:
    file, base = "amazon/reports_2021-06-30.json", "/reports/2021-06-30"
    asked = {"reportType": "GET_V2_SELLER_PERFORMANCE_REPORT", "marketplaceIds": [_USA]}
    report_id = usa.post(f"{base}/reports", asked).json()["reportId"]
    for _ in range(3):
        report = _valid(file, usa.get(f"{base}/reports/{report_id}"))
    listed = usa.get(f"{base}/reports", reportTypes=asked["reportType"], pageSize=1)
    assert _valid(file, listed)["reports"] == [report]
    where = usa.get(f"{base}/documents/{report['reportDocumentId']}").json()
    content = httpx.get(where["url"]).content
    content = gzip.decompress(content) if "compressionAlgorithm" in where else content
    schema = json.loads((folder() / "amazon/schemas/accountHealthReport-2020-11-18.json").read_text())
    for name in ("lateShipmentRate", "validTrackingRate", "onTimeDeliveryRate", "orderDefectRate"):
        properties = schema["properties"]["performanceMetrics"]["items"]["properties"]
        found = json.loads(content)["performanceMetrics"][0][name]
        Draft7Validator({**properties[name], "definitions": schema["definitions"]}).validate(found)


def test_amazons_transactions(simulator: SimulatorProcess, usa: AmazonClient) -> None:
    file, path = "amazon/finances_2024-06-19.json", "/finances/2024-06-19/transactions"
    refunded = 0
    for order in simulator.control.orders("amazon@acme.test"):
        asked = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order["id"]}
        if order["refunds"]:
            listed = _valid(file, usa.get(path, **asked))["payload"]["transactions"]
            refunded += sum(one["transactionType"] != "Shipment" for one in listed)
    assert refunded >= 1
    assert usa.get(path, postedAfter=_LONG_AGO).status_code == 400


@pytest.mark.parametrize("action", ["throttle", "expired", "forbidden", "server_error"])
def test_ordered_refusals_are_the_models_own(
    simulator: SimulatorProcess, usa: AmazonClient, action: str
) -> None:
    usa.token()
    simulator.control.fault("api.orders", action, account="amazon@acme.test")
    answer = usa.get(_ORDERS, createdAfter=_LONG_AGO)
    assert answer.status_code in (403, 429, 503)
    _valid("amazon/orders_2026-01-01.json", answer)
