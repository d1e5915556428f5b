"""Every test runs on real PostgreSQL as hd_app, in a database cloned from a migrated template."""

import copy
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql
from pytest_django import Settings

from helpdesk.database_urls import DatabaseUrl
from helpdesk.embedded.children import die_with_parent
from inbox.sweep import Sweeper
from tests.keeping import Kept
from tests.spreading import Spread
from tests.world import World

if "TEST_SUPERUSER_URL" not in os.environ:
    pytest.exit("Run bin/test: it starts PostgreSQL and Valkey and then pytest.", returncode=3)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
)
# How long a browser test waits for what must come; a busy machine is slow.
PATIENCE_MS = 60_000
# A browser writes this for every refused act, whatever the page does with the answer.
REFUSALS = ("status of 409", "status of 422")
# Rows of a table whose remains the next tests would read past.
LARGE = 2000
SUPERUSER = DatabaseUrl.parse(os.environ["TEST_SUPERUSER_URL"])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Spread:
    """How the tests are spread over the processes of a run."""
    return Spread(config, log)


@pytest.fixture(scope="session")
def database_name() -> str:
    """This process's own database."""
    return f"hd_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session")
def django_db_setup(database_name: str) -> Iterator[None]:
    """Clone the template and point every connection at the clone."""
    template = str(django_settings.DATABASES["default"]["NAME"])
    names = {"clone": sql.Identifier(database_name), "template": sql.Identifier(template)}
    with psycopg.connect(str(SUPERUSER), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {clone} WITH (FORCE)").format(**names))
        server.execute(
            sql.SQL("CREATE DATABASE {clone} TEMPLATE {template} STRATEGY FILE_COPY OWNER hd_owner").format(
                **names
            )
        )
    for alias in ("default", "sweep"):
        django_settings.DATABASES[alias]["NAME"] = database_name
        connections[alias].settings_dict["NAME"] = database_name
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def superuser(django_db_setup: None, database_name: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that row level security does not hold, for what a test must see or break from outside."""
    with psycopg.connect(str(SUPERUSER.with_name(database_name)), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def our_tables(superuser: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Every table the tests fill."""
    rows = superuser.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
    )
    return [str(row[0]) for row in rows.fetchall()]


@pytest.fixture(scope="session")
def empty_database(
    superuser: psycopg.Connection[tuple[object, ...]], our_tables: list[str]
) -> Callable[[], None]:
    """A function that empties every table the tests fill."""
    filled = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {name} WHERE EXISTS (SELECT FROM {table})").format(
            name=sql.Literal(name), table=sql.Identifier(name)
        )
        for name in our_tables
    )
    sequences = "SELECT setval(seqrelid::regclass, 1, false) FROM pg_sequence"

    def empty() -> None:
        # Ten times as fast as to truncate every table: most tests fill a few with a few rows.
        large = []
        with superuser.transaction():
            superuser.execute("SET LOCAL session_replication_role = replica")
            for (name,) in superuser.execute(filled).fetchall():
                table = sql.Identifier(str(name))
                if superuser.execute(sql.SQL("DELETE FROM {}").format(table)).rowcount > LARGE:
                    large.append(table)
            superuser.execute(sequences)
        for table in large:
            superuser.execute(sql.SQL("VACUUM ANALYZE {}").format(table))

    return empty


@pytest.fixture(scope="session")
def renew_tables(
    superuser: psycopg.Connection[tuple[object, ...]], our_tables: list[str]
) -> Callable[[], None]:
    """A function that leaves tables as a migration does: what earlier tests left would sway the planner."""

    def renew() -> None:
        tables = sql.SQL(", ").join(sql.Identifier(name) for name in our_tables)
        superuser.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))

    return renew


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
def sweeper(db: None) -> Iterator[Sweeper]:
    """A sweeper in this process; the test ends when its threads have nothing left to do."""
    made = Sweeper()
    yield made
    assert made.settle(30)


@pytest.fixture(scope="session")
def new_world(
    superuser: psycopg.Connection[tuple[object, ...]], our_tables: list[str]
) -> Callable[[], World]:
    """A function that stores the world in empty tables: made the first time, put back after that."""
    made: list[tuple[World, Kept]] = []

    def new() -> World:
        if made:
            made[0][1].put_back()
        else:
            made.append((World.build(), Kept(superuser, our_tables)))
        world = copy.deepcopy(made[0][0])
        world.begin(timezone.now())
        return world

    return new


@pytest.fixture
def world(db: None, new_world: Callable[[], World], tmp_path: Path, settings: Settings) -> World:
    """Two tenants, acme and globex, with their people and seller accounts."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return new_world()


def chromium() -> str:
    """The browser's program; without one the test is skipped here and fails in CI."""
    given = os.environ.get("HELPDESK_CHROMIUM")
    found = given or next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        message = "No Chromium found; install it or name it in HELPDESK_CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    program = chromium()
    # Playwright's loop runs in this thread from here on, and Django would refuse to make rows beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def session_env(database_name: str) -> dict[str, str]:
    """The environment that makes a process of ours work on these tests' database and broker."""
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
        "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
    }


@pytest.fixture
def process_env(session_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The same, with files of the test's own."""
    return session_env | {"HELPDESK_DATA_DIR": str(tmp_path / "data")}


@dataclass(frozen=True)
class Web:
    """A web process that serves whatever the tests' database holds: its address, and where its files are."""

    address: str
    files: Path


@pytest.fixture(scope="session")
def web(
    django_db_setup: None, session_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """One web process for the run: it takes longer to come up than most tests take."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1"]
    data = tmp_path_factory.mktemp("web")
    with (data / "web.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--no-access-log", "helpdesk.wsgi:application"],
            env=session_env
            | {"HELPDESK_DATA_DIR": str(data), "HELPDESK_SECRET_KEY": django_settings.SECRET_KEY},
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,
        )
    address = f"http://127.0.0.1:{port}"
    transport = httpx.HTTPTransport(retries=10)  # backs off: about a minute in all
    with httpx.Client(transport=transport, timeout=30) as client:
        client.get(f"{address}/login/").raise_for_status()
    yield Web(address, data / "files")
    server.terminate()
    server.wait(10)
