"""The tree of a mail taken apart: its readable texts, its files, and the parts machines write for machines.

The standard parser recurses once per level (10 000 nested parts end it) and checks every line against every
open boundary. This one works on offsets into the one buffer, goes no deeper than it must, and keeps what it
can of a mail beyond the limits.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from marketplaces.mailbox.charsets import decode
from marketplaces.mailbox.files import file_name, sniffed_type
from marketplaces.mailbox.headers import MAX_HEADER_BYTES, Headers, parameters, words
from marketplaces.mailbox.parsed import AttachmentPart

MAX_MAIL_BYTES = 40 * 2**20
MAX_PARTS = 100
MAX_DEPTH = 20
MAX_HEADER_LINES = 1000
MAX_TEXT_BYTES = 2 * 2**20
MAX_ATTACHMENTS = 50
HEADER_LINE = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
BLANK_LINE = re.compile(rb"\n\r?\n")
GUESSED_BOUNDARY = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?\nContent-", re.MULTILINE | re.IGNORECASE)
NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
SPACE = b" \t\r\n"
LINE_SPACE = b"\t\r\n="


@dataclass(slots=True)
class TextBlock:
    """One readable stretch of a mail: the same words as plain text, as HTML, or both."""

    plain: str = ""
    html: str = ""


@dataclass(slots=True)
class MimeMail:
    """A mail taken apart. `reports` are delivery-status texts, `returned` what a bounce brought back."""

    headers: Headers
    content_type: str = ""
    blocks: list[TextBlock] = field(default_factory=list)
    attachments: list[AttachmentPart] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    returned: list[bytes] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)

    def odd(self, sentence: str) -> None:
        """Note what was wrong with the mail, each thing once."""
        if sentence and sentence not in self.oddities:
            self.oddities.append(sentence)


def take_apart(raw: bytes) -> MimeMail:
    """Return the parts of a mail; any bytes whatever make some mail."""
    mail = MimeMail(headers=Headers(()))
    if len(raw) > MAX_MAIL_BYTES:
        mail.odd(f"larger than {MAX_MAIL_BYTES // 2**20} MB, read only up to there")
        raw = raw[:MAX_MAIL_BYTES]
    raw = _as_lines(raw, mail)
    start = _skip_to_headers(raw)
    mail.headers, body = read_headers(raw, start, len(raw), mail)
    mail.content_type = parameters(mail.headers.first("content-type"))[0]
    _Walk(raw, mail).part(mail.headers, body, len(raw), depth=0, block=None)
    return mail


def read_headers(raw: bytes, start: int, end: int, mail: MimeMail | None = None) -> tuple[Headers, int]:
    """Return the header lines between two offsets and where the body starts.

    A line that is no header ends them, for mails that lost the blank line between header and body.
    """
    lines: list[tuple[str, bytearray]] = []
    at = start
    count = 0
    while at < end:
        line_end = raw.find(b"\n", at, end)
        following = end if line_end < 0 else line_end + 1
        line = raw[at : min(following, at + MAX_HEADER_BYTES)].rstrip(b"\r\n")
        if not line:
            at = following
            break
        count += 1
        match = HEADER_LINE.match(line)
        if count > MAX_HEADER_LINES:
            blank = BLANK_LINE.search(raw, at, end)
            at = blank.end() if blank else end
            if mail is not None:
                mail.odd(f"more than {MAX_HEADER_LINES} header lines, the rest left out")
            break
        if line[:1] in b" \t" and lines:
            if len(lines[-1][1]) < MAX_HEADER_BYTES:
                lines[-1][1].extend(b" " + line.strip(SPACE))
        elif match is not None:
            lines.append(
                (match.group(1).decode("ascii").lower(), bytearray(line[match.end() :].strip(SPACE)))
            )
            if len(line) == MAX_HEADER_BYTES and mail is not None:
                mail.odd(f"a header line is longer than {MAX_HEADER_BYTES // 1000} kB and was cut")
        else:
            if mail is not None and lines:
                mail.odd("no blank line between header and body")
            break
        at = following
    return Headers(tuple((name, bytes(value)) for name, value in lines)), at


def transfer_decoded(data: bytes, encoding: str) -> tuple[bytes, str]:
    """Undo a Content-Transfer-Encoding as far as it can be; the oddity is "" when all was well."""
    if encoding == "base64":
        packed = data.translate(None, NOT_BASE64)
        # A blank inside of a line is foreign too: words are what most often stands there instead.
        foreign = len(data.translate(None, LINE_SPACE)) - len(packed)
        if packed and foreign * 10 > len(packed) and foreign > 4:
            return data, "a part says base64 and is not"
        try:
            return binascii.a2b_base64(packed[: len(packed) - (len(packed) % 4 == 1)] + b"=="), ""
        except binascii.Error:
            return data, "a part says base64 and is not"
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data), ""
    if encoding in ("", "7bit", "8bit", "binary"):
        return data, ""
    return data, f"unknown transfer encoding {encoding[:40]!r}"


@dataclass(slots=True)
class _Walk:
    raw: bytes
    mail: MimeMail
    parts: int = 0
    left_out: int = 0

    def part(self, headers: Headers, start: int, end: int, *, depth: int, block: TextBlock | None) -> None:
        """Read one part; `block` is the alternative it belongs to, if any."""
        self.parts += 1
        content_type, settings = parameters(headers.first("content-type"))
        if content_type.startswith("multipart/") and depth < MAX_DEPTH:
            boundary = settings.get("boundary", "").encode("utf-8", "replace")
            pieces = _pieces(self.raw, start, end, boundary)
            first = next(pieces, None)
            if first is None:
                boundary = _guessed_boundary(self.raw, start, end)
                pieces = _pieces(self.raw, start, end, boundary)
                first = next(pieces, None)
                self.mail.odd("the boundary of a multipart is wrong")
            if first is not None:
                self._multipart(content_type, first, pieces, depth, block)
                return
            content_type = ""
        elif content_type.startswith("multipart/"):
            self.mail.odd(f"parts nested deeper than {MAX_DEPTH}, the rest shown as text")
            content_type = ""
        self._leaf(headers, content_type, settings, start, end, block)

    def _multipart(
        self,
        content_type: str,
        first: tuple[int, int],
        others: Iterator[tuple[int, int]],
        depth: int,
        block: TextBlock | None,
    ) -> None:
        if content_type == "multipart/alternative" and block is None:
            block = TextBlock()
            self.mail.blocks.append(block)
        piece: tuple[int, int] | None = first
        while piece is not None:
            if self.parts >= MAX_PARTS:
                self.mail.odd(f"more than {MAX_PARTS} parts, the rest left out")
                return
            headers, body = read_headers(self.raw, *piece)
            self.part(headers, body, piece[1], depth=depth + 1, block=block)
            piece = next(others, None)

    def _leaf(
        self,
        headers: Headers,
        content_type: str,
        settings: dict[str, str],
        start: int,
        end: int,
        block: TextBlock | None,
    ) -> None:
        disposition, disposition_settings = parameters(headers.first("content-disposition"))
        name = words(disposition_settings.get("filename") or settings.get("name") or "")
        encoding = headers.first("content-transfer-encoding").strip().lower()
        is_text = content_type in ("", "text", "text/plain", "text/html")
        if content_type in ("message/delivery-status", "message/global-delivery-status"):
            self.mail.reports.append(self._text(start, end, encoding, settings))
        elif is_text and disposition != "attachment" and not name:
            self._readable(content_type, self._text(start, end, encoding, settings), block)
        else:
            self._attachment(headers, content_type, disposition, name, start, end, encoding)

    def _readable(self, content_type: str, text: str, block: TextBlock | None) -> None:
        if block is None:
            block = TextBlock()
            self.mail.blocks.append(block)
        if content_type == "text/html":
            block.html += text
        elif block.plain:
            block.plain += "\n" + text
        else:
            block.plain = text

    def _text(self, start: int, end: int, encoding: str, settings: dict[str, str]) -> str:
        if end - start > MAX_TEXT_BYTES * 2:
            end = start + MAX_TEXT_BYTES * 2
            self.mail.odd(f"a text is longer than {MAX_TEXT_BYTES // 2**20} MB and was cut")
        data, oddity = transfer_decoded(self.raw[start:end], encoding)
        self.mail.odd(oddity)
        if len(data) > MAX_TEXT_BYTES:
            data = data[:MAX_TEXT_BYTES]
            self.mail.odd(f"a text is longer than {MAX_TEXT_BYTES // 2**20} MB and was cut")
        text, oddity = decode(data, settings.get("charset", ""))
        self.mail.odd(oddity)
        return text

    def _attachment(
        self,
        headers: Headers,
        content_type: str,
        disposition: str,
        name: str,
        start: int,
        end: int,
        encoding: str,
    ) -> None:
        if len(self.mail.attachments) >= MAX_ATTACHMENTS:
            self.left_out += 1
            sentence = f"more than {MAX_ATTACHMENTS} attachments, "
            self.mail.oddities = [each for each in self.mail.oddities if not each.startswith(sentence)]
            self.mail.odd(f"{sentence}{self.left_out} left out")
            return
        content, oddity = transfer_decoded(self.raw[start:end], encoding)
        self.mail.odd(oddity)
        if content_type in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/global",
            "message/global-headers",
        ):
            self.mail.returned.append(content)
        detected = sniffed_type(content, content_type)
        self.mail.attachments.append(
            AttachmentPart(
                name=file_name(name, detected, number=len(self.mail.attachments) + 1),
                content_type=detected,
                declared_type=content_type[:100],
                size=len(content),
                content=content,
                content_id="".join(headers.first("content-id").split()).strip("<>")[:200],
                inline=disposition != "attachment" and headers.has("content-id"),
            )
        )


def _as_lines(raw: bytes, mail: MimeMail) -> bytes:
    """Undo what hides the lines of a mail: UTF-16, a byte order mark, line ends of one carriage return."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        mail.odd("the whole mail is UTF-16")
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if b"\n" not in raw and b"\r" in raw:
        mail.odd("the lines end with a bare carriage return")
        raw = raw.replace(b"\r", b"\n")
    return raw


