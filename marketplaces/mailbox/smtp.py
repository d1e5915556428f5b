"""Hand one mail to the seller's own SMTP server and say exactly how far it came (RFC 5321).

A session of our own instead of smtplib's sendmail, because everything turns on one moment: the caller writes
down that the mail is leaving after all of it is sent and before the line with the lone dot, which alone makes
the server responsible for it. What went wrong before that moment is safe to try again.
"""

import base64
import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from marketplaces.hosts import ForbiddenHost, check_peer
from marketplaces.mailbox import reasons
from marketplaces.mailbox.reasons import Reason
from marketplaces.mailbox.secrecy import without_secrets

# The hard end of the whole exchange, well below the lease a row has while it is handed over.
EXCHANGE_SECONDS = 60.0
CONNECT_SECONDS = 20.0
LONGEST_ANSWER = 500
LONGEST_REPLY_BYTES = 64 * 1024
SLICE = 16 * 1024


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and as whom a seller account sends; security is tls, starttls or plain.

    It signs in with a password, or with the token of a consent (XOAUTH2).
    """

    host: str
    port: int
    security: str
    user: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for the mail."""

    answer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no in words; `permanent` when it says that trying again cannot help."""

    answer: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class AuthRefused:
    """The server does not let this account in."""

    answer: str


@dataclass(frozen=True, slots=True)
class NotHanded:
    """Something broke before the final line: no copy of the mail is under way."""

    error: str


@dataclass(frozen=True, slots=True)
class Silent:
    """The final line may have reached the server, and no answer came: nobody here knows."""

    error: str


Answer = Accepted | Refused | AuthRefused | NotHanded | Silent


class _Refusal(Exception):
    """A reply that is not the one hoped for."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.permanent = 500 <= code < 600


class _SignInRefusal(_Refusal):
    """The same, to our user name and password."""


class _Broken(Exception):
    """The connection is of no more use; the message says why."""


def hand_over(
    server: SmtpServer,
    *,
    sender: str,
    recipient: str,
    content: bytes,
    before_data_ends: Callable[[], bool],
    seconds: float = EXCHANGE_SECONDS,
) -> Answer:
    """Send a composed mail (CRLF lines) and return how it ended; only `before_data_ends` can raise.

    `before_data_ends` is called once when all but the final line is sent; only if it returns True the final
    line follows, else the connection is dropped and the server discards what it has (RFC 5321, 4.1.1.4).
    """
    try:
        session = _Session(server, seconds)
    except (OSError, ValueError) as error:
        return NotHanded(_words(error))
    with session:
        try:
            session.check_peer()
            session.introduce()
            session.sign_in()
            session.envelope(sender, recipient, len(content))
            session.send(_dot_stuffed(content))
            session.check_nothing_said()
        except _SignInRefusal as refusal:
            said = without_secrets(_words(refusal), server.user, server.token or server.password)
            return AuthRefused(said) if refusal.permanent else Refused(said, permanent=False)
        except _Refusal as refusal:
            return Refused(_words(refusal), permanent=refusal.permanent)
        except (OSError, ValueError, ForbiddenHost, _Broken) as error:
            return NotHanded(_words(error))
        if not before_data_ends():
            return NotHanded("The reply was no longer ours to send.")
        if session.seconds_left() <= 0:
            return NotHanded(f"The exchange took longer than {seconds:.0f} s.")
        try:
            session.send(b".\r\n")
            code, text = session.reply()
        except (OSError, ValueError, _Broken) as error:
            return Silent(_words(error))
        if 200 <= code < 300:
            session.say_goodbye()
            return Accepted(_words(f"{code} {text}"))
        if 400 <= code < 600:
            return Refused(_words(f"{code} {text}"), permanent=code >= 500)
        return Silent(_words(f"The server answered {code} {text}"))


class SendingFault(Exception):
    """The server does not take mail from this account; the message is the server's, or says what broke."""

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


def knock(server: SmtpServer, *, sender: str, recipient: str, seconds: float = CONNECT_SECONDS) -> None:
    """See whether the server would take a mail, without sending one; raises SendingFault."""
    secret = server.token or server.password
    try:
        with _Session(server, seconds) as session:
            session.check_peer()
            session.introduce()
            session.sign_in()
            session.offer(sender, recipient)
            session.say_goodbye()
    except _SignInRefusal as refusal:
        said = without_secrets(_words(refusal), server.user, secret)
        raise SendingFault(said, reasons.of_refusal(said, by_token=bool(server.token))) from None
    except _Refusal as refusal:
        raise SendingFault(_words(refusal), Reason.SENDER) from None
    except (OSError, ValueError, ForbiddenHost, _Broken) as error:
        raise SendingFault(_words(error), reasons.of_error(error)) from None


