"""A conversation, and the browsers of whoever asks and whoever answers."""

import pytest

from tests.web.conftest import Browser, address, alice, browser_of, context, faults, site, talk
from tests.world import World

__all__ = ["address", "alice", "context", "faults", "leo", "site", "talk", "wendy"]


@pytest.fixture
def wendy(world: World) -> Browser:
    """The browser of acme's warehouse."""
    return browser_of(world.wendy)


@pytest.fixture
def leo(world: World) -> Browser:
    """The browser of acme's lead."""
    return browser_of(world.leo)
