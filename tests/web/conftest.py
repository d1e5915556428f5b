"""Members at their browsers."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser as RealBrowser
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings

from accounts.models import Membership, User
from inbox.models import Conversation
from tests.conftest import PATIENCE_MS, REFUSALS, Web
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


Waiting = Callable[[float], Conversation]


@pytest.fixture
def site(world: World, web: Web, settings: Settings) -> str:
    """The address of a web process that serves this test's world."""
    settings.MEDIA_ROOT = str(web.files)
    return web.address


@pytest.fixture
def faults() -> list[str]:
    """What the pages complained about in their consoles."""
    return []


def sign_in(context: BrowserContext, who: Membership, site: str) -> None:
    """What the browser asks for is asked by this member from now on."""
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": browser_of(who).cookies[name].value, "url": site}])


@pytest.fixture
def context(browser: RealBrowser, site: str, world: World, faults: list[str]) -> Iterator[BrowserContext]:
    """A signed-in browser; the test fails when any page wrote an error to its console."""
    context = browser.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    # No live process runs here: the stream never begins, and pages look by themselves.
    context.route("**/live/**", lambda route: None)

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )

    context.on("page", listen)
    sign_in(context, world.alice, site)
    yield context
    context.close()
    assert [fault for fault in faults if not any(word in fault for word in REFUSALS)] == []


@pytest.fixture
def waiting(world: World) -> Callable[[float], Conversation]:
    """A conversation with so many hours left."""
    count = iter(range(1, 100))

    def make(hours: float) -> Conversation:
        number = next(count)
        sent = timezone.now() - timedelta(hours=48 - hours)
        return conversation_of(
            world.walmart,
            relay=f"{number:032x}",
            order=f"2000{number:011d}",
            sent_at=sent,
            buyer=f"Buyer No {number}",
        )

    return make
