"""Members at their browsers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, User
from inbox.models import Conversation
from tests.world import World, conversation_of


class Browser(Client):
    """A signed-in person's browser; `htmx=True` asks as htmx does."""

    def get(  # type: ignore[override]
        self, path: str, data: Any = None, *, htmx: bool = False, **extra: Any
    ) -> Any:
        """Ask for a page or a part of it."""
        return super().get(path, data, **(extra | as_htmx(htmx)))

    def post(  # type: ignore[override]
        self, path: str, data: Any = None, *, htmx: bool = False, **extra: Any
    ) -> Any:
        """Do an act."""
        return super().post(path, data, **(extra | as_htmx(htmx)))


def as_htmx(htmx: bool) -> dict[str, Any]:
    """The header by which htmx is known."""
    return {"headers": {"HX-Request": "true"}} if htmx else {}


def browser_of(who: Membership | User) -> Browser:
    """The browser of somebody who has signed in."""
    browser = Browser()
    browser.force_login(who.user if isinstance(who, Membership) else who)
    return browser


@pytest.fixture
def alice(world: World) -> Browser:
    """The browser of acme's agent."""
    return browser_of(world.alice)


@pytest.fixture
def talk(world: World) -> Conversation:
    """A Walmart buyer's conversation whose clock runs."""
    return conversation_of(world.walmart)


@pytest.fixture
def address(talk: Conversation) -> Callable[[str], str]:
    """The address of something in that conversation."""

    def of(rest: str) -> str:
        return f"/t/acme/c/{talk.number}/{rest}"

    return of
