"""`bin/demo`: the whole helpdesk on this machine, with simulated marketplaces writing into its mailboxes.

It makes tenants, people and seller accounts; every message comes in over IMAP like anybody's.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

import httpx
import psycopg

from helpdesk.database_urls import DatabaseUrl
from helpdesk.embedded.children import Child, start
from helpdesk.embedded.servers import ServerFault, start_postgres, start_valkey
from helpdesk.provision import Logins, fresh_passwords, provision

ROOT = Path(__file__).resolve().parent.parent
CAST = json.loads((Path(__file__).parent / "demo_cast.json").read_text(encoding="utf-8"))
DATABASE = "helpdesk"


class Stopped(Exception):
    """The person pressed Ctrl-C."""


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

    def python(self, name: str, *arguments: str) -> None:
        """Start a Python process of ours."""
        log = self.folder / "logs" / f"{name}.log"
        self.run(
            name,
            lambda: start(name, [sys.executable, *arguments], log=log, env=self.env, cwd=ROOT),
        )

    def servers(self) -> bool:
        """PostgreSQL and Valkey, given or embedded; True when the database is new."""
        passwords: dict[str, str] = {}
        if given := os.environ.get("DATABASE_URL"):
            self.superuser, passwords = DatabaseUrl.parse(given), fresh_passwords()
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
        self.python(
            "web",
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--workers",
            "2",
            "--blocking-threads",
            "1",
            "--workers-kill-timeout",
            "1",
            "--no-ws",
            "helpdesk.wsgi:application",
        )

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

    def web_answers(self) -> bool:
        """Whether a page comes back."""
        try:
            return (
                httpx.get(f"http://127.0.0.1:{self.port}/login/", trust_env=False, timeout=5).status_code
                == 200
            )
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

    def watch(self) -> None:
        """Start again whatever dies, until somebody stops us."""
        while True:
            time.sleep(0.5)
            for index, (child, starter) in enumerate(self.children):
                if child.ended:
                    say(f"{child.name} ended (exit {child.process.returncode}); starting it again")
                    try:
                        self.children[index] = (starter(), starter)
                    except ServerFault as fault:
                        say(str(fault))
                        time.sleep(2)

    def stop(self) -> None:
        """End every child, servers last."""
        for child, _ in reversed(self.children):
            child.stop()
        self.children.clear()


def say(line: str) -> None:
    """One progress line."""
    print(f"demo: {line}", flush=True)


def take_folder(folder: Path, *, fresh: bool) -> IO[str]:
    """The demo's folder, held against a second start of it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ServerFault(
            f"A demo already runs in {folder}. Stop it, or set DEMO_DIR to another folder."
        ) from None
    if fresh:
        for entry in folder.iterdir():
            if entry.name != "lock":
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    shutil.rmtree(folder / "logs", ignore_errors=True)
    return lock


