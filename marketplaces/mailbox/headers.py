"""Header lines, read without ever failing: words, addresses, message ids, dates, parameters.

The standard library's readers raise or turn quadratic on hostile headers (nested comments, endless
parameters, numbers of 5 000 digits); these are single passes with limits.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from marketplaces.mailbox.charsets import clean, decode, one_line

MAX_HEADER_BYTES = 100_000
MAX_ADDRESSES = 100
MAX_MESSAGE_IDS = 100
MAX_PARAMETERS = 100
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
ENCODED_WORD = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?]*)\?=")
MESSAGE_ID = re.compile(r"<([^<>]{1,998})>")
PARAMETER_NAME = re.compile(r"^([^*]+)(?:\*([0-9]{1,3}))?(\*?)$")


@dataclass(frozen=True, slots=True)
class Headers:
    """The header lines of a mail or of a part of one, in order; names are lower case, values raw bytes."""

    lines: tuple[tuple[str, bytes], ...]

    def all(self, name: str) -> list[str]:
        """Return every value of that name as text, top to bottom, encoded words left as they are."""
        return [_text(value) for key, value in self.lines if key == name]

    def first(self, name: str) -> str:
        """Return the topmost value of that name, or ""."""
        for key, value in self.lines:
            if key == name:
                return _text(value)
        return ""

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.lines)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox as written; `name` is decoded, `address` keeps its case."""

    name: str
    address: str

    @property
    def local(self) -> str:
        return self.address.rpartition("@")[0].lower()

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower().rstrip(".")


def words(value: str) -> str:
    """Return a header value with its encoded words (RFC 2047) decoded; what is broken stays as it was."""
    if "=?" not in value:
        return clean(value)
    pieces: list[str] = []
    pending = b""
    pending_charset = ""
    at = 0
    for match in ENCODED_WORD.finditer(value):
        charset, coding, payload = match.groups()
        between = value[at : match.start()]
        at = match.end()
        data = _encoded_bytes(coding, payload)
        charset = charset.partition("*")[0].lower()
        # A character may be split over two neighbouring words, so their bytes are joined before decoding.
        if pending and not between.strip() and data is not None and charset == pending_charset:
            pending += data
            continue
        if pending:
            pieces.append(decode(pending, pending_charset)[0])
            if not between.strip() and data is not None:
                between = ""
        pieces.append(between)
        pending, pending_charset = b"", charset
        if data is None:
            pieces.append(match.group())
        else:
            pending = data
    if pending:
        pieces.append(decode(pending, pending_charset)[0])
    pieces.append(value[at:])
    return clean("".join(pieces))


def addresses(value: str) -> list[Address]:
    """Return the mailboxes of an address header; groups are flattened, comments dropped, nonsense skipped."""
    found: list[Address] = []
    for item in _split_outside_quotes(value, ",;"):
        address = _address(item)
        if address is not None:
            found.append(address)
            if len(found) == MAX_ADDRESSES:
                break
    return found


def message_ids(value: str) -> tuple[str, ...]:
    """Return every message id of a header as `<...>` without white space, the last 100, each once."""
    ids = ["<" + "".join(clean(match).split()) + ">" for match in MESSAGE_ID.findall(value)]
    if not ids:
        ids = [
            f"<{word}>" for word in clean(value[:998]).split() if "@" in word and not set(word) & set("<>")
        ]
    return tuple(dict.fromkeys(each for each in ids if each != "<>"))[-MAX_MESSAGE_IDS:]


def moment(value: str) -> datetime | None:
    """Return a date header as UTC, or None; a date without a zone is taken as UTC."""
    value = value[:200]
    if not value.strip():
        return None
    try:
        parsed = parsedate_to_datetime(one_line(value, 100))
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def believable(value: datetime | None, now: datetime) -> bool:
    """Say whether a moment can be true: after 1989 and at most a day ahead of `now`."""
    return value is not None and OLDEST <= value <= now + timedelta(days=1)


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split `text/plain; charset=utf-8` into its value and parameters, RFC 2231 pieces joined and decoded."""
    first, *rest = _split_outside_quotes(value, ";", limit=MAX_PARAMETERS)
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for item in rest:
        name, equals, content = item.partition("=")
        match = PARAMETER_NAME.match(name.strip().lower())
        if not equals or match is None:
            continue
        content = _unquote(content.strip())
        base, number, star = match.groups()
        if number is None and not star:
            plain.setdefault(base, content)
        else:
            pieces.setdefault(base, {}).setdefault(int(number or 0), (content, bool(star)))
    for base, numbered in pieces.items():
        plain[base] = _joined(numbered)
    return first.strip().lower(), plain


def _text(value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError:
        return decode(value)[0]


def _encoded_bytes(coding: str, payload: str) -> bytes | None:
    raw = payload.encode("utf-8", "replace")
    if coding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return None


def _split_outside_quotes(value: str, separators: str, limit: int = 1000) -> list[str]:
    """Cut at separators that stand outside of quotes, angle brackets and comments; comments are removed."""
    parts: list[str] = []
    piece: list[str] = []
    quoted = escaped = angle = False
    comment = 0
    for character in value[:MAX_HEADER_BYTES]:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or comment):
            escaped = True
        elif character == '"' and not comment:
            quoted = not quoted
        elif not quoted and character == "(":
            comment += 1
        elif not quoted and character == ")" and comment:
            comment -= 1
            continue
        elif not quoted and not comment:
            angle = character == "<" or (angle and character != ">")
            if character in separators and not angle:
                parts.append("".join(piece))
                piece = []
                if len(parts) == limit:
                    return parts
                continue
        if not comment:
            piece.append(character)
    parts.append("".join(piece))
    return parts


def _address(item: str) -> Address | None:
    item = item.strip()
    name, angle, rest = item.rpartition("<")
    if angle:
        address = rest.partition(">")[0]
    else:
        name, address = "", item.rpartition(":")[2]  # after the name of a group
    address = "".join(clean(address).split()).strip('"')
    if address.count("@") != 1 or len(address) > 320 or address[0] == "@" or address[-1] == "@":
        return None
    return Address(name=one_line(words(_unquote(name.strip())), 200), address=address)


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.strip('"')


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    charset = ""
    data = b""
    for index, (content, encoded) in sorted(numbered.items()):
        if encoded and index == min(numbered) and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if encoded else content.encode("utf-8", "replace")
    return decode(data, charset)[0]
