"""The walk over all addresses again without one of the two layers: nothing leaks through the other."""

import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django_scopes import scopes_disabled
from psycopg import sql
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from inbox.models import Conversation
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.walk import faults_at_their_address, faults_on_own_pages, faults_with_foreign_ids
from tests.world import World

Stored = Callable[..., dict[str, object]]


class WithoutScopes:
    """Middleware that lifts the scope inside the tenant's transaction, where tenant_tx has just set it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with scopes_disabled():
            assert "WHERE" not in str(Conversation.objects.all().query)
            return self.get_response(request)


@pytest.fixture
def row_level_security_alone(settings: Settings) -> None:
    """Views run without the filter of django-scopes."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.tenancy.test_one_layer.WithoutScopes"]


@pytest.fixture
def scopes_alone(
    world: World, superuser: psycopg.Connection[tuple[object, ...]], database_name: str
) -> Iterator[None]:
    """The app signs in as somebody with its rights whom row level security does not hold."""
    role, password = f"{database_name}_unheld", secrets.token_urlsafe()
    name = sql.Identifier(role)
    superuser.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
    superuser.execute(
        sql.SQL("CREATE ROLE {} LOGIN BYPASSRLS IN ROLE hd_app PASSWORD {}").format(
            name, sql.Literal(password)
        )
    )
    kept = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD")}
    connection.close()
    connection.settings_dict.update(USER=role, PASSWORD=password)
    yield
    connection.close()
    connection.settings_dict.update(kept)
    superuser.execute(sql.SQL("DROP ROLE {}").format(name))


def test_row_level_security_alone_lets_nothing_through(
    row_level_security_alone: None, next_door: Neighbours, alice: Client, world: World, stored: Stored
) -> None:
    assert leaks(alice, next_door, world, stored) == []


def test_scopes_alone_let_nothing_through(
    scopes_alone: None, next_door: Neighbours, alice: Client, world: World, stored: Stored
) -> None:
    with tenant_tx(world.acme.pk), scopes_disabled():
        assert {row.tenant_id for row in Conversation.objects.all()} == {world.acme.pk, world.globex.pk}
    assert leaks(alice, next_door, world, stored) == []


def leaks(browser: Client, next_door: Neighbours, world: World, stored: Stored) -> list[str]:
    """Every walk of an agent of acme; a line for each wrong answer and each table that changed."""
    everything, theirs = stored(), stored(world.globex.pk)
    found = faults_with_foreign_ids(browser, next_door) + faults_at_their_address(browser, next_door)
    found += [table for table, rows in stored().items() if rows != everything[table]]
    found += faults_on_own_pages(browser, next_door)
    return found + [table for table, rows in stored(world.globex.pk).items() if rows != theirs[table]]
