"""A database that had rows before search came: the migration fills in their documents."""

import os
from collections import Counter
from importlib import import_module

import psycopg

from helpdesk.database_urls import DatabaseUrl
from tests.search.conftest import Search
from tests.world import World, conversation_of


def test_what_was_there_before_is_found(
    world: World, find: Search, superuser: psycopg.Connection[tuple[object, ...]], database_name: str
) -> None:
    talk = conversation_of(world.walmart, text="a shattered shade", order="200011874402913")
    conversation_of(world.foreign)
    documents = (
        "SELECT kind, tenant_id, conversation_id, order_id, message_id, vector FROM inbox_searchdocument"
    )
    before = Counter(superuser.execute(documents).fetchall())
    superuser.execute("TRUNCATE inbox_searchdocument")
    assert find("shattered").conversations == []
    login = DatabaseUrl.parse(os.environ["DATABASE_MIGRATE_URL"]).with_name(database_name)
    with psycopg.connect(str(login)) as migrating:
        migrating.execute("SET ROLE hd_owner")
        migrating.execute(import_module("inbox.migrations.0005_search").FILL)
    assert Counter(superuser.execute(documents).fetchall()) == before
    for typed in ("shattered", "02913"):
        assert [found.row and found.row.number for found in find(typed).conversations] == [talk.number]
