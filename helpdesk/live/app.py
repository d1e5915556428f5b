"""The ASGI application: GET /live/<tenant>/ with a session's cookie is a stream of server-sent events."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.cookie import parse_cookie

from helpdesk.live.door import Refused, seat_of
from helpdesk.live.hub import Hub, Stream
from helpdesk.live.listener import listen

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = re.compile(r"/live/([a-z0-9-]+)/")
RETRY_MS = 2000
HEARTBEAT_SECONDS = 15.0
# What comes within this time is written at once, and the same thing once.
GATHER_SECONDS = 0.1
# A session is looked at again within 30 s.
CHECK_SECONDS = 25.0
LOOK_SECONDS = 1.0


class Live:
    """One live process: its hub, its subscription, and the checks that go on while streams are open."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._hub: Hub | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._hub = hub = Hub()
                self._tasks = [asyncio.ensure_future(task) for task in (listen(hub), _look_after(hub))]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hub.listening.wait(), 3)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for task in self._tasks:
                    task.cancel()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = PATH.fullmatch(scope["path"])
        if named is None or self._hub is None:
            return await _refuse(send, 404)
        if scope["method"] != "GET":
            return await _refuse(send, 405)
        session_key = _session_key(scope)
        if not session_key:
            return await _refuse(send, 401)
        try:
            seat = await seat_of(session_key, named[1])
        except Refused as refused:
            return await _refuse(send, refused.status)
        except DatabaseError as error:
            log.warning("the database does not answer", fault=type(error).__name__)
            return await _refuse(send, 503)
        stream = Stream(seat, session_key, named[1])
        writing = asyncio.ensure_future(_write(self._hub, stream, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.remove(stream)
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)
        return None


async def _write(hub: Hub, stream: Stream, send: Send) -> None:
    """Write the stream until it is ended; while the browser does not read, this waits and events gather."""
    await send(_head(200, b"text/event-stream"))
    await send(_body(f"retry: {RETRY_MS}\n\n".encode() + hub.add(stream)))
    while not stream.ended:
        try:
            await asyncio.wait_for(stream.wake.wait(), HEARTBEAT_SECONDS)
        except TimeoutError:
            await send(_body(b":\n\n"))
            continue
        await asyncio.sleep(GATHER_SECONDS)
        await send(_body(hub.take(stream)))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _look_after(hub: Hub) -> None:
    """Every second: let go of the silent, and end the streams of those who were signed out."""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hub.doubted.wait(), LOOK_SECONDS)
        hub.doubted.clear()
        hub.let_go_of_the_silent()
        for stream in hub.everyone():
            if asyncio.get_running_loop().time() - stream.checked_at > CHECK_SECONDS:
                await _check(stream)


async def _check(stream: Stream) -> None:
    stream.checked_at = asyncio.get_running_loop().time()
    try:
        stream.seat = await seat_of(stream.session_key, stream.slug)
    except Refused:
        stream.end()
    except Exception as error:
        # Nobody is turned away because the database is: the next look decides.
        log.warning("could not check a session", fault=type(error).__name__)


def _session_key(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"cookie":
            return parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
    return ""


async def _refuse(send: Send, status: int) -> None:
    await send(_head(status, b"text/plain"))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _head(status: int, kind: bytes) -> MutableMapping[str, Any]:
    headers = [
        (b"content-type", kind),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        # nginx gathers answers unless it is told not to.
        (b"x-accel-buffering", b"no"),
    ]
    return {"type": "http.response.start", "status": status, "headers": headers}


def _body(content: bytes) -> MutableMapping[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": True}
