"""Write a dossier as a PDF: numbered statements, each with the source it can be traced to."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Pictures
from PIL import ImageOps
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer

from cases.evidence.dossier import TITLES, Dossier, Statement, StoredFile

FONTS = Path(__file__).with_name("fonts")
PLAIN, BOLD, EASTERN = "Helpdesk", "Helpdesk-Bold", "HeiseiKakuGo-W5"
# Scripts the embedded font has no letters for; a reader's own font shows them.
EASTERN_TEXT = re.compile("([\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+)")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
WIDEST, HIGHEST = 165 * mm, 110 * mm
MOST_PIXELS = 60_000_000
PIXELS = 1600  # the longer side of a picture in the pack; its sum names the original
LINE = 4000  # characters of one paragraph: a longer text is cut into several


@dataclass(frozen=True, slots=True)
class Written:
    """A finished pack; `missing` names what should be in it and could not be read, with the reason."""

    content: bytes
    pages: int
    statements: int
    missing: list[str]


class Unreadable(Exception):
    """A file cannot be put into the pack; the message says why, for the reader."""


def write(
    dossier: Dossier,
    *,
    as_of: datetime,
    read: Callable[[str], bytes],
    progress: Callable[[int], None],
) -> Written:
    """Make the PDF. `read` gives a file's bytes or raises OSError; `progress` hears percents."""
    _register_fonts()
    writer = _Writer(dossier, as_of, read, progress)
    return writer.write()


