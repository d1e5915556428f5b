"""What the API brings is stored while no mail of the account is filed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.dispatch import Signal
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces.models import SellerAccount
from orders import wanted
from orders.models import Order
from orders.signals import orders_stored, refunds_stored, returns_stored
from tests.orders.test_sync import begin, read, without_limits
from tests.simulator_client import Control

TOLD = {"orders": orders_stored, "returns": returns_stored, "refunds": refunds_stored}


@pytest.fixture
def free(amazon: SellerAccount, superuser: psycopg.Connection[tuple[Any, ...]]) -> Iterator[dict[str, bool]]:
    """Whether a mail of the account could be filed in the moment each kind of record was stored."""
    found: dict[str, bool] = {}

    def hear(signal: Signal, **kwargs: Any) -> None:
        name = next(name for name, each in TOLD.items() if each is signal)
        key = [amazon.tenant_id % 2**31, amazon.pk % 2**31]
        row = superuser.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", key).fetchone()
        assert row is not None
        found[name] = found.get(name, False) or row[0]

    for signal in TOLD.values():
        signal.connect(hear)
    yield found
    for signal in TOLD.values():
        signal.disconnect(hear)


def test_pages_of_orders_and_of_returns_are_stored_by_one_alone(
    amazon: SellerAccount, control: Control, free: dict[str, bool]
) -> None:
    number = control.place_orders(amazon.sender_address, 1, state="delivered", fulfilment="seller")[0]
    control.advance(number, "return_started")
    streams = begin(amazon)
    read(streams["orders"])
    assert free == {"orders": False}
    for minutes in range(6):
        if read(streams["returns"], now=timezone.now() + timedelta(minutes=5 * (minutes + 1))).last_ok_at:
            break
    assert free == {"orders": False, "returns": False}


def test_an_order_somebody_waits_for_is_stored_by_one_alone_and_its_refunds_too(
    amazon: SellerAccount, control: Control, free: dict[str, bool]
) -> None:
    number = control.place_orders(amazon.sender_address, 1, state="delivered", fulfilment="seller")[0]
    control.advance(number, "refunded", amount="12.50", by="marketplace", reason="A-to-z Guarantee")
    now = timezone.now()
    with tenant_tx(amazon.tenant_id):
        Order.objects.create(
            tenant_id=amazon.tenant_id, account=amazon, external_id=number, expires_at=now, wanted_at=now
        )
    without_limits(amazon)
    wanted.read_wanted(amazon.pk, tenant_id=amazon.tenant_id, now=now)
    assert free == {"orders": False, "refunds": False}
