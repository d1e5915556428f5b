"""One simulator for the tests of the API clients, and accounts whose keys it knows."""

import itertools
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from marketplaces import credentials
from marketplaces.models import SellerAccount
from marketplaces.types import Marketplace
from tests.simulator_client import Control, SimulatorProcess
from tests.world import World

NUMBERS = itertools.count(1)
# What the simulator calls the keys, by what we call them.
KEYS = {
    "api_client_id": "client_id",
    "api_client_secret": "client_secret",
    "lwa_client_id": "client_id",
    "lwa_client_secret": "client_secret",
    "refresh_token": "refresh_token",
}


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One simulator for the whole run."""
    with SimulatorProcess(tmp_path_factory.mktemp("shops") / "data", memory=True) as process:
        yield process
    assert process.errors() == ""


@pytest.fixture
def control(shops: SimulatorProcess, settings: Settings) -> Iterator[Control]:
    """The simulator's control API, with our hosts leading to it."""
    hosts = dict.fromkeys(settings.MARKETPLACE_API_HOSTS, shops.amazon_api)
    hosts |= {"walmart:us": shops.walmart_api, "walmart:ca": shops.walmart_api}
    settings.MARKETPLACE_API_HOSTS = hosts | {"amazon:login": shops.amazon_login}
    yield shops.control
    shops.control.clear_faults()
    shops.control.release()
    shops.control.limits(on=False)


@pytest.fixture
def walmart(world: World, control: Control) -> SellerAccount:
    """Lumen US with the simulator's keys."""
    return connected(world.walmart, control, "us")


@pytest.fixture
def amazon(world: World, control: Control) -> SellerAccount:
    """Lumen DE with the simulator's keys."""
    return connected(world.amazon, control, "de")


def connected(account: SellerAccount, control: Control, market: str) -> SellerAccount:
    """The account, under an address of this test's own at the simulator, with its API keys stored."""
    account.sender_address = f"care{next(NUMBERS)}@acme.example"
    with tenant_tx(account.tenant_id):
        account.save(update_fields=["sender_address"])
    told = control.open_account(account.sender_address, marketplace=account.marketplace.value, market=market)
    seal_keys(account, told["api"])
    return account


def seal_keys(account: SellerAccount, keys: dict[str, str]) -> None:
    """Store the API keys of an account."""
    with tenant_tx(account.tenant_id):
        for field in credentials.API_FIELDS[Marketplace(account.marketplace)]:
            credentials.seal(account, field, keys[KEYS[field]])
