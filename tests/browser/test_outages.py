"""The database or the broker dies under the running stack, and the work goes on by itself."""

import os
import signal

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.test_main_job import row, tell


def test_the_broker_is_killed_and_mail_goes_on_coming_in(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in()
    (pid,) = [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit() and f"{stack.folder}/valkey".encode() in command_of(name)
    ]
    os.kill(pid, signal.SIGKILL)
    tell(stack, "Lumen US", "Canary broker: where is it?")
    expect(row(page, "Canary broker")).to_be_visible()


def test_the_database_is_killed_and_pages_and_mail_come_back(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in(outage=True)
    postmaster = int((stack.folder / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    tell(stack, "Lumen US", "Canary database: where is it?")
    expect(row(page, "Canary database")).to_be_visible()


def command_of(pid: str) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""
