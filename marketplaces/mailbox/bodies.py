"""The texts of a mail: which of them to read, and which of their words are the writer's own."""

from dataclasses import dataclass, replace

from marketplaces.mailbox.charsets import clean
from marketplaces.mailbox.html import HtmlText, from_text, sanitised, to_text
from marketplaces.mailbox.mime import MAX_TEXT_BYTES, MimeMail
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.quotes import fold_quote, quote_offset
from marketplaces.mailbox.relay import Frame, Labels, details_frame, find_frame, footer, labels, trimmed
from marketplaces.mailbox.rules import MarketplaceRules, SharedRules

NO_TEXT = "This mail has no readable text."
FRAMED = frozenset({MailKind.BUYER_MESSAGE, MailKind.ON_BEHALF, MailKind.CONFIRMATION})
WHOLE = frozenset({MailKind.BOUNCE})


@dataclass(frozen=True, slots=True)
class Body:
    """A mail's text as it is being read: the source chosen, the frame found in it, the words kept."""

    sources: tuple[HtmlText, ...]
    source: HtmlText
    labels: Labels
    html: str
    frame: Frame | None = None
    words: str = ""

    @property
    def text(self) -> str:
        return self.source.text

    @property
    def outside(self) -> str:
        """The text without the buyer's words."""
        if self.frame is None:
            return self.text
        return self.text[: self.frame.start] + "\n" + self.text[self.frame.end :]

    def label(self, name: str) -> str:
        """Return the value of a labelled line of the frame."""
        return self.labels.first(name, outside=self.frame)


def read_body(mail: MimeMail, rules: MarketplaceRules) -> Body:
    """Return the texts of a mail, before it is known what the mail is."""
    plain: list[str] = []
    markup: list[str] = []
    for block in mail.blocks:
        text = clean(block.plain)
        plain.append(text)
        markup.append(block.html or (from_text(text) if text.strip() else ""))
    sources: list[HtmlText] = []
    html = ""
    has_html = any(block.html for block in mail.blocks)
    if has_html:
        html = sanitised("\n".join(markup))
        if not html and "".join(markup).strip():
            mail.odd("the HTML could not be made safe and is shown as text")
        sources.append(to_text("\n".join(markup), html))
    if any(text.strip() for text in plain):
        sources.insert(0, HtmlText("\n".join(plain).strip("\n")))
    sources = [_capped(source, mail) for source in sources if source.text.strip()]
    source = _readable(sources, complete=all(text.strip() for text in plain))
    return Body(tuple(sources), source, labels(source.text, rules), html)


def buyers_words(body: Body, kind: MailKind, rules: MarketplaceRules, shared: SharedRules) -> Body:
    """Return the body with the writer's own words cut out of it, by what kind of mail it is."""
    if kind in FRAMED:
        found = find_frame(body.sources, rules)
        if found is not None and not _is_quoted_frame(*found, shared):
            source, frame = found
            body = replace(body, source=source, frame=frame, labels=labels(source.text, rules))
        elif kind is MailKind.ON_BEHALF:
            body = replace(body, frame=details_frame(body.text, body.labels, rules))
    if body.frame is not None:
        words = fold_quote(body.text[body.frame.start : body.frame.end], shared)
    elif kind in FRAMED:
        words = trimmed(fold_quote(body.text, shared), rules)
    elif kind in (MailKind.SENT_COPY, MailKind.UNRECOGNISED, MailKind.COMPLAINT):
        words = fold_quote(body.text, shared)
    elif kind in WHOLE:
        words = body.text
    else:
        words = body.text[: footer(body.text, 0, rules)]
    return replace(body, words=words.strip() or body.text.strip() or NO_TEXT)


def _is_quoted_frame(source: HtmlText, frame: Frame, shared: SharedRules) -> bool:
    """Say whether the frame belongs to an earlier mail quoted below what the writer says now."""
    quote = quote_offset(source.text, shared)
    return quote is not None and quote < frame.start and bool(source.text[:quote].strip())


def _readable(sources: list[HtmlText], *, complete: bool) -> HtmlText:
    """Choose the plain text, unless it is a stub beside a full HTML ("your program cannot show this")."""
    if not sources:
        return HtmlText("")
    if len(sources) == 2 and (not complete or len(sources[0].text) * 4 < len(sources[1].text)):
        return sources[1]
    return sources[0]


def _capped(source: HtmlText, mail: MimeMail) -> HtmlText:
    if len(source.text) <= MAX_TEXT_BYTES:
        return source
    mail.odd(f"the texts together are longer than {MAX_TEXT_BYTES // 2**20} MB and were cut")
    return HtmlText(source.text[:MAX_TEXT_BYTES])
