"""The circuit breaker: opens after five failures, lets one probe through, closes when it is answered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.tenancy import tenant_tx
from marketplaces import breaker
from marketplaces.errors import CircuitOpen
from marketplaces.models import ApiCircuit, SellerAccount
from tests.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
API = "walmart"


@pytest.fixture
def account(world: World) -> SellerAccount:
    """Any account."""
    return world.walmart


def fail(account: SellerAccount, times: int = 1, *, probe: bool = False, now: datetime = NOW) -> None:
    for _ in range(times):
        breaker.failed(account, API, probe=probe, now=now)


def open_until(account: SellerAccount) -> datetime | None:
    with tenant_tx(account.tenant_id):
        return ApiCircuit.objects.get(account=account).open_until


def test_four_failures_and_an_answer_begin_anew(account: SellerAccount) -> None:
    for _ in range(3):
        fail(account, 4)
        breaker.answered(account, API)
    assert breaker.enter(account, API, now=NOW) is False


def test_the_fifth_failure_in_a_row_opens_it_for_this_account_alone(world: World) -> None:
    fail(world.walmart, 5)
    with pytest.raises(CircuitOpen) as caught:
        breaker.enter(world.walmart, API, now=NOW)
    assert 30 <= caught.value.retry_after <= 39
    assert breaker.enter(world.amazon, API, now=NOW) is False
    assert breaker.enter(world.walmart, "other", now=NOW) is False


def test_each_failed_probe_keeps_it_open_longer_up_to_ten_minutes(account: SellerAccount) -> None:
    fail(account, 5)
    waits = []
    for _ in range(8):
        until = open_until(account)
        assert until is not None
        assert breaker.enter(account, API, now=until) is True
        fail(account, probe=True, now=until)
        after = open_until(account)
        assert after is not None
        waits.append((after - until).total_seconds())
    assert 60 <= waits[0] <= 78
    assert waits == sorted(waits)
    assert waits[-1] == 600


def test_only_one_probe_is_out_at_a_time(account: SellerAccount) -> None:
    fail(account, 5)
    later = NOW + timedelta(minutes=1)

    def one(_: int) -> bool:
        try:
            return breaker.enter(account, API, now=later)
        except CircuitOpen:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(12))) == 1


def test_an_answered_probe_closes_it(account: SellerAccount) -> None:
    fail(account, 5)
    assert breaker.enter(account, API, now=NOW + timedelta(minutes=1)) is True
    breaker.answered(account, API)
    assert breaker.enter(account, API, now=NOW) is False
    fail(account, 4)
    assert breaker.enter(account, API, now=NOW) is False


def test_a_probe_that_never_comes_back_is_followed_by_another(account: SellerAccount) -> None:
    fail(account, 5)
    later = NOW + timedelta(minutes=1)
    assert breaker.enter(account, API, now=later) is True
    with pytest.raises(CircuitOpen):
        breaker.enter(account, API, now=later + timedelta(seconds=60))
    assert breaker.enter(account, API, now=later + timedelta(seconds=91)) is True


def test_a_probe_given_up_lets_the_next_one_go(account: SellerAccount) -> None:
    fail(account, 5)
    later = NOW + timedelta(minutes=1)
    assert breaker.enter(account, API, now=later) is True
    breaker.given_up(account, API)
    assert breaker.enter(account, API, now=later) is True


def test_stragglers_do_not_keep_it_open(account: SellerAccount) -> None:
    fail(account, 5)
    until = open_until(account)
    fail(account, 10)
    assert open_until(account) == until