class _Session:
    """One connection with one absolute end; raises OSError, _Broken and _Refusal."""

    def __init__(self, server: SmtpServer, seconds: float) -> None:
        self._server = server
        self._ends = time.monotonic() + seconds
        self._buffer = b""
        self._extensions: dict[str, str] = {}
        self._socket: socket.socket = socket.create_connection(
            (server.host, server.port), timeout=min(CONNECT_SECONDS, seconds)
        )
        # Nagle's algorithm would hold the short final line back until the server's delayed ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def check_peer(self) -> None:
        """Refuse a host that a tenant may not name; raises ForbiddenHost."""
        check_peer(self._socket)

    def introduce(self) -> None:
        """Greeting, TLS as the account wants it, EHLO."""
        if self._server.security == "tls":
            self._protect()
        code, text = self.reply()
        if code != 220:
            # A server that turns everybody away says nothing about this mail.
            raise _Broken(f"The server does not greet: {code} {text}")
        self._hello()
        if self._server.security == "starttls":
            if "STARTTLS" not in self._extensions:
                raise _Broken("The server offers no STARTTLS.")
            self._command("STARTTLS", 220)
            # Whatever came in clear after the answer is not to be believed (RFC 3207, 6).
            self._buffer = b""
            self._protect()
            self._hello()

    def sign_in(self) -> None:
        """AUTH PLAIN or LOGIN (RFC 4954), whichever the server offers; XOAUTH2 with a token."""
        offered = self._extensions.get("AUTH", "").upper().split()
        user, password = self._server.user.encode(), self._server.password.encode()
        try:
            if self._server.token:
                bearer = b"user=%b\x01auth=Bearer %b\x01\x01" % (user, self._server.token.encode())
                self._command(f"AUTH XOAUTH2 {_base64(bearer)}", 235)
            elif "PLAIN" in offered:
                self._command(f"AUTH PLAIN {_base64(b'%c%s%c%s' % (0, user, 0, password))}", 235)
            elif "LOGIN" in offered:
                self._command("AUTH LOGIN", 334)
                self._command(_base64(user), 334)
                self._command(_base64(password), 235)
            else:
                raise _SignInRefusal(504, "The server offers no AUTH PLAIN or LOGIN.")
        except _SignInRefusal:
            raise
        except _Refusal as refusal:
            raise _SignInRefusal(int(str(refusal)[:3]), str(refusal)[4:]) from refusal

    def envelope(self, sender: str, recipient: str, size: int) -> None:
        """Sender, recipient and the word to go ahead."""
        declared = f" SIZE={size}" if "SIZE" in self._extensions else ""
        self._command(f"MAIL FROM:<{sender}>{declared}", 250)
        self._command(f"RCPT TO:<{recipient}>", 250, 251)
        self._command("DATA", 354)

    def offer(self, sender: str, recipient: str) -> None:
        """Sender and recipient only, and take both back."""
        self._command(f"MAIL FROM:<{sender}>", 250)
        self._command(f"RCPT TO:<{recipient}>", 250, 251)
        self._command("RSET", 250)

    def check_nothing_said(self) -> None:
        """Notice a server that gave up while the mail was being sent, as long as that is harmless.

        Else its parting words would be taken for the answer to the final line.
        """
        if not self._buffer:
            self._socket.settimeout(0)
            try:
                said = self._socket.recv(4096)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            if not said:
                raise _Broken("The server closed the connection.")
            self._buffer = said
        raise _Refusal(*self.reply())

    def say_goodbye(self) -> None:
        """Leave politely but do not wait: that the mail is sent must be written down first."""
        with contextlib.suppress(OSError):
            self.send(b"QUIT\r\n")

    def send(self, data: bytes) -> None:
        """Send all of it before the session ends."""
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._patience())
            view = view[self._socket.send(view[:SLICE]) :]

    def reply(self) -> tuple[int, str]:
        """The next reply, its lines joined; raises _Broken when it is none."""
        lines: list[str] = []
        left = LONGEST_REPLY_BYTES
        while True:
            line = self._line()
            left -= len(line)
            if left < 0 or not re.match(rb"[2-5][0-9][0-9]([ -]|$)", line):
                raise _Broken(f"The server does not speak SMTP: {line[:80]!r}")
            lines.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-":
                return int(line[:3]), " ".join(lines)

    def seconds_left(self) -> float:
        """How long the session may still last."""
        return self._ends - time.monotonic()

    def _hello(self) -> None:
        """Say who we are by address, which is always true, and note what the server can do."""
        own = self._socket.getsockname()[0]
        self._send_line(f"EHLO [{'IPv6:' if ':' in own else ''}{own}]")
        self._extensions = {}
        while True:
            line = self._line()
            if line[:3] != b"250":
                raise _Broken(f"The server answered EHLO with {line[:200].decode('utf-8', 'replace')}")
            name, _, parameters = line[4:].decode("utf-8", "replace").strip().partition(" ")
            self._extensions[name.upper()] = parameters
            if line[3:4] != b"-":
                return

    def _protect(self) -> None:
        """Go on encrypted; the certificate must fit the name."""
        self._socket.settimeout(self._patience())
        context = ssl.create_default_context()
        self._socket = context.wrap_socket(self._socket, server_hostname=self._server.host)

    def _command(self, line: str, *hoped_for: int) -> None:
        self._send_line(line)
        code, text = self.reply()
        if code not in hoped_for:
            raise _Refusal(code, text)

    def _send_line(self, line: str) -> None:
        if re.search(r"[\r\n\0]", line):
            raise ValueError("A command to the mail server would have a line break in it.")
        self.send(line.encode() + b"\r\n")

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > LONGEST_REPLY_BYTES:
                raise _Broken("The server sends an endless line.")
            self._socket.settimeout(self._patience())
            more = self._socket.recv(4096)
            if not more:
                raise _Broken("The server closed the connection.")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _patience(self) -> float:
        left = self.seconds_left()
        if left <= 0:
            raise TimeoutError("The server took too long.")
        return left


def _dot_stuffed(content: bytes) -> bytes:
    """The mail as DATA wants it (RFC 5321, 4.5.2): lines end in CRLF, a dot that starts one is doubled."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _words(said: object) -> str:
    """What went wrong as one line."""
    text = str(said) or type(said).__name__
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_ANSWER]
