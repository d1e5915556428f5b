"""Starts the simulator as a process of its own and speaks to its control API."""

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

_ROOT = Path(__file__).resolve().parent.parent


class Control:
    """The control API; every method answers with the decoded JSON and raises on a refusal."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = httpx.Client(base_url=base_url, timeout=90, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """Send one request; raises ControlError with the simulator's own sentence."""
        answer = self._http.request(method, f"/control/{path}", json=body, params=query or None)
        if answer.is_error:
            raise ControlError(answer.status_code, answer.json()["error"])
        return answer.json()

    def open_account(
        self, address: str, *, marketplace: str = "walmart", market: str = "us", **facts: Any
    ) -> dict[str, Any]:
        """Make a seller account; name and password have defaults."""
        given = {"name": "Hearthside Supply", "password": "secret", **facts}
        return dict(
            self.ask(
                "POST",
                "accounts",
                {"marketplace": marketplace, "market": market, "address": address, **given},
            )
        )

    def accounts(self) -> list[dict[str, Any]]:
        """All seller accounts."""
        return list(self.ask("GET", "accounts"))

    def change_account(self, address: str, **facts: Any) -> dict[str, Any]:
        """Change password, registered_sender, name, confirmations or (some of) `api`."""
        return dict(self.ask("PATCH", f"accounts/{address}", facts))

    def stories(self) -> list[dict[str, Any]]:
        """The stories that can be told."""
        return list(self.ask("GET", "stories")["stories"])

    def story(
        self,
        story: str,
        account: str,
        *,
        age_minutes: float | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Tell a story into the mailbox of `account`."""
        asked: dict[str, Any] = {"story": story, "account": account, "options": options}
        if age_minutes is not None:
            asked["age_minutes"] = age_minutes
        if seed is not None:
            asked["seed"] = seed
        return dict(self.ask("POST", "stories", asked))

    def reply(self, story_id: str, text: str | None = None, **more: Any) -> dict[str, Any]:
        """Let the buyer of a story write again (`age_minutes`, `threaded`)."""
        return dict(self.ask("POST", f"stories/{story_id}/reply", {"text": text, **more}))

    def mail(self, account: str, raw: bytes, *, folder: str = "INBOX", **when: Any) -> int:
        """Put exact bytes into a folder; returns the UID. `at` (ISO) or `age_minutes`: the INTERNALDATE."""
        query = {"account": account, "folder": folder, **when}
        answer = self._http.post("/control/mail", params=query, content=raw)
        if answer.is_error:
            raise ControlError(answer.status_code, answer.json()["error"])
        return int(answer.json()["uid"])

    def day(
        self,
        *,
        seed: int = 7,
        accounts: list[str] | None = None,
        mcf_accounts: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """A believable day of traffic; `mcf_accounts`: which Amazon account ships some Walmart orders."""
        asked = {"seed": seed, "accounts": accounts, "mcf_accounts": mcf_accounts}
        return dict(self.ask("POST", "day", asked))

    def place_orders(self, account: str, count: int = 1, *, seed: int = 7, **options: Any) -> list[str]:
        """Have that many orders placed at an account; returns the marketplace's ids, oldest request first."""
        asked = {"account": account, "count": count, "seed": seed, "options": options}
        return list(self.ask("POST", "orders", asked)["ids"])

    def orders(self, account: str) -> list[dict[str, Any]]:
        """Everything the marketplace has about every order of an account: the referee of what was read."""
        return list(self.ask("GET", "orders", account=account)["orders"])

    def order(self, name: str) -> dict[str, Any]:
        """One order by the marketplace's or the customer's id."""
        return dict(self.ask("GET", f"orders/{name}"))

    def advance(self, order: str, to: str, **details: str) -> dict[str, Any]:
        """Move an order on (`carrier`, `tracking`, `reason`, `comment`, `amount`, `by`, `channel`)."""
        return dict(self.ask("POST", f"orders/{order}/advance", {"to": to, **details}))

    def mails(self, account: str, count: int, *, seed: int = 7) -> dict[str, Any]:
        """Have that many buyers' mails delivered, each about an order of the account."""
        return dict(self.ask("POST", "mails", {"account": account, "count": count, "seed": seed}))

    def hook(self, account: str, event: str, **payload: Any) -> int:
        """Have Walmart tell of an event; how many are told."""
        asked = {"account": account, "event": event, "payload": payload}
        return int(self.ask("POST", "hooks", asked)["told"])

    def limits(self, **limits: Any) -> dict[str, Any]:
        """Rate limits: `on`, `rates` by operation; `lag_seconds` of Amazon's order search."""
        return dict(self.ask("POST", "limits", limits))

    def calls(self, account: str = "", *, after: int = 0, operation: str = "") -> list[dict[str, Any]]:
        """The API calls that were answered: the referee of what was asked."""
        calls = self.log(after, kind="api", account=account)
        return [call for call in calls if operation in ("", call["operation"])]

    def drip(self, every_seconds: float) -> None:
        """Keep new mail arriving; 0 stops it."""
        self.ask("POST", "drip", {"every_seconds": every_seconds})

    def fault(self, point: str, action: str, **more: Any) -> dict[str, Any]:
        """Set a fault (`account`, `times`, `match`; mail: `reply`; API: `status`, `seconds`, `how`)."""
        return dict(self.ask("POST", "faults", {"point": point, "action": action, **more}))

    def faults(self) -> dict[str, Any]:
        """Faults nobody met yet, and how many sessions are held."""
        return dict(self.ask("GET", "faults"))

    def clear_faults(self) -> None:
        """Forget the faults nobody met yet."""
        self.ask("DELETE", "faults")

    def own_outcome(self, account: str, outcome: str, *, match: str = "", times: int = 1) -> None:
        """What becomes of a mail to a seller's own mailbox: bounce, lost or spam."""
        body = {"account": account, "outcome": outcome, "own": True, "match": match, "times": times}
        self.ask("POST", "outcomes", body)

    def hide_folder(self, account: str, folder: str) -> None:
        """Take a folder out of what IMAP lists."""
        self.ask("POST", "mailbox", {"account": account, "action": "hide", "folder": folder})

    def release(self) -> int:
        """Let everything held continue; returns how many sessions."""
        return int(self.ask("POST", "release")["released"])

    def outcome(self, outcome: str, *, times: int = 1, **whose: str) -> dict[str, Any]:
        """Decide the fate of the next replies of an `account` or to a `relay_address`."""
        return dict(self.ask("POST", "outcomes", {"outcome": outcome, "times": times, **whose}))

    def log(
        self, after: int = 0, *, wait: float = 0, kind: str = "", account: str = ""
    ) -> list[dict[str, Any]]:
        """Events after a number; `wait` blocks until there is one. `kind` may be several, with commas."""
        return list(self.ask("GET", "log", after=after, wait=wait, kind=kind, account=account)["events"])

    def last(self) -> int:
        """The number of the newest event: where to start waiting."""
        return int(self.ask("GET", "log", kind="none")["last"])

    def wait_for(self, kind: str, *, after: int = 0, wait: float = 10, **fields: Any) -> dict[str, Any]:
        """The first event of that kind with those fields; raises AssertionError if none comes in time."""
        while True:
            events = self.log(after, wait=wait, kind=kind, account=fields.get("account", ""))
            if not events:
                raise AssertionError(f"No event {kind} with {fields} came within {wait} s.")
            for event in events:
                if all(event.get(name) == value for name, value in fields.items()):
                    return event
            after = events[-1]["n"]

    def buyer(self, relay_address: str) -> list[dict[str, Any]]:
        """The mails in a simulated buyer's mailbox."""
        return list(self.ask("GET", f"buyers/{relay_address}")["mails"])

    def new_uidvalidity(self, account: str, folder: str = "INBOX") -> int:
        """Renumber a folder under a new UIDVALIDITY, which is returned."""
        asked = {"account": account, "action": "uidvalidity", "folder": folder}
        return int(self.ask("POST", "mailbox", asked)["uidvalidity"])


class ControlError(Exception):
    """The simulator refused a request; `status` is the HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class SimulatorProcess:
    """One simulator: `start` it (or use `with`), then `control`, `imap_port`, `smtp_port`; `stop` it."""

    def __init__(self, data: Path, *, seed: int = 7, memory: bool = False, behind: float = 0) -> None:
        self.data, self.seed, self.memory, self.behind = data, seed, memory, behind
        self.endpoints: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None
        self._control: Control | None = None

    @property
    def control(self) -> Control:
        """The control API of the running process."""
        assert self._control is not None, "The simulator is not running."
        return self._control

    @property
    def imap(self) -> tuple[str, int]:
        """Host and port of IMAP."""
        return self.endpoints["imap_host"], self.endpoints["imap_port"]

    @property
    def smtp(self) -> tuple[str, int]:
        """Host and port of SMTP."""
        return self.endpoints["smtp_host"], self.endpoints["smtp_port"]

    @property
    def walmart_api(self) -> str:
        """Where Walmart's API is."""
        return str(self.endpoints["walmart_api"])

    @property
    def amazon_api(self) -> str:
        """Where Amazon's API is."""
        return str(self.endpoints["amazon_api"])

    @property
    def amazon_login(self) -> str:
        """Where Login with Amazon is."""
        return str(self.endpoints["amazon_login"])

    @property
    def pid(self) -> int:
        """The process id."""
        return int(self.endpoints["pid"])

    def start(self, *, patience: float = 20) -> Self:
        """Start it and wait until all its servers listen; a restart keeps the ports."""
        self.data.mkdir(parents=True, exist_ok=True)
        ready = self.data / "ready.json"
        ready.unlink(missing_ok=True)
        where = ["--memory"] if self.memory else ["--data", str(self.data)]
        ports = [f"--{name}-port={self._port(name)}" for name in ("http", "imap", "smtp")]
        with (self.data / "simulator.err").open("a") as errors:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "simulator",
                    *where,
                    *ports,
                    f"--ready-file={ready}",
                    f"--seed={self.seed}",
                    f"--behind={self.behind}",
                ],
                cwd=_ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        said, _, _ = select.select([self._process.stdout], [], [], patience)
        if not said or not self._process.stdout.readline():
            self.kill()
            raise RuntimeError(f"The simulator did not start: {self.errors()[-2000:]}")
        self.endpoints = json.loads(ready.read_text())
        self._control = Control(self.endpoints["control"])
        return self

    def stop(self, *, patience: float = 10) -> int:
        """End it as a terminal would; returns its exit code."""
        return self._end(signal.SIGTERM, patience)

    def wait(self, *, patience: float = 10) -> int:
        """Wait for its end, when something else ends it; returns its exit code."""
        return self._end(None, patience)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL, 10)

    def errors(self) -> str:
        """What it wrote to standard error."""
        return (self.data / "simulator.err").read_text()

    def _port(self, name: str) -> int:
        if name == "http":
            return int(str(self.endpoints.get("control", ":0")).rpartition(":")[2])
        return int(self.endpoints.get(f"{name}_port", 0))

    def _end(self, signum: int | None, patience: float) -> int:
        if self._control is not None:
            self._control.close()
            self._control = None
        process, self._process = self._process, None
        if process is None:
            return 0
        if signum is not None:
            process.send_signal(signum)
        try:
            return process.wait(patience)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def running_simulator(data: Path, **more: Any) -> Iterator[SimulatorProcess]:
    """A simulator for the length of a `with` block."""
    with SimulatorProcess(data, **more) as process:
        yield process
