"""Real Chromium on the whole running stack: the demo itself, in a folder and on a port of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, expect

from tests.conftest import PATIENCE_MS, REFUSALS
from tests.simulator_client import Control

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these drive a browser."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Stack:
    """The running demo: its folder, what ready.json says, and the simulator's control."""

    folder: Path
    facts: dict[str, Any]
    control: Control

    def login_of(self, email: str) -> dict[str, Any]:
        """The login with that address."""
        return next(login for login in self.facts["logins"] if login["email"] == email)

    def process(self, words: str) -> int:
        """The id of the demo's process with these words in its command."""
        demo = self.facts["pid"]
        children = Path(f"/proc/{demo}/task/{demo}/children").read_text().split()
        (found,) = [each for each in children if words.encode() in Path(f"/proc/{each}/cmdline").read_bytes()]
        return int(found)

    def account(self, name: str) -> dict[str, Any]:
        """A seller account's mailbox by the account's name."""
        return next(account for account in self.facts["accounts"] if account["name"] == name)


@pytest.fixture(scope="session")
def stack(browser: Browser) -> Iterator[Stack]:
    """The demo, started as a person starts it, in a path with a space."""
    folder = ROOT / "var" / f"browser stack {os.getpid()}"
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "HELPDESK_D"))
    }
    env.pop("REDIS_URL", None)
    env |= {
        "DEMO_DIR": str(folder),
        "PORT": str(port),
        "DEMO_DRIP_SECONDS": "0",
        "HELPDESK_MAIL_POLL_SECONDS": "1",
        # Nothing on a page may depend on looking again by itself.
        "HELPDESK_POLL_FALLBACK": "0",
        # What one test has told must not push another's row off the first page.
        "HELPDESK_LIST_ROWS": "500",
    }
    log = (folder / "demo.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "helpdesk.demo"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("ready after"):
            break
    else:
        process.wait()
        pytest.fail(f"The demo did not come up:\n{''.join(said)}{(folder / 'demo.log').read_text()}")
    facts = json.loads((folder / "ready.json").read_text())
    control = Control(facts["simulator"]["control"])
    yield Stack(folder, facts, control)
    control.close()
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(30) == 0
    process.stdout.close()
    log.close()
    shutil.rmtree(folder)


SignIn = Callable[..., Page]
Cookies = dict[str, StorageState]


@pytest.fixture(scope="session")
def signed_in() -> Cookies:
    """The cookies of whoever has signed in before, by mail address: a password takes its seconds."""
    return {}


@pytest.fixture
def sign_in(stack: Stack, browser: Browser, signed_in: Cookies) -> Iterator[SignIn]:
    """Signs a person in, in a context of their own; a console error or a broken page rule fails the test.

    `outage`: requests of this page may fail.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE_MS)

    def note(said: ConsoleMessage, *, outage: bool) -> None:
        # During an outage a browser writes down each request that failed; that is no fault of the page.
        failed = "net::ERR" in said.text or "Failed to load resource" in said.text
        if said.type == "error" and not (outage and failed):
            complaints.append(said.text)

    def sign_in(email: str = "marco@northfold.example", *, outage: bool = False, **options: Any) -> Page:
        known: dict[str, Any] = {
            "viewport": {"width": 1440, "height": 900},
            "storage_state": signed_in.get(email),
        }
        context = browser.new_context(**known | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: note(said, outage=outage))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(stack.facts["url"])
        if "/login/" in page.url:
            page.get_by_label("Mail address").fill(email)
            page.get_by_label("Password").fill(stack.login_of(email)["password"])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/t/**")
            # Cookies alone: what a page keeps in the browser is each context's own.
            signed_in[email] = {"cookies": context.storage_state()["cookies"], "origins": []}
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert [said for said in complaints if not any(word in said for word in REFUSALS)] == []
