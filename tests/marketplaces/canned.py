"""A server that answers with what a test has written down, for answers no marketplace should give."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Canned:
    """One answer; `length` other than the body's own cuts it short."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers every request with `answer(request)`; `asked` holds them all."""

    def __init__(self, answer: Callable[[Asked], Canned]) -> None:
        self.asked: list[Asked] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                request = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(size))
                server.asked.append(request)
                canned = answer(request)
                self.send_response(canned.status)
                for name, value in canned.headers.items():
                    self.send_header(name, value)
                length = len(canned.body) if canned.length is None else canned.length
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(canned.body)
                if canned.length is not None:
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@contextmanager
def serving(answer: Callable[[Asked], Canned]) -> Iterator[Server]:
    """A server for the length of a test."""
    with Server(answer) as server:
        yield server
