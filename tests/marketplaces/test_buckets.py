"""Rate buckets: shared, lasting, corrected by what the marketplaces say, with a part kept for people."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.tenancy import tenant_tx
from marketplaces import buckets
from marketplaces.amazon.api import Dialect as Amazon
from marketplaces.buckets import Budget, Rate
from marketplaces.models import ApiBucket, SellerAccount
from marketplaces.walmart.api import Dialect as Walmart
from tests.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RATE = Rate(0.5, 10)
OP = "orders"


@pytest.fixture
def account(world: World) -> SellerAccount:
    """Any account."""
    return world.walmart


def fill(account: SellerAccount, *, level: float = 10, now: datetime = NOW) -> None:
    buckets.take(account, OP, RATE, now=now)
    with tenant_tx(account.tenant_id):
        ApiBucket.objects.filter(account=account).update(level=level, updated_at=now, blocked_until=None)


def taken(account: SellerAccount, *, now: datetime = NOW, interactive: bool = False) -> int:
    count = 0
    while not buckets.take(account, OP, RATE, now=now, interactive=interactive):
        count += 1
    return count


def test_a_fifth_is_kept_for_people(account: SellerAccount) -> None:
    fill(account)
    assert taken(account) == 8
    assert taken(account, interactive=True) == 2


def test_it_fills_again_and_never_over_its_brim(account: SellerAccount) -> None:
    fill(account, level=2)
    assert buckets.take(account, OP, RATE, now=NOW) == pytest.approx(2.0)
    assert buckets.take(account, OP, RATE, now=NOW + timedelta(seconds=2)) == 0
    assert taken(account, now=NOW + timedelta(days=1)) == 8


def test_a_new_one_is_only_half_full(account: SellerAccount) -> None:
    assert taken(account, interactive=True) == 5


def test_a_clock_that_goes_back_adds_nothing(account: SellerAccount) -> None:
    fill(account, level=2)
    assert buckets.take(account, OP, RATE, now=NOW - timedelta(hours=1)) > 0
    assert buckets.take(account, OP, RATE, now=NOW) > 0


def test_another_account_and_another_operation_have_their_own(world: World) -> None:
    fill(world.walmart, level=0)
    assert buckets.take(world.walmart, OP, RATE, now=NOW) > 0
    assert buckets.take(world.walmart, "returns", RATE, now=NOW) == 0
    assert buckets.take(world.amazon, OP, RATE, now=NOW) == 0


def test_it_believes_what_the_marketplace_says_is_left(account: SellerAccount) -> None:
    fill(account)
    again_at = NOW + timedelta(seconds=40)
    buckets.answered(account, OP, RATE, Budget(left=0, again_at=again_at), now=NOW)
    assert buckets.take(account, OP, RATE, now=NOW, interactive=True) == 40
    assert buckets.take(account, OP, RATE, now=NOW + timedelta(seconds=41), interactive=True) == 0
    buckets.answered(account, OP, RATE, Budget(left=30), now=NOW + timedelta(seconds=42))
    assert taken(account, now=NOW + timedelta(seconds=42), interactive=True) == 30


def test_a_rate_in_the_answer_holds_from_then_on(account: SellerAccount) -> None:
    fill(account, level=0)
    buckets.answered(account, OP, RATE, Budget(per_second=0.1), now=NOW)
    assert buckets.take(account, OP, RATE, now=NOW, interactive=True) == pytest.approx(10)


def test_a_refusal_empties_it_and_each_further_one_lasts_twice_as_long(account: SellerAccount) -> None:
    fill(account)
    waits = [buckets.refused(account, OP, RATE, Budget(), now=NOW + timedelta(hours=n)) for n in range(12)]
    assert waits[:4] == [2, 4, 8, 16]
    assert max(waits) == 600
    assert buckets.take(account, OP, RATE, now=NOW + timedelta(hours=11), interactive=True) == 600
    assert buckets.take(account, "returns", RATE, now=NOW) == 0
    buckets.answered(account, OP, RATE, Budget(), now=NOW + timedelta(hours=12))
    assert buckets.refused(account, OP, RATE, Budget(), now=NOW + timedelta(hours=13)) == 2


def test_a_refusal_that_states_its_end_is_taken_at_its_word(account: SellerAccount) -> None:
    fill(account)
    stated = Budget(again_at=NOW + timedelta(seconds=33))
    assert buckets.refused(account, OP, RATE, stated, now=NOW) == 33
    endless = Budget(again_at=NOW + timedelta(days=33))
    assert buckets.refused(account, OP, RATE, endless, now=NOW) == 600


def test_tasks_at_the_same_time_share_it(account: SellerAccount) -> None:
    fill(account)

    def one(_: int) -> bool:
        try:
            return buckets.take(account, OP, RATE, now=NOW) == 0
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(30))) == 8


def test_another_process_finds_it_as_it_was_left(account: SellerAccount, process_env: dict[str, str]) -> None:
    fill(account, level=3.5)
    script = (
        "import django; django.setup()\n"
        "from datetime import datetime\n"
        "from accounts.tenancy import tenant_tx\n"
        "from marketplaces import buckets\n"
        "from marketplaces.models import SellerAccount\n"
        f"with tenant_tx({account.tenant_id}): account = SellerAccount.objects.get(pk={account.pk})\n"
        f"now = datetime.fromisoformat('{NOW.isoformat()}')\n"
        "rate = buckets.Rate(0.5, 10)\n"
        f"print([buckets.take(account, '{OP}', rate, now=now, interactive=True) for _ in range(4)])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=process_env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() == "[0.0, 0.0, 0.0, 1.0]"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1763640030000", 30),
        ("1763640030", 30),
        ("30", 30),
        ("2025-11-20T12:00:30Z", 30),
        ("soon", None),
        ("", None),
        ("1e300", None),
    ],
)
@pytest.mark.parametrize("name", ["x-next-replenishment-time", "x-next-replenish-time"])
def test_walmarts_headers_are_read_however_they_are_written(
    name: str, written: str, seconds: int | None
) -> None:
    now = datetime(2025, 11, 20, 12, tzinfo=UTC)
    found = Walmart("us").budget({name: written, "x-current-token-count": "7"}, now)
    assert found.left == 7
    assert found.again_at == (None if seconds is None else now + timedelta(seconds=seconds))


@pytest.mark.parametrize(("written", "rate"), [("0.0056", 0.0056), ("fast", None), ("-1", None), ("", None)])
def test_amazons_rate_is_read_from_its_header(written: str, rate: float | None) -> None:
    assert Amazon().budget({"x-amzn-ratelimit-limit": written}, NOW).per_second == rate
