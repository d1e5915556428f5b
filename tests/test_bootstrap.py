"""What a clean machine relies on: locks without addresses, and settings that fail loudly."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpdesk.database_urls import DatabaseUrl
from helpdesk.env import BadSetting

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
    ],
)
def test_a_database_url_reads_and_writes_the_same(url: str) -> None:
    assert str(DatabaseUrl.parse(url)) == url
    assert "p@ss" not in repr(DatabaseUrl.parse(url))


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
