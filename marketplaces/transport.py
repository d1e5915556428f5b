"""The one way out to a marketplace's servers: bounded in bytes and time, without proxies or redirects."""

import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx

from marketplaces.hosts import ForbiddenHost, check_peer

TIMEOUT = httpx.Timeout(connect=5, read=20, write=20, pool=5)
LONGEST_SECONDS = 60.0
LARGEST_ANSWER = 32 * 2**20
# What is raised before a single byte of the request has left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class TooMuch(httpx.TransportError):
    """An answer that is too large, too slow, or packed in a way we do not unpack."""


class TooLarge(TooMuch):
    """An answer with more bytes than we take."""


class _Bounded(httpx.SyncByteStream):
    """An answer's bytes, unpacked; ends in TooMuch where they do not end by themselves."""

    def __init__(self, stream: httpx.SyncByteStream, encoding: str, largest: int, ends: float) -> None:
        self.stream, self.left, self.ends = stream, largest, ends
        # 32 + 15: gzip and zlib alike, told apart by their first bytes.
        self.unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS) if encoding else None

    def __iter__(self) -> Iterator[bytes]:
        for packed in self.stream:
            if time.monotonic() > self.ends:
                raise TooMuch("The answer took too long.")
            yield self._unpacked(packed)
        if self.unpacker is not None and not self.unpacker.eof:
            raise TooMuch("The packed answer is cut short.")

    def _unpacked(self, packed: bytes) -> bytes:
        chunk = packed
        if self.unpacker is not None:
            try:
                chunk = self.unpacker.decompress(packed, self.left + 1)
            except zlib.error as error:
                raise TooMuch("The packed answer is damaged.") from error
        self.left -= len(chunk)
        if self.left < 0:
            raise TooLarge("The answer is too large.")
        return chunk

    def close(self) -> None:
        self.stream.close()


class Transport(httpx.HTTPTransport):
    """httpx's own transport with our bounds on what comes back."""

    def __init__(self, *, largest: int = LARGEST_ANSWER, guarded: bool = False) -> None:
        super().__init__(trust_env=False, retries=0)
        self.largest = largest
        self.guarded = guarded

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; what is too long or too slow breaks off while it is read."""
        ends = time.monotonic() + LONGEST_SECONDS
        if self.guarded:
            request.extensions = {**request.extensions, "trace": _look_at_peer}
        response = super().handle_request(request)
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding in ("identity", ""):
            encoding = ""
        elif encoding not in ("gzip", "x-gzip", "deflate"):
            response.close()
            raise TooMuch("The answer is packed in an unknown way.")
        stream = response.stream
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError("The transport answered with a stream that cannot be read here.")
        for name in ("content-encoding", "content-length"):
            response.headers.pop(name, None)
        response.stream = _Bounded(stream, encoding, self.largest, ends)
        return response


def _look_at_peer(event: str, details: dict[str, Any]) -> None:
    """Called by the connection pool: refuses a private peer before anything is said to it."""
    if event == "connection.connect_tcp.complete":
        stream = details["return_value"]
        try:
            check_peer(stream.get_extra_info("socket"))
        except ForbiddenHost:
            stream.close()  # the pool does not know of it yet
            raise


def client(*, largest: int = LARGEST_ANSWER, guarded: bool = False) -> httpx.Client:
    """A client that follows nothing and asks no environment; `guarded` refuses private peers."""
    return httpx.Client(
        transport=Transport(largest=largest, guarded=guarded),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "helpdesk/0.1 (Language=Python)", "Accept-Encoding": "identity"},
    )
