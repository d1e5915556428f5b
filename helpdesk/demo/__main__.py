"""`bin/demo`: the whole helpdesk on this machine, with simulated marketplaces writing into its mailboxes.

It makes tenants, people and seller accounts; every message comes in over IMAP like anybody's.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO, Any
from urllib.parse import quote

import httpx
import psycopg

from helpdesk.demo.stack import DATABASE, ROOT, Demo, say
from helpdesk.embedded.servers import ServerFault, forget

CAST = json.loads((Path(__file__).parent / "cast.json").read_text(encoding="utf-8"))


class Stopped(Exception):
    """The person pressed Ctrl-C."""


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
        forget(folder)
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
    accounts = [
        account | {"api": demo.ask_simulator("accounts", account["simulator"])["api"]}
        for account in CAST["accounts"]
    ]
    cast = {**CAST, "accounts": accounts, "where": where, "new": new}
    demo.manage("-m", "helpdesk.demo.people", given=json.dumps(cast))


def mail_settings(demo: Demo) -> dict[str, str]:
    """The helpdesk's own mail leaves by the first seller's server, and is seen in the simulator's log."""
    box = CAST["accounts"][0]["simulator"]
    login = f"{quote(box['address'], safe='')}:{quote(box['password'], safe='')}"
    return {
        "HELPDESK_SMTP_URL": f"smtp://{login}@{demo.simulator['smtp_host']}:{demo.simulator['smtp_port']}",
        "HELPDESK_MAIL_FROM": "Helpdesk <helpdesk@helpdesk.example>",
        "HELPDESK_URL": f"http://127.0.0.1:{demo.port}",
    }


def tell(demo: Demo, *, new: bool) -> int:
    """Let the day's traffic arrive; returns how many mails at least must come in."""
    addresses = [account["simulator"]["address"] for account in CAST["accounts"]]
    placed = 0
    if new:
        shipped_by = {
            account["simulator"]["address"]: account["shipped_by"]
            for account in CAST["accounts"]
            if "shipped_by" in account
        }
        answer = demo.ask_simulator("day", {"seed": 7, "accounts": addresses, "mcf_accounts": shipped_by})
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
        # What its processes run with, for `bin/demo manage`.
        "environment": {name: value for name, value in demo.env.items() if os.environ.get(name) != value},
    }


def bring_up(demo: Demo) -> None:
    """From nothing to ready."""
    began = time.monotonic()
    (demo.folder / "ready.json.new").unlink(missing_ok=True)
    say("starting PostgreSQL and Valkey")
    new = demo.servers()
    say("starting the simulated marketplaces, web, live, workers, beat and sweeper")
    demo.start_simulator()
    demo.env |= mail_settings(demo)
    demo.processes()
    (demo.folder / "ready.json").unlink(missing_ok=True)
    say(
        "two organizations, their people and seller accounts"
        if new
        else "checking organizations and accounts"
    )
    settle_in(demo, new=new)
    placed = tell(demo, new=new)
    demo.until("the web process", lambda: demo.answers("/login/", 200))
    # Nobody is signed in here; any other answer would be the front's own.
    demo.until("the live process", lambda: demo.answers("/live/nobody/", 401))
    demo.until(
        "the workers", lambda: demo.said("worker", " ready.") and demo.said("worker-delivery", " ready.")
    )
    demo.until("beat", lambda: demo.said("beat", "poll-mailboxes"))
    demo.until("the sweeper", lambda: demo.said("sweeper", "sweeping"))
    say("mail and orders are coming in")
    demo.until("the first mail", lambda: demo.mail_is_in(placed))
    demo.until("the orders", demo.orders_are_in)
    facts = ready_facts(demo)
    fresh = demo.folder / "ready.json.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(facts, indent=2))
    fresh.rename(demo.folder / "ready.json")
    print(f"\nready after {time.monotonic() - began:.0f} s: {facts['url']}\n")
    for person in facts["logins"]:
        print(f"  {person['role']:<10} {person['email']:<32} {person['password']}   {person['url']}")
    print(f"\n  all of it is in {demo.folder / 'ready.json'}; Ctrl-C stops everything.\n", flush=True)


def manage(folder: Path, arguments: list[str]) -> int:
    """Run a command of manage.py against the demo that runs in this folder."""
    try:
        facts = json.loads((folder / "ready.json").read_text())
    except OSError:
        print("demo: no demo is ready here; start one with bin/demo.", file=sys.stderr)
        return 1
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env={**os.environ, **facts["environment"]}, check=False).returncode


def main() -> int:
    """Bring up, watch, and take down; returns the exit code."""
    folder = Path(os.environ.get("DEMO_DIR", ROOT / "var" / "demo")).resolve()
    if sys.argv[1:2] == ["manage"]:
        return manage(folder, sys.argv[2:])
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
    demo = None
    try:
        lock = take_folder(folder, fresh=arguments.fresh)
        env = {
            **os.environ,
            "HELPDESK_DATA_DIR": str(folder / "data"),
            "HELPDESK_ALLOW_PRIVATE_HOSTS": "1",
            "HELPDESK_PROXIES": "1",
            "HELPDESK_MAIL_POLL_SECONDS": os.environ.get("HELPDESK_MAIL_POLL_SECONDS", "5"),
            "HELPDESK_API_POLL_SECONDS": os.environ.get("HELPDESK_API_POLL_SECONDS", "20"),
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
