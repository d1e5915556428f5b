"""The sweeping process outlives its database and its broker, and ends when it is told to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from marketplaces.models import SellerAccount
from marketplaces.outbox import OutboxState
from tests.outbox.processes import environment, running, start_sweeper, until
from tests.outbox.rows import asked, due_reply, fresh
from tests.simulator_client import Control
from tests.world import World


@contextmanager
def database_away(name: str) -> Iterator[None]:
    """None of our processes can connect, and those that were connected are not."""
    connections.close_all()
    allow = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    # From another database: nobody can lock the one they are in.
    with psycopg.connect(os.environ["TEST_SUPERUSER_URL"], autocommit=True) as server:
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename LIKE 'hd_%%'",
            [name],
        )
        try:
            yield
        finally:
            server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


@pytest.mark.stack
def test_the_sweeper_outlives_database_and_broker(
    world: World,
    shop: SellerAccount,
    relay: Control,
    process_env: dict[str, str],
    database_name: str,
    data: Path,
) -> None:
    first, second = (due_reply(asked(shop, relay), world.alice) for _ in range(2))
    env = environment(process_env, REDIS_URL="redis://127.0.0.1:1/0")
    sweeper = start_sweeper(env, data)
    with running(sweeper):
        until(lambda: fresh(first).state == OutboxState.SENT, what="sent without a broker")
        until(lambda: fresh(second).state == OutboxState.SENT, what="sent without a broker")
        with database_away(database_name):
            until(lambda: "sweeping rests" in sweeper.log.read_text(), what="noticed the loss")
        third = due_reply(asked(shop, relay), world.alice)
        until(lambda: fresh(third).state == OutboxState.SENT, what="resumed")
        assert "sweeping again" in sweeper.log.read_text()
        assert sweeper.log.read_text().count("sweeping rests") == 1
        assert "Traceback" not in sweeper.log.read_text()
        assert not sweeper.ended
        sweeper.process.terminate()
        assert sweeper.process.wait(10) == 0


@pytest.mark.stack
def test_a_sweeper_in_the_middle_of_a_hanging_delivery_ends_when_told(
    world: World, shop: SellerAccount, relay: Control, process_env: dict[str, str], data: Path
) -> None:
    reply = due_reply(asked(shop, relay), world.alice)
    relay.fault("smtp.data", "hold", account=shop.sender_address)
    start = relay.last()
    sweeper = start_sweeper(environment(process_env, REDIS_URL="redis://127.0.0.1:1/0"), data)
    with running(sweeper):
        relay.wait_for("held", after=start, account=shop.sender_address, wait=30)
        sweeper.process.terminate()
        assert sweeper.process.wait(10) == 0
    relay.release()
    assert fresh(reply).state == OutboxState.LEASED