def free_port() -> int:
    """The port to serve on; raises ServerFault when somebody else has it."""
    wanted = os.environ.get("PORT", "8000")
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise ServerFault(f"PORT={wanted} is no port; use a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(wanted)))
        except OSError as error:
            raise ServerFault(
                f"Port {wanted} is taken ({error.strerror}). Set PORT to another one."
            ) from error
    return int(wanted)


def settle_in(demo: Demo, *, new: bool) -> None:
    """Tenants, people and seller accounts on our side, the same sellers on the marketplaces' side."""
    where = {key: demo.simulator[key] for key in ("imap_host", "imap_port", "smtp_host", "smtp_port")}
    for account in CAST["accounts"]:
        demo.ask_simulator("accounts", account["simulator"])
    demo.manage("-m", "helpdesk.demo_people", given=json.dumps({**CAST, "where": where, "new": new}))


def tell(demo: Demo, *, new: bool) -> int:
    """Let the day's traffic arrive; returns how many mails at least must come in."""
    addresses = [account["simulator"]["address"] for account in CAST["accounts"]]
    placed = 0
    if new:
        answer = demo.ask_simulator("day", {"seed": 7, "accounts": addresses})
        placed = int(answer["mails"])
    else:
        # A later start still has one conversation two minutes before its deadline.
        demo.ask_simulator(
            "stories", {"story": "where_is_my_order", "account": addresses[0], "age_minutes": 48 * 60 - 2}
        )
    demo.ask_simulator("drip", {"every_seconds": int(os.environ.get("DEMO_DRIP_SECONDS", "20"))})
    return placed


def ready_facts(demo: Demo) -> dict[str, Any]:
    """What ready.json says."""
    base = f"http://127.0.0.1:{demo.port}"
    return {
        "url": base,
        "pid": os.getpid(),
        "logins": [
            {**person, "password": CAST["password"], "url": f"{base}/t/{person['tenant']}/"}
            for person in CAST["people"]
        ],
        "simulator": demo.simulator,
        "accounts": [
            {
                "tenant": account["tenant"],
                "name": account["name"],
                "address": account["simulator"]["address"],
                "password": account["simulator"]["password"],
                **{key: demo.simulator[key] for key in ("imap_host", "imap_port", "smtp_host", "smtp_port")},
            }
            for account in CAST["accounts"]
        ],
        "databases": {
            "hd_app": str(demo.logins.app),
            "superuser": str(demo.superuser.with_name(DATABASE)),
        },
        "redis": demo.env.get("REDIS_URL") or os.environ["REDIS_URL"],
    }


def bring_up(demo: Demo) -> None:
    """From nothing to ready."""
    began = time.monotonic()
    (demo.folder / "ready.json.new").unlink(missing_ok=True)
    say("starting PostgreSQL and Valkey")
    new = demo.servers()
    say("starting the simulated marketplaces")
    demo.start_simulator()
    (demo.folder / "ready.json").unlink(missing_ok=True)
    say(
        "two organizations, their people and seller accounts"
        if new
        else "checking organizations and accounts"
    )
    settle_in(demo, new=new)
    placed = tell(demo, new=new)
    say("starting web, workers, beat and sweeper")
    demo.processes()
    demo.until("the web process", demo.web_answers)
    demo.until(
        "the workers", lambda: demo.said("worker", " ready.") and demo.said("worker-delivery", " ready.")
    )
    demo.until("beat", lambda: demo.said("beat", "poll-mailboxes"))
    demo.until("the sweeper", lambda: demo.said("sweeper", "sweeping"))
    say("mail is coming in")
    demo.until("the first mail", lambda: demo.mail_is_in(placed))
    facts = ready_facts(demo)
    fresh = demo.folder / "ready.json.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(facts, indent=2))
    fresh.rename(demo.folder / "ready.json")
    print(f"\nready after {time.monotonic() - began:.0f} s: {facts['url']}\n")
    for person in facts["logins"]:
        print(f"  {person['role']:<10} {person['email']:<32} {person['password']}   {person['url']}")
    print(f"\n  all of it is in {demo.folder / 'ready.json'}; Ctrl-C stops everything.\n", flush=True)


def main() -> int:
    """Bring up, watch, and take down; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="bin/demo", description="Bring up the helpdesk with simulated marketplaces."
    )
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier demo left")
    arguments = parser.parse_args()

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped

    # Set by hand: a child of a non-interactive shell inherits SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    folder = Path(os.environ.get("DEMO_DIR", ROOT / "var" / "demo")).resolve()
    demo = None
    try:
        lock = take_folder(folder, fresh=arguments.fresh)
        env = {
            **os.environ,
            "HELPDESK_DATA_DIR": str(folder / "data"),
            "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
            "HELPDESK_MAIL_POLL_SECONDS": os.environ.get("HELPDESK_MAIL_POLL_SECONDS", "5"),
            "HELPDESK_MESSAGE_ID_DOMAIN": "helpdesk.example",
            "FQDN": "localhost",
            "PYTHONUNBUFFERED": "1",
        }
        env.pop("DJANGO_SETTINGS_MODULE", None)
        demo = Demo(folder, free_port(), env)
        bring_up(demo)
        demo.watch()
    except Stopped:
        say("stopping")
    except (ServerFault, psycopg.Error, httpx.HTTPError) as fault:
        print(f"demo: {fault}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if demo is not None:
            demo.stop()
            say("stopped")
    lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
