"""The lists are read from the indexes made for them, at a size where the planner has a choice."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from bench import filling
from bench.hearing import heard
from inbox.purging import STEPS
from inbox.queue import VIEWS, queue_page
from inbox.rail import rail
from orders.listing import order_list
from tests.conftest import SUPERUSER

INDEX_OF = {
    "all": "inbox_conversation_queue",
    "mine": "inbox_conversation_mine",
    "waiting": "inbox_conversation_waiting",
    "warehouse": "inbox_conversation_warehouse",
    "cases": "inbox_conversation_cases",
    "unrecognised": "inbox_conversation_aside",
    "unverified": "inbox_conversation_aside",
    "closed": "inbox_conversation_closed",
}
LONG = ("all", "closed")
NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")


@pytest.fixture(scope="module")
def agent(
    database_name: str,
    renew_tables: Callable[[], None],
    empty_database: Callable[[], None],
    django_db_blocker: pytest.FixtureRequest,
) -> Iterator[Membership]:
    """The agent of a tenant with so many conversations that reading a whole table would not pay.

    One for all tests of a module: they change none of its rows.
    """
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        renew_tables()
        filling.fill(str(SUPERUSER.with_name(database_name)), conversations=2000, messages=2)
        members = Membership.objects.select_related("user", "tenant")
        yield members.get(user__email=filling.EMAIL)
        empty_database()


def plans(agent: Membership, read: Callable[[], object]) -> list[dict[str, Any]]:
    """The nodes of the plans of everything that is read."""
    nodes: list[dict[str, Any]] = []
    with tenant_tx(agent.tenant_id):
        with heard() as seen:
            read()
        with connection.cursor() as cursor:
            for statement in seen:
                cursor.execute("EXPLAIN (FORMAT JSON) " + statement.replace("%", "%%"))
                (plan,) = cursor.fetchone()
                nodes += _nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return nodes


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def test_every_list_is_one_walk_along_its_index_and_the_rail_sorts_nothing_that_grows(
    agent: Membership,
) -> None:
    assert set(VIEWS) - set(INDEX_OF) == {"unassigned"}, "a new list needs an index, and a line here"
    for key, index in INDEX_OF.items():
        nodes = plans(agent, lambda key=key: queue_page(key, membership=agent, now=NOW))  # type: ignore[misc]
        assert index in {node.get("Index Name") for node in nodes}, key
        # Of a list of a few dozen rows sorting them all is no mistake.
        if key in LONG:
            column = VIEWS[key].order[0].removeprefix("-")
            assert not [each for each in _sort_keys(nodes) if column in each], f"{key} is sorted by hand"
        assert _scanned(nodes, "inbox_conversation") == set(), f"{key} reads the whole table"
    nodes = plans(agent, lambda: rail(agent, NOW))
    assert not [each for each in _sort_keys(nodes) if "conversation" in each or "order" in each]
    for table in ("inbox_conversation", "orders_order"):
        assert _scanned(nodes, table) == set(), f"the rail reads all of {table}"
    nodes = plans(agent, lambda: order_list("all", zone="UTC", now=NOW))
    assert "orders_order_newest" in {node.get("Index Name") for node in nodes}
    assert _scanned(nodes, "orders_order") == set()


def test_filled_rows_fit_together(
    agent: Membership, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    for table, key, other in (
        ("inbox_conversation", "order_id", "orders_order"),
        ("inbox_conversation", "buyer_id", "orders_buyer"),
        ("inbox_message", "conversation_id", "inbox_conversation"),
        ("inbox_message", "raw_id", "marketplaces_inboundraw"),
        ("inbox_deadline", "message_id", "inbox_message"),
        ("inbox_deadline", "stopped_by_reply_id", "inbox_outboundreply"),
        ("orders_orderline", "item_id", "orders_item"),
        ("orders_trackingevent", "shipment_id", "orders_shipment"),
    ):
        lost = superuser.execute(
            f"SELECT count(*) FROM {table} a WHERE {key} IS NOT NULL AND NOT EXISTS"
            f" (SELECT 1 FROM {other} b WHERE (b.tenant_id, b.id) = (a.tenant_id, a.{key}))"
        ).fetchone()
        assert lost == (0,), f"{table}.{key}"
    running = superuser.execute("SELECT count(*) FROM inbox_deadline WHERE stopped_at IS NULL").fetchone()
    clocks = superuser.execute("SELECT count(*) FROM inbox_conversation WHERE due_at IS NOT NULL").fetchone()
    assert running == clocks


def _sort_keys(nodes: list[dict[str, Any]]) -> list[str]:
    return [key for node in nodes if node["Node Type"] == "Sort" for key in node["Sort Key"]]


def _scanned(nodes: list[dict[str, Any]], table: str) -> set[str]:
    return {
        node["Node Type"]
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == table
    }


def test_what_must_go_is_found_by_the_index_of_what_is_still_there(agent: Membership) -> None:
    long_ago = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    filled = {"orders", "replies", "messages", "raw mails", "conversations", "buyers"}
    for step in (step for step in STEPS if step.name in filled):
        nodes = plans(agent, lambda step=step: list(step.due(long_ago).order_by("expires_at")[:500]))  # type: ignore[misc]
        names = {str(node.get("Index Name")) for node in nodes}
        assert any(name.endswith("_unpurged") for name in names), (step.name, names)


@pytest.mark.parametrize("due", ["late", "2h", "8h", "today", "2026-03-10T12:00Z"])
def test_the_lists_behind_the_board_are_one_range_of_the_index_of_deadlines(
    agent: Membership, due: str
) -> None:
    nodes = plans(agent, lambda: queue_page("all", membership=agent, now=NOW, due=due))
    assert "inbox_conversation_due" in {node.get("Index Name") for node in nodes}
    assert _scanned(nodes, "inbox_conversation") == set()
