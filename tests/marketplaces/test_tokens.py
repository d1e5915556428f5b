"""Access tokens: fetched by one, used by all, sealed, renewed in time."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.tenancy import tenant_tx
from marketplaces import credentials, registry, tokens
from marketplaces.errors import Throttled
from marketplaces.models import ApiToken, SellerAccount
from marketplaces.tokens import Grant
from tests.marketplaces.canned import Asked, Canned, serving
from tests.simulator_client import Control
from tests.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLY = timedelta(minutes=3)
DETAIL = Canned(b'{"scopes": {"orders": "view_only", "returns": "view_only"}}')


@pytest.fixture
def account(world: World) -> SellerAccount:
    """Lumen US with keys of its own."""
    with tenant_tx(world.acme.pk):
        credentials.seal(world.walmart, "api_client_id", "id")
        credentials.seal(world.walmart, "api_client_secret", "secret")
    return world.walmart


def store(account: SellerAccount, token: str = "first", *, minutes: int = 15) -> None:
    lease = tokens.turn_of(account, now=NOW, refused=token).lease
    tokens.keep(account, lease, Grant(token, timedelta(minutes=minutes)), renew_early=EARLY, now=NOW)


def test_a_stored_token_is_used_until_three_minutes_before_its_end(account: SellerAccount) -> None:
    store(account)
    assert tokens.turn_of(account, now=NOW + timedelta(minutes=11)).token == "first"
    assert tokens.turn_of(account, now=NOW + timedelta(minutes=12)).lease


def test_while_one_renews_the_others_go_on_with_the_old_one(account: SellerAccount) -> None:
    store(account)
    later = NOW + timedelta(minutes=13)
    assert tokens.turn_of(account, now=later).lease
    assert tokens.turn_of(account, now=later).token == "first"
    # But not beyond its end: then they wait.
    assert tokens.turn_of(account, now=later + timedelta(seconds=20)).token == "first"
    assert tokens.turn_of(account, now=NOW + timedelta(minutes=15)).token == ""


def test_a_refused_token_is_not_given_out_again(account: SellerAccount) -> None:
    store(account)
    turn = tokens.turn_of(account, now=NOW, refused="first")
    assert turn.lease
    assert turn.token == ""
    assert tokens.turn_of(account, now=NOW, refused="first") == tokens.Turn()
    tokens.keep(account, turn.lease, Grant("second", timedelta(minutes=15)), renew_early=EARLY, now=NOW)
    assert tokens.turn_of(account, now=NOW, refused="first").token == "second"


def test_a_lease_ends_by_itself_and_the_late_one_changes_nothing(account: SellerAccount) -> None:
    dead = tokens.turn_of(account, now=NOW).lease
    assert tokens.turn_of(account, now=NOW + timedelta(seconds=29)) == tokens.Turn()
    heir = tokens.turn_of(account, now=NOW + timedelta(seconds=31)).lease
    assert heir
    grant = Grant("late", timedelta(minutes=15))
    tokens.keep(account, dead, grant, renew_early=EARLY, now=NOW)
    tokens.give_up(account, dead)
    assert tokens.turn_of(account, now=NOW + timedelta(seconds=32)) == tokens.Turn()


def test_a_token_is_sealed_for_its_account(
    account: SellerAccount, world: World, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    store(account, "canary-token")
    sealed = superuser.execute("SELECT sealed, key_id FROM marketplaces_apitoken").fetchone()
    assert sealed is not None
    assert b"canary" not in bytes(sealed[0])  # type: ignore[call-overload]
    with tenant_tx(world.acme.pk):
        ApiToken.objects.create(
            account=world.amazon,
            key_id=str(sealed[1]),
            sealed=sealed[0],
            renew_at=NOW + EARLY,
            expires_at=NOW + EARLY,
        )
    assert tokens.turn_of(world.amazon, now=NOW).token == ""


def test_a_grant_and_a_turn_do_not_show_their_token() -> None:
    assert "secret" not in repr(Grant("secret", EARLY)) + repr(tokens.Turn("secret", "secret"))


def test_many_at_once_fetch_one_token(account: SellerAccount, settings: Any) -> None:
    together = threading.Barrier(6)

    def answer(asked: Asked) -> Canned:
        if asked.path != "/v3/token":
            return DETAIL
        return Canned(json.dumps({"access_token": "one", "expires_in": 900}).encode())

    def check(_: int) -> str:
        try:
            with registry.adapter(account, interactive=True) as api:
                together.wait(timeout=20)
                return api.check().summary
        finally:
            connection.close()

    with serving(answer) as server, ThreadPoolExecutor(6) as pool:
        settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": server.url}
        assert set(pool.map(check, range(6))) == {"Orders and returns can be read."}
    asked = [request.path for request in server.asked]
    assert asked.count("/v3/token") == 1
    assert asked.count("/v3/token/detail") == 6
    shown = {each.headers.get("WM_SEC.ACCESS_TOKEN") for each in server.asked if each.path != "/v3/token"}
    assert shown == {"one"}


@pytest.fixture
def processes(process_env: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes of the test, ended with it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait(timeout=10)


def test_two_processes_fetch_one_token(
    walmart: SellerAccount,
    control: Control,
    process_env: dict[str, str],
    processes: list[subprocess.Popen[str]],
    settings: Any,
) -> None:
    script = (
        "import sys, django; django.setup()\n"
        "from accounts.tenancy import tenant_tx\n"
        "from marketplaces import registry\n"
        "from marketplaces.models import SellerAccount\n"
        f"with tenant_tx({walmart.tenant_id}): account = SellerAccount.objects.get(pk={walmart.pk})\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with registry.adapter(account) as api: print(api.check().summary)\n"
    )
    env = {
        **process_env,
        "HELPDESK_WALMART_US_HOST": settings.MARKETPLACE_API_HOSTS["walmart:us"],
        "HELPDESK_CREDENTIAL_KEY": settings.CREDENTIAL_KEY,
    }
    before = len(control.calls(walmart.sender_address))
    for _ in range(2):
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", script],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert said == ["Orders and returns can be read."] * 2
    calls = [call["path"] for call in control.calls(walmart.sender_address)[before:]]
    assert sorted(calls) == ["/v3/token", "/v3/token/detail", "/v3/token/detail"]


def test_who_waits_too_long_for_a_token_comes_back_later(account: SellerAccount) -> None:
    assert tokens.turn_of(account, now=datetime.now(UTC)).lease

    class Hurried(tokens.TokenAuth):
        longest_wait_seconds = 0.3

    flow = Hurried(account)._token("")
    with pytest.raises(Throttled):
        next(flow)
