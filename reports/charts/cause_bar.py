"""How often something was why an answer was late, with a tick for the equal span before."""

from markupsafe import Markup

from reports.charts.drawing import bar, picture, stroke
from reports.shapes import Cause
from reports.words import CAUSES

WIDTH, HEIGHT = 104, 16


def cause_bar(cause: Cause, key: str, *, most: int, days: int) -> Markup:
    """The picture of one cause beside others of which the largest, now or before, counts `most`."""

    def at(count: int) -> float:
        return count / max(most, 1) * (WIDTH - 2)

    parts = [bar(0, 4, at(cause.count), 8, "chart-cause")] if cause.count else []
    parts.append(stroke(at(cause.before) + 1, 1, at(cause.before) + 1, HEIGHT - 1, "chart-tick"))
    return picture(
        key,
        width=WIDTH,
        height=HEIGHT,
        title=f"{CAUSES[cause.key]}: {cause.count}",
        description=f"{cause.before} in the {days} days before.",
        face="chart",
        parts=parts,
    )
