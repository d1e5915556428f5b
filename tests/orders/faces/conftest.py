"""Browsers of acme's people, and a conversation about an order."""

import pytest

from tests.web.conftest import Browser, browser_of
from tests.world import World


@pytest.fixture
def alice(world: World) -> Browser:
    """The browser of acme's agent."""
    return browser_of(world.alice)


@pytest.fixture
def wendy(world: World) -> Browser:
    """The browser of acme's warehouse."""
    return browser_of(world.wendy)
