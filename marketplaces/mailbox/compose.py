"""Write the mail that carries a reply, byte by byte the same however often it is tried (but for its Date).

By hand and not with email.message, which encodes a long Message-ID in References beyond recognition. No
history is quoted and nothing says Auto-Submitted: a person wrote this to one other person.
"""

import quopri
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

MOST_REFERENCES = 20
LONGEST_ID = 900  # with its header's name it still fits the 998 octets of a line
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,128}@[A-Za-z0-9.-]{1,255}")
MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
LINE_BREAK = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class CannotCompose(ValueError):
    """The reply cannot be made into a mail; the message is for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """What a mail is made of; `references` holds the ids of the thread, oldest first, separated by spaces."""

    sender: str
    recipient: str
    subject: str
    message_id: str
    in_reply_to: str
    references: str
    body: str
    date: datetime


def compose(mail: OutgoingMail) -> bytes:
    """The mail with CRLF lines, 7 bits wide; raises CannotCompose."""
    if not MESSAGE_ID.fullmatch(mail.message_id):
        raise CannotCompose("The reply has no proper Message-ID.")
    headers = [
        ("From", f"<{address(mail.sender, 'sender')}>"),
        ("To", f"<{address(mail.recipient, 'relay')}>"),
        ("Subject", subject(mail.subject)),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", mail.message_id),
    ]
    answered = message_ids(mail.in_reply_to)[-1:]
    if answered:
        headers.append(("In-Reply-To", answered[0]))
    if thread := references(mail.references, answered):
        headers.append(("References", "\r\n ".join(thread)))
    headers += [
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("ascii") + b"\r\n" + body(mail.body)


def address(value: str, whose: str) -> str:
    """The address exactly as it is, once it is known to be one and nothing more."""
    if not ADDRESS.fullmatch(value):
        raise CannotCompose(f"The {whose} address is not one mail can be sent with.")
    return value


def subject(value: str) -> str:
    """One line, folded, encoded where it must be."""
    line = " ".join(LINE_BREAK.sub(" ", value).split())
    line = "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs"))
    # Plain text that looks like an encoded word must be encoded too, or it would be decoded on arrival.
    charset = "us-ascii" if line.isascii() and "=?" not in line else "utf-8"
    header = Header(line, charset, maxlinelen=76, header_name="Subject")
    return header.encode(splitchars=" ", linesep="\r\n")


def references(thread: str, answered: list[str]) -> list[str]:
    """The thread's ids, the answered one last; a long thread keeps its first and its newest ones."""
    ids = [known for known in dict.fromkeys(message_ids(thread)) if known not in answered] + answered
    return ids if len(ids) <= MOST_REFERENCES else ids[:1] + ids[1 - MOST_REFERENCES :]


def message_ids(value: str) -> list[str]:
    """The message ids in a header's text; whatever else stands there is left out."""
    return [found for found in MESSAGE_ID.findall(value) if len(found) <= LONGEST_ID]


def body(text: str) -> bytes:
    """The text as quoted-printable lines, one line break at its end."""
    lines = re.sub(r"\r\n?", "\n", text).replace("\0", "").rstrip("\n") + "\n"
    return quopri.encodestring(lines.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
