"""docker-compose.yml says what the product knows: parsed, and compared with the code it starts."""

import os
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from helpdesk import alive

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "helpdesk"}
KNOWN = set(re.findall(r'env_\w+\(\s*"([A-Z_]+)"', (ROOT / "helpdesk" / "settings.py").read_text()))
# Read by commands before Django is set up.
KNOWN |= {"DATABASE_URL", "DATABASE_MIGRATE_URL"}


def words(service: dict[str, Any]) -> list[str]:
    """A service's command, word by word."""
    command = service["command"]
    return shlex.split(command) if isinstance(command, str) else command


def test_every_process_of_the_helpdesk_is_there() -> None:
    assert set(SERVICES) - set(OURS) == {"postgres", "valkey", "proxy"}
    assert set(OURS) == {"migrate", "web", "live", "worker", "delivery", "beat", "sweeper"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_the_settings_read(name: str) -> None:
    given = {variable.removesuffix("_FILE") for variable in OURS[name]["environment"]}
    assert given <= KNOWN
    assert {"DATABASE_APP_URL", "REDIS_URL", "HELPDESK_SECRET_KEY", "HELPDESK_CREDENTIAL_KEY"} <= given


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_open_and_each_file_is_given(name: str) -> None:
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if variable.endswith("_FILE"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]
        else:
            assert not re.search(r"PASSWORD|SECRET|CREDENTIAL|DATABASE", variable)
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_process_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]["test"]
    assert check[0] == "CMD"
    if name in OURS:
        assert check[1:4] == ["python", "-m", "helpdesk.alive"]
        assert check[4] in (*alive.PORTS, "worker", "beat", "sweeper")


@pytest.mark.parametrize("name", OURS)
def test_what_is_started_exists(name: str) -> None:
    command = words(OURS[name])
    if command[0] == "sh":
        started = re.findall(r"manage\.py (\w+)", command[2])
        assert started == ["provision", "migrate", "check"]
        assert set(started) <= set(get_commands())
    elif command[:2] == ["python", "manage.py"]:
        assert command[2] in get_commands()
    elif command[0] == "celery":
        from helpdesk.celery import app

        assert command[1:3] == ["-A", "helpdesk.celery"]
        queues = {route["queue"] for route in app.conf.task_routes.values()} | {"celery"}
        assert "-Q" not in command or command[command.index("-Q") + 1] in queues
    else:
        assert command[0] == "granian"
        module, _, attribute = command[-1].partition(":")
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
        assert attribute == "application"
        port = int(command[command.index("--port") + 1])
        assert alive.PORTS[name] == port


def test_every_queue_has_a_worker() -> None:
    from helpdesk.celery import app

    heard = {command[command.index("-Q") + 1] for each in OURS.values() if "-Q" in (command := words(each))}
    assert heard == {route["queue"] for route in app.conf.task_routes.values()} | {"celery"}


def test_nobody_starts_before_the_tables_are_made() -> None:
    for name in set(OURS) - {"migrate"}:
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert OURS[name]["depends_on"]["valkey"] == {"condition": "service_healthy"}
    assert OURS["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_image_is_built_here_from_the_lock_and_runs_as_nobody_special() -> None:
    lines = OURS["migrate"]["build"]["dockerfile_inline"].splitlines()
    assert re.fullmatch(r"FROM python:3\.\d+-slim", lines[0])  # glibc: a wheel of the lock has no musl twin
    assert any("--require-hashes" in line and "requirements/run.lock" in line for line in lines)
    assert lines[-1] == "USER helpdesk"
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]


def test_the_databases_are_not_reachable_from_outside() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name, service in SERVICES.items():
        assert ("ports" in service) == (name == "proxy")
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_proxy_sends_streams_to_live_and_the_rest_to_web() -> None:
    caddyfile = COMPOSE["configs"]["caddyfile"]["content"]
    live, rest = caddyfile.split("handle {")
    assert re.search(r"handle /live/\* \{\s+reverse_proxy live:8001 \{\s+flush_interval -1", live)
    assert "reverse_proxy web:8000" in rest
    assert "text/event-stream" not in caddyfile


def test_the_secrets_are_made_once(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "secrets"
    script.parent.mkdir()
    script.write_bytes((ROOT / "bin" / "secrets").read_bytes())
    for turn in range(2):
        subprocess.run(["sh", str(script)], check=True, capture_output=True)
        made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
        if turn == 0:
            first = made
    assert made == first
    assert set(made) == set(COMPOSE["secrets"])
    assert len(made["credential_key"]) == 64
    assert made["postgres_password"] in made["database_url"]
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_a_process_that_takes_no_turns_is_ill(tmp_path: Path) -> None:
    def check() -> int:
        asked = [sys.executable, "-m", "helpdesk.alive", "beat"]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        return subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, check=False).returncode

    assert check() == 1
    file = tmp_path / "helpdesk-alive-beat"
    file.touch()
    assert check() == 0
    long_ago = file.stat().st_mtime - alive.SILENT_SECONDS - 1
    os.utime(file, (long_ago, long_ago))
    assert check() == 1


class Refusing(BaseHTTPRequestHandler):
    """A server that is up and answers nobody as it should."""

    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("process", alive.PORTS)
def test_a_server_that_does_not_answer_as_it_should_is_ill(process: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert "with 503" in alive.fault_of(process, {process: port})
        server.shutdown()
    assert "does not answer" in alive.fault_of(process, {process: port})
