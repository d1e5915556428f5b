"""The append-only log of what happened: the referee of every "sent" test."""

import asyncio
import base64
import hashlib
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from simulator import clock
from simulator.store import Store


class EventLog:
    """Events with ever higher numbers, readable from any point, with a way to wait for the next one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = store.last_event_number()
        self._grown = asyncio.Event()

    def add(
        self,
        kind: str,
        *,
        account: str = "",
        message_id: str = "",
        mail_from: str = "",
        rcpt: str = "",
        reply_code: int = 0,
        raw: bytes | None = None,
        keep_raw: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Append one event and wake those who wait; `raw` gives size and hash and is kept only if asked."""
        self._last += 1
        event: dict[str, Any] = {
            "n": self._last,
            "at": clock.now().isoformat(),
            "kind": kind,
            "account": account,
            "message_id": message_id,
            "mail_from": mail_from,
            "rcpt": rcpt,
            "reply_code": reply_code,
            "size": 0 if raw is None else len(raw),
            "sha256": "" if raw is None else hashlib.sha256(raw).hexdigest(),
            **more,
        }
        if raw is not None and keep_raw:
            event["raw"] = base64.b64encode(raw).decode()
        self._store.add_event(self._last, event)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
        return event

    async def after(
        self, number: int, *, kinds: Collection[str] = (), account: str = "", wait: float = 0
    ) -> list[dict[str, Any]]:
        """Events after that number, of those kinds and that account where any are named.

        If there is none yet, wait for the first one, at most `wait` seconds.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + wait
        while True:
            grown = self._grown
            found = self._store.events_after(number, kinds, account)
            left = end - loop.time()
            if found or left <= 0:
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(grown.wait(), left)

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last
