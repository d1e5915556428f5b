"""What Django sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def heard() -> Iterator[list[str]]:
    """The statements of the block, with their values; BEGIN and COMMIT are none of them."""
    seen: list[str] = []

    def hear(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(statement, params, many, context)
        seen.append(str(connection.ops.last_executed_query(context["cursor"], statement, params)))
        return result

    with connection.execute_wrapper(hear):
        yield seen
