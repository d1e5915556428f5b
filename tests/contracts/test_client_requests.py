"""Every request the clients make, checked against the marketplaces' own models."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from django.utils import timezone
from pytest_django import Settings

from marketplaces import registry
from marketplaces.amazon import messages
from marketplaces.errors import NotReady, ScopeMissing
from marketplaces.models import SellerAccount
from marketplaces.records import Window
from tests.contracts.models import model
from tests.marketplaces.canned import Canned, serving
from tests.marketplaces.conftest import amazon, control, shops, walmart
from tests.simulator_client import Control

__all__ = ["amazon", "control", "shops", "walmart"]

MODELS = {
    "/v3/token": "walmart/us-mp-auth.openapi.json",
    "/v3/orders": "walmart/us-mp-orders.openapi.json",
    "/v3/returns": "walmart/us-mp-returns.openapi.json",
    "/orders/2026-01-01": "amazon/orders_2026-01-01.json",
    "/reports/": "amazon/reports_2021-06-30.json",
    "/fba/outbound/": "amazon/fulfillmentOutbound_2020-07-01.json",
    "/messaging/": "amazon/messaging.json",
    "/catalog/": "amazon/catalogItems_2022-04-01.json",
    "/sellers/": "amazon/sellers.json",
    "/finances/": "amazon/finances_2024-06-19.json",
    "/v3/webhooks/": "walmart/us-mp-notifications.openapi.json",
}
Ears = list[httpx.Request]


@pytest.fixture
def heard(request: pytest.FixtureRequest) -> Ears:
    """The requests of a test, in their order."""
    return []


def call(account: SellerAccount, heard: Ears, what: Callable[[Any], Any]) -> Any:
    """Do something with an account's adapter; what goes out is heard, the token's requests too."""
    with registry.adapter(account, interactive=True) as api:
        api.api.client.event_hooks = {"request": [heard.append]}  # type: ignore[attr-defined]
        found = what(api)
        return list(found) if isinstance(found, Iterator) else found


def check(heard: Ears) -> set[str]:
    """Check all of them; the paths that were asked for, without their numbers."""
    paths = set()
    for request in heard:
        path = request.url.raw_path.decode()
        if path == "/auth/o2/token":
            check_login(request)
            continue
        file = next(file for start, file in MODELS.items() if path.startswith(start))
        content = request.content
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        told: dict[str, Any] = {"form": dict(parse_qsl(content.decode()))} if form else {}
        if content and not form:
            told = {"body": json.loads(content)}
        model(file).check_request(request.method, path, **told)
        paths.add(f"{request.method} {path.partition('?')[0]}")
    return paths


def check_login(request: httpx.Request) -> None:
    """Login with Amazon has no model; its form is four fields ("Connect to the SP-API")."""
    form = dict(parse_qsl(request.content.decode()))
    assert request.method == "POST"
    assert sorted(form) == ["client_id", "client_secret", "grant_type", "refresh_token"]
    assert form["grant_type"] == "refresh_token"


def report(api: Any, *, pending: str) -> Any:
    return api.returns(last_days(), pending=pending)


def last_days() -> Window:
    now = timezone.now()
    return Window(now - timedelta(days=30, microseconds=123), now - timedelta(minutes=30))


def test_walmarts_requests_are_as_its_model_says(
    walmart: SellerAccount, control: Control, heard: Ears
) -> None:
    number = control.place_orders(walmart.sender_address, 1)[0]
    call(walmart, heard, lambda api: api.orders(last_days()))
    call(walmart, heard, lambda api: api.returns(last_days()))
    call(walmart, heard, lambda api: api.order(number))
    call(walmart, heard, lambda api: api.check(thorough=True))
    made = call(
        walmart,
        heard,
        lambda api: api.subscribe("ORDER_UPDATES", "https://desk.example/", header="X-Sign", secret="s"),
    )
    assert call(walmart, heard, lambda api: api.subscriptions()) == [made]
    call(walmart, heard, lambda api: api.unsubscribe(made.external_id))
    paths = check(heard)
    assert paths == {
        "GET /v3/webhooks/subscriptions",
        "POST /v3/webhooks/subscriptions",
        f"DELETE /v3/webhooks/subscriptions/{made.external_id}",
        "POST /v3/token",
        "GET /v3/token/detail",
        "GET /v3/orders",
        f"GET /v3/orders/{number}",
        "GET /v3/returns",
    }
    for request in heard:
        assert request.headers["WM_SVC.NAME"]
        assert request.headers["Accept"] == "application/json"
        assert "WM_MARKET" not in request.headers
    assert len({request.headers["WM_QOS.CORRELATION_ID"] for request in heard}) == len(heard)


def test_canada_is_named(walmart: SellerAccount, heard: Ears) -> None:
    walmart.market = "walmart-ca"
    call(walmart, heard, lambda api: api.check())
    assert [request.headers["WM_MARKET"] for request in heard] == ["ca", "ca"]


def test_amazons_requests_are_as_its_models_say(
    walmart: SellerAccount, amazon: SellerAccount, control: Control, heard: Ears
) -> None:
    number = control.place_orders(amazon.sender_address, 1, state="return_received", fulfilment="seller")[0]
    control.place_orders(walmart.sender_address, 1, state="delivered", mcf_account=amazon.sender_address)
    call(amazon, heard, lambda api: api.orders(last_days()))
    asin = call(amazon, heard, lambda api: api.order(number))[0].lines[0].item_id
    call(amazon, heard, lambda api: api.item_image("", asin, ""))
    call(amazon, heard, lambda api: api.message_actions(number))
    call(amazon, heard, lambda api: api.fulfilments(last_days()))
    call(amazon, heard, lambda api: api.buyer_locale(number))
    call(amazon, heard, lambda api: api.refunds(number))
    call(amazon, heard, lambda api: api.check(thorough=True))
    with pytest.raises(NotReady):
        call(amazon, heard, lambda api: api.performance(now=timezone.now()))
    pending = ""
    for _ in range(8):
        try:
            call(amazon, heard, partial(report, pending=pending))
            break
        except NotReady as wait:
            pending = wait.pending
    paths = check(heard)
    for start in ("/orders/", "/catalog/", "/messaging/", "/fba/outbound/2020-07-01/fulfillmentOrders/"):
        assert any(path.startswith(f"GET {start}") for path in paths)
    assert {"POST /reports/2021-06-30/reports", "GET /fba/outbound/2020-07-01/tracking"} <= paths
    assert any(path.startswith("GET /reports/2021-06-30/documents/") for path in paths)


@pytest.mark.parametrize("action", sorted(messages.LONGEST))
def test_each_kind_of_message_is_as_the_model_says(
    amazon: SellerAccount, control: Control, heard: Ears, action: str
) -> None:
    number = control.place_orders(amazon.sender_address, 1)[0]
    text = "x" * messages.LONGEST[action]
    # Not every order allows every kind; what is checked is how it was asked.
    with suppress(ScopeMissing):
        call(amazon, heard, lambda api: api.send_message(number, action, text))
    assert f"POST /messaging/v1/orders/{number}/messages/{action}" in check(heard)


def test_the_connection_test_asks_amazon_as_its_model_says(
    amazon: SellerAccount, heard: Ears, settings: Settings
) -> None:
    answers = {"/auth/o2/token": b'{"access_token": "t", "expires_in": 3600}'}
    with serving(lambda asked: Canned(answers.get(asked.path, b'{"payload": []}'))) as server:
        settings.MARKETPLACE_API_HOSTS = dict.fromkeys(settings.MARKETPLACE_API_HOSTS, server.url)
        call(amazon, heard, lambda api: api.check())
    assert check(heard) == {"GET /sellers/v1/marketplaceParticipations"}
