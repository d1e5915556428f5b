"""What the first lines of an unreadable mail tell; pure and never raising."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """The few headers worth a glance; each may be empty."""

    name: str
    address: str
    subject: str
    message_id: str


def envelope_of(beginning: bytes) -> Envelope:
    """Look for the headers by their names, line by line, without decoding anything clever."""
    lines = re.split(r"\r\n|\r|\n", beginning.decode("latin-1").replace("\0", ""))
    found: dict[str, str] = {}
    for line in lines[:1000]:
        if not line:
            break
        name, colon, value = line.partition(":")
        if colon and name.lower() in ("from", "subject", "message-id"):
            found.setdefault(name.lower(), value.strip()[:500])
    sender = found.get("from", "")
    address = re.search(r"[^\s<>\"]{1,64}@[^\s<>\"]{1,180}", sender)
    return Envelope(
        name=sender.partition("<")[0].strip(" \"'")[:200] if "<" in sender else "",
        address=address[0] if address else "",
        subject=found.get("subject", ""),
        message_id=found.get("message-id", ""),
    )
