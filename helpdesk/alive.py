"""Whether a process of this container lives, for its health check: `python -m helpdesk.alive <process>`.

Web and live are asked over HTTP; what serves nobody (worker, beat, sweeper) touches a file at each turn,
and is ill when it has not for a minute. Imports no Django: a check must stay cheaper than what it checks.
"""

import http.client
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

SILENT_SECONDS = 60
PORTS = {"web": 8000, "live": 8001}
# What a stranger is answered: the sign-in page, and that a stream needs a session.
ANSWERS = {"web": ("/login/", 200), "live": ("/live/nobody/", 401)}


def touch(process: str) -> None:
    """The process has taken another turn."""
    path_of(process).touch()


def path_of(process: str) -> Path:
    """The file a process touches; a container has a temporary folder of its own."""
    return Path(tempfile.gettempdir()) / f"helpdesk-alive-{process}"


def fault_of(process: str, ports: Mapping[str, int] = PORTS) -> str:
    """What is wrong with a process, in words; empty when it lives."""
    if process in ports:
        return _no_answer(process, ports[process])
    try:
        silent = time.time() - path_of(process).stat().st_mtime
    except OSError:
        return "It has not taken a turn yet."
    return "" if silent < SILENT_SECONDS else f"It has not taken a turn for {silent:.0f} s."


def _no_answer(process: str, port: int) -> str:
    path, expected = ANSWERS[process]
    host = os.environ.get("HELPDESK_HOSTS", "localhost").split(",")[0].strip()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        status = connection.getresponse().status
    except OSError as error:
        return f"It does not answer: {error}."
    finally:
        connection.close()
    return "" if status == expected else f"It answers {path} with {status}."


def main(arguments: list[str]) -> int:
    """Say what is wrong; the exit code is what a health check reads."""
    if len(arguments) != 1 or arguments[0] not in (*PORTS, "worker", "beat", "sweeper"):
        print("usage: python -m helpdesk.alive web|live|worker|beat|sweeper", file=sys.stderr)
        return 2
    fault = fault_of(arguments[0])
    if fault:
        print(f"{arguments[0]}: {fault}", file=sys.stderr)
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
