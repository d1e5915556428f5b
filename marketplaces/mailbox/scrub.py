"""Make a mail fit to be shown to strangers: what names somebody is replaced, what the rules read by is kept.

Structure, the forms of headers, markers, labels and languages stay, so that the scrubbed mail is read as the
original was. Words, names, addresses and numbers become others of the same shape, the same ones each time;
which, depends on a secret that is thrown away. Dates stay, and numbers of up to three digits.
"""

import base64
import html
import quopri
import re
from collections.abc import Iterable
from email.header import Header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from marketplaces.mailbox.charsets import decode
from marketplaces.mailbox.disguise import Disguise
from marketplaces.mailbox.headers import Address, addresses, message_ids, moment, parameters, words
from marketplaces.mailbox.moments import STAMP_HOST
from marketplaces.mailbox.rules import MarketplaceRules, Rulebook, SharedRules, under

LARGEST = 2**20  # bytes; what lies behind is cut off
MAX_TEXT = 200_000
ADDRESSES = frozenset(
    {
        *("from", "to", "cc", "bcc", "reply-to", "sender", "return-path", "delivered-to", "x-original-to"),
        *("x-envelope-to", "envelope-to", "x-failed-recipients"),
    }
)
IDS = frozenset({"message-id", "in-reply-to", "references", "content-id"})
KEPT = frozenset({"mime-version", "auto-submitted", "precedence", "action", "status", "x-autoreply"})
PLAIN = re.compile(r"[\w .,;:+()/-]{0,100}", re.ASCII)
RESULT = re.compile(
    r"\b(?:(dkim|spf|dmarc)=([a-z]+)|(header\.(?:from|d|i))=\"?@?([\w.@+-]+))", re.IGNORECASE | re.ASCII
)
STYLE = re.compile(r"[\w\s:;,.#%()!-]{0,300}", re.ASCII)
COMMENT = re.compile(r"<!--.*?-->|<(script|style|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"(<[^<>]{1,5000}>)")
TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,15})")
ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)""")


def scrubbed(raw: bytes, book: Rulebook, marketplace: str, *, secret: bytes) -> bytes:
    """The mail with everything replaced that is nobody else's business; never raises for odd mail."""
    scrub = Scrub(book.shared, book.marketplaces[marketplace], secret)
    message = BytesParser(policy=compat32).parsebytes(raw[:LARGEST])
    return scrub.part(message)


