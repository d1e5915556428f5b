"""An SMTP server that says exactly what a test wants, with or without TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REPLIES = {
    "": b"220 ready\r\n",
    "EHLO": b"250-scripted\r\n250 AUTH PLAIN LOGIN\r\n",
    "STARTTLS": b"220 go ahead\r\n",
    "AUTH": b"235 welcome\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go ahead\r\n",
    ".": b"250 taken\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class Scripted:
    """What it answers to each command, and what it heard; "" is the greeting and "." the end of the mail."""

    replies: dict[str, bytes] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    at_once: bool = False  # TLS from the first byte, not after STARTTLS
    hangs_up_after: str = "never"
    heard: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        """Talk to one client."""
        with contextlib.suppress(OSError, ValueError):
            if self.tls and self.at_once:
                connection = self.tls.wrap_socket(connection, server_side=True)
            lines = connection.makefile("rb")
            connection.sendall(self._reply(""))
            while line := lines.readline():
                command = line.decode("latin-1").strip()
                verb = command.split(" ")[0].upper()
                self.heard.append(command)
                connection.sendall(self._reply(verb))
                if verb == self.hangs_up_after:
                    break
                if verb == "STARTTLS" and self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                    lines = connection.makefile("rb")
                if verb == "DATA" and self._reply(verb).startswith(b"354"):
                    mail = b""
                    while not mail.endswith(b"\r\n.\r\n") and (part := lines.readline()):
                        mail += part
                    if not mail.endswith(b"\r\n.\r\n"):
                        break
                    self.mails.append(mail)
                    connection.sendall(self._reply("."))
                    if self.hangs_up_after == ".":
                        break
        connection.close()

    def _reply(self, verb: str) -> bytes:
        return self.replies.get(verb, REPLIES.get(verb, b"500 what\r\n"))


@contextmanager
def listening(script: Scripted) -> Iterator[int]:
    """The port it listens on; one client at a time."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    script.serve(server.accept()[0])

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def certificate(folder: Path, host: str) -> ssl.SSLContext:
    """A server context with a self-signed certificate for an address, left in folder/cert.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scripted")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
