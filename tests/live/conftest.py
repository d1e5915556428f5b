"""A real live process on this test's database and broker, and browsers that listen to it."""

import http.client
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.models import Membership, User
from helpdesk.embedded.children import Child, start
from tests.outbox.processes import PATIENCE, ROOT, kill, until
from tests.world import World


def start_live(env: Mapping[str, str], folder: Path, port: int) -> Child:
    """The live process as the demo starts it."""
    serve = ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-ws"]
    serve += ["--workers-kill-timeout", "1"]
    command = [sys.executable, "-m", "granian", *serve, "helpdesk.live.asgi:application"]
    return start("live", command, log=folder / "live.log", env=env, cwd=ROOT)


class Listener:
    """One open stream; a thread of its own reads what comes."""

    def __init__(self, port: int, cookie: str, slug: str) -> None:
        self.content = b""
        self.ended = False
        self._news = threading.Condition()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", f"/live/{slug}/", headers={"Cookie": cookie} if cookie else {})
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while piece := self._answer.read1(65536):
                with self._news:
                    self.content += piece
                    self._news.notify_all()
        except (OSError, http.client.HTTPException, AttributeError, ValueError):
            pass
        with self._news:
            self.ended = True
            self._news.notify_all()

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """All whole events so far, by name and data."""
        found = []
        for block in self.content.decode().split("\n\n")[:-1]:
            lines = dict(line.partition(": ")[::2] for line in block.splitlines())
            if "event" in lines:
                found.append((lines["event"], json.loads(lines["data"])))
        return found

    def named(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of that name so far."""
        return [data for each, data in self.events if each == name]

    def wait(self, name: str, /, *, times: int = 1, **fields: Any) -> dict[str, Any]:
        """The event of that name with those fields, when it has come so many times."""

        def found() -> list[dict[str, Any]]:
            return [data for data in self.named(name) if fields.items() <= data.items()]

        with self._news:
            came = self._news.wait_for(lambda: len(found()) >= times, PATIENCE)
        assert came, f"No {name} with {fields} in {self.events}"
        return found()[times - 1]

    def wait_end(self) -> None:
        """Until the server ends the stream."""
        with self._news:
            assert self._news.wait_for(lambda: self.ended, PATIENCE), self.events

    def close(self) -> None:
        """Leave, as a closed browser does."""
        if self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._answer.close()
        self._connection.close()


def cookie_of(who: Membership | User) -> str:
    """The cookie of somebody who has signed in."""
    browser = Client()
    browser.force_login(who.user if isinstance(who, Membership) else who)
    return (
        f"{django_settings.SESSION_COOKIE_NAME}={browser.cookies[django_settings.SESSION_COOKIE_NAME].value}"
    )


Listen = Callable[..., Listener]


@pytest.fixture
def live_env(process_env: dict[str, str]) -> dict[str, str]:
    """The environment of the live process: the keys and the broker of this process."""
    return {
        **process_env,
        "HELPDESK_SECRET_KEY": django_settings.SECRET_KEY,
        "REDIS_URL": django_settings.REDIS_URL,
    }


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def live(world: World, live_env: dict[str, str], tmp_path: Path, port: int) -> Iterator[Child]:
    """A live process that listens to its channel."""
    child = start_live(live_env, tmp_path, port)
    until(lambda: _answers(port), what="the live process answers")
    yield child
    kill(child)


@pytest.fixture
def listen(live: Child, port: int) -> Iterator[Listen]:
    """Opens the stream of a tenant for somebody."""
    opened: list[Listener] = []

    def listen(who: Membership | User | None, slug: str = "acme", *, cookie: str = "") -> Listener:
        listener = Listener(port, cookie or (cookie_of(who) if who else ""), slug)
        opened.append(listener)
        if listener.status == 200:
            listener.wait("hello")
        return listener

    yield listen
    for listener in opened:
        listener.close()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/live/nobody/")
        return connection.getresponse().status == 401
    except OSError:
        return False
    finally:
        connection.close()
