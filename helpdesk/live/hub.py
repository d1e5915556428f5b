"""Bring what was announced to the streams of the tenant it belongs to, and to no other."""

import asyncio
import json
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import structlog

from accounts.announcing import RESYNC
from helpdesk.live.door import PERMISSION_TO_HEAR, Seat
from helpdesk.live.presence import Change, Presence

log = structlog.get_logger(__name__)

# A stream whose browser does not read keeps no longer list than this: it is told to read everything again.
MOST_PENDING = 200
# What is passed on of a frame; anything else in it stays here.
IDS = {"conversation": "number", "order": "order", "account": "account", "check": "check"}


def event(name: str, data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


class Stream:
    """One browser's stream: what waits to be written, each thing once."""

    def __init__(self, seat: Seat, session_key: str, slug: str) -> None:
        self.seat, self.session_key, self.slug = seat, session_key, slug
        self.checked_at = asyncio.get_running_loop().time()
        self.ended = False
        # Whether something was dropped that reading again does not bring back: who is present, and a pause.
        self.dropped = False
        self.wake = asyncio.Event()
        self._pending: dict[tuple[object, ...], bytes] = {}

    def put(self, key: tuple[object, ...], content: bytes) -> None:
        """Have an event written; one with the same key that still waits is replaced by it."""
        self._pending.pop(key, None)
        if len(self._pending) >= MOST_PENDING:
            self._pending = {("resync",): event("resync", {})}
            self.dropped = True
        else:
            self._pending[key] = content
        self.wake.set()

    def end(self) -> None:
        """Say goodbye: whoever listens is signed out, or no member any more."""
        self.ended = True
        self._pending = {("bye",): event("bye", {})}
        self.wake.set()

    def take(self) -> bytes:
        """Everything that waits."""
        content = b"".join(self._pending.values())
        self._pending = {}
        self.wake.clear()
        return content


class Hub:
    """All streams of this process, and who is present where."""

    def __init__(self) -> None:
        self.generation = uuid.uuid4().hex
        self.streams: defaultdict[int, set[Stream]] = defaultdict(set)
        self.presence = Presence()
        self.listening = asyncio.Event()
        self.doubted = asyncio.Event()

    def add(self, stream: Stream) -> bytes:
        """Take a stream in; returns what it begins with. From here on it misses nothing."""
        self.streams[stream.seat.tenant_id].add(stream)
        return self._hello(stream)

    def take(self, stream: Stream) -> bytes:
        """What is to be written to a stream now; one that dropped something begins anew."""
        beginning = self._hello(stream) if stream.dropped and not stream.ended else b""
        stream.dropped = False
        return beginning + stream.take()

    def _hello(self, stream: Stream) -> bytes:
        hello: dict[str, Any] = {"now": _now().isoformat(), "generation": self.generation, "presence": []}
        if "presence" in stream.seat.hears:
            everybody = self.presence.of_tenant(stream.seat.tenant_id)
            seen = [change for change in everybody if stream.seat.sees(change.account)]
            hello["presence"] = [change.event() for change in seen]
        return event("hello", hello) + (b"" if self.listening.is_set() else event("paused", {}))

    def remove(self, stream: Stream) -> None:
        """Forget a stream."""
        of_tenant = self.streams[stream.seat.tenant_id]
        of_tenant.discard(stream)
        if not of_tenant:
            del self.streams[stream.seat.tenant_id]

    def everyone(self) -> list[Stream]:
        """Every stream of every tenant."""
        return [stream for of_tenant in self.streams.values() for stream in of_tenant]

    def heard(self, content: bytes) -> None:
        """A frame came in on the channel; a broken one is left lying."""
        try:
            frame = json.loads(content)
            tenant_id, what, ids = frame["tenant"], frame["what"], frame["ids"]
            if not isinstance(tenant_id, int) or not isinstance(ids, dict):
                raise TypeError
            self._pass_on(tenant_id, what, ids)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("a broken frame on the live channel", fault=type(error).__name__)

    def paused(self) -> None:
        """The broker is lost: nobody may believe that nothing happens."""
        if self.listening.is_set():
            log.warning("the live channel is lost")
        self.listening.clear()
        for stream in self.everyone():
            stream.put(("channel",), event("paused", {}))

    def resumed(self) -> None:
        """The broker is back; what was announced meanwhile is lost, so browsers read again."""
        self.listening.set()
        log.info("listening to the live channel")
        for stream in self.everyone():
            stream.put(("channel",), event("resumed", {}))

    def resync(self) -> None:
        """Have every browser read everything again."""
        for stream in self.everyone():
            stream.put(("resync",), event("resync", {}))

    def let_go_of_the_silent(self) -> None:
        """Drop the presence of browsers that have not spoken for a while."""
        loop = asyncio.get_running_loop()
        for change in self.presence.let_go(at=loop.time(), now=_now()):
            self._tell_presence(change)

    def _pass_on(self, tenant_id: int, what: str, ids: dict[str, Any]) -> None:
        if what == "membership":
            for stream in self.streams.get(tenant_id, ()):
                stream.checked_at = float("-inf")
            self.doubted.set()
        elif what == "presence":
            loop = asyncio.get_running_loop()
            change = self.presence.hear(tenant_id, ids, at=loop.time(), now=_now())
            if change:
                self._tell_presence(change)
        elif what == "resync":
            self._tell(tenant_id, what, (what,), {})
        elif what in IDS:
            name = IDS[what]
            row_id = int(ids[name])
            self._tell(tenant_id, what, (what, row_id), {name: row_id}, account=int(ids.get("account", 0)))

    def _tell_presence(self, change: Change) -> None:
        key = ("presence", change.number, change.member)
        self._tell(change.tenant_id, "presence", key, change.event(), account=change.account)

    def _tell(
        self,
        tenant_id: int,
        what: str,
        key: tuple[object, ...],
        data: dict[str, Any],
        *,
        account: int | None = None,
    ) -> None:
        """Tell whoever hears of such things; of a seller account (0: nobody said which) whoever sees it."""
        if what not in PERMISSION_TO_HEAR:
            raise KeyError(what)
        content = event(what, data)
        for stream in self.streams.get(tenant_id, ()):
            if what not in stream.seat.hears:
                continue
            if account is None or stream.seat.sees(account):
                stream.put(key, content)
            elif account == 0 and what in IDS:
                stream.put((RESYNC,), event(RESYNC, {}))


def _now() -> datetime:
    return datetime.now(UTC)
