"""What goes wrong in the APIs on demand, and what the log says about every call."""

import json
import threading
from typing import Any

import httpx
import pytest

from tests.simulator.conftest import OpenAccount, OpenAmazon, OpenWalmart
from tests.simulator_client import Control, ControlError

_LONG_AGO = "2025-01-01T00:00:00Z"
_ORDERS = {"walmart": "/v3/orders", "amazon": "/orders/2026-01-01/orders"}


class Shop:
    """One account with three orders, and a client that reads them."""

    def __init__(self, marketplace: str, address: str, client: Any) -> None:
        self.marketplace, self.address, self.client = marketplace, address, client

    def read(self, **query: Any) -> httpx.Response:
        since = "createdStartDate" if self.marketplace == "walmart" else "createdAfter"
        answer = self.client.get(_ORDERS[self.marketplace], **{since: _LONG_AGO}, **query)
        assert isinstance(answer, httpx.Response)
        return answer

    def orders(self, answer: httpx.Response) -> list[dict[str, Any]]:
        body = answer.json()
        return list(body["list"]["elements"]["order"] if self.marketplace == "walmart" else body["orders"])

    def code(self, answer: httpx.Response) -> str:
        body = answer.json()
        return str((body.get("errors") or body["error"])[0]["code"])


@pytest.fixture(params=["walmart", "amazon"])
def shop(
    control: Control,
    seller: OpenAccount,
    walmart: OpenWalmart,
    amazon: OpenAmazon,
    request: pytest.FixtureRequest,
) -> Shop:
    address = seller(request.param)
    control.place_orders(address, 3, state="in_transit", fulfilment="seller", parts=1)
    client = walmart(address) if request.param == "walmart" else amazon(address)
    client.token()
    return Shop(request.param, address, client)


def test_a_throttled_call_says_so_in_the_marketplaces_way(control: Control, shop: Shop) -> None:
    control.fault("api.orders", "throttle", account=shop.address, times=2)
    for _ in range(2):
        answer = shop.read()
        assert answer.status_code == 429
        if shop.marketplace == "walmart":
            assert shop.code(answer) == "REQUEST_THRESHOLD_VIOLATED"
            assert answer.headers["x-current-token-count"] == "0"
            assert int(answer.headers["x-next-replenishment-time"]) > 0
        else:
            assert shop.code(answer) == "QuotaExceeded"
    assert shop.read().status_code == 200


def test_a_server_error_has_the_status_that_was_ordered(control: Control, shop: Shop) -> None:
    for status in (500, 502, 503):
        control.fault("api.orders", "server_error", account=shop.address, status=status)
        answer = shop.read()
        assert (answer.status_code, bool(shop.code(answer))) == (status, True)


@pytest.mark.parametrize("status", [200, 503])
def test_an_answer_can_be_a_web_page(control: Control, shop: Shop, status: int) -> None:
    control.fault("api.any", "html", account=shop.address, status=status)
    answer = shop.read()
    assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_token_called_expired_is_good_for_nothing_until_renewed(control: Control, shop: Shop) -> None:
    control.fault("api.orders", "expired", account=shop.address)
    refused = 401 if shop.marketplace == "walmart" else 403
    assert [shop.read().status_code for _ in range(2)] == [refused, refused]
    shop.client.token()
    assert shop.read().status_code == 200


def test_a_missing_scope_leaves_the_token_good(control: Control, shop: Shop) -> None:
    control.fault("api.orders", "forbidden", account=shop.address)
    assert [shop.read().status_code for _ in range(2)] == [403, 200]


def test_a_slow_answer_waits_for_its_release(control: Control, shop: Shop) -> None:
    control.fault("api.orders", "slow", account=shop.address)
    answers: list[int] = []
    reading = threading.Thread(target=lambda: answers.append(shop.read().status_code), daemon=True)
    reading.start()
    control.wait_for("held", account=shop.address, point="api.orders")
    assert answers == []
    assert control.release() == 1
    reading.join(20)
    assert answers == [200]


def test_a_late_answer_says_what_was_true_when_it_was_made(control: Control, shop: Shop) -> None:
    number = control.orders(shop.address)[0]["id"]
    before = shop.orders(shop.read())
    control.fault("api.orders", "late", account=shop.address)
    answers: list[list[dict[str, Any]]] = []
    reading = threading.Thread(target=lambda: answers.append(shop.orders(shop.read())), daemon=True)
    reading.start()
    control.wait_for("held", account=shop.address, point="api.orders")
    control.advance(number, "delivered")
    control.release()
    reading.join(20)
    assert answers == [before]
    assert shop.orders(shop.read()) != before


def test_a_cut_answer_ends_in_the_middle(control: Control, shop: Shop) -> None:
    control.fault("api.orders", "cut", account=shop.address)
    with pytest.raises(httpx.RemoteProtocolError):
        shop.read()
    assert shop.read().status_code == 200


