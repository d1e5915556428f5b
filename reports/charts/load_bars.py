"""The deadlines of the next two days by hour, as bars that open the list of their hour."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reports.charts.drawing import bar, picture, stroke, text
from reports.shapes import HourLoad
from reports.words import counted

HEIGHT, TOP, FLOOR, LEFT = 160, 6, 134, 28
WIDE, NARROW = 1176, 358
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
# Which hours of the clock are named under the bars: every so many, from which on.
LABELLED = {WIDE: (4, 2), NARROW: (12, 0)}


def load_bars(
    hours: Sequence[HourLoad], key: str, *, zone: str, width: int = WIDE, href: Callable[[HourLoad], str]
) -> Markup:
    """The picture of these hours in the reader's zone; `href` is the list behind an hour."""
    step = step_of(max((hour.count for hour in hours), default=0))
    most = step * 3
    every, first = LABELLED[width]
    each = (width - LEFT) / max(len(hours), 1)

    def height(count: int) -> float:
        return count / most * (FLOOR - TOP)

    parts = [part for at in range(4) for part in _level(at * step, FLOOR - height(at * step), width)]
    before: datetime | None = None
    days = []
    for at, hour in enumerate(hours):
        there = hour.begins_at.astimezone(ZoneInfo(zone))
        x = LEFT + at * each
        if before is not None and there.date() != before.date():
            parts.append(stroke(x, TOP, x, HEIGHT - 4, "chart-day"))
            # A day that begins at the very edge has no room for its name.
            if x < width - 48:
                days.append(text(x + 6, TOP + 9, f"{there:%a} {there.day}", "chart-day-name"))
        if there.hour % every == first:
            parts.append(text(x + each / 2, HEIGHT - 10, f"{there:%H}", "chart-hour"))
        if hour.count:
            parts.append(_hour(hour, there, x + each * 0.125, each * 0.75, height, href(hour)))
        before = there
    return picture(
        key,
        width=width,
        height=HEIGHT,
        title="Deadlines by hour for the next 48 hours",
        description=describe(hours, zone),
        face="chart chart-load is-wide" if width == WIDE else "chart chart-load",
        parts=[*parts, *days],
    )


def step_of(most: int) -> int:
    """The distance of the lines behind the bars, of which no bar is higher than the third."""
    return next(step for step in STEPS if step * 3 >= most or step == STEPS[-1])


def words_of(hour: HourLoad, zone: str) -> str:
    """An hour as its bar says it: "Fri 11:00: 11 deadlines, 2 within 2 h, 1 of a case"."""
    there = hour.begins_at.astimezone(ZoneInfo(zone))
    more = f", {hour.critical} within 2 h" if hour.critical else ""
    cases = f", {hour.cases} of cases" if hour.cases else ""
    return f"{there:%a %H:%M}: {counted(hour.count, 'deadline')}{more}{cases}"


def describe(hours: Sequence[HourLoad], zone: str) -> str:
    """All of the picture in a sentence or two."""
    total = sum(hour.count for hour in hours)
    if not total:
        return "Nothing is due."
    busiest = max(hours, key=lambda hour: hour.count)
    critical = sum(hour.critical for hour in hours)
    return (
        f"{counted(total, 'deadline')}, {critical} within 2 h. The fullest hour is {words_of(busiest, zone)}."
    )


def _level(count: int, y: float, width: int) -> list[Markup]:
    face = "chart-level" if count else "chart-floor"
    return [stroke(LEFT, y, width, y, face), text(LEFT - 8, y + 4, str(count), "chart-count")]


def _hour(
    hour: HourLoad, there: datetime, x: float, width: float, height: Callable[[int], float], href: str
) -> Markup:
    # What is due within 2 h stands on the floor; the rest of the hour above it.
    parts = []
    if hour.critical:
        parts.append(bar(x, FLOOR - height(hour.critical), width, height(hour.critical), "chart-critical"))
    if rest := hour.count - hour.critical:
        parts.append(bar(x, FLOOR - height(hour.count), width, height(rest), "chart-bar"))
    return Markup('<a href="{}" aria-label="{}"><title>{}</title>{}</a>').format(
        href, words_of(hour, str(there.tzinfo)), words_of(hour, str(there.tzinfo)), Markup("").join(parts)
    )
