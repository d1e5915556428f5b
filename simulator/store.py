"""Everything that must survive a restart, in one SQLite file."""

import fcntl
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from simulator.mistakes import Mistake

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (address TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS folders (
    account TEXT, name TEXT, uidvalidity INTEGER NOT NULL, last_uid INTEGER NOT NULL,
    PRIMARY KEY (account, name));
CREATE TABLE IF NOT EXISTS mail (
    account TEXT, folder TEXT, uid INTEGER, at TEXT NOT NULL, flags TEXT NOT NULL, raw BLOB NOT NULL,
    PRIMARY KEY (account, folder, uid));
CREATE TABLE IF NOT EXISTS stories (id TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS relays (alias TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS received (n INTEGER PRIMARY KEY, alias TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class StoredMail:
    """One mail of a folder as it lies on disk."""

    uid: int
    at: datetime
    flags: tuple[str, ...]
    raw: bytes


class Store:
    """Plain reads and writes; whoever holds it decides what they mean."""

    def __init__(self, folder: Path | None) -> None:
        """Open the store in `folder`, or in memory without one; raises Mistake if another process has it."""
        self._lock: IO[str] | None = None
        if folder is None:
            self._db = sqlite3.connect(":memory:", isolation_level=None)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("w")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._lock.close()
                raise Mistake(f"Another simulator is running on {folder}.") from None
            self._db = sqlite3.connect(folder / "simulator.sqlite3", isolation_level=None)
            # A killed process loses nothing this way; only a crash of the machine could.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def next_number(self, name: str) -> int:
        """Count up and return 1, 2, 3, ... for that name, across restarts."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING "
            "value",
            (name,),
        ).fetchone()
        return int(row[0])

    # Accounts, stories and relay addresses are small dictionaries under a key.

    def save_account(self, address: str, facts: dict[str, Any]) -> None:
        """Write an account."""
        self._db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (address, json.dumps(facts)))

    def accounts(self) -> list[dict[str, Any]]:
        """Every account, oldest first."""
        return [json.loads(row[0]) for row in self._db.execute("SELECT facts FROM accounts ORDER BY rowid")]

    def save_story(self, story_id: str, facts: dict[str, Any]) -> None:
        """Write a story."""
        self._db.execute("INSERT OR REPLACE INTO stories VALUES (?, ?)", (story_id, json.dumps(facts)))

    def story(self, story_id: str) -> dict[str, Any] | None:
        """One story's facts."""
        row = self._db.execute("SELECT facts FROM stories WHERE id = ?", (story_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def save_relay(self, alias: str, facts: dict[str, Any]) -> None:
        """Write a relay address."""
        self._db.execute("INSERT OR REPLACE INTO relays VALUES (?, ?)", (alias, json.dumps(facts)))

    def relay(self, alias: str) -> dict[str, Any] | None:
        """What is known about a relay address."""
        row = self._db.execute("SELECT facts FROM relays WHERE alias = ?", (alias,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def add_received(self, alias: str, facts: dict[str, Any]) -> None:
        """Put a mail into a simulated buyer's mailbox."""
        self._db.execute("INSERT INTO received (alias, facts) VALUES (?, ?)", (alias, json.dumps(facts)))

    def received(self, alias: str) -> list[dict[str, Any]]:
        """A simulated buyer's mailbox, oldest first."""
        rows = self._db.execute("SELECT facts FROM received WHERE alias = ? ORDER BY n", (alias,))
        return [json.loads(row[0]) for row in rows]

    # The event log.

    def add_event(self, number: int, facts: dict[str, Any]) -> None:
        """Append an event."""
        self._db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?)",
            (number, facts["kind"], facts["account"], json.dumps(facts)),
        )

    def last_event_number(self) -> int:
        """The number of the newest event, 0 when there is none."""
        return int(self._db.execute("SELECT coalesce(max(n), 0) FROM events").fetchone()[0])

    def events_after(self, number: int, kinds: Collection[str], account: str) -> list[dict[str, Any]]:
        """Events with a higher number, oldest first; of these kinds and this account where any are named."""
        rows = self._db.execute(
            "SELECT facts FROM events WHERE n > :n AND (:account = '' OR account = :account)"
            " AND (:kinds = '[]' OR kind IN (SELECT value FROM json_each(:kinds))) ORDER BY n",
            {"n": number, "account": account, "kinds": json.dumps(sorted(kinds))},
        )
        return [json.loads(row[0]) for row in rows]

    # The sellers' mailboxes.

    def save_folder(self, account: str, name: str, *, uidvalidity: int, last_uid: int) -> None:
        """Write a folder's counters."""
        self._db.execute(
            "INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?)", (account, name, uidvalidity, last_uid)
        )

    def folders(self, account: str) -> list[tuple[str, int, int]]:
        """(name, UIDVALIDITY, last UID given out) of each folder of an account."""
        rows = self._db.execute(
            "SELECT name, uidvalidity, last_uid FROM folders WHERE account = ? ORDER BY rowid", (account,)
        )
        return [(str(name), int(validity), int(last)) for name, validity, last in rows]

    def drop_folder(self, account: str, name: str) -> None:
        """Remove a folder and its mail."""
        self._db.execute("DELETE FROM folders WHERE account = ? AND name = ?", (account, name))
        self._db.execute("DELETE FROM mail WHERE account = ? AND folder = ?", (account, name))

    def save_mail(self, account: str, folder: str, mail: StoredMail) -> None:
        """Write one mail and move the folder's last UID to it."""
        self._db.execute(
            "INSERT OR REPLACE INTO mail VALUES (?, ?, ?, ?, ?, ?)",
            (account, folder, mail.uid, mail.at.isoformat(), " ".join(mail.flags), mail.raw),
        )
        self._db.execute(
            "UPDATE folders SET last_uid = max(last_uid, ?) WHERE account = ? AND name = ?",
            (mail.uid, account, folder),
        )

    def save_flags(self, account: str, folder: str, uid: int, flags: tuple[str, ...]) -> None:
        """Change the flags of one mail."""
        self._db.execute(
            "UPDATE mail SET flags = ? WHERE account = ? AND folder = ? AND uid = ?",
            (" ".join(flags), account, folder, uid),
        )

    def drop_mail(self, account: str, folder: str, uid: int) -> None:
        """Remove one mail."""
        self._db.execute(
            "DELETE FROM mail WHERE account = ? AND folder = ? AND uid = ?", (account, folder, uid)
        )

    def mail(self, account: str, folder: str) -> list[StoredMail]:
        """The mails of a folder by UID."""
        rows = self._db.execute(
            "SELECT uid, at, flags, raw FROM mail WHERE account = ? AND folder = ? ORDER BY uid",
            (account, folder),
        )
        return [
            StoredMail(uid, datetime.fromisoformat(at).astimezone(UTC), tuple(flags.split()), bytes(raw))
            for uid, at, flags, raw in rows
        ]
