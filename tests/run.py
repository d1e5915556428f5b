"""Start the test servers, prepare the template database and run pytest with the arguments given."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import psycopg

from helpdesk.database_urls import DatabaseUrl
from helpdesk.embedded.servers import ServerFault, start_postgres, start_valkey
from helpdesk.provision import Logins, RolesTaken, kept_passwords, provision

ROOT = Path(__file__).resolve().parent.parent
# One file for all runs in this checkout: they share the roles of a server that was given.
PASSWORDS = ROOT / "var" / "database-passwords.json"


def free_slot() -> tuple[Path, IO[str]]:
    """A folder for this run's servers that no other run holds."""
    for number in range(1, 20):
        folder = ROOT / "var" / f"test-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return folder, lock
    raise ServerFault("Twenty test runs at once are too many.")


def template_name() -> str:
    """The template database is named by what makes it: the migrations."""
    digest = hashlib.sha256()
    makers = [
        *sorted(ROOT.glob("*/migrations/*.py")),
        ROOT / "accounts/rls.py",
        ROOT / "helpdesk/provision.py",
    ]
    for path in makers:
        digest.update(path.read_bytes())
    return f"hd_template_{digest.hexdigest()[:12]}"


def migrated_template(superuser: DatabaseUrl, passwords: dict[str, str], env: dict[str, str]) -> Logins:
    """The template database, migrated once and then only cloned."""
    logins = provision(superuser, template_name(), passwords=passwords)
    migrate = subprocess.run(
        [sys.executable, ROOT / "manage.py", "migrate", "-v0"],
        env={**env, **logins.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    if migrate.returncode:
        raise ServerFault(f"The migrations failed:\n{migrate.stdout}{migrate.stderr}")
    return logins


def main(arguments: list[str]) -> int:
    """Run the suite; returns pytest's exit code."""
    slot, lock = free_slot()
    children = []
    try:
        env = {**os.environ, "HELPDESK_DATA_DIR": str(slot / "data"), "FQDN": "localhost"}
        if given := os.environ.get("DATABASE_URL"):
            superuser = DatabaseUrl.parse(given)
            passwords = kept_passwords(superuser, PASSWORDS)
        else:
            server, superuser = start_postgres(slot, fast=True)
            children.append(server)
            passwords = {}
        if not os.environ.get("REDIS_URL"):
            server, env["REDIS_URL"] = start_valkey(slot)
            children.append(server)
        logins = migrated_template(superuser, passwords, env)
        env |= logins.environment() | {"TEST_SUPERUSER_URL": str(superuser)}
        return subprocess.run(
            [sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=env, check=False
        ).returncode
    except (ServerFault, RolesTaken, psycopg.Error) as fault:
        print(f"bin/test: {fault}", file=sys.stderr)
        return 3
    finally:
        for child in reversed(children):
            child.stop()
        lock.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
