"""A small HTTP/1.1 server on asyncio: enough for the APIs and their control on the loopback."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator.mistakes import Mistake

_HEAD_LIMIT = 64 * 1024
_BODY_LIMIT = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """One request; the path is decoded, header names are lower case, `raw_query` is as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    raw_query: str = ""

    @property
    def base_url(self) -> str:
        """How the client calls this server."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"

    def all(self, name: str) -> list[str]:
        """Every value of a list in the query, given with commas or by repeating the name."""
        given = [value for key, value in parse_qsl(self.raw_query, keep_blank_values=True) if key == name]
        return [one for value in given for one in value.split(",") if one]

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, {} when it is empty; raises Mistake when it is something else."""
        try:
            read = json.loads(self.body or b"{}")
        except ValueError:
            raise Mistake("The body is not JSON.") from None
        if not isinstance(read, dict):
            raise Mistake("The body is not a JSON object.")
        return read


@dataclass(frozen=True)
class Response:
    """One answer; `cut` ends the connection in the middle of the body."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @classmethod
    def json(cls, answer: Any, status: int = 200) -> "Response":
        """An answer in JSON."""
        return cls(status, json.dumps(answer, ensure_ascii=False).encode() + b"\n")


Answerer = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Serves one function; made to listen by `start`."""

    def __init__(self, answer: Answerer) -> None:
        self._answer = answer

    async def start(self, host: str, port: int) -> asyncio.Server:
        """Listen; port 0 takes a free one."""
        return await asyncio.start_server(self._serve, host, port, limit=_HEAD_LIMIT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled only at the end of the program; Python 3.11 would print a traceback for that.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                try:
                    request = await _read(reader)
                except (Mistake, asyncio.LimitOverrunError) as error:
                    await _write(writer, Response.json({"error": str(error)}, 400), keep=False)
                    break
                keep = request.headers.get("connection", "").lower() != "close"
                response = await self._answered(request)
                await _write(writer, response, keep=keep)
                if not keep or response.cut:
                    break
        writer.close()

    async def _answered(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Mistake as mistake:
            return Response.json({"error": str(mistake)}, mistake.status)
        except Exception as error:
            # A fault of ours must reach the one who asked, not end the connection silently.
            _log.exception("%s %s", request.method, request.path)
            return Response.json({"error": f"The simulator failed: {error!r}"}, 500)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3:
        raise Mistake("This is not an HTTP request.")
    headers = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in lines)
        if colon
    }
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _BODY_LIMIT or "transfer-encoding" in headers:
        raise Mistake("A body needs a Content-Length of at most 64 MB.")
    body = await reader.readexactly(int(length))
    url = urlsplit(parts[1])
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(parts[0], unquote(url.path), query, headers, body, url.query)


async def _write(writer: asyncio.StreamWriter, response: Response, *, keep: bool) -> None:
    more = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
    head = (
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
        f"Content-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n{more}"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    body = response.body[: len(response.body) // 2] if response.cut else response.body
    writer.write(head.encode() + body)
    await writer.drain()
