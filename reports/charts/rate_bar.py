"""A response rate as a bar, the line that hurts as a tick on it, and where it is heading as a ring."""

from collections.abc import Iterable
from decimal import Decimal

from markupsafe import Markup

from reports.charts.drawing import picture, ring, stroke
from reports.shapes import Rate
from reports.words import day_words, percent

WIDTH, HEIGHT, EDGE = 220, 24, 4
# Where a scale may begin: nine tenths of it would show nothing if every account answered nearly all in time.
BEGINNINGS = (Decimal("0.9"), Decimal("0.8"), Decimal("0.5"), Decimal(0))


def scale_of(rates: Iterable[Rate]) -> Decimal:
    """Where the scale of all bars beside each other begins, so that every value and line lies on it."""
    values = [
        value for rate in rates for value in (rate.rate, rate.projected, rate.line) if value is not None
    ]
    lowest = min(values, default=Decimal(1))
    return next(beginning for beginning in BEGINNINGS if lowest >= beginning)


def falls_short(rate: Rate) -> bool:
    """Whether the rate is below its line, or is heading there."""
    return any(value is not None and value < rate.line for value in (rate.rate, rate.projected))


def rate_bar(rate: Rate, key: str, *, begins: Decimal) -> Markup:
    """The picture of one rate on a scale that begins at a share and ends at one."""

    def at(share: Decimal) -> float:
        within = (min(max(share, begins), Decimal(1)) - begins) / (1 - begins)
        return EDGE + float(within) * (WIDTH - 2 * EDGE)

    middle = HEIGHT / 2
    parts = [stroke(EDGE, middle, WIDTH - EDGE, middle, "chart-track")]
    if rate.rate is not None:
        parts.append(stroke(EDGE, middle, at(rate.rate), middle, "chart-rate"))
    tick = "chart-tick is-own" if rate.line_is_own else "chart-tick"
    parts.append(stroke(at(rate.line), 3, at(rate.line), HEIGHT - 3, tick))
    if rate.projected is not None:
        parts.append(ring(at(rate.projected), middle, "chart-ring"))
    whose = ", your own" if rate.line_is_own else ""
    return picture(
        key,
        width=WIDTH,
        height=HEIGHT,
        title=f"{rate.account}, {rate.window_days} days: {said(rate)}",
        description=f"The line is {percent(rate.line)}{whose}. {heading(rate)}",
        face="chart is-short" if falls_short(rate) else "chart",
        parts=parts,
    )


def said(rate: Rate) -> str:
    """The rate in words."""
    return "nothing was due" if rate.rate is None else f"{percent(rate.rate)} answered in time"


def heading(rate: Rate) -> str:
    """Where it is heading, in words."""
    if rate.projected is None:
        return "Nothing is expected."
    return f"{percent(rate.projected)} expected by {day_words(rate.period_end)}."
