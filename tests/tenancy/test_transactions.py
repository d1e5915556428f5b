"""A request is one transaction of one tenant: what fails leaves nothing, and threads never mix."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
from django.db import DatabaseError, connection, connections
from django.test import Client
from django_scopes import scopes_disabled

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, Note
from tests.tenancy.conftest import browser_of
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.walk import addresses, ask
from tests.world import World

HTMX = {"headers": {"HX-Request": "true"}}
UNKNOWN_MARKET = "UPDATE marketplaces_selleraccount SET market = '' WHERE tenant_id = %s"


def test_a_page_that_fails_after_its_act_leaves_nothing(
    world: World,
    next_door: Neighbours,
    alice: Client,
    superuser: psycopg.Connection[tuple[object, ...]],
) -> None:
    alice.raise_request_exception = False
    with tenant_tx(world.acme.pk):
        before = Note.objects.count()
    # The act itself goes through; the page after it cannot say which marketplace this is.
    superuser.execute(
        "UPDATE marketplaces_selleraccount SET market = '' WHERE tenant_id = %s", [world.acme.pk]
    )
    (path,) = addresses("notes", "acme", next_door.ours)
    assert ask(alice, "POST", path, {"body": "Half done."}, **HTMX).status == 500
    with tenant_tx(world.acme.pk):
        assert Note.objects.count() == before


def test_after_a_failure_the_connection_serves_the_next_tenant_alone(
    world: World,
    next_door: Neighbours,
    alice: Client,
    superuser: psycopg.Connection[tuple[object, ...]],
) -> None:
    alice.raise_request_exception = False
    superuser.execute(
        "UPDATE marketplaces_selleraccount SET market = '' WHERE tenant_id = %s", [world.acme.pk]
    )
    (ours,) = addresses("conversation", "acme", next_door.ours)
    (theirs,) = addresses("conversation", "globex", next_door.theirs)
    gus = browser_of(world.gus)
    for _ in range(3):
        assert ask(alice, "GET", ours).status == 500
        answer = ask(gus, "GET", theirs)
        assert answer.status == 200
        assert b"Denise" not in answer.content


def test_threads_of_one_process_see_their_own_tenant_only(world: World, next_door: Neighbours) -> None:
    tenants = [world.acme.pk, world.globex.pk] * 4

    def work(tenant_id: int) -> set[int]:
        seen: set[int] = set()
        try:
            for turn in range(12):
                with tenant_tx(tenant_id), scopes_disabled():
                    seen |= set(Conversation.objects.values_list("tenant_id", flat=True))
                if turn % 4 == 1:
                    # A statement that fails, and a connection that is lost.
                    try:
                        with tenant_tx(tenant_id), connection.cursor() as cursor:
                            cursor.execute("SELECT 1 / 0")
                    except DatabaseError:
                        pass
                if turn % 4 == 2:
                    connection.close()
        finally:
            connections.close_all()
        return seen

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, tenants)) == [{tenant_id} for tenant_id in tenants]
