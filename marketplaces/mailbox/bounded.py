"""Reading mail in a child process that cannot take the worker down with it.

ParseFailed         the mail goes to quarantine, its clock running; trying again gives the same answer
    .reason         in plain words: "took longer than 10 s", "needed more than 512 MB", "crashed"
"""

import contextlib
import math
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from marketplaces.mailbox.child import CHUNK, READY
from marketplaces.mailbox.frames import LENGTHS, packed, unpacked
from marketplaces.mailbox.parsed import MailContext, ParsedMail
from marketplaces.mailbox.wire import context_to_json, parsed_from_json

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
MAX_ANSWER_BYTES = 256 * 2**20


class ParseFailed(Exception):
    """A mail that could not be read within its limits; `reason` is fit for the screen."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BoundedParser:
    """Reads mails one after another in a long-lived child, which is replaced when it dies, hangs or grows.

    For one thread at a time. The child starts with the first mail, so an instance may be made before a fork;
    a process that inherits a running one starts its own.
    """

    def __init__(self, *, wall_seconds: float = 10, memory_bytes: int = 512 * 2**20) -> None:
        self.wall_seconds = wall_seconds
        self.memory_bytes = memory_bytes
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def parse(self, raw: bytes, context: MailContext) -> ParsedMail:
        """Return the mail, or raise ParseFailed saying which limit it broke."""
        child = self._running()
        deadline = time.monotonic() + self.wall_seconds
        try:
            with contextlib.suppress(BrokenPipeError):  # it may have said why before it left
                self._send(child, packed(context_to_json(context), [raw]), deadline)
            head_length, rest_length = LENGTHS.unpack(self._receive(child, LENGTHS.size, deadline))
            if head_length + rest_length > MAX_ANSWER_BYTES:
                raise _Broken
            answer, contents = unpacked(
                self._receive(child, head_length, deadline), self._receive(child, rest_length, deadline)
            )
        except TimeoutError:
            self.close()
            raise ParseFailed(f"took longer than {self.wall_seconds:g} s") from None
        except (OSError, ValueError, KeyError, _Broken):
            self.close()
            raise ParseFailed("crashed") from None
        except BaseException:
            # Stopped half-way, say by a task's time limit: the next answer would be to the wrong mail.
            self.close()
            raise
        if answer.get("leaving"):
            self._retire(child)
        return self._mail(answer, contents)

    def close(self) -> None:
        """End the child, if this process has one."""
        if self._owner != os.getpid():
            self._forget()
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            self._let_go(child)

    def __enter__(self) -> "BoundedParser":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mail(self, answer: dict[str, Any], contents: list[bytes]) -> ParsedMail:
        failed = answer.get("failed")
        if failed == "memory":
            raise ParseFailed(f"needed more than {self.memory_bytes // 2**20} MB")
        if failed == "unreadable":
            raise ParseFailed(str(answer["reason"]))
        if failed is not None:
            raise ParseFailed(f"crashed ({answer.get('reason')})")
        try:
            return parsed_from_json(answer["mail"], contents)
        except (KeyError, ValueError, TypeError) as error:
            raise ParseFailed("crashed (an answer that makes no sense)") from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._owner != os.getpid():
            self._forget()
        if self._child is not None and self._child.poll() is not None:
            self.close()
        if self._child is None:
            self._child = self._start()
            self._owner = os.getpid()
        return self._child

    def _start(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [
                sys.executable,
                "-s",
                "-m",
                "marketplaces.mailbox.child",
                str(self.memory_bytes),
                str(math.ceil(self.wall_seconds)),
                str(os.getpid()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback may hold a buyer's words
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
            bufsize=0,
        )
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        try:
            if self._receive(child, len(READY), time.monotonic() + START_SECONDS) == READY:
                return child
        except (TimeoutError, OSError, _Broken):
            pass
        child.kill()
        self._let_go(child)
        raise ParseFailed("the parser process did not start")

    def _send(self, child: subprocess.Popen[bytes], pieces: list[bytes], deadline: float) -> None:
        if child.stdin is None:
            raise _Broken
        pipe = child.stdin.fileno()
        for piece in pieces:
            view = memoryview(piece)
            while view:
                self._wait(pipe, select.POLLOUT, deadline)
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(pipe, view[:CHUNK]) :]

    def _receive(self, child: subprocess.Popen[bytes], length: int, deadline: float) -> bytes:
        if child.stdout is None:
            raise _Broken
        pipe = child.stdout.fileno()
        pieces: list[bytes] = []
        while length:
            self._wait(pipe, select.POLLIN, deadline)
            try:
                piece = os.read(pipe, min(length, CHUNK))
            except BlockingIOError:
                continue
            if not piece:
                raise _Broken
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    @staticmethod
    def _wait(pipe: int, event: int, deadline: float) -> None:
        left = deadline - time.monotonic()
        poll = select.poll()
        poll.register(pipe, event)
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError

    def _retire(self, child: subprocess.Popen[bytes]) -> None:
        self._child = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=1)
        child.kill()
        self._let_go(child)

    def _forget(self) -> None:
        """Drop a child that belongs to the process we were forked from, leaving it alive."""
        child, self._child = self._child, None
        if child is not None:
            child.returncode = 0  # not ours to wait for
            self._close_pipes(child)

    def _let_go(self, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        self._close_pipes(child)

    @staticmethod
    def _close_pipes(child: subprocess.Popen[bytes]) -> None:
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class _Broken(Exception):
    """The child closed its side."""