class _Writer:
    def __init__(
        self,
        dossier: Dossier,
        as_of: datetime,
        read: Callable[[str], bytes],
        progress: Callable[[int], None],
    ) -> None:
        self.dossier, self.as_of, self.read, self.progress = dossier, as_of, read, progress
        self.numbers = dossier.sources()
        self.missing: list[str] = []
        self.count = 0

    def write(self) -> Written:
        story = [*self._head(), *self._parts(), *self._files(), *self._sources()]
        # Missing files are known only now, and belong on the first page.
        story[2:2] = self._missing_note()
        self.progress(70)
        target = io.BytesIO()
        document = SimpleDocTemplate(
            target,
            pagesize=A4,
            leftMargin=20 * mm,
            rightMargin=20 * mm,
            topMargin=18 * mm,
            bottomMargin=18 * mm,
            title=self.dossier.title,
            author=self.dossier.subtitle,
            creator="Helpdesk",
        )
        document.build(story, onFirstPage=self._foot, onLaterPages=self._foot)
        self.progress(100)
        return Written(target.getvalue(), int(document.page), self.count, self.missing)

    def _head(self) -> list[Flowable]:
        made = f"Evidence as of {self.as_of:%d %B %Y, %H:%M} UTC. All times are UTC."
        return [
            _text(self.dossier.title, TITLE),
            _text(self.dossier.subtitle, SUBTITLE),
            _text(f"{made} The number in brackets leads to the source at the end.", SMALL),
        ]

    def _missing_note(self) -> list[Flowable]:
        return [_text(f"Missing: {each}", WARNING) for each in self.missing]

    def _parts(self) -> Iterator[Flowable]:
        parts = self.dossier.parts
        for done, (key, title, statements) in enumerate(parts, start=1):
            yield _text(title, HEADING)
            for statement in statements:
                self.count += 1
                is_letter = key == "thread" or statement.headers or statement.body
                yield from self._letter(statement) if is_letter else [self._line(statement)]
            self.progress(5 + 35 * done // len(parts))

    def _line(self, statement: Statement) -> Flowable:
        return _text(
            f"{_when(statement.at)}{statement.text} {self._cited(statement.source.key)}", PLAIN_STYLE
        )

    def _letter(self, statement: Statement) -> Iterator[Flowable]:
        heading = f"{_when(statement.at)}{statement.text} {self._cited(statement.source.key)}"
        headers = [_text(f"{name}: {value}", HEADER) for name, value in statement.headers]
        yield KeepTogether([_text(heading, LETTER), *headers])
        for paragraph in statement.body.splitlines() or [""]:
            for start in range(0, max(len(paragraph), 1), LINE):
                yield _text(paragraph[start : start + LINE] or "\u00a0", BODY)

    def _files(self) -> Iterator[Flowable]:
        files = self.dossier.files
        heading: list[Flowable] = [_text(TITLES["photos"], HEADING)]
        for done, file in enumerate(files, start=1):
            yield KeepTogether([*heading, *self._file(file)])
            heading = []
            self.progress(40 + 30 * done // len(files))

    def _file(self, file: StoredFile) -> list[Flowable]:
        self.count += 1
        cited = self._cited(file.source.key)
        try:
            content = self.read(file.path)
            digest = hashlib.sha256(content).hexdigest()
            caption = f"{file.name} ({file.content_type}, {len(content):,} bytes, SHA-256 {digest}) {cited}"
            if file.content_type not in PICTURE_TYPES:
                return [_text(f"Not shown here: {caption}", PLAIN_STYLE)]
            return [_picture(content), _text(caption, SMALL), Spacer(1, 3 * mm)]
        except (OSError, Unreadable) as fault:
            why = str(fault) if isinstance(fault, Unreadable) else "the file is not in the storage any more"
            self.missing.append(f"{file.name}: {why}")
            return [_text(f"Missing: {file.name}: {why} {cited}", WARNING)]

    def _sources(self) -> Iterator[Flowable]:
        yield _text("Sources", HEADING)
        for source in self.dossier.source_list():
            yield _text(f"[{self.numbers[source.key]}] {source.words}", SMALL)

    def _cited(self, key: str) -> str:
        return f"[{self.numbers[key]}]"

    def _foot(self, canvas: Any, document: Any) -> None:
        canvas.setFont(PLAIN, 7.5)
        canvas.setFillColor(GREY)
        canvas.drawString(20 * mm, 10 * mm, f"{self.dossier.title}, {self.as_of:%Y-%m-%d %H:%M} UTC"[:110])
        canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, f"Page {document.page}")


def _picture(content: bytes) -> Image:
    """A picture small enough for a page; raises Unreadable for what is none, or too large to open."""
    try:
        with Pictures.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Unreadable("the picture is too large to be opened safely")
            opened.thumbnail((PIXELS, PIXELS))
            # A phone turns the picture by a note in it; that note goes, with where it was taken.
            upright = ImageOps.exif_transpose(opened)
            shown = io.BytesIO()
            upright.convert("RGB").save(shown, "JPEG", quality=82)
            width, height = upright.size
    except (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError) as fault:
        raise Unreadable("the picture cannot be read") from fault
    scale = min(WIDEST / width, HIGHEST / height, 1)
    shown.seek(0)
    return Image(shown, width * scale, height * scale)


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    plain = escape(CONTROLS.sub("", text))
    return Paragraph(EASTERN_TEXT.sub(rf'<font name="{EASTERN}">\1</font>', plain), style)


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}  " if at else ""


def _register_fonts() -> None:
    if PLAIN not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(PLAIN, FONTS / "DejaVuSans.ttf"))
        pdfmetrics.registerFont(TTFont(BOLD, FONTS / "DejaVuSans-Bold.ttf"))
        pdfmetrics.registerFont(UnicodeCIDFont(EASTERN))


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, **{"fontName": PLAIN, "fontSize": size, "leading": size * 1.4, **more})


GREY, RED = HexColor("#5f5f5a"), HexColor("#a51b16")
TITLE = _style("title", 17, fontName=BOLD, spaceAfter=2)
SUBTITLE = _style("subtitle", 11, spaceAfter=8)
HEADING = _style("heading", 12, fontName=BOLD, spaceBefore=14, spaceAfter=5, keepWithNext=True)
PLAIN_STYLE = _style("plain", 9, spaceAfter=2)
LETTER = _style("letter", 9, fontName=BOLD, spaceBefore=8, spaceAfter=2)
HEADER = _style("header", 7.5, textColor=GREY, leftIndent=8)
BODY = _style("body", 9, leftIndent=8)
SMALL = _style("small", 7.5, textColor=GREY, spaceAfter=2)
WARNING = _style("warning", 9, textColor=RED, spaceAfter=2)
