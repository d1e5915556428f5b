"""Everything that must survive a restart, in one SQLite file."""

import fcntl
import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
CREATE TABLE IF NOT EXISTS orders (
    account TEXT, id TEXT, customer_id TEXT NOT NULL, fulfilment TEXT NOT NULL, created INTEGER NOT NULL,
    modified INTEGER NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (account, id));
CREATE INDEX IF NOT EXISTS orders_created ON orders (account, created, id);
CREATE INDEX IF NOT EXISTS orders_modified ON orders (account, modified, id);
CREATE INDEX IF NOT EXISTS orders_ids ON orders (id);
CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer_id);
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

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write everything inside at once; may be nested, and nothing inside may wait."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

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

    def stories(self, account: str) -> list[dict[str, Any]]:
        """Every story of an account, oldest first."""
        rows = self._db.execute(
            "SELECT facts FROM stories WHERE json_extract(facts, '$.account') = ? ORDER BY rowid", (account,)
        )
        return [json.loads(row[0]) for row in rows]

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

    # Orders: ids and moments in columns, the rest as a small dictionary.

    def save_order(
        self,
        account: str,
        order_id: str,
        *,
        customer_id: str,
        fulfilment: str,
        created: int,
        modified: int,
        facts: dict[str, Any],
    ) -> None:
        """Write an order; moments in milliseconds."""
        self._db.execute(
            "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)",
            (account, order_id, customer_id, fulfilment, created, modified, json.dumps(facts)),
        )

    def orders_named(self, name: str) -> list[dict[str, Any]]:
        """The orders with that id, of the marketplace's or of the customer's kind."""
        rows = self._db.execute(
            "SELECT facts FROM orders WHERE id = :name OR customer_id = :name ORDER BY rowid", {"name": name}
        )
        return [json.loads(row[0]) for row in rows]

    def orders_between(
        self,
        account: str,
        fulfilments: Collection[str],
        *,
        created: tuple[int, int],
        modified: tuple[int, int],
        by_modified: bool,
        with_returns: bool,
        after: tuple[int, str],
        limit: int,
    ) -> list[dict[str, Any]]:
        """Orders of an account within both spans (inclusive), behind `after`, oldest first; `with_returns`:
        only those of which something came back.
        """
        key = "modified" if by_modified else "created"
        rows = self._db.execute(
            f"SELECT facts FROM orders WHERE account = :account AND ({key}, id) > (:key, :id)"  # noqa: S608
            " AND created BETWEEN :created_from AND :created_to"
            " AND modified BETWEEN :modified_from AND :modified_to"
            " AND fulfilment IN (SELECT value FROM json_each(:fulfilments))"
            " AND (NOT :with_returns OR json_array_length(facts, '$.returns') > 0)"
            f" ORDER BY {key}, id LIMIT :limit",
            {
                "account": account,
                "key": after[0],
                "id": after[1],
                "created_from": created[0],
                "created_to": created[1],
                "modified_from": modified[0],
                "modified_to": modified[1],
                "fulfilments": json.dumps(sorted(fulfilments)),
                "with_returns": with_returns,
                "limit": limit,
            },
        )
        return [json.loads(row[0]) for row in rows]

    def count_orders(
        self,
        account: str,
        fulfilments: Collection[str],
        created: tuple[int, int],
        modified: tuple[int, int],
    ) -> int:
        """How many orders of an account lie within both spans (inclusive)."""
        row = self._db.execute(
            "SELECT count(*) FROM orders WHERE account = ? AND created BETWEEN ? AND ?"
            " AND modified BETWEEN ? AND ? AND fulfilment IN (SELECT value FROM json_each(?))",
            (account, *created, *modified, json.dumps(sorted(fulfilments))),
        ).fetchone()
        return int(row[0])

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
