"""The rule of the clock as one table of named cases; no database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inbox import sla
from inbox.sla import Face

WALMART, AMAZON = timedelta(hours=48), timedelta(hours=24)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_zone(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


DUE = {
    "an ordinary Tuesday": (utc("2026-03-10T15:18"), WALMART, utc("2026-03-12T15:18")),
    "Friday evening runs through the weekend": (utc("2026-03-13T22:00"), WALMART, utc("2026-03-15T22:00")),
    "Amazon on a Saturday": (utc("2026-03-14T09:30"), AMAZON, utc("2026-03-15T09:30")),
    "Christmas does not pause": (utc("2026-12-24T18:00"), WALMART, utc("2026-12-26T18:00")),
    "an outage day of the marketplace does not pause": (
        utc("2026-07-04T00:00"),
        AMAZON,
        utc("2026-07-05T00:00"),
    ),
    "the clocks go forward: 24 elapsed hours, not the same wall time": (
        in_zone("2026-03-07T12:00", "America/New_York"),
        AMAZON,
        in_zone("2026-03-08T13:00", "America/New_York"),
    ),
    "the clocks go back": (
        in_zone("2026-10-31T12:00", "America/New_York"),
        AMAZON,
        in_zone("2026-11-01T11:00", "America/New_York"),
    ),
    "the clocks go forward in Europe": (
        in_zone("2026-03-28T12:00", "Europe/Berlin"),
        WALMART,
        in_zone("2026-03-30T13:00", "Europe/Berlin"),
    ),
    "into a leap day": (utc("2028-02-28T08:00"), AMAZON, utc("2028-02-29T08:00")),
    "over a leap day": (utc("2028-02-28T08:00"), WALMART, utc("2028-03-01T08:00")),
    "no leap day": (utc("2026-02-27T08:00"), WALMART, utc("2026-03-01T08:00")),
    "month end": (utc("2026-04-30T23:59:59"), AMAZON, utc("2026-05-01T23:59:59")),
    "year end": (utc("2026-12-31T12:00"), WALMART, utc("2027-01-02T12:00")),
}


@pytest.mark.parametrize(("start", "allowance", "due"), DUE.values(), ids=DUE.keys())
def test_due_moment(start: datetime, allowance: timedelta, due: datetime) -> None:
    assert sla.due_at(start, allowance) == due


RECEIVED = utc("2026-03-10T12:00")
STARTS = {
    "only our mailbox knows": ([None, None], RECEIVED),
    "a back-dated Date counts": ([utc("2026-03-10T09:00"), None], utc("2026-03-10T09:00")),
    "the marketplace's stamp counts": ([None, utc("2026-03-10T11:59")], utc("2026-03-10T11:59")),
    "the earlier of both": ([utc("2026-03-10T09:00"), utc("2026-03-10T08:00")], utc("2026-03-10T08:00")),
    "a Date in the future does not": ([utc("2026-03-11T09:00"), None], RECEIVED),
}


@pytest.mark.parametrize(("dates", "start"), STARTS.values(), ids=STARTS.keys())
def test_clock_starts(dates: list[datetime | None], start: datetime) -> None:
    assert sla.started_at(dates, RECEIVED) == start


DUE_AT = utc("2026-03-12T15:18")
LEFT = {
    "three days": (timedelta(days=3, hours=5), "3 d", Face.CALM),
    "48 hours": (timedelta(hours=48), "48 h", Face.CALM),
    "a second under 48 hours": (timedelta(hours=48) - timedelta(seconds=1), "47 h", Face.CALM),
    "17 hours": (timedelta(hours=17, minutes=3), "17 h", Face.CALM),
    "8 hours": (timedelta(hours=8), "8 h 00 m", Face.CALM),
    "under 8 hours": (timedelta(hours=7, minutes=59), "7 h 59 m", Face.PLAIN),
    "4 hours": (timedelta(hours=4), "4 h 00 m", Face.PLAIN),
    "under 4 hours": (timedelta(hours=3, minutes=50), "3 h 50 m", Face.SOON),
    "2 hours": (timedelta(hours=2), "2 h 00 m", Face.SOON),
    "a second under 2 hours": (timedelta(hours=2) - timedelta(seconds=1), "1 h 59 m", Face.CRITICAL),
    "38 minutes": (timedelta(minutes=38), "38 m", Face.CRITICAL),
    "the last second": (timedelta(seconds=1), "0 m", Face.CRITICAL),
    "the moment itself": (timedelta(0), "0 m", Face.CRITICAL),
    "a second late": (-timedelta(seconds=1), "Late 0 m", Face.LATE),
    "two hours late": (-timedelta(hours=2), "Late 2 h 00 m", Face.LATE),
    "three days late": (-timedelta(days=3), "Late 3 d", Face.LATE),
}


@pytest.mark.parametrize(("left", "text", "face"), LEFT.values(), ids=LEFT.keys())
def test_time_left_is_said(left: timedelta, text: str, face: Face) -> None:
    said = sla.time_left(DUE_AT, DUE_AT - left)
    assert (said.text, said.face) == (text, face)


def test_a_conversation_is_sorted_by_its_earliest_open_deadline() -> None:
    assert sla.earliest([utc("2026-03-12T10:00"), utc("2026-03-11T10:00")]) == utc("2026-03-11T10:00")
    assert sla.earliest([]) is None
