"""A real SMTP and IMAP server on the other side, and replies that are due."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from marketplaces.models import SellerAccount
from tests.outbox.rows import connect
from tests.simulator_client import Control, SimulatorProcess
from tests.world import World


@pytest.fixture(scope="session")
def relay_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One simulator for all tests here; each test has its own accounts in it."""
    with SimulatorProcess(tmp_path_factory.mktemp("relay") / "data", memory=True) as process:
        yield process


@pytest.fixture
def relay(relay_process: SimulatorProcess, settings: Settings) -> Iterator[Control]:
    """Its control, with no fault left over from another test; the operator has opened loopback."""
    settings.ALLOW_PRIVATE_HOSTS = True
    yield relay_process.control
    relay_process.control.clear_faults()
    relay_process.control.release()


@pytest.fixture
def shop(world: World, relay_process: SimulatorProcess, relay: Control) -> SellerAccount:
    """acme's Walmart account with a mailbox at the simulator."""
    return connect(world.walmart, relay_process)


@pytest.fixture
def amazon_shop(world: World, relay_process: SimulatorProcess, relay: Control) -> SellerAccount:
    """acme's Amazon account with a mailbox at the simulator."""
    return connect(world.amazon, relay_process)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder for the processes of a test."""
    return tmp_path
