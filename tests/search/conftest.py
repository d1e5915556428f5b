"""What everybody who searches needs."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from inbox.searching import Results, parse, search
from tests.web.conftest import Browser, browser_of
from tests.world import World

Search = Callable[..., Results]


@pytest.fixture
def find(world: World) -> Search:
    """Search as a member; Alice unless told otherwise."""

    def find(
        typed: str, *, by: Membership | None = None, page: int = 1, now: datetime | None = None
    ) -> Results:
        member = by or world.alice
        with tenant_tx(member.tenant_id):
            return search(parse(typed), membership=member, now=now or timezone.now(), page=page)

    return find


@pytest.fixture
def alice(world: World) -> Browser:
    """The browser of acme's agent."""
    return browser_of(world.alice)
