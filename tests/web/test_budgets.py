"""How many statements a page costs, whatever lies behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.web.conftest import Browser
from tests.web.rows import reply_in
from tests.world import World, arrive, conversation_of, walmart_mail


@contextmanager
def at_most(limit: int) -> Iterator[list[str]]:
    """Fail when more statements than this reach the database; BEGIN and COMMIT are none of them."""
    seen: list[str] = []

    def count(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        seen.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield seen
    assert len(seen) <= limit, "\n".join(seen)


@pytest.fixture
def busy(world: World) -> str:
    """60 conversations, one of them with 30 messages and some replies; the address of that one."""
    for number in range(60):
        talk = conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}")
    for minutes in range(29):
        at = timezone.now() - timedelta(minutes=minutes + 1)
        mail = walmart_mail(world.walmart, relay=f"{59:032x}", order=f"2000{59:011d}", sent_at=at)
        arrive(world.walmart, mail)
    for state in ("sent", "failed", "unknown"):
        reply_in(talk, world.leo, state)
    return f"/t/acme/c/{talk.number}/"


def test_the_queue_and_a_long_conversation_stay_within_their_budgets(alice: Browser, busy: str) -> None:
    with at_most(6):
        assert alice.get("/t/acme/queue/all/").status_code == 200
    with at_most(6):
        assert alice.get("/t/acme/queue/all/rows/", htmx=True).status_code == 200
    with at_most(8):
        page = alice.get(busy)
    assert page.content.decode().count('class="said is-buyer"') == 30
    with at_most(7):
        assert alice.get(busy, htmx=True).status_code == 200
