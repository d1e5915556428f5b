"""The same statements without a helpdesk around them: psycopg as hd_app, in a transaction of the tenant."""

import time
from typing import Any

import psycopg

from helpdesk.database_urls import DatabaseUrl


class Raw:
    """A connection of hd_app, held by row level security like every other."""

    def __init__(self, app: DatabaseUrl, tenant_id: int) -> None:
        self.connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(str(app))
        # Django prepares nothing either.
        self.connection.prepare_threshold = None
        self.tenant_id = str(tenant_id)

    def read(self, statements: list[str]) -> float:
        """Run them as a request would and fetch every row; returns milliseconds."""
        began = time.perf_counter()
        with self.connection.transaction():
            self.connection.execute("SELECT set_config('app.tenant_id', %s, true)", [self.tenant_id])
            for statement in statements:
                self.connection.execute(statement.encode()).fetchall()
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Hang up."""
        self.connection.close()
