"""The helpdesk's own processes, started for a test and killed without mercy."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from helpdesk.embedded.children import Child, start

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0  # seconds; a busy machine is slow


def environment(process_env: Mapping[str, str], **more: str) -> dict[str, str]:
    """What our processes need to open the secrets this process has sealed."""
    return {
        **process_env,
        "HELPDESK_CREDENTIAL_KEY": settings.CREDENTIAL_KEY,
        "HELPDESK_SWEEP_SECONDS": "1",
        **more,
    }


def start_sweeper(env: Mapping[str, str], folder: Path) -> Child:
    """`manage.py sweeper`."""
    return start(
        "sweeper", [sys.executable, ROOT / "manage.py", "sweeper"], log=folder / "sweeper.log", env=env
    )


def start_worker(env: Mapping[str, str], folder: Path, *, processes: int = 2) -> Child:
    """A Celery worker with forked processes, listening to every queue."""
    quick = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    options = ["-Q", "delivery,celery", "-c", str(processes), "-n", f"{time.monotonic_ns()}@test", *quick]
    command = [sys.executable, "-m", "celery", "-A", "helpdesk.celery", "worker", *options]
    return start("worker", command, log=folder / "worker.log", env=env, cwd=ROOT)


def kill(child: Child) -> None:
    """End a process and all it has forked, as a power cut would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait(10)


@contextmanager
def running(*children: Child) -> Iterator[list[Child]]:
    """The list of processes to be gone at the end; a test may exchange them."""
    alive = list(children)
    try:
        yield alive
    finally:
        for child in alive:
            kill(child)


def until(
    happened: Callable[[], object],
    *,
    what: str,
    seconds: float = PATIENCE,
    standing: Callable[[], object] = lambda: None,
) -> None:
    """Look every 50 ms whether it has happened; raises AssertionError when it does not in time.

    The time begins anew whenever `standing`, which is how far it is, has changed.
    """
    end, stood = time.monotonic() + seconds, standing()
    while not happened():
        if (stands := standing()) != stood:
            end, stood = time.monotonic() + seconds, stands
        assert time.monotonic() < end, f"Not within {seconds:.0f} s: {what} ({stood})"
        time.sleep(0.05)
