"""Bytes to text that never fails and never holds what a database or a browser would choke on."""

import codecs
import re

from charset_normalizer import from_bytes

# Codecs that are not character sets of mail, or that are quadratic or noisy on hostile input.
REFUSED = frozenset(
    {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "utf-7"}
)
# What a label is used for in practice is wider than what it names.
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "ascii": "utf-8",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
}
GUESS_BYTES = 20_000
NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")


def decode(data: bytes, charset: str = "", *, guess: bool = True) -> tuple[str, str]:
    """Return the text and an oddity sentence ("" when the declared charset was right).

    `guess=False` skips the statistical guess, which costs milliseconds, for text where it cannot matter.
    """
    codec = _shown_by(data) or _codec(charset)
    if codec:
        try:
            return data.decode(codec), ""
        except (UnicodeError, ValueError):
            pass
    try:
        text = data.decode("utf-8")
        # Undeclared UTF-8 is what everybody sends; only a wrong or unknown declaration is worth a word.
        return text, f"charset {charset[:40]!r} was wrong, read as utf-8" if charset else ""
    except UnicodeDecodeError:
        pass
    if codec:
        text = data.decode(codec, errors="replace")
        if text.count("\ufffd") * 50 <= len(text):
            return text, f"some bytes are not {charset[:40]}"
    named = f"unknown charset {charset[:40]!r}" if charset and not codec else "undeclared or wrong charset"
    # A few foreign letters among plain ones are Latin; the guess needs more to go by and would see Chinese.
    if guess and sum(byte > 127 for byte in data[:GUESS_BYTES]) * 3 > min(len(data), GUESS_BYTES):
        best = from_bytes(data[:GUESS_BYTES]).best()
        if best is not None:
            try:
                return data.decode(best.encoding), f"{named} read as {best.encoding}"
            except (UnicodeError, ValueError, LookupError):
                pass
    return data.decode("latin-1"), f"{named} read as latin-1"


def clean(text: str) -> str:
    """Return text with plain line feeds and without NUL, control characters, lone surrogates or BOMs."""
    return UNPRINTABLE.sub("", NEWLINES.sub("\n", text)).replace("\xa0", " ")


def one_line(text: str, limit: int) -> str:
    """Return the cleaned text on one line, cut to `limit` characters."""
    return " ".join(clean(text[: limit * 8]).split())[:limit].strip()


def _shown_by(data: bytes) -> str:
    """Return the codec that the bytes themselves announce, whatever is declared."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return "iso2022_jp_ext" if b"\x1b$B" in data and max(data) < 128 else ""


def _codec(charset: str) -> str:
    if not charset or len(charset) > 60:
        return ""
    try:
        name = codecs.lookup(charset.strip("\"' ")).name
    except (LookupError, ValueError, TypeError, UnicodeError, ImportError):
        return ""
    if name in REFUSED:
        return ""
    name = WIDER.get(name, name)
    try:
        b"a".decode(name, "replace")
    except (LookupError, ValueError, TypeError):
        return ""  # a codec from bytes to bytes
    return name
