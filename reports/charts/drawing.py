"""What every picture of the board has: a title and a description to be read out, and no colour of its own."""

from collections.abc import Iterable
from decimal import Decimal

from markupsafe import Markup


def picture(
    key: str, *, width: int, height: int, title: str, description: str, face: str, parts: Iterable[Markup]
) -> Markup:
    """An SVG that shrinks with its place; `key` makes its ids the only ones of their kind on the page."""
    return Markup(
        '<svg class="{face}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        ' aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>{parts}</svg>'
    ).format(
        face=face,
        width=width,
        height=height,
        key=key,
        title=title,
        description=description,
        parts=Markup("").join(parts),
    )


def bar(x: float, y: float, width: float, height: float, face: str) -> Markup:
    """A filled rectangle."""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        face, short(x), short(y), short(width), short(height)
    )


def stroke(x1: float, y1: float, x2: float, y2: float, face: str) -> Markup:
    """A straight line."""
    return Markup('<path class="{}" d="M{} {}L{} {}"/>').format(
        face, short(x1), short(y1), short(x2), short(y2)
    )


def ring(x: float, y: float, face: str) -> Markup:
    """A small circle round a place."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="4.5"/>').format(face, short(x), short(y))


def text(x: float, y: float, words: str, face: str) -> Markup:
    """Words at a place; where they are anchored is the class's."""
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(face, short(x), short(y), words)


def short(value: float | Decimal) -> str:
    """A coordinate without what no screen shows."""
    return f"{float(value):.1f}".removesuffix(".0")
