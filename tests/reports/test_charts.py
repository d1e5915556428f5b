"""The board's pictures: each says what it shows, holds only numbers, and takes its colours from classes."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from reports.charts.cause_bar import cause_bar
from reports.charts.load_bars import NARROW, WIDE, load_bars, step_of
from reports.charts.rate_bar import falls_short, rate_bar, scale_of
from reports.shapes import Cause, HourLoad, Rate
from reports.words import percent, span

BEGINS = datetime(2026, 3, 12, 18, tzinfo=UTC)  # Thursday, 14:00 in New York
SVG = "{http://www.w3.org/2000/svg}"


def rate(**fields: object) -> Rate:
    known: dict[str, object] = {
        "account_id": 1,
        "account": "Lumen US",
        "marketplace": "walmart",
        "letter": "W",
        "window_days": 30,
        "received": 250,
        "in_time": 241,
        "late": 9,
        "running": 0,
        "excluded": 0,
        "rate": Decimal("0.964"),
        "line": Decimal("0.95"),
        "line_is_own": False,
        "projected": Decimal("0.953"),
        "period_end": date(2026, 3, 31),
        "spare": 4,
        "to_recover": 0,
    }
    return Rate(**{**known, **fields})  # type: ignore[arg-type]


def hours(*counts: int) -> list[HourLoad]:
    return [
        HourLoad(BEGINS + timedelta(hours=at), count, min(count, 1) if at < 2 else 0, 0)
        for at, count in enumerate(counts)
    ]


def parsed(picture: Markup) -> ElementTree.Element:
    """The picture as a browser reads it; fails on anything that is no number or no XML."""
    found = ElementTree.fromstring(str(picture))  # noqa: S314 - our own
    for element in found.iter():
        for name in ("x", "y", "width", "height", "cx", "cy", "r"):
            if name in element.attrib:
                assert 0 <= float(element.attrib[name]) < 2000, (element.tag, name, element.attrib)
        assert not {"style", "fill", "stroke"} & set(element.attrib), "a colour that dark cannot change"
    return found


def told(picture: Markup) -> tuple[str, str]:
    """Title and description, found as a screen reader finds them."""
    found = parsed(picture)
    assert found.attrib["role"] == "img"
    title, description = found.attrib["aria-labelledby"].split()
    words = {element.attrib.get("id"): element.text or "" for element in found}
    return words[title], words[description]


def load(counts: list[HourLoad], *, zone: str = "America/New_York", width: int = WIDE) -> Markup:
    return load_bars(counts, "load", zone=zone, width=width, href=lambda hour: f"/list/{hour.begins_at:%H}")


def classes(picture: Markup) -> list[str]:
    return re.findall(r'class="([^"]+)"', str(picture))


def test_a_rate_says_its_bar_its_line_and_where_it_is_heading() -> None:
    picture = rate_bar(rate(), "r1", begins=Decimal("0.9"))
    assert told(picture) == (
        "Lumen US, 30 days: 96.4 % answered in time",
        "The line is 95 %. 95.3 % expected by 31 Mar.",
    )
    assert classes(picture) == ["chart", "chart-track", "chart-rate", "chart-tick", "chart-ring"]


def test_bar_tick_and_ring_stand_where_the_scale_has_them() -> None:
    picture = str(rate_bar(rate(), "r1", begins=Decimal("0.9")))
    # 212 units from 4 on are ten per cent.
    assert 'class="chart-rate" d="M4 12L139.7 12"' in picture
    assert 'class="chart-tick" d="M110 3L110 21"' in picture
    assert 'cx="116.4"' in picture


def test_a_rate_of_nothing_is_no_bar_and_no_ring() -> None:
    picture = rate_bar(rate(rate=None, projected=None), "r1", begins=Decimal("0.9"))
    assert told(picture) == ("Lumen US, 30 days: nothing was due", "The line is 95 %. Nothing is expected.")
    assert classes(picture) == ["chart", "chart-track", "chart-tick"]


def test_a_line_that_is_not_the_marketplaces_is_drawn_and_said_as_our_own() -> None:
    picture = rate_bar(rate(line_is_own=True), "r1", begins=Decimal("0.9"))
    assert "chart-tick is-own" in classes(picture)
    assert "The line is 95 %, your own." in told(picture)[1]


@pytest.mark.parametrize(
    ("now", "by_end", "short"),
    [("0.964", "0.953", False), ("0.949", "0.96", True), ("0.96", "0.949", True), ("0.95", "0.95", False)],
)
def test_what_is_or_will_be_below_the_line_falls_short(now: str, by_end: str, short: bool) -> None:
    given = rate(rate=Decimal(now), projected=Decimal(by_end))
    assert falls_short(given) is short
    assert ("chart is-short" in classes(rate_bar(given, "r1", begins=Decimal("0.9")))) is short


@pytest.mark.parametrize(
    ("lowest", "begins"), [("1", "0.9"), ("0.9", "0.9"), ("0.899", "0.8"), ("0.6", "0.5"), ("0.2", "0")]
)
def test_the_scale_begins_where_every_value_is_on_it(lowest: str, begins: str) -> None:
    assert scale_of([rate(), rate(projected=Decimal(lowest))]) == Decimal(begins)
    assert scale_of([rate(rate=Decimal(lowest), projected=None)]) == Decimal(begins)
    assert scale_of([]) == Decimal("0.9")


def test_a_name_that_looks_like_markup_stays_a_name() -> None:
    assert told(rate_bar(rate(account="<b>&"), "r1", begins=Decimal("0.9")))[0].startswith("<b>&, 30 days")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_hour_with_deadlines_is_a_bar_that_opens_its_list(width: int) -> None:
    counts = [1, 2, 0, 1] + [0] * 20 + [11] + [0] * 23
    picture = load(hours(*counts), width=width)
    links = parsed(picture).findall("a")
    assert [link.attrib["href"] for link in links] == ["/list/18", "/list/19", "/list/21", "/list/18"]
    assert links[3].attrib["aria-label"] == "Fri 14:00: 11 deadlines"
    assert links[1].attrib["aria-label"] == "Thu 15:00: 2 deadlines, 1 within 2 h"
    # Two parts where some of an hour is critical, one where none or all is.
    assert [len(link.findall("rect")) for link in links] == [1, 2, 1, 1]
    assert told(picture) == (
        "Deadlines by hour for the next 48 hours",
        "15 deadlines, 2 within 2 h. The fullest hour is Fri 14:00: 11 deadlines.",
    )
    assert "Fri 13" in picture


def test_bars_stay_below_the_highest_line_and_stand_on_the_floor() -> None:
    for count in (1, 3, 4, 7, 30, 31, 999):
        for rect in parsed(load(hours(*[0] * 5, count, *[0] * 42))).iter("rect"):
            top, height = float(rect.attrib["y"]), float(rect.attrib["height"])
            assert top >= 6
            assert abs(top + height - 134) < 0.2


@pytest.mark.parametrize(("most", "step"), [(0, 1), (3, 1), (4, 2), (11, 5), (16, 10), (99_999, 10_000)])
def test_the_lines_behind_the_bars_are_round_numbers(most: int, step: int) -> None:
    assert step_of(most) == step


def test_nothing_due_is_a_picture_that_says_so() -> None:
    picture = load(hours(*[0] * 48))
    assert told(picture)[1] == "Nothing is due."
    assert parsed(picture).findall("a") == []
    assert told(load([]))[1] == "Nothing is due."


def test_the_day_of_a_clock_change_has_the_hours_it_has() -> None:
    # 8 March 2026 in New York has no 02:00.
    begins = datetime(2026, 3, 8, 4, tzinfo=UTC)
    picture = load([HourLoad(begins + timedelta(hours=at), 1, 0, 0) for at in range(6)])
    labels = [link.attrib["aria-label"][:9] for link in parsed(picture).findall("a")]
    assert labels == ["Sat 23:00", "Sun 00:00", "Sun 01:00", "Sun 03:00", "Sun 04:00", "Sun 05:00"]


def test_a_cause_has_its_bar_and_the_tick_of_before() -> None:
    picture = cause_bar(Cause("nobody_assigned", 11, 8), "c1", most=11, days=30)
    assert told(picture) == ("Nobody assigned: 11", "8 in the 30 days before.")
    assert classes(picture) == ["chart", "chart-cause", "chart-tick"]
    assert parsed(picture).findall("rect")[0].attrib["width"] == "102"


def test_a_cause_that_never_was_is_a_tick_at_nought() -> None:
    picture = cause_bar(Cause("idle", 0, 0), "c1", most=0, days=7)
    assert parsed(picture).findall("rect") == []
    assert told(picture) == ("Agent idle: 0", "0 in the 7 days before.")


@pytest.mark.parametrize(
    ("share", "words"),
    [("1", "100 %"), ("0.9996", "99.9 %"), ("0.95", "95 %"), ("0", "0 %"), ("0.9645", "96.5 %")],
)
def test_a_share_is_never_rounded_up_to_all(share: str, words: str) -> None:
    assert percent(Decimal(share)) == words


def test_a_time_nobody_took_is_a_dash() -> None:
    assert span(None) == "–"
    assert span(6720) == "1 h 52 m"