def _skip_to_headers(raw: bytes) -> int:
    at = len(raw) - len(raw.lstrip(b"\r\n"))
    if raw.startswith((b"From ", b">From "), at):  # the separator line of a Unix mailbox
        line_end = raw.find(b"\n", at)
        at = len(raw) if line_end < 0 else line_end + 1
    return at


def _pieces(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the parts between boundary lines; a missing last boundary is no loss."""
    if not boundary:
        return
    mark = b"--" + boundary
    open_at = -1
    at = start
    while True:
        at = raw.find(mark, at, end)
        if at < 0:
            break
        tail = at + len(mark)
        if at != start and raw[at - 1] != 0x0A:
            at = tail
            continue
        closing = raw.startswith(b"--", tail, end)
        line_end = raw.find(b"\n", tail, end)
        line_end = end if line_end < 0 else line_end
        if raw[tail + 2 * closing : line_end].strip(SPACE):
            at = tail
            continue
        if open_at >= 0:
            stop = at - 1 if at > open_at else at
            stop -= stop > open_at and raw[stop - 1] == 0x0D
            yield open_at, max(stop, open_at)
        if closing:
            return
        open_at = min(line_end + 1, end)
        at = open_at
    if open_at >= 0:
        yield open_at, end


def _guessed_boundary(raw: bytes, start: int, end: int) -> bytes:
    match = GUESSED_BOUNDARY.search(raw, start, min(end, start + 100_000))
    return match.group(1) if match else b""
