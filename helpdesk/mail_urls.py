"""Read smtp:// URLs."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from helpdesk.env import BadSetting

# How the connection is protected, and the port where none is named (RFC 8314, RFC 6409).
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailUrl:
    """The server that takes mail of the helpdesk's own; no host: there is none."""

    scheme: str = "smtp"
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, setting: str) -> Self:
        """Read smtp://user:password@host:port, smtp+starttls:// or smtps://; raises BadSetting."""
        if not url:
            return cls()
        fault = BadSetting(f"{setting}: must look like smtp+starttls://user:password@host:587 or smtps://...")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise fault from None
        if parts.scheme not in PORTS or not host:
            raise fault
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port or PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
