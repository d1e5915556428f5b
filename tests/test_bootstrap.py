"""What a clean machine relies on: locks without addresses, and settings that fail loudly."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from helpdesk.database_urls import DatabaseUrl
from helpdesk.env import BadSetting
from helpdesk.provision import RolesTaken, kept_passwords

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements/*.lock")), ids=lambda path: path.name)
def test_a_lock_pins_by_hash_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"://|find-links|index-url", text)
    pinned = re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\\n(?=    --hash=sha256:)", text, re.M)
    assert len(pinned) == len(re.findall(r"^[a-z0-9][^\n]*==", text, re.M)) > 0


def test_every_package_of_the_run_lock_is_in_the_test_lock() -> None:
    run, test = (
        set(re.findall(r"^[a-z0-9][^\s;\\]*", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("run.lock", "test.lock")
    )
    assert run <= test


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hd_app@/helpdesk?host=%2Ftmp%2Fa%20folder%2Fpg",
        "postgresql://hd_app:p%40ss%2Fword@db.example:5433/helpdesk",
        "postgresql://postgres@localhost/helpdesk",
        "postgresql://hd_app@[2001:db8::1]:5433/helpdesk?sslmode=verify-full",
    ],
)
def test_a_database_url_reads_and_writes_the_same(url: str) -> None:
    assert str(DatabaseUrl.parse(url)) == url
    assert "p@ss" not in repr(DatabaseUrl.parse(url))


def test_what_a_database_url_asks_for_reaches_the_driver() -> None:
    url = DatabaseUrl.parse("postgresql://hd_app@db.example/helpdesk?sslmode=verify-full&connect_timeout=9")
    entry = url.django(OPTIONS={"connect_timeout": 5}, CONN_MAX_AGE=None)
    assert entry["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": 5}
    assert entry["CONN_MAX_AGE"] is None


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://localhost", "postgresql://h:port/x"])
def test_a_bad_database_url_is_refused_by_name(url: str) -> None:
    with pytest.raises(BadSetting, match="DATABASE_APP_URL"):
        DatabaseUrl.parse(url, "DATABASE_APP_URL")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HELPDESK_UNDO_SECONDS", "ten", "HELPDESK_UNDO_SECONDS: 'ten' is not a whole number"),
        ("HELPDESK_TLS", "maybe", "HELPDESK_TLS: 'maybe' is neither true nor false"),
        ("HELPDESK_DB_ROLE", "root", "HELPDESK_DB_ROLE: 'root' is not one of app, migrate"),
        ("HELPDESK_SECRET_KEY_FILE", "/nowhere", "HELPDESK_SECRET_KEY_FILE: cannot read /nowhere"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line(name: str, value: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import helpdesk.settings"],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("script", ["bin/demo", "bin/test", ".ci/run", "bin/bootstrap.sh"])
def test_the_scripts_are_posix_shell(script: str) -> None:
    assert subprocess.run(["sh", "-n", ROOT / script], check=False).returncode == 0


def test_every_setting_is_documented() -> None:
    read = set(re.findall(r'env_\w+\(\s*"([A-Z_]+)"', (ROOT / "helpdesk" / "settings.py").read_text()))
    told = set(re.findall(r"`([A-Z_]{6,})`", (ROOT / "docs" / "settings.md").read_text()))
    assert len(read) > 15
    assert read <= told
    assert told - read <= {"DATABASE_URL", "NAME_FILE"}


def test_every_file_the_docs_name_exists() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} names {target}"


def test_the_roles_of_another_helpdesk_keep_their_passwords(tmp_path: Path) -> None:
    superuser = DatabaseUrl.parse(os.environ["TEST_SUPERUSER_URL"])
    with pytest.raises(RolesTaken, match="hd_app of another helpdesk"):
        kept_passwords(superuser, tmp_path / "passwords.json")


def test_the_passwords_of_ones_own_server_stay_the_same(tmp_path: Path) -> None:
    superuser = DatabaseUrl.parse(os.environ["TEST_SUPERUSER_URL"])
    with psycopg.connect(str(superuser)) as connection:
        row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert row is not None
    file = tmp_path / "passwords.json"
    file.write_text(json.dumps({row[0]: {"hd_app": "known"}}))
    assert kept_passwords(superuser, file) == {"hd_app": "known"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the limit on memory is not set elsewhere")
def test_the_mail_reader_starts_under_a_lower_limit_of_the_system() -> None:
    low = 400 * 2**20
    script = (
        "import resource; from marketplaces.mailbox.child import _limit_memory;"
        f" resource.setrlimit(resource.RLIMIT_AS, ({low}, {low})); _limit_memory({2**30});"
        " print(resource.getrlimit(resource.RLIMIT_AS))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == f"({low}, {low})", done.stderr


def test_an_installation_waits_for_the_other_one_and_outlives_a_dead_one(tmp_path: Path) -> None:
    """Under a checkout of its own whose locks are already installed."""
    (tmp_path / "var").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.lock").write_text("")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    wanted = "$(cksum requirements/run.lock | cut -d ' ' -f 1,2)"
    script = f"""
        set -eu; cd '{tmp_path}'; printf '%s' "{wanted}" >.venv/installed-run.lock
        me=test; lock=run.lock; root='{tmp_path}'; . '{ROOT}/bin/bootstrap.sh'; echo done
    """
    held = tmp_path / "var" / "install.lock"
    held.symlink_to("999999999")
    over = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert over.stdout == "done\n", over.stderr
    assert not held.is_symlink()
    held.symlink_to(str(os.getpid()))
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as second:
        assert second.stderr is not None
        assert b"waiting for another installation" in second.stderr.readline()
        held.unlink()
        assert second.communicate(timeout=30)[0] == b"done\n"
