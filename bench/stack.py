"""What the benchmark runs on: servers set as in production, a database and a web process for each size."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from helpdesk.database_urls import DatabaseUrl
from helpdesk.embedded.children import Child, die_with_parent, start
from helpdesk.embedded.servers import ServerFault, forget, start_postgres, start_valkey
from helpdesk.provision import Logins, provision

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "hd_bench_"
KEPT_FILE = "kept.json"


def say(line: str) -> None:
    """One line of progress, apart from the result."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


class Inside:
    """A process of ours on one database that does what it is asked (bench/inside.py)."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench.inside"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
                env=env,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def ask(self, do: str, **given: Any) -> Any:
        """Have something done and wait for what comes of it; raises ServerFault with its own words."""
        if self.process.stdin is None or self.process.stdout is None:
            raise ServerFault("the process inside has no pipes")
        try:
            self.process.stdin.write(json.dumps({"do": do, **given}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said before it left is in its log
        line = self.process.stdout.readline()
        if not line:
            raise ServerFault(f"{do} failed; the end of {self.log}:\n{self.log.read_text()[-4000:]}")
        return json.loads(line)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass
class Site:
    """A helpdesk with so many conversations: its database, its web process and a process inside."""

    conversations: int
    messages: int
    logins: Logins
    superuser: DatabaseUrl
    env: dict[str, str]
    inside: Inside
    made_at: str = ""
    port: int = 0
    places: dict[str, Any] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    raw: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Stack:
    """The servers and all sites of one run in a folder of the benchmark's own."""

    home: Path
    keep: bool
    children: list[Child] = field(default_factory=list)
    insides: list[Inside] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    superuser: DatabaseUrl = field(init=False)
    env: dict[str, str] = field(init=False)

    def servers(self) -> None:
        """PostgreSQL and Valkey as they come, nothing made faster at the cost of safety."""
        child, self.superuser = start_postgres(self.home)
        self.children.append(child)
        child, broker = start_valkey(self.home)
        self.children.append(child)
        self.env = {
            **os.environ,
            "REDIS_URL": broker,
            "HELPDESK_DATA_DIR": str(self.home / "data"),
            "HELPDESK_LOG_LEVEL": "WARNING",
            "FQDN": "localhost",
        }
        self.env.pop("DJANGO_SETTINGS_MODULE", None)

    def site(self, conversations: int, messages: int) -> Site:
        """A filled database of this size, from an earlier run or new, with its processes."""
        name = f"{PREFIX}{conversations}_{messages}"
        kept, made_by = self.kept(), fingerprint()
        fresh = kept.get(name, {}).get("made_by") != made_by
        if fresh:
            self.forget_database(name)
            say(f"making {conversations:,} conversations with {messages} messages each")
        logins = provision(self.superuser, name)
        env = {**self.env, **logins.environment()}
        began = time.monotonic()
        if fresh:
            self.manage(env, "migrate", "-v0")
        inside = Inside(env, self.home / "inside.log")
        self.insides.append(inside)
        if fresh:
            superuser = str(self.superuser.with_name(name))
            inside.ask("fill", superuser=superuser, conversations=conversations, messages=messages)
            say(f"made in {time.monotonic() - began:.0f} s")
            made_at = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
            self.remember(kept | {name: {"made_by": made_by, "made_at": made_at}})
        site = Site(
            conversations,
            messages,
            logins,
            self.superuser.with_name(name),
            env,
            inside,
            self.kept()[name]["made_at"],
        )
        self.sites.append(site)
        return site

    def another_inside(self, site: Site) -> Inside:
        """One more process on the same database."""
        inside = Inside(site.env, self.home / "inside.log")
        self.insides.append(inside)
        return inside

    def web(self, site: Site) -> None:
        """The web process as bin/demo starts it; its pages say nothing of live updates, which stand apart."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            site.port = int(probe.getsockname()[1])
        served = ("--host", "127.0.0.1", "--port", str(site.port), "--workers-kill-timeout", "1", "--no-ws")
        command = (
            *(sys.executable, "-m", "granian", "--interface", "wsgi", *served),
            *("--workers", "2", "--blocking-threads", "1", "helpdesk.wsgi:application"),
        )
        log = self.home / f"web-{site.conversations}.log"
        child = start("web", command, log=log, env={**site.env, "HELPDESK_DB_POOL": "1"}, cwd=ROOT)
        self.children.append(child)
        until = time.monotonic() + 60
        while not answers(site.port):
            if child.ended or time.monotonic() > until:
                raise ServerFault(f"the web process does not answer; the end of {log}:\n{child.last_lines()}")
            time.sleep(0.1)

    def manage(self, env: dict[str, str], *arguments: str) -> None:
        """Run a command of ours to its end."""
        done = subprocess.run(
            [sys.executable, ROOT / "manage.py", *arguments],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerFault(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr[-4000:]}")

    def kept(self) -> dict[str, dict[str, str]]:
        """The databases of earlier runs."""
        path = self.home / KEPT_FILE
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def remember(self, kept: dict[str, dict[str, str]]) -> None:
        """Write down which databases are complete."""
        (self.home / KEPT_FILE).write_text(json.dumps(kept))

    def forget_database(self, name: str) -> None:
        """Drop a database that is half made or made by another version."""
        kept = self.kept()
        if kept.pop(name, None):
            self.remember(kept)
        with psycopg.connect(str(self.superuser), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def stop(self) -> None:
        """End all processes; without --keep nothing is left of the databases."""
        for inside in self.insides:
            inside.stop()
        for child in reversed(self.children):
            child.stop()
        if not self.keep:
            forget(self.home)
            shutil.rmtree(self.home, ignore_errors=True)


def answers(port: int) -> bool:
    """Whether the web process shows its sign-in page."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/login/", trust_env=False, timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


def fingerprint() -> str:
    """Changes when the tables or what fills them does."""
    digest = hashlib.sha256()
    for path in (*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "bench/rows.py", ROOT / "bench/filling.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()
