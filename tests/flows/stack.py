"""The stack of processes that reads the marketplaces, and a clock that makes its pauses short."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from helpdesk.embedded.children import start
from helpdesk.embedded.servers import start_valkey
from tests.outbox.processes import ROOT, kill, start_sweeper, start_worker

Superuser = psycopg.Connection[tuple[object, ...]]
# What waits, until when: pauses after faults, limits, leases and claims of processes that died.
PAUSES = (
    ("marketplaces_apistream", "next_at"),
    ("marketplaces_selleraccount", "next_poll_at"),
    ("marketplaces_apibucket", "blocked_until"),
    ("marketplaces_apicircuit", "open_until"),
    ("marketplaces_apicircuit", "probe_until"),
    ("marketplaces_apitoken", "lease_until"),
    ("orders_order", "wanted_at"),
    ("orders_item", "image_due_at"),
)
PATIENCE_SECONDS = 1.2
LOOK_EVERY_SECONDS = 0.4


class Stack:
    """A broker of its own, one worker of two processes, beat and the sweeper."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        self.broker, url = start_valkey(folder)
        self.env = {**env, "REDIS_URL": url}
        self.worker = start_worker(self.env, folder)
        self.sweeper = start_sweeper(self.env, folder)
        self.beat = start(
            "beat",
            [sys.executable, "-m", "celery", "-A", "helpdesk.celery", "beat", "--loglevel=WARNING"],
            log=folder / "beat.log",
            env=self.env,
            cwd=ROOT,
        )

    def lose_the_worker(self) -> None:
        """The worker and both its processes die in the middle of what they do; another takes its place."""
        kill(self.worker)
        self.worker = start_worker(self.env, self.folder)

    def lose_the_broker(self) -> None:
        """The broker dies with everything that lay in it, and comes back."""
        kill(self.broker)
        self.broker, _ = start_valkey(self.folder)

    def logs(self) -> str:
        """What the processes have written."""
        return "".join(child.log.read_text() for child in (self.worker, self.sweeper, self.beat))

    def end(self) -> None:
        """Nobody is left."""
        for child in (self.beat, self.worker, self.sweeper, self.broker):
            kill(child)


class Haste:
    """Time runs faster for whoever waits: a pause or a claim nobody renews is over after a moment."""

    def __init__(self, superuser: Superuser) -> None:
        self.superuser = superuser
        self._since: dict[tuple[str, str, object, object], float] = {}
        self._looked = 0.0

    def now(self) -> bool:
        """Look, unless it has looked just now; whether it did. To be called again and again."""
        seen = time.monotonic()
        if seen < self._looked + LOOK_EVERY_SECONDS:
            return False
        self._looked = seen
        standing: dict[tuple[str, str, object, object], float] = {}
        for table, column in PAUSES:
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            waiting = sql.SQL("SELECT id, {column} FROM {table} WHERE {column} > now()").format(**names)
            over = []
            for row_id, until in self.superuser.execute(waiting).fetchall():
                key = (table, column, row_id, until)
                standing[key] = self._since.get(key, seen)
                if standing[key] < seen - PATIENCE_SECONDS:
                    over.append(row_id)
            change = sql.SQL("UPDATE {table} SET {column} = now() WHERE id = ANY(%s) AND {column} > now()")
            self.superuser.execute(change.format(**names), [over])
        self._since = standing
        # The sweeper looks for unread mail that is half a minute old.
        self.superuser.execute(
            "UPDATE marketplaces_inboundraw SET stored_at = now() - interval '31 s'"
            " WHERE state = 'new' AND stored_at < now() - interval '5 s'"
        )
        return True
