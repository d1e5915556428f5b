"""Accounts whose mailbox and API are in a simulator of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from marketplaces.models import SellerAccount
from tests.marketplaces.conftest import amazon, control, shops, walmart
from tests.simulator_client import SimulatorProcess
from tests.web.conftest import alice
from tests.world import World

__all__ = ["alice", "amazon", "control", "shops", "walmart"]


@pytest.fixture
def provider(tmp_path: Path, settings: Settings) -> Iterator[SimulatorProcess]:
    """A mail provider of this test alone; it keeps nothing on disk."""
    settings.ALLOW_PRIVATE_HOSTS = True
    process = SimulatorProcess(tmp_path / "provider", memory=True).start()
    yield process
    # It has nothing to keep.
    process.kill()


@pytest.fixture
def account(world: World, provider: SimulatorProcess) -> SellerAccount:
    """Acme's Walmart account; its mailbox is at the provider, and its clocks begin now."""
    found = world.walmart
    provider.control.open_account(found.sender_address, password="mailbox secret")
    with tenant_tx(found.tenant_id):
        found.imap_port = provider.imap[1]
        found.clocks_from = found.health_since
        found.save()
    return found
