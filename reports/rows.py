"""Statements of our own over one tenant's rows: what the figures are counted from, and what they are."""

from collections.abc import Mapping
from typing import Any

from django.db import connection


def read(statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of a statement, inside the caller's tenant_tx; row level security holds it."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def change(statement: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Run a statement that changes rows, inside the caller's tenant_tx; how many."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
