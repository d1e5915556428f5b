"""A conversation, and the browsers of whoever asks and whoever answers."""

import pytest

from inbox.models import Conversation
from tests.web.conftest import Browser, browser_of
from tests.world import World, conversation_of


@pytest.fixture
def talk(world: World) -> Conversation:
    """A Walmart buyer's conversation whose clock runs."""
    return conversation_of(world.walmart)


@pytest.fixture
def alice(world: World) -> Browser:
    """The browser of acme's agent."""
    return browser_of(world.alice)


@pytest.fixture
def wendy(world: World) -> Browser:
    """The browser of acme's warehouse."""
    return browser_of(world.wendy)


@pytest.fixture
def leo(world: World) -> Browser:
    """The browser of acme's lead."""
    return browser_of(world.leo)
