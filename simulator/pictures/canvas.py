"""Fills flat shapes on a small canvas with smooth edges."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.png import encoded

SIDE = 160
# Drawn this many times larger, then averaged: that smooths the edges.
_FINE = 3
_WIDE = SIDE * _FINE

Spans = Callable[[float], list[tuple[float, float]]]
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A filled area: for a height (0 to 100, downwards) the stretches it covers, and its colour `rrggbb`."""

    spans: Spans
    colour: str


def box(left: float, top: float, right: float, bottom: float, colour: str) -> Shape:
    """A rectangle."""
    return Shape(lambda y: [(left, right)] if top <= y < bottom else [], colour)


def oval(x: float, y: float, across: float, down: float, colour: str) -> Shape:
    """An ellipse around a point, with its two radii."""

    def spans(at: float) -> list[tuple[float, float]]:
        rest = 1 - ((at - y) / down) ** 2
        half = across * math.sqrt(rest) if rest > 0 else 0
        return [(x - half, x + half)] if half else []

    return Shape(spans, colour)


def ring(x: float, y: float, radius: float, thick: float, colour: str) -> Shape:
    """A circle's line."""
    outer, inner = oval(x, y, radius, radius, colour), oval(x, y, radius - thick, radius - thick, colour)

    def spans(at: float) -> list[tuple[float, float]]:
        whole, hole = outer.spans(at), inner.spans(at)
        if not hole:
            return whole
        return [(whole[0][0], hole[0][0]), (hole[0][1], whole[0][1])]

    return Shape(spans, colour)


def area(colour: str, *points: Point) -> Shape:
    """A polygon."""
    sides = list(zip(points, (*points[1:], points[0]), strict=True))

    def spans(at: float) -> list[tuple[float, float]]:
        cuts = sorted(
            x0 + (at - y0) * (x1 - x0) / (y1 - y0) for (x0, y0), (x1, y1) in sides if (y0 <= at) != (y1 <= at)
        )
        return list(zip(cuts[::2], cuts[1::2], strict=True))

    return Shape(spans, colour)


def drawn(ground: str, shapes: Iterable[Shape]) -> bytes:
    """A PNG of the shapes, later ones above earlier ones."""
    shapes = list(shapes)
    picture = bytearray()
    for line in range(SIDE):
        fine = [_row(ground, shapes, (line * _FINE + step + 0.5) * 100 / _WIDE) for step in range(_FINE)]
        picture += b"\x00" + _averaged(fine)
    return encoded(SIDE, SIDE, bytes(picture))


def _row(ground: str, shapes: Iterable[Shape], y: float) -> bytearray:
    row = bytearray(bytes.fromhex(ground) * _WIDE)
    for shape in shapes:
        for left, right in shape.spans(y):
            begin, end = (max(0, min(_WIDE, round(x * _WIDE / 100))) for x in (left, right))
            row[3 * begin : 3 * end] = bytes.fromhex(shape.colour) * (end - begin)
    return row


def _averaged(fine: list[bytearray]) -> bytes:
    count = _FINE * _FINE
    channels = [
        [
            sum(column)
            for column in zip(
                *(row[channel + 3 * step :: 3 * _FINE] for row in fine for step in range(_FINE)), strict=True
            )
        ]
        for channel in range(3)
    ]
    line = bytearray(3 * SIDE)
    for channel in range(3):
        line[channel::3] = bytes(total // count for total in channels[channel])
    return bytes(line)