def test_a_repeated_page_comes_again_once_and_nothing_is_lost(control: Control, shop: Shop) -> None:
    whole = [json.dumps(order, sort_keys=True) for order in shop.orders(shop.read())]
    control.fault("api.orders", "repeat", account=shop.address)
    size = {"limit": 2} if shop.marketplace == "walmart" else {"maxResultsPerPage": 2}
    pages, answer = [], shop.read(**size)
    for _ in range(6):
        pages.append([json.dumps(order, sort_keys=True) for order in shop.orders(answer)])
        body = answer.json()
        if shop.marketplace == "walmart":
            cursor = body["list"]["meta"].get("nextCursor")
            answer = shop.client.get(f"/v3/orders{cursor}") if cursor else answer
        else:
            cursor = body.get("pagination", {}).get("nextToken")
            answer = shop.read(**size, paginationToken=cursor) if cursor else answer
        if not cursor:
            break
    assert pages == [whole[:2], whole[:2], whole[2:]]


@pytest.mark.parametrize("how", ["unknown_enum", "missing_field", "wrong_type"])
def test_a_garbled_order_is_one_of_them(control: Control, shop: Shop, how: str) -> None:
    before = shop.orders(shop.read())
    control.fault("api.orders", "garble", account=shop.address, how=how)
    garbled = shop.orders(shop.read())
    assert len(garbled) == len(before)
    assert garbled[1:] == before[1:]
    assert garbled[0] != before[0]
    if how == "missing_field":
        assert set(garbled[0]) < set(before[0])


def test_a_foreign_order_slips_in(control: Control, seller: OpenAccount, shop: Shop) -> None:
    control.place_orders(seller(shop.marketplace), 1, fulfilment="seller", parts=1)
    before = shop.orders(shop.read())
    control.fault("api.orders", "foreign", account=shop.address)
    with_foreign = shop.orders(shop.read())
    assert with_foreign[:-1] == before
    name = "purchaseOrderId" if shop.marketplace == "walmart" else "orderId"
    assert control.order(with_foreign[-1][name])["account"] != shop.address


def test_a_fault_of_login_meets_login_only(control: Control, shop: Shop) -> None:
    control.fault("api.token", "server_error", account=shop.address)
    assert shop.read().status_code == 200
    assert shop.client.token().status_code == 503
    assert shop.client.token().status_code == 200


def test_a_fault_meets_only_its_account_and_what_it_matches(
    control: Control, seller: OpenAccount, shop: Shop
) -> None:
    control.fault("api.orders", "throttle", account=seller(shop.marketplace))
    control.fault("api.orders", "throttle", account=shop.address, match="=7")
    size = "limit" if shop.marketplace == "walmart" else "maxResultsPerPage"
    assert [shop.read(**{size: number}).status_code for number in (5, 7, 7)] == [200, 429, 200]


@pytest.mark.parametrize(
    "facts",
    [
        {"point": "api.orders", "action": "hold"},
        {"point": "smtp.data", "action": "throttle"},
        {"point": "api.everything", "action": "cut"},
        {"point": "api.orders", "action": "server_error", "status": 404},
        {"point": "api.orders", "action": "slow", "seconds": -1},
        {"point": "api.orders", "action": "garble", "how": "badly"},
        {"point": "api.orders", "action": "cut", "reply": "451 no"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(control: Control, facts: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        control.fault(**facts)
    assert control.faults()["faults"] == []


def test_the_log_has_every_call_and_no_secret(control: Control, shop: Shop) -> None:
    after = control.last()
    shop.client.token()
    shop.read()
    calls = control.calls(shop.address, after=after)
    assert [(call["method"], call["path"], call["status"]) for call in calls] == [
        ("POST", "/v3/token" if shop.marketplace == "walmart" else "/auth/o2/token", 200),
        ("GET", _ORDERS[shop.marketplace], 200),
    ]
    assert "2025-01-01" in calls[1]["query"]
    told = json.dumps(calls)
    keys = shop.client.keys
    tokens = [value for name, value in shop.client.headers.items() if "token" in name.lower()]
    for secret in (keys["client_secret"], keys["refresh_token"], *tokens):
        assert not secret or secret not in told


def test_limits_count_calls_when_they_are_on(control: Control, shop: Shop) -> None:
    operation = "getOrders" if shop.marketplace == "walmart" else "searchOrders"
    assert [shop.read().status_code for _ in range(3)] == [200, 200, 200]
    control.limits(on=True, rates={operation: [0.001, 2]})
    try:
        assert [shop.read().status_code for _ in range(3)] == [200, 200, 429]
    finally:
        control.limits(on=False, rates={operation: [1, 20]})
    assert shop.read().status_code == 200
    with pytest.raises(ControlError, match="rates names operations"):
        control.limits(rates={operation: [0, 0]})
