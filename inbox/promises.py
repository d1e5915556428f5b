"""What the marketplaces allow, read once from promises.toml; pure."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

REPLY = "reply"  # the kind of deadline every buyer's message begins
# Before any mail there is, whatever its Date says.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Promise:
    """How long a marketplace allows for a kind of deadline, from a moment (UTC) on; `source` says where."""

    marketplace: str
    kind: str
    title: str
    allowance_minutes: int
    rule: str
    source: str
    valid_from: datetime = BEGINNING
    by_reply: bool = False  # whether a reply that left does what is promised


@cache
def promises() -> tuple[Promise, ...]:
    """All of them, in the file's order; raises TypeError or KeyError when the file is wrong."""
    path = Path(__file__).with_name("promises.toml")
    return tuple(Promise(**entry) for entry in tomllib.loads(path.read_text("utf-8"))["promise"])


@cache
def kinds_by_reply() -> tuple[str, ...]:
    """The kinds of deadlines that a reply stops; the others are stopped by what is done about their case."""
    return tuple(sorted({promise.kind for promise in promises() if promise.by_reply}))


@cache
def titles() -> dict[str, str]:
    """What each kind of deadline asks for, in words."""
    return {promise.kind: promise.title for promise in promises()}
