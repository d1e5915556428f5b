"""Start child processes that cannot outlive us, and stop them in order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


def die_with_parent(sign: int = signal.SIGINT) -> None:
    """Ask Linux to signal this process when the thread that started it ends (others cannot)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)


@dataclass
class Child:
    """A running child process with the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: int = signal.SIGTERM

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def ask_to_stop(self) -> None:
        """Tell the process to end, without waiting for it."""
        if not self.ended:
            self.process.send_signal(self.stop_signal)

    def stop(self, seconds: float = 10) -> None:
        """Ask the process to end and kill it if it does not within the time."""
        if self.ended:
            return
        self.ask_to_stop()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, to show when it died."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except OSError:
            return ""


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    stop_signal: int = signal.SIGTERM,
    **options: Any,
) -> Child:
    """Start a child in a session of its own (the terminal's Ctrl-C is for us alone); it dies when we do."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(stop_signal),
            **options,
        )
    return Child(name, process, log, stop_signal)
