"""Rows made once and put back for each test that wants them: to make them anew takes far longer."""

import psycopg
from psycopg import sql

Superuser = psycopg.Connection[tuple[object, ...]]


class Kept:
    """What the tables hold when this is made, and where their sequences stand."""

    def __init__(self, superuser: Superuser, tables: list[str]) -> None:
        self._superuser = superuser
        superuser.execute("DROP SCHEMA IF EXISTS kept CASCADE")
        superuser.execute("CREATE SCHEMA kept")
        parts: list[sql.Composable] = []
        for name in tables:
            there, here = sql.Identifier("kept", name), sql.Identifier(name)
            filled = superuser.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(here)).fetchone()
            if filled == (True,):
                superuser.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(there, here))
                parts.append(sql.SQL("INSERT INTO {} TABLE {}").format(here, there))
        sequences = superuser.execute(
            "SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid) FROM pg_sequence"
            " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
        )
        parts += [
            sql.SQL("SELECT setval({}, {})").format(sql.Literal(name), sql.Literal(last))
            for name, last in sequences.fetchall()
        ]
        self._statement = sql.SQL("; ").join(parts)

    def put_back(self) -> None:
        """Fill the empty tables again, past triggers and constraints, which had their say before."""
        with self._superuser.transaction():
            self._superuser.execute("SET LOCAL session_replication_role = replica")
            self._superuser.execute(self._statement)
