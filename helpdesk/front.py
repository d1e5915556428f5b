"""The demo's front: one port, one origin; /live/ goes to the live process and the rest to the web process.

In production this is nginx's or Caddy's place, with TLS and HTTP/2 (docs/live.md).
"""

import argparse
import asyncio
import contextlib
import re
import signal
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer

LONGEST_HEAD = 2**16
PATIENCE_SECONDS = 30
AWAY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MALFORMED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# What only the front may say: who asked, and that each connection is for one request.
OURS = re.compile(rb"\r\n(?:x-forwarded-[a-z]+|forwarded|connection|keep-alive):[^\r]*(?=\r\n)", re.I)


async def serve(port: int, *, web: int, live: int) -> None:
    """Pass requests on from `port` until SIGTERM or SIGINT; all three are ports of 127.0.0.1."""

    async def passed(reader: Reader, writer: Writer) -> None:
        try:
            await _pass(reader, writer, web=web, live=live)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone, or never said what they want
        finally:
            writer.close()

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = await asyncio.start_server(passed, "127.0.0.1", port, limit=LONGEST_HEAD, backlog=1024)
    await stopped.wait()
    server.close()


async def _pass(reader: Reader, writer: Writer, *, web: int, live: int) -> None:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
    if re.search(rb"(?<!\r)\n|\r(?!\n)", head):
        # A server behind might read a line where we saw none.
        writer.write(MALFORMED)
        await writer.drain()
        return
    _, _, target = head.partition(b" ")
    try:
        inner = await asyncio.open_connection("127.0.0.1", live if target.startswith(b"/live/") else web)
    except OSError:
        writer.write(AWAY)
        await writer.drain()
        return
    peer = writer.get_extra_info("peername")[0].encode()
    added = b"\r\nX-Forwarded-For: " + peer + b"\r\nConnection: close\r\n\r\n"
    inner[1].write(OURS.sub(b"", head[:-2])[:-2] + added)
    ways = [asyncio.ensure_future(_pump(reader, inner[1])), asyncio.ensure_future(_pump(inner[0], writer))]
    try:
        # Either side's end is the end: a browser that closes a stream must not go on being served.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        inner[1].close()


async def _pump(source: Reader, sink: Writer) -> None:
    with contextlib.suppress(OSError):
        while content := await source.read(LONGEST_HEAD):
            sink.write(content)
            await sink.drain()


def main() -> None:
    """Read the ports from the command line and serve."""
    parser = argparse.ArgumentParser(prog="helpdesk.front", description="One port before web and live.")
    for name in ("port", "web", "live"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.port, web=given.web, live=given.live))


if __name__ == "__main__":
    main()
