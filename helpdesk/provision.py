"""Make the database roles and a database whose tables the app's login can use but never own.

hd_owner owns everything and cannot log in; hd_migrate acts as it; hd_app serves tenants and is held by row
level security; hd_limited is what it becomes for a member who sees some seller accounts only; hd_sweep looks
for due work in all tenants and may read a few columns; hd_search owns the one function that searches, cannot
log in either and may read a few columns.
"""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from helpdesk.database_urls import DatabaseUrl

ROLES = {
    "hd_owner": "NOLOGIN NOSUPERUSER NOBYPASSRLS",
    "hd_migrate": "LOGIN NOSUPERUSER BYPASSRLS",
    "hd_app": "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    "hd_limited": "NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    "hd_sweep": "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    "hd_search": "NOLOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE",
}
IN_DATABASE = (
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "GRANT ALL ON SCHEMA public TO hd_owner",
    "GRANT USAGE ON SCHEMA public TO hd_app, hd_limited, hd_sweep, hd_search, hd_migrate",
    "ALTER DEFAULT PRIVILEGES FOR ROLE hd_owner IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hd_app, hd_limited",
    "ALTER DEFAULT PRIVILEGES FOR ROLE hd_owner IN SCHEMA public"
    " GRANT USAGE ON SEQUENCES TO hd_app, hd_limited",
)


class RolesTaken(RuntimeError):
    """The server's roles belong to another helpdesk; the message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Logins:
    """The three URLs the processes of the helpdesk are given."""

    migrate: DatabaseUrl
    app: DatabaseUrl
    sweep: DatabaseUrl

    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        return {
            "DATABASE_MIGRATE_URL": str(self.migrate),
            "DATABASE_APP_URL": str(self.app),
            "DATABASE_SWEEP_URL": str(self.sweep),
        }


def provision(superuser: DatabaseUrl, database: str, *, passwords: dict[str, str] | None = None) -> Logins:
    """Make roles and database where they are missing, as often as one likes; returns the logins.

    `passwords` are by role; a login over a socket in a private folder needs none. Raises psycopg.Error.
    """
    passwords = passwords or {}
    with psycopg.connect(str(superuser), autocommit=True, connect_timeout=10) as connection:
        for statement in role_statements(passwords):
            try:
                connection.execute(statement)
            except psycopg.errors.DuplicateObject:
                continue
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if not exists:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER hd_owner TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(database)
                )
            )
    with psycopg.connect(str(superuser.with_name(database)), autocommit=True) as connection:
        for line in IN_DATABASE:
            connection.execute(line)
    base = superuser.with_name(database)
    return Logins(
        **{
            name: base.with_login(f"hd_{name}", passwords.get(f"hd_{name}", ""))
            for name in ("migrate", "app", "sweep")
        }
    )


def role_statements(passwords: dict[str, str]) -> list[sql.Composed]:
    """What makes and renews the roles; CREATE ROLE has no IF NOT EXISTS, so a duplicate is no fault."""
    statements = []
    for role, powers in ROLES.items():
        name = sql.Identifier(role)
        statements.append(sql.SQL("CREATE ROLE {} {}").format(name, sql.SQL(powers)))
        if password := passwords.get(role):
            statements.append(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
    # hd_migrate acts as the owner but does not inherit it: it must say so (Django's assume_role).
    statements.append(sql.SQL("GRANT hd_owner TO {}").format(sql.Identifier("hd_migrate")))
    # The migrations make the search function and hand it over; nobody acts as hd_search without saying so.
    statements.append(
        sql.SQL("GRANT {} TO hd_owner WITH INHERIT FALSE, SET TRUE").format(sql.Identifier("hd_search"))
    )
    # The app becomes hd_limited inside a transaction by saying so; else none of that role's policies are its.
    statements.append(
        sql.SQL("GRANT {} TO hd_app WITH INHERIT FALSE, SET TRUE").format(sql.Identifier("hd_limited"))
    )
    return statements


def kept_passwords(superuser: DatabaseUrl, file: Path) -> dict[str, str]:
    """The passwords that were made for this server the first time, from a file only its owner can read.

    Roles belong to the whole server, so new passwords would lock out every other helpdesk on it: raises
    RolesTaken where the roles exist and the file does not know the server. Raises psycopg.Error.
    """
    with psycopg.connect(str(superuser), autocommit=True, connect_timeout=10) as connection:
        row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
        taken = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'hd_app'").fetchone()
    server = str(row[0]) if row else ""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        by_server: dict[str, dict[str, str]] = json.loads(kept.read() or "{}")
        if server not in by_server:
            if taken:
                raise RolesTaken(
                    f"The server at {superuser.host} has the role hd_app of another helpdesk, whose passwords"
                    f" would change; {file} knows none for it. Point DATABASE_URL at a server of its own."
                )
            by_server[server] = fresh_passwords()
            kept.seek(0)
            kept.write(json.dumps(by_server))
        return by_server[server]


def fresh_passwords() -> dict[str, str]:
    """A random password for each role that logs in."""
    return {role: secrets.token_urlsafe(24) for role, powers in ROLES.items() if powers.startswith("LOGIN")}
