"""Every test runs on real PostgreSQL as hd_app, in a database cloned from a migrated template."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg import sql

from helpdesk.database_urls import DatabaseUrl
from tests.world import World

if "TEST_SUPERUSER_URL" not in os.environ:
    pytest.exit("Run bin/test: it starts PostgreSQL and Valkey and then pytest.", returncode=3)
SUPERUSER = DatabaseUrl.parse(os.environ["TEST_SUPERUSER_URL"])


@pytest.fixture(scope="session")
def database_name() -> str:
    """This process's own database."""
    return f"hd_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session")
def django_db_setup(database_name: str) -> Iterator[None]:
    """Clone the template and point every connection at the clone."""
    template = str(settings.DATABASES["default"]["NAME"])
    names = {"clone": sql.Identifier(database_name), "template": sql.Identifier(template)}
    with psycopg.connect(str(SUPERUSER), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {clone} WITH (FORCE)").format(**names))
        server.execute(
            sql.SQL("CREATE DATABASE {clone} TEMPLATE {template} STRATEGY FILE_COPY OWNER hd_owner").format(
                **names
            )
        )
    for alias in ("default", "sweep"):
        settings.DATABASES[alias]["NAME"] = database_name
        connections[alias].settings_dict["NAME"] = database_name
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def superuser(django_db_setup: None, database_name: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that row level security does not hold, for what a test must see or break from outside."""
    with psycopg.connect(str(SUPERUSER.with_name(database_name)), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def empty_database(superuser: psycopg.Connection[tuple[object, ...]]) -> Callable[[], None]:
    """A function that empties every table the tests fill."""
    rows = superuser.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
    ).fetchall()
    tables = sql.SQL(", ").join(sql.Identifier(str(row[0])) for row in rows)
    statement = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables)

    def empty() -> None:
        superuser.execute(statement)

    return empty


@pytest.fixture
def db(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, empty_database: Callable[[], None]
) -> Iterator[None]:
    """The database for one test: real commits, emptied afterwards."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        for alias in ("default", "sweep"):
            if connections[alias].in_atomic_block:
                connections[alias].close()
        empty_database()


@pytest.fixture
def world(db: None, tmp_path: Path) -> Iterator[World]:
    """Two tenants, acme and globex, with their people and seller accounts."""
    media_root, settings.MEDIA_ROOT = settings.MEDIA_ROOT, str(tmp_path / "files")
    yield World.build()
    settings.MEDIA_ROOT = media_root


@pytest.fixture
def process_env(database_name: str, tmp_path: Path) -> dict[str, str]:
    """The environment that makes a process of ours work on this test's database, broker and files."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    logins = {
        name: str(DatabaseUrl.parse(os.environ[name]).with_name(database_name))
        for name in ("DATABASE_APP_URL", "DATABASE_SWEEP_URL", "DATABASE_MIGRATE_URL")
    }
    return {
        **os.environ,
        **logins,
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
        "REDIS_URL": f"{os.environ['REDIS_URL']}?virtual_host={int(worker) + 1}",
        "HELPDESK_DATA_DIR": str(tmp_path / "data"),
        "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
    }
