"""Business time: tables of cases, and what holds for every case."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.hours import Hours, HoursFault, parse_hours, windows_text

OFFICE = "09:00-17:00"
LUNCH = "09:00-12:30, 13:30-17:00"
CHRISTMAS = "2026-12-25 Christmas Day\n2026-12-26 Boxing Day"


def hours(day: str = LUNCH, *, zone: str = "Europe/Berlin", weekend: str = "", holidays: str = "") -> Hours:
    return parse_hours(zone, [day] * 5 + [weekend] * 2, holidays)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-25T09:00", 60, "2026-11-25T10:00"),
        ("2026-11-25T12:00", 60, "2026-11-25T14:00"),  # over lunch
        ("2026-11-25T12:45", 30, "2026-11-25T14:00"),  # begun at lunch
        ("2026-11-25T12:00", 30, "2026-11-25T12:30"),  # to the very end of the window
        ("2026-11-25T06:00", 420, "2026-11-25T17:00"),  # before the doors open; the whole day
        ("2026-11-25T16:00", 61, "2026-11-26T09:01"),  # into the next day
        ("2026-11-27T16:30", 60, "2026-11-30T09:30"),  # over a weekend
        ("2026-11-28T11:00", 480, "2026-12-01T10:00"),  # begun on a Saturday
        ("2026-12-24T16:00", 120, "2026-12-28T10:00"),  # over two holidays and a Sunday
        ("2026-11-25T09:00", 0, "2026-11-25T09:00"),
    ],
)
def test_business_time_passes_within_the_windows_alone(start: str, minutes: int, end: str) -> None:
    assert hours(holidays=CHRISTMAS).add(berlin(start), minutes) == berlin(end)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-25T12:00", "2026-11-25T14:00", 60),
        ("2026-11-25T12:40", "2026-11-25T13:20", 0),
        ("2026-11-27T16:00", "2026-11-30T10:00", 120),
        ("2026-12-24T12:00", "2026-12-28T09:30", 270),
        ("2026-11-25T14:00", "2026-11-25T12:00", 0),
    ],
)
def test_time_between_counts_the_windows_alone(start: str, end: str, minutes: int) -> None:
    assert hours(holidays=CHRISTMAS).between(berlin(start), berlin(end)) == minutes


@pytest.mark.parametrize(
    ("day", "window", "minutes"),
    [
        ("2026-03-29", "01:00-05:00", 180),  # 02:00 to 03:00 does not exist
        ("2026-10-25", "01:00-05:00", 300),  # 02:00 to 03:00 comes twice
        ("2026-03-29", "01:00-02:30, 02:40-03:10, 03:20-04:00", 110),  # windows in the hour that is not there
    ],
)
def test_a_clock_change_inside_a_window_costs_or_gives_an_hour(day: str, window: str, minutes: int) -> None:
    shop = hours("", weekend=window)
    start = berlin(f"{day}T00:00")
    assert shop.between(start, start + timedelta(hours=20)) == minutes
    assert shop.add(start, minutes) <= berlin(f"{day}T05:00")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (["09:00-13:00, 12:00-17:00"] + [""] * 6, "Monday: 09:00-13:00 and 12:00-17:00 overlap."),
        (["", "17:00-09:00"] + [""] * 5, "Tuesday: 17:00-09:00 ends before it begins."),
        (["", "", "22:00-02:00"] + [""] * 4, "Over midnight, write two windows on two days."),
        (["", "", "", "18:00-24:00"] + [""] * 3, "Thursday: “18:00-24:00” names no time of a day"),
        (["09:00-09:00"] + [""] * 6, "Monday: 09:00-09:00 ends when it begins."),
        (["nine to five"] + [""] * 6, "Monday: “nine to five” is no window; write it as 09:00-17:00."),
        (["09:61-17:00"] + [""] * 6, "Monday: “09:61-17:00” names no time of a day"),
        ([", ".join(["09:00-09:01"] * 13)] + [""] * 6, "Monday: more than 12 windows."),
        ([""] * 7, "The week is empty"),
    ],
)
def test_a_week_that_makes_no_sense_is_refused_by_a_sentence(days: list[str], words: str) -> None:
    with pytest.raises(HoursFault) as refused:
        parse_hours("Europe/Berlin", days, "")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("holidays", "words"),
    [
        ("25.12.2026 Christmas", "is no holiday; write it as 2026-12-25 Christmas Day."),
        ("2026-02-30 Never", "is no holiday"),
        ("2026-12-25", "The holiday of 2026-12-25 has no name."),
        ("2026-12-25 One\n2026-12-25 Two", "2026-12-25 is a holiday twice: One and Two."),
        ("\n".join(f"{year}-01-01 New Year" for year in range(2000, 2201)), "More than 200 holidays"),
    ],
)
def test_a_holiday_that_makes_no_sense_is_refused_by_a_sentence(holidays: str, words: str) -> None:
    with pytest.raises(HoursFault) as refused:
        hours(holidays=holidays)
    assert words in str(refused.value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "a" * 300])
def test_a_zone_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(HoursFault, match="Choose one of the time zones"):
        hours(zone=zone)


def test_windows_may_touch_and_come_in_any_order() -> None:
    monday = hours("13:00 – 17:00; 9.00-13:00").week[0]
    assert windows_text(monday) == "09:00-13:00, 13:00-17:00"


def test_hours_without_an_end_are_refused_rather_than_counted_for_ever() -> None:
    shut = hours("23:58-23:59")
    with pytest.raises(HoursFault, match="ten years"):
        shut.add(berlin("2026-11-25T09:00"), 5000)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1)).map(
    lambda naive: naive.replace(second=0, microsecond=0, tzinfo=UTC)
)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])


@st.composite
def weeks(draw: st.DrawFn) -> list[str]:
    days = []
    for _ in range(7):
        marks = sorted(draw(st.sets(st.integers(0, 1439), max_size=6)))
        pairs = zip(marks[::2], marks[1::2], strict=False)
        days.append(", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs))
    days[draw(st.integers(0, 6))] = OFFICE
    return days


@given(start=MOMENTS, minutes=st.integers(1, 6000), week=weeks(), zone=ZONES)
def test_what_was_added_lies_between_and_never_before_the_wall_clock(
    start: datetime, minutes: int, week: list[str], zone: str
) -> None:
    shop = parse_hours(zone, week, CHRISTMAS)
    end = shop.add(start, minutes)
    assert shop.between(start, end) == minutes
    assert end >= start + timedelta(minutes=minutes)
    assert shop.between(start, end - timedelta(minutes=1)) == minutes - 1


@given(start=MOMENTS, first=st.integers(1, 2000), second=st.integers(1, 2000), week=weeks(), zone=ZONES)
def test_adding_twice_is_adding_the_sum(
    start: datetime, first: int, second: int, week: list[str], zone: str
) -> None:
    shop = parse_hours(zone, week, CHRISTMAS)
    assert shop.add(shop.add(start, first), second) == shop.add(start, first + second)
