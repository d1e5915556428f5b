"""The process that reads mail for a `BoundedParser`.

`python -m marketplaces.mailbox.child MEMORY SECONDS PARENT`: it limits its own memory, is ended by an alarm
if it outlives its owner in the middle of a mail, and leaves by itself when its owner is gone, after
`MAX_MAILS` mails, or when it has grown.
"""

import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from marketplaces.mailbox.frames import LENGTHS, packed, unpacked
from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import UnreadableMail
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.mailbox.wire import context_from_json, parsed_to_json

READY = b"r"
MAX_MAILS = 500
ORPHAN_SECONDS = 5
CHUNK = 1 << 20


def main(memory_bytes: int, wall_seconds: int, parent: int) -> NoReturn:
    """Answer requests until there is a reason to leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides, not the terminal
    rulebook()
    _limit_memory(memory_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _write([READY])
    for count in range(1, MAX_MAILS + 1):
        try:
            head_length, rest_length = LENGTHS.unpack(_read(LENGTHS.size, parent))
            # The owner kills what hangs; the alarm is for a child whose owner was killed first.
            signal.alarm(wall_seconds + ORPHAN_SECONDS)
            answer, contents = _answer(_read(head_length, parent), _read(rest_length, parent))
            leaving = count == MAX_MAILS or _resident_bytes() > memory_bytes // 2
            _write(packed({**answer, "leaving": leaving}, contents))
        except MemoryError:
            # Too large even to be taken in, or to be handed back; part of it may still lie in the pipe.
            leaving = True
            _write(packed({"failed": "memory", "leaving": True}))
        signal.alarm(0)
        if leaving:
            break
    sys.exit(0)


def _limit_memory(memory_bytes: int) -> None:
    """Limit the address space, below a limit that stands already; systems without one go without."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ValueError, OSError):
        # macOS knows the limit by name and refuses to set it.
        if sys.platform == "linux":
            raise


def _answer(head: bytearray, rest: bytearray) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    try:
        context, (raw,) = unpacked(head, rest)
        mail, contents = parsed_to_json(parse(raw, context_from_json(context)))
    except MemoryError:
        return {"failed": "memory"}, ()
    except UnreadableMail as error:
        return {"failed": "unreadable", "reason": error.reason}, ()
    except Exception as error:  # a fault of the parser: its kind is told, the mail's words are not
        return {"failed": "fault", "reason": type(error).__name__}, ()
    return {"mail": mail}, contents


def _read(length: int, parent: int) -> bytearray:
    data = bytearray(length)
    at = 0
    while at < length:
        ready, _, _ = select.select([0], [], [], ORPHAN_SECONDS)
        if not ready:
            if os.getppid() != parent:
                sys.exit(0)
            continue
        count = os.readv(0, [memoryview(data)[at : at + CHUNK]])
        if not count:
            sys.exit(0)
        at += count
    return data


def _write(pieces: list[bytes]) -> None:
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[os.write(1, view[:CHUNK]) :]


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
