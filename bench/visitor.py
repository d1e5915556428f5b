"""A signed-in browser reduced to its requests: one connection that is kept, and a clock around answers."""

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `body` makes it a form that is posted."""

    path: str
    htmx: bool = False
    body: dict[str, str] | None = None


class BadAnswer(RuntimeError):
    """The web process answered something else than the page."""


class Visitor:
    """One connection of somebody who is signed in."""

    def __init__(self, port: int, cookies: dict[str, str]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.token = cookies["csrftoken"]
        self.head = (
            f"Host: 127.0.0.1:{port}\r\nCookie: {'; '.join(f'{k}={v}' for k, v in cookies.items())}\r\n"
        )

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, ask: Ask) -> float:
        """Ask and read the whole answer; returns milliseconds. Raises BadAnswer unless it is 200."""
        lines, body = self.head, b""
        if ask.htmx:
            lines += "HX-Request: true\r\n"
        if ask.body is not None:
            body = urlencode(ask.body).encode()
            lines += (
                f"X-CSRFToken: {self.token}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\n"
            )
        method = "GET" if ask.body is None else "POST"
        request = f"{method} {ask.path} HTTP/1.1\r\n{lines}\r\n".encode() + body
        began = time.perf_counter()
        self.socket.sendall(request)
        status = self._answer()
        took = (time.perf_counter() - began) * 1000
        if status != 200:
            raise BadAnswer(f"{method} {ask.path} answered {status}")
        return took

    def _answer(self) -> int:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].decode("latin-1").lower()
        length = re.search(r"\r\ncontent-length: *(\d+)", head)
        missing = (int(length[1]) if length else 0) - (len(received) - end - 4)
        while missing > 0:
            missing -= len(self._more())
        return int(head.split(" ", 2)[1])

    def _more(self) -> bytes:
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise BadAnswer("the web process closed the connection")
        return piece


def sign_in(port: int, email: str, password: str) -> dict[str, str]:
    """The cookies of somebody who has filled in the form; raises BadAnswer."""
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, trust_env=False, timeout=SECONDS) as client:
        client.get("/login/")
        form = {"login": email, "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = client.post("/login/", data=form)
        if answer.status_code != 302 or "sessionid" not in client.cookies:
            raise BadAnswer(f"the sign-in answered {answer.status_code}")
        return dict(client.cookies)


def together(port: int, cookies: dict[str, str], asks: list[list[Ask]]) -> tuple[list[float], float]:
    """Each list over a connection of its own, all at once; milliseconds of each, and seconds of the whole."""

    def visit(own: list[Ask]) -> list[float]:
        with Visitor(port, cookies) as visitor:
            return [visitor.ask(ask) for ask in own]

    began = time.perf_counter()
    with ThreadPoolExecutor(len(asks)) as pool:
        times = [each for own in pool.map(visit, asks) for each in own]
    return times, time.perf_counter() - began
