"""The demo's processes: started in order, watched, started again when they die, and stopped together."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from helpdesk.database_urls import DatabaseUrl
from helpdesk.embedded.children import Child, start
from helpdesk.embedded.servers import ServerFault, start_postgres, start_valkey
from helpdesk.provision import Logins, RolesTaken, kept_passwords, provision

ROOT = Path(__file__).resolve().parents[2]
# Not the name of a real helpdesk's, which may live on the server that was given.
DATABASE = "helpdesk_demo"
PASSWORDS = ROOT / "var" / "database-passwords.json"
SERVERS = ("postgres", "valkey")
WALMART_HOSTS = ("HELPDESK_WALMART_US_HOST", "HELPDESK_WALMART_CA_HOST")
AMAZON_CONSENT_HOSTS = tuple(f"HELPDESK_AMAZON_{region}_CONSENT_HOST" for region in ("NA", "EU", "FE"))
AMAZON_HOSTS = ("HELPDESK_AMAZON_NA_HOST", "HELPDESK_AMAZON_EU_HOST", "HELPDESK_AMAZON_FE_HOST")


def inner_port() -> int:
    """A port of 127.0.0.1 that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(line: str) -> None:
    """One progress line."""
    print(f"demo: {line}", flush=True)


@dataclass
class Demo:
    """One running demo in its folder."""

    folder: Path
    port: int
    env: dict[str, str]
    children: list[tuple[Child, Callable[[], Child]]] = field(default_factory=list)
    superuser: DatabaseUrl = field(init=False)
    logins: Logins = field(init=False)
    simulator: dict[str, Any] = field(init=False)

    def run(self, name: str, starter: Callable[[], Child]) -> None:
        """Start a child and remember how to start it again."""
        self.children.append((starter(), starter))

    def python(self, name: str, *arguments: str, **settings: str) -> None:
        """Start a Python process of ours, with settings for it alone."""
        log = self.folder / "logs" / f"{name}.log"
        self.run(
            name,
            lambda: start(name, [sys.executable, *arguments], log=log, env=self.env | settings, cwd=ROOT),
        )

    def servers(self) -> bool:
        """PostgreSQL and Valkey, given or embedded; True when the database is new."""
        passwords: dict[str, str] = {}
        if given := os.environ.get("DATABASE_URL"):
            self.superuser = DatabaseUrl.parse(given)
            try:
                passwords = kept_passwords(self.superuser, PASSWORDS)
            except RolesTaken as fault:
                raise ServerFault(str(fault)) from fault
        else:
            child, self.superuser = start_postgres(self.folder)
            self.children.append((child, lambda: start_postgres(self.folder)[0]))
        if not os.environ.get("REDIS_URL"):
            child, self.env["REDIS_URL"] = start_valkey(self.folder)
            self.children.append((child, lambda: start_valkey(self.folder)[0]))
        self.logins = provision(self.superuser, DATABASE, passwords=passwords)
        self.env |= self.logins.environment()
        return self.migrate()

    def migrate(self) -> bool:
        """Bring the schema up to date where the migrations have changed; True when it was empty before."""
        digest = hashlib.sha256()
        for path in sorted(ROOT.glob("*/migrations/*.py")):
            digest.update(path.read_bytes())
        stamp = self.folder / "migrated"
        wanted = f"{digest.hexdigest()} {self.superuser.host}"
        with psycopg.connect(str(self.superuser.with_name(DATABASE)), autocommit=True) as connection:
            found = connection.execute("SELECT to_regclass('accounts_tenant') IS NOT NULL").fetchone()
            populated = bool(found and found[0]) and bool(
                connection.execute("SELECT 1 FROM accounts_tenant LIMIT 1").fetchone()
            )
        if not populated or not stamp.exists() or stamp.read_text() != wanted:
            say("making the tables")
            self.manage("migrate", "-v0")
            stamp.write_text(wanted)
        return not populated

    def manage(self, *arguments: str, given: str = "") -> None:
        """Run a short command of ours to its end."""
        done = subprocess.run(
            [sys.executable, *(("manage.py", *arguments) if arguments[0] != "-m" else arguments)],
            cwd=ROOT,
            env=self.env,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerFault(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")

    def start_simulator(self) -> None:
        """The marketplaces' servers; they keep their mailboxes between two starts."""
        ready = self.folder / "simulator.json"
        ready.unlink(missing_ok=True)
        self.python(
            "simulator",
            "-m",
            "simulator",
            "--data",
            str(self.folder / "simulator"),
            "--ready-file",
            str(ready),
            *(port for kind in ("control", "imap", "smtp") for port in self.same_port(kind)),
        )
        self.until("the simulator", ready.exists)
        self.simulator = json.loads(ready.read_text())
        self.env |= {
            **dict.fromkeys(WALMART_HOSTS, self.simulator["walmart_api"]),
            **dict.fromkeys(AMAZON_HOSTS, self.simulator["amazon_api"]),
            "HELPDESK_AMAZON_LOGIN_HOST": self.simulator["amazon_login"],
            **self.registrations(),
        }

    def registrations(self) -> dict[str, str]:
        """What an operator enters who has registered with Amazon and the mail providers."""
        apps, base = self.simulator["apps"], self.simulator["control"]
        found = {
            **dict.fromkeys(AMAZON_CONSENT_HOSTS, base),
            "HELPDESK_AMAZON_APPLICATION_ID": apps["amazon"]["application_id"],
        }
        for company in ("amazon", "google", "microsoft"):
            name = f"HELPDESK_{company.upper()}"
            found[f"{name}_CLIENT_ID"] = apps[company]["client_id"]
            found[f"{name}_CLIENT_SECRET"] = apps[company]["client_secret"]
        for company in ("google", "microsoft"):
            name = f"HELPDESK_{company.upper()}"
            found[f"{name}_CONSENT_URL"] = f"{base}/consent/{company}/authorize"
            found[f"{name}_TOKEN_URL"] = f"{base}/consent/{company}/token"
            for kind in ("imap", "smtp"):
                host, port = self.simulator[f"{kind}_host"], self.simulator[f"{kind}_port"]
                found[f"{name}_{kind.upper()}"] = f"{host}:{port}:plain"
        return found

    def same_port(self, kind: str) -> list[str]:
        """Accounts remember the simulator's ports, so a later start asks for the same ones."""
        try:
            known = json.loads((self.folder / "ready.json").read_text())["simulator"]
        except (OSError, ValueError, KeyError):
            return []
        if kind == "control":
            return ["--http-port", known["control"].rpartition(":")[2]]
        return [f"--{kind}-port", str(known[f"{kind}_port"])]

    def ask_simulator(self, path: str, body: Mapping[str, Any]) -> Any:
        """One request to the simulator's control API."""
        answer = httpx.post(
            f"{self.simulator['control']}/control/{path}", json=dict(body), timeout=120, trust_env=False
        )
        if answer.is_error:
            raise ServerFault(f"the simulator refused {path}: {answer.text}")
        return answer.json()

    def processes(self) -> None:
        """Everything that serves and works."""
        celery = ("-m", "celery", "-A", "helpdesk.celery")
        lean = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
        self.python("worker", *celery, "worker", "-n", "worker@demo", "-Q", "celery", "-c", "2", *lean)
        self.python(
            "worker-delivery", *celery, "worker", "-n", "delivery@demo", "-Q", "delivery", "-c", "1", *lean
        )
        self.python("beat", *celery, "beat", "--loglevel", "INFO")
        self.python("sweeper", "manage.py", "sweeper")
        web, live = inner_port(), inner_port()
        served = ("--host", "127.0.0.1", "--workers-kill-timeout", "1", "--no-ws")
        on_web = ("--interface", "wsgi", "--port", str(web), "--workers", "2", "--blocking-threads", "1")
        on_live = ("--interface", "asgi", "--port", str(live), "--workers", "1", "--backpressure", "4096")
        self.python(
            "web", "-m", "granian", *on_web, *served, "helpdesk.wsgi:application", HELPDESK_DB_POOL="1"
        )
        self.python("live", "-m", "granian", *on_live, *served, "helpdesk.live.asgi:application")
        ports = ("--port", str(self.port), "--web", str(web), "--live", str(live))
        self.python("front", "-m", "helpdesk.front", *ports)

    def until(self, what: str, done: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for a condition while every child lives."""
        end = time.monotonic() + seconds
        while not done():
            for child, _ in self.children:
                if child.ended:
                    raise ServerFault(f"{child.name} ended; the end of {child.log}:\n{child.last_lines()}")
            if time.monotonic() > end:
                raise ServerFault(
                    f"{what} did not answer in {seconds:.0f} s; the logs are in {self.folder / 'logs'}"
                )
            time.sleep(0.1)

    def answers(self, path: str, status: int) -> bool:
        """Whether the front brings this answer back from behind it."""
        try:
            address = f"http://127.0.0.1:{self.port}{path}"
            return httpx.get(address, trust_env=False, timeout=5).status_code == status
        except httpx.HTTPError:
            return False

    def said(self, name: str, words: str) -> bool:
        """Whether a process has written these words into its log since it started."""
        log = self.folder / "logs" / f"{name}.log"
        return log.exists() and words in log.read_text(errors="replace")

    def mail_is_in(self, at_least: int) -> bool:
        """Whether the day's mail has been fetched and read."""
        with psycopg.connect(str(self.superuser.with_name(DATABASE)), autocommit=True) as connection:
            row = connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE state = 'new') FROM marketplaces_inboundraw"
            ).fetchone()
        total, unread = row or (0, 0)
        return int(total) >= at_least and int(unread) == 0

    def orders_are_in(self) -> bool:
        """Whether every account's orders have been read once."""
        with psycopg.connect(str(self.superuser.with_name(DATABASE)), autocommit=True) as connection:
            row = connection.execute(
                "SELECT count(*) FROM marketplaces_apistream WHERE name = 'orders' AND last_ok_at IS NULL"
            ).fetchone()
        return row == (0,)

    def watch(self) -> None:
        """Start again whatever dies, until somebody stops us."""
        while True:
            time.sleep(0.5)
            for index, (child, starter) in enumerate(self.children):
                if child.ended:
                    say(f"{child.name} ended (exit {child.process.returncode}); starting it again")
                    # What it had started itself would go on serving beside the new one.
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(child.process.pid, signal.SIGKILL)
                    try:
                        self.children[index] = (starter(), starter)
                    except ServerFault as fault:
                        say(str(fault))
                        time.sleep(2)

    def stop(self) -> None:
        """End every child: all that work at once, then the servers they work on."""
        working = [child for child, _ in self.children if child.name not in SERVERS]
        for child in working:
            child.ask_to_stop()
        for child in [*working, *(child for child, _ in self.children)]:
            child.stop()
        self.children.clear()
