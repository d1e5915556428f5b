"""Starting, stopping and asking."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.simulator.conftest import OpenAccount
from tests.simulator_client import Control, ControlError, SimulatorProcess

_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_in_the_middle_of_sessions(tmp_path: Path, signum: int) -> None:
    process = SimulatorProcess(tmp_path)
    process.start()
    process.control.open_account("care@acme.test")
    process.control.drip(0.05)
    with httpx.Client(timeout=20) as idle:
        idle.get(f"{process.endpoints['control']}/control/stories")
        os.kill(process.pid, signum)
        assert process.wait() == 0
    assert process.errors() == ""


def test_the_ready_file_says_where_it_listens(own_simulator: SimulatorProcess) -> None:
    facts = json.loads((own_simulator.data / "ready.json").read_text())
    apis = {"walmart_api", "amazon_api", "amazon_login", "apps"}
    assert set(facts) == {"control", "imap_host", "imap_port", "smtp_host", "smtp_port", "pid", *apis}
    assert facts["imap_host"] == facts["smtp_host"] == "127.0.0.1"
    for name in ("imap_port", "smtp_port"):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", facts[name]), timeout=5)


def test_a_second_one_on_the_same_data_says_so(own_simulator: SimulatorProcess) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "simulator", "--data", str(own_simulator.data)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr == f"simulator: Another simulator is running on {own_simulator.data}.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'simulator', '--data', sys.argv[1]]\n"
        "child = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[int(sys.argv[2])])\n"
        "child.stdout.readline()\n"
        "print(flush=True)\n"
        "input()\n"
    )
    # Both hold the writing end: its reader sees the end of file only when neither is left.
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path), str(writing)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[writing],
    ) as parent:
        os.close(writing)
        assert parent.stdout is not None
        parent.stdout.readline()
        parent.kill()
    ended, _, _ = select.select([reading], [], [], 20)
    os.close(reading)
    assert ended


def test_a_taken_port_is_said_in_a_line(own_simulator: SimulatorProcess, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "simulator", "--memory", f"--imap-port={own_simulator.imap[1]}"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert second.returncode == 1
    assert "address already in use" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_the_log_answers_at_once_when_there_is_something(control: Control, seller: OpenAccount) -> None:
    address = seller()
    before = control.last()
    control.story("thank_you", address)
    events = control.log(before, wait=60)
    assert [(event["kind"], event["account"]) for event in events] == [("placed", address)]
    assert events[0]["n"] > before


def test_the_log_answers_nothing_when_the_wait_is_over(control: Control) -> None:
    assert control.log(control.last(), wait=0.05, kind="accepted") == []


def test_the_log_waits_past_events_of_another_kind(
    control: Control, seller: OpenAccount, simulator: SimulatorProcess
) -> None:
    address = seller()
    before = control.last()
    with ThreadPoolExecutor() as beside, closing(Control(control.base_url)) as other:
        waiting = beside.submit(other.log, before, wait=20, kind="renumbered")
        control.story("thank_you", address)
        control.new_uidvalidity(address)
        events = waiting.result(30)
    assert [(event["kind"], event["account"]) for event in events] == [("renumbered", address)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/control/nothing", b"", 404, "nothing at /control/nothing"),
        ("DELETE", "/control/stories", b"", 405, "knows GET, POST only"),
        ("POST", "/control/stories", b"{", 400, "not JSON"),
        ("POST", "/control/stories", b"[]", 400, "not a JSON object"),
        ("POST", "/control/accounts", b"{}", 400, "also needs: marketplace, market, name, address, password"),
        ("PATCH", "/control/accounts/who@acme.test", b"{}", 404, "no seller account"),
        ("GET", "/control/log?after=x", b"", 400, "after is a number"),
        ("GET", "/control/buyers/who@relay.walmart.com", b"", 404, "no relay address"),
        ("POST", "/control/outcomes", b'{"outcome": "rain"}', 400, "outcome is one of"),
    ],
)
def test_what_it_cannot_do_it_says(
    control: Control, method: str, path: str, body: bytes, status: int, words: str
) -> None:
    answer = httpx.request(method, control.base_url + path, content=body, trust_env=False)
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"market": "atlantis"}, "no market walmart/atlantis"),
        ({"address": "nobody"}, "not a mail address"),
        ({"shoe_size": 43}, "no shoe_size"),
        ({"confirmations": "yes"}, "Wrong type: confirmations"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(
    control: Control, facts: dict[str, object], words: str
) -> None:
    given = {
        "marketplace": "walmart",
        "market": "us",
        "name": "n",
        "address": "odd@acme.test",
        "password": "p",
        **facts,
    }
    with pytest.raises(ControlError, match=words):
        control.ask("POST", "accounts", given)
    assert "odd@acme.test" not in [account["address"] for account in control.accounts()]