class Scrub:
    """One scrubbing: what was replaced by what depends on its secret alone."""

    def __init__(self, shared: SharedRules, rules: MarketplaceRules, secret: bytes) -> None:
        self.shared, self.rules = shared, rules
        self.disguise = Disguise(secret)
        self.numbers = count(1)
        self.known_domains = rules.sender_domains | rules.stamp_domains | rules.relay_domains
        self.known_domains |= shared.complaint_domains
        self.known_locals = shared.machine_local_parts | shared.bounce_senders | shared.complaint_local_parts
        self.known_locals |= rules.on_behalf_local_parts
        self.known_locals |= {part for rule in rules.senders for part in rule.local_parts}
        self.tokens = _tokens(_phrases(shared, rules), [rule.pattern.pattern for rule in rules.deadlines])

    def part(self, message: Message) -> bytes:
        """A mail or a part of one, with its headers, as bytes."""
        boundary = f"part-{next(self.numbers)}"
        kind, given = parameters(_ascii(message.get("Content-Type", "text/plain")))
        payload = message.get_payload()
        inner = [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else None
        if inner is not None and kind.startswith("multipart/"):
            body = (
                b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), self.part(each)) for each in inner)
                + b"--%b--\r\n" % boundary.encode()
            )
            kept = {"boundary": boundary, "report-type": given.get("report-type", "")}
            return self._head(message, kind, kept, coding="") + body
        if inner is not None:
            return self._head(message, kind, {}, coding="") + b"\r\n".join(self.part(each) for each in inner)
        content = message.get_payload(decode=True)
        content = content if isinstance(content, bytes) else b""
        if not kind.startswith("text/"):
            body = base64.encodebytes(b"(a file of %d bytes)" % len(content))
            return self._head(message, kind, {}, coding="base64") + body
        return self._text(message, kind, given.get("charset", ""), content)

    def text(self, plain: str) -> str:
        """A text in which only what the rules know is still what it was."""
        return self.tokens.sub(self._token, plain)

    def html(self, markup: str) -> str:
        """HTML with its tags, without what could tell anything; the text between them scrubbed."""
        pieces = []
        for piece in TAG.split(COMMENT.sub("", markup)):
            if TAG.fullmatch(piece):
                pieces.append(self._tag(piece))
            else:
                said = self.text(html.unescape(piece))
                pieces.append(html.escape(said, quote=False).replace("\xa0", "&nbsp;"))
        return "".join(pieces)

    def address(self, address: str) -> str:
        """A mail address of the same form; what the rules know of it stays."""
        if address.lower() in self.rules.refused_addresses:
            return address
        local, _, domain = address.rpartition("@")
        name, plus, case = local.partition("+")
        known = name.lower() in self.known_locals
        name = name if known else self.disguise.token(name)
        return f"{name}{plus}{self.disguise.token(case)}@{self.domain(domain)}"

    def domain(self, domain: str) -> str:
        """A domain the rules know, or another one that does not exist."""
        if under(domain.lower(), self.known_domains):
            return domain
        official = next((each for each in self.shared.official_domains if under(domain.lower(), [each])), "")
        return f"{self.disguise.word('d' + domain.lower().replace('.', ''))}.{official or 'example'}"

    def url(self, url: str) -> str:
        """A link of the same form, on a host the rules know or on none."""
        try:
            parts = urlsplit(url)
            host = parts.netloc.lower() if parts.netloc.lower() in self.rules.link_hosts else "link.example"
            query = [(name, self.disguise.token(value)) for name, value in parse_qsl(parts.query)]
        except ValueError:
            return "https://link.example/"
        known = [path for path in self.rules.no_response_paths if path in parts.path.lower()]
        path = "/".join(known or [self.disguise.token(each) for each in parts.path.strip("/").split("/")])
        asked = {
            name if name in self.rules.case_parameters else self.disguise.token(name): v for name, v in query
        }
        return f"{parts.scheme or 'https'}://{host}/{path}{'?' + urlencode(asked) if asked else ''}"

    def _text(self, message: Message, kind: str, charset: str, content: bytes) -> bytes:
        plain = decode(content, charset)[0][:MAX_TEXT]
        said = self.html(plain) if kind == "text/html" else self.text(plain)
        try:
            encoded = said.encode(charset or "utf-8")
        except (LookupError, UnicodeError):
            charset, encoded = "utf-8", said.encode("utf-8", "replace")
        coding = _ascii(message.get("Content-Transfer-Encoding", "8bit")).strip().lower()
        if coding == "base64":
            encoded = base64.encodebytes(encoded)
        elif coding == "quoted-printable":
            encoded = quopri.encodestring(encoded)
        else:
            coding = "8bit"
        return self._head(message, kind, {"charset": charset or "utf-8"}, coding=coding) + encoded

    def _head(self, message: Message, kind: str, given: dict[str, str], *, coding: str) -> bytes:
        lines = [f"{name}: {self._header(name.lower(), value)}" for name, value in _headers(message)]
        if (
            message.get("Content-Type") is not None
            or given.get("charset", "utf-8") != "utf-8"
            or coding == "base64"
        ):
            said = "".join(f'; {name}="{value}"' for name, value in given.items() if value)
            lines.append(
                f"Content-Type: {kind if PLAIN.fullmatch(kind) else 'application/octet-stream'}{said}"
            )
        if coding:
            lines.append(f"Content-Transfer-Encoding: {coding}")
        disposition, named = parameters(_ascii(message.get("Content-Disposition", "")))
        if disposition in ("attachment", "inline"):
            ending = re.search(r"\.[A-Za-z0-9]{1,5}$", named.get("filename", ""))
            file = f'; filename="file-{next(self.numbers)}{ending.group() if ending else ""}"'
            lines.append(f"Content-Disposition: {disposition}{file}")
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace") + b"\r\n"

    def _header(self, name: str, value: str) -> str:
        plain = _ascii(value)
        if name == self.rules.notification_header:
            return plain if re.fullmatch(r"[A-Za-z_]{1,60}", plain.strip()) else "UNKNOWN"
        if name in KEPT:
            return plain if PLAIN.fullmatch(plain) else ""
        if name == "date":
            at = moment(plain)
            return f"{at:%a, %d %b %Y %H:%M:%S} +0000" if at else self.text(plain)
        if name in ADDRESSES:
            return ", ".join(self._mailbox(each) for each in addresses(plain)) or (
                "<>" if "<>" in plain else ""
            )
        if name in IDS:
            ids = [each.strip("<>").rpartition("@") for each in message_ids(plain)]
            return " ".join(f"<{self.disguise.token(local)}@{self.domain(host)}>" for local, _, host in ids)
        if name == "received":
            return self._received(plain)
        if name == "authentication-results":
            return self._results(plain)
        return _encoded(self.text(words(plain)))

    def _mailbox(self, mailbox: Address) -> str:
        name = _encoded(self.text(mailbox.name).replace('"', ""))
        address = self.address(mailbox.address)
        if not name:
            return address
        return f"{name} <{address}>" if name.startswith("=?") else f'"{name}" <{address}>'

    def _received(self, value: str) -> str:
        route, _, stamp = value.rpartition(";")
        hosts = [self.domain(host) for host in STAMP_HOST.findall(route)][:2]
        at = moment(stamp)
        said = " ".join(f"{word} {host}" for word, host in zip(("from", "by"), hosts, strict=False))
        return f"{said}; {at:%a, %d %b %Y %H:%M:%S} +0000" if at else said

    def _results(self, value: str) -> str:
        server = self.domain(value.partition(";")[0].strip() or "mx")
        said = []
        for method, result, about, domain in RESULT.findall(value):
            if method:
                said.append(f"; {method.lower()}={result.lower()}")
            else:
                said.append(f" {about.lower()}={self.domain(domain.rpartition('@')[2])}")
        return server + "".join(said)

    def _tag(self, tag: str) -> str:
        name = TAG_NAME.match(tag)
        if name is None:
            return ""
        if tag.startswith("</"):
            return f"</{name.group(1)}>"
        kept = []
        for attribute, value in ATTRIBUTE.findall(tag):
            value, attribute = html.unescape(value.strip("\"'")), attribute.lower()
            if attribute in ("href", "src"):
                value = value[:4] + "file@mail.example" if value.startswith("cid:") else self.url(value)
            elif attribute in ("alt", "title"):
                value = self.text(value)
            elif attribute not in ("style", "dir", "width", "height") or not STYLE.fullmatch(value):
                continue
            kept.append(f' {attribute}="{html.escape(value)}"')
        return f"<{name.group(1)}{''.join(kept)}{' /' if tag.endswith('/>') else ''}>"

    def _token(self, match: re.Match[str]) -> str:
        token = match.group()
        match match.lastgroup:
            case "url":
                return self.url(token)
            case "address":
                return self.address(token)
            case "known":
                return token
            case "number":
                return self.disguise.digits(token)
            case "short":
                return token
            case "mixed":
                return self.disguise.token(token)
        return self.disguise.word(token)


