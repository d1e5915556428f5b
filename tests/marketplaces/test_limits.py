"""Limits of the marketplaces: one bucket's end is nobody else's, and people are served before tasks."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from marketplaces import breaker, registry
from marketplaces.errors import Throttled
from marketplaces.models import ApiBucket, SellerAccount
from marketplaces.records import Window
from tests.marketplaces.canned import Canned, serving
from tests.simulator_client import Control


def last_days() -> Window:
    now = timezone.now()
    return Window(now - timedelta(days=30), now)


def empty(account: SellerAccount, operation: str) -> None:
    with tenant_tx(account.tenant_id):
        ApiBucket.objects.filter(account=account, operation=operation).update(
            level=0, updated_at=timezone.now()
        )


def test_a_429_stops_its_own_operation_without_another_call(amazon: SellerAccount, control: Control) -> None:
    order_id = control.place_orders(amazon.sender_address, 1)[0]
    control.fault("api.orders", "throttle", account=amazon.sender_address)
    with registry.adapter(amazon) as api:
        with pytest.raises(Throttled) as caught:
            list(api.orders(last_days()))
        assert caught.value.retry_after > 60
        before = len(control.calls(amazon.sender_address))
        with pytest.raises(Throttled) as again:
            list(api.orders(last_days()))
        assert again.value.retry_after > 60
        assert len(control.calls(amazon.sender_address)) == before
        assert api.order(order_id)


def test_a_person_waits_a_moment_where_a_task_comes_back_later(
    walmart: SellerAccount, control: Control
) -> None:
    order_id = control.place_orders(walmart.sender_address, 1)[0]
    with registry.adapter(walmart) as api:
        api.order(order_id)
        empty(walmart, "orders")
        with pytest.raises(Throttled) as caught:
            list(api.orders(last_days()))
        assert caught.value.retry_after > 0
    empty(walmart, "order")
    with registry.adapter(walmart, interactive=True) as api:
        assert api.check()
        empty(walmart, "token detail")
        assert api.check()


def test_walmarts_own_count_corrects_ours(walmart: SellerAccount, settings: Settings) -> None:
    soon = str(int((timezone.now() + timedelta(seconds=45)).timestamp() * 1000))
    told = {"x-current-token-count": "0", "x-next-replenishment-time": soon}
    answers = {
        "/v3/token": Canned(b'{"access_token": "t", "expires_in": 900}'),
        "/v3/token/detail": Canned(b'{"scopes": {}}', headers=told),
    }
    with serving(lambda asked: answers[asked.path]) as server:
        settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": server.url}
        with registry.adapter(walmart, interactive=True) as api:
            api.check()
            with pytest.raises(Throttled) as caught:
                api.check()
    assert 30 < caught.value.retry_after <= 45
    assert [asked.path for asked in server.asked] == list(answers)


def test_reading_within_the_limits_is_never_refused(amazon: SellerAccount, control: Control) -> None:
    control.limits(on=True)
    control.place_orders(amazon.sender_address, 5)
    refused = 0
    for _ in range(14):
        with registry.adapter(amazon) as api:
            try:
                list(api.orders(last_days()))
            except Throttled:
                refused += 1
    statuses = {call["status"] for call in control.calls(amazon.sender_address, operation="searchOrders")}
    assert refused >= 4
    assert statuses == {200}


def test_a_probe_that_finds_the_bucket_empty_is_given_back(walmart: SellerAccount) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    with registry.adapter(walmart) as api:
        api.check()
        for _ in range(5):
            breaker.failed(walmart, "walmart", probe=False, now=long_ago)
        empty(walmart, "token detail")
        with pytest.raises(Throttled):
            api.check()
    with registry.adapter(walmart, interactive=True) as api:
        assert api.check()
