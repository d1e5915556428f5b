"""What a mail gains on its way: encoded headers, Received lines and the provider's verdict on its origin.

Section 1.3 of the Amazon field notes (row "auth") says which domains pass. The lines themselves have the form
of RFC 5321 4.4 and RFC 8601, with the host of the mailbox's own domain as authserv-id.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Literal

from simulator.accounts import SellerAccount

# Providers stamp in their own zone; the moment is the same.
_PROVIDER_ZONE = timezone(timedelta(hours=-8))

Verdict = Literal["pass", "fail", "none"]


@dataclass
class Draft:
    """A mail as its author wrote it, before any server touched it.

    `headers` come after From, To, Subject, Date and Message-ID; `charset` is that of its encoded words;
    `origin` is the sending host; `envelope_from` is empty for what must never be answered.
    """

    sender_name: str
    sender: str
    subject: str
    message_id: str
    body: EmailMessage
    origin: str
    envelope_from: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    charset: str = "utf-8"
    to_name: str = ""


def stamped(
    draft: Draft,
    account: SellerAccount,
    *,
    sent_at: datetime,
    received_at: datetime,
    verdict: Verdict = "pass",
    extra_top: list[tuple[str, str]] | None = None,
) -> bytes:
    """The mail as it lies in the seller's mailbox; `received_at` is the INTERNALDATE to go with it."""
    handed_over = min(sent_at + timedelta(seconds=1), received_at)
    host = f"mx.{account.domain}"
    queue = draft.message_id.strip("<>")[:10].upper()
    lines = [
        ("Return-Path", f"<{draft.envelope_from}>"),
        ("Delivered-To", account.address),
        (
            "Received",
            f"from {draft.origin} ({draft.origin} [198.51.100.{sum(draft.origin.encode()) % 250 + 1}])\r\n"
            f"\tby {host} with ESMTPS id {queue}\r\n"
            f"\tfor <{account.address}>; {format_datetime(received_at.astimezone(_PROVIDER_ZONE))}",
        ),
        ("Authentication-Results", _verdict_line(draft, host, verdict)),
        *(extra_top or []),
    ]
    if verdict == "pass":
        inner = f"from internal (unknown [10.0.0.{len(draft.subject) % 250 + 1}])"
        lines.append(
            ("Received", f"{inner}\r\n\tby {draft.origin} with ESMTP; {format_datetime(handed_over)}")
        )
    lines += [
        ("Date", format_datetime(sent_at)),
        ("From", _address(draft.sender_name, draft.sender, draft.charset)),
        ("To", _address(draft.to_name, account.address, draft.charset)),
        ("Message-ID", draft.message_id),
        ("Subject", encoded("Subject", draft.subject, draft.charset)),
        *((name, encoded(name, value, draft.charset)) for name, value in draft.headers),
    ]
    top = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("ascii")
    return top + draft.body.as_bytes()


def encoded(name: str, value: str, charset: str) -> str:
    """A header value in encoded words where it needs them (RFC 2047), folded."""
    if value.isascii():
        return Header(value, "us-ascii", header_name=name, maxlinelen=76).encode(linesep="\r\n")
    try:
        value.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    return Header(value, charset, header_name=name, maxlinelen=76).encode(linesep="\r\n")


def _address(name: str, address: str, charset: str) -> str:
    if not name:
        return address
    if name.isascii():
        return formataddr((name, address))
    person, dash, suffix = name.partition(" - ")
    return f"{encoded('From', person, charset)}{dash}{suffix} <{address}>"


def _verdict_line(draft: Draft, host: str, verdict: Verdict) -> str:
    if verdict == "none":
        return f"{host}; none"
    author = draft.sender.rpartition("@")[2]
    bounces = draft.envelope_from.rpartition("@")[2] or draft.origin
    if verdict == "fail":
        return (
            f"{host};\r\n\tspf=fail (sender IP is not permitted) smtp.mailfrom={bounces};\r\n"
            f"\tdkim=none (message not signed);\r\n\tdmarc=fail (p=quarantine) header.from={author}"
        )
    return (
        f"{host};\r\n\tspf=pass smtp.mailfrom={bounces};\r\n"
        f"\tdkim=pass header.d={author} header.s=s1;\r\n\tdmarc=pass header.from={author}"
    )