def _phrases(shared: SharedRules, rules: MarketplaceRules) -> set[str]:
    """Every phrase mail is read by."""
    said: set[str] = set()
    for source in (
        *(shared.bounce_subjects, shared.bounce_bodies, shared.bounce_delayed, shared.complaint_subjects),
        *(shared.originals, shared.wrote_starts, shared.wrote_ends, shared.head_labels, shared.months),
        *(rules.name_suffixes, rules.on_behalf_phrases, rules.on_behalf_domain_phrases),
        *(
            rules.on_behalf_beside_reason,
            rules.begin_markers,
            rules.end_markers,
            rules.labels,
            rules.openings,
        ),
        *(rules.footers, rules.terminators, rules.quantity_words, rules.body_after_name),
        *(rules.subject_before_name, rules.subject_stops),
        *(part for rule in rules.senders for part in (rule.subjects, rule.phrases)),
    ):
        said.update(phrase.strip() for phrase in source)
    return said


def _tokens(phrases: Iterable[str], patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all that a text consists of; its named groups say what each is."""
    known = [_phrase(phrase) for phrase in sorted(phrases, key=len, reverse=True)]
    uncaught = [
        re.sub(r"\((?!\?)", "(?:", pattern.replace(r"\(", "\0")).replace("\0", r"\(") for pattern in patterns
    ]
    return re.compile(
        r"(?P<url>https?://[^\s<>\"']+)"
        r"|(?P<address>[^\s<>\"'(),;:@]+@[A-Za-z0-9.-]+[A-Za-z0-9])"
        rf"|(?P<known>{'|'.join([*uncaught, *known])})"
        r"|(?P<number>\+?[0-9](?:[0-9 ()/.-]{2,40}[0-9])|[0-9]{4,})(?![^\W_])"
        r"|(?P<short>(?<![^\W_])[0-9]{1,3}(?![^\W_]))"
        r"|(?P<mixed>(?=[^\W_]*[0-9])[^\W_]+)"
        r"|(?P<word>[^\W\d_]+)",
        re.IGNORECASE,
    )


def _phrase(phrase: str) -> str:
    escaped = re.escape(phrase).replace(r"\ ", r"\s+")
    before = r"(?<![^\W_])" if phrase[0].isalnum() else ""
    return f"{before}{escaped}" + (r"(?![^\W_])" if phrase[-1].isalpha() and phrase.isascii() else "")


def _headers(message: Message) -> list[tuple[str, Any]]:
    own = ("content-type", "content-transfer-encoding", "content-disposition")
    found = [(name, value) for name, value in message.items() if name.lower() not in own]
    return [(name, value) for name, value in found if re.fullmatch(r"[A-Za-z0-9-]{1,60}", name)][:200]


def _ascii(value: object) -> str:
    """A header's value on one line, bytes that are no ASCII decoded."""
    raw = str(value).encode("ascii", "surrogateescape")
    return " ".join(decode(raw)[0].split())


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=10_000).encode()
