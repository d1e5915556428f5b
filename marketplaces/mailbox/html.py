"""HTML of strangers: made harmless for the screen, and made text for the rules.

The sanitiser is linear on honest mail; deep nesting, formatting that is never closed and endless entities
make it quadratic, so they are counted first and such a mail is shown as text.
"""

import re
from dataclasses import dataclass, field
from html import unescape

import nh3

from marketplaces.mailbox.charsets import clean

MAX_HTML = 1_000_000
MAX_DEPTH = 256
MAX_TAGS = 100_000
MAX_ENTITIES = 100_000  # within one text each costs what the text before it is long
MAX_REBUILT = 1_000_000
TAGS = {
    "a", "abbr", "address", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
DROPPED = {
    "script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea",
    "select",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "table": {"border", "cellpadding", "cellspacing", "align"},
    "ol": {"start"},
    "*": {"dir", "lang"},
}
SCHEMES = {"http", "https", "mailto", "cid"}
FORMATTING = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
}  # fmt: skip
# Tags that are never closed, or close by themselves when the next one comes.
UNCOUNTED = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot", "colgroup",
    "!doctype",
}  # fmt: skip
TAG = re.compile(r"<(/?)([a-zA-Z!][a-zA-Z0-9]*)")
STYLED_PRE = re.compile(r"<pre\b([^<>]{0,2000})>?", re.IGNORECASE)
BARE_IMAGE = re.compile(r"<img(?![^<>]*\ssrc=)[^<>]*>")
TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)([^>"]*(?:"[^"]*"[^>"]*)*)>|([^<]+)|<')
HREF = re.compile(r'\shref="([^"]*)"')
UNREAD = re.compile(r"<(script|style|title)\b", re.IGNORECASE)
PARAGRAPHS = {"p", "pre", "table", "ul", "ol", "dl", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"}
LINES = {"div", "address", "tr", "li", "dt", "dd", "hr", "center", "caption"}
CELLS = {"td", "th"}


@dataclass(frozen=True, slots=True)
class HtmlText:
    """HTML as text: `links` are (offset, address), `words` the offsets of the only styled `<pre>`."""

    text: str
    links: tuple[tuple[int, str], ...] = ()
    words: tuple[int, int] | None = None


def sanitised(html: str) -> str:
    """Return HTML that can neither run nor load anything, or "" when it is built to exhaust us."""
    html = html[:MAX_HTML]
    if _exhausting(html):
        return ""
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=DROPPED,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=SCHEMES,
        url_relative="deny",
    )
    return BARE_IMAGE.sub("", cleaned)[:MAX_HTML]


def to_text(html: str, cleaned: str) -> HtmlText:
    """Return the text of a mail's HTML, read from its sanitised form; without one, the tags are cut out."""
    if not cleaned:
        return HtmlText(text=_without_tags(html[:MAX_HTML]))
    return _Writer().write(cleaned, _styled_pre(html))


def from_text(text: str) -> str:
    """Return plain text as HTML, for a mail that is partly the one and partly the other."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<pre>{escaped}</pre>"


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if value.lower().startswith("cid:") else None
    if tag == "a" and name == "href":
        return None if value.lower().lstrip().startswith("cid:") else value
    return value


def _exhausting(html: str) -> bool:
    if html.count("&") > MAX_ENTITIES:
        return True
    depth = deepest = formatting = deepest_formatting = tags = 0
    for match in TAG.finditer(html):
        tags += 1
        name = match.group(2).lower()
        if name in UNCOUNTED:
            continue
        step = -1 if match.group(1) else 1
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if name in FORMATTING:
            formatting = max(0, formatting + step)
            deepest_formatting = max(deepest_formatting, formatting)
    return deepest > MAX_DEPTH or tags > MAX_TAGS or deepest_formatting * tags > MAX_REBUILT


def _styled_pre(html: str) -> int | None:
    """Return which `<pre>`, from 0, is the only one with a style: there Amazon puts the buyer's words."""
    styled = [
        index for index, match in enumerate(STYLED_PRE.finditer(html)) if "style" in match.group(1).lower()
    ]
    return styled[0] if len(styled) == 1 else None


def _without_tags(html: str) -> str:
    kept: list[str] = []
    at = 0
    for match in UNREAD.finditer(html):
        if match.start() < at:
            continue
        kept.append(html[at : match.start()])
        end = html.lower().find(f"</{match.group(1).lower()}", match.end()) if len(kept) < 100 else -1
        at = len(html) if end < 0 else end
    kept.append(html[at:])
    text = re.sub(r"<[^<>]*>", "\n", "".join(kept))
    return re.sub(r"\n{3,}", "\n\n", clean(unescape(text))).strip()


@dataclass(slots=True)
class _Writer:
    """Turns sanitised HTML into text in one pass, counting where it is."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    owed: int = 0  # line feeds to write before the next word
    spaced: bool = True
    quotes: int = 0

    def write(self, cleaned: str, styled_pre: int | None) -> HtmlText:
        links: list[tuple[int, str]] = []
        words: tuple[int, int] | None = None
        inside_pre = 0
        pre_count = -1
        pre_start = 0
        for match in TOKEN.finditer(cleaned):
            closing, tag, attributes, text = match.groups()
            if tag is None:
                if text is not None:
                    self._text(clean(unescape(text)), verbatim=inside_pre > 0)
                continue
            if tag == "a" and not closing and (href := HREF.search(attributes)):
                links.append((self.length, unescape(href.group(1))))
            elif tag == "br":
                self.owed += 1
            elif tag in CELLS:
                self._space()
            elif tag in PARAGRAPHS:
                self.owed = max(self.owed, 2)
            elif tag in LINES:
                self.owed = max(self.owed, 1)
            if tag == "blockquote":
                self.quotes = max(0, self.quotes + (-1 if closing else 1))
            if tag == "pre":
                inside_pre = max(0, inside_pre + (-1 if closing else 1))
                if not closing:
                    pre_count += 1
                    pre_start = self.length
                elif pre_count == styled_pre and words is None:
                    words = (pre_start, self.length)
        return HtmlText(text="".join(self.pieces), links=tuple(links), words=words)

    def _space(self) -> None:
        if not self.spaced and not self.owed:
            self._put(" ")
            self.spaced = True

    def _text(self, text: str, *, verbatim: bool) -> None:
        if not verbatim:
            stripped = " ".join(text.split())
            if not stripped:
                if text:
                    self._space()
                return
            if text[0].isspace():
                self._space()
            self._flush()
            self._put(stripped)
            self.spaced = False
            if text[-1].isspace():
                self._space()
            return
        for index, line in enumerate(text.split("\n")):
            if index:
                self.owed += 1
            if line.strip():
                self._flush()
                self._put(line)
                self.spaced = False

    def _flush(self) -> None:
        """Write the owed line feeds (never more than one blank line) and the marks of a quotation."""
        if not self.owed and self.length:
            return
        mark = "> " * min(self.quotes, 5)
        if self.pieces and self.pieces[-1] == " ":
            self.pieces.pop()
            self.length -= 1
        if self.length:
            self._put("\n" * min(self.owed, 2))
        self.owed = 0
        if mark:
            self._put(mark)
        self.spaced = True

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)
