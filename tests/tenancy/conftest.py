"""The neighbour with its canaries, and a fingerprint of everything stored."""

from collections.abc import Callable

import psycopg
import pytest
from django.test import Client
from psycopg import sql

from accounts.models import Membership, User
from tests.tenancy.neighbours import Neighbours, move_in
from tests.world import World

# Rows a request may write whoever sends it.
OF_THE_DOOR = {"django_session", "accounts_rate_limit"}


def browser_of(who: Membership | User) -> Client:
    """The browser of somebody who has signed in."""
    browser = Client()
    browser.force_login(who.user if isinstance(who, Membership) else who)
    return browser


@pytest.fixture
def next_door(world: World) -> Neighbours:
    """Globex full of canaries."""
    return move_in(world)


@pytest.fixture
def alice(world: World) -> Client:
    """The browser of acme's agent."""
    return browser_of(world.alice)


@pytest.fixture
def stored(superuser: psycopg.Connection[tuple[object, ...]]) -> Callable[..., dict[str, object]]:
    """A function that fingerprints every table, or what one tenant has in it."""
    rows = superuser.execute(
        """
        SELECT c.relname, EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
                                  AND a.attname = 'tenant_id')
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        """
    ).fetchall()
    tables = {str(row[0]): bool(row[1]) for row in rows if row[0] not in OF_THE_DOOR}

    def fingerprint(tenant_id: int | None = None) -> dict[str, object]:
        found: dict[str, object] = {}
        for table, has_tenant in tables.items():
            which = (
                sql.SQL("WHERE tenant_id = {}").format(tenant_id) if tenant_id and has_tenant else sql.SQL("")
            )
            if tenant_id and not has_tenant:
                continue
            statement = sql.SQL(
                "SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {} t {}"
            )
            found[table] = superuser.execute(statement.format(sql.Identifier(table), which)).fetchone()
        return found

    return fingerprint
