"""Days and months end at midnight where the reader is."""

from datetime import UTC, date, datetime

from accounts.days import end_of_day, end_of_month, last_days

NEW_YORK, LOS_ANGELES, BERLIN = "America/New_York", "America/Los_Angeles", "Europe/Berlin"
BEFORE_CHANGE = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # the day Berlin's clocks go forward
NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def test_a_day_ends_at_midnight_there_whatever_the_clocks_do() -> None:
    assert end_of_day(BEFORE_CHANGE, BERLIN) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert end_of_day(datetime(2026, 3, 10, 12, tzinfo=UTC), LOS_ANGELES) == datetime(
        2026, 3, 11, 7, tzinfo=UTC
    )


def test_the_last_days_begin_at_midnight_there_whatever_the_clocks_do() -> None:
    ends_at = datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert last_days(1, BEFORE_CHANGE, BERLIN) == (datetime(2026, 3, 28, 23, tzinfo=UTC), ends_at)
    assert last_days(7, BEFORE_CHANGE, BERLIN) == (datetime(2026, 3, 22, 23, tzinfo=UTC), ends_at)


def test_the_month_ends_at_the_readers_midnight() -> None:
    last, ends_at = end_of_month(NEW_YEARS_EVE, NEW_YORK)
    assert (last, ends_at) == (date(2026, 12, 31), datetime(2027, 1, 1, 5, tzinfo=UTC))
    last, _ = end_of_month(NEW_YEARS_EVE, BERLIN)
    assert last == date(2027, 1, 31)
