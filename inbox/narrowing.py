"""What the queue can be narrowed to by how soon an answer is due: the lists behind the board's numbers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.days import end_of_day
from inbox import sla

HOUR = timedelta(hours=1)
LATE, UNDER_2H, UNDER_8H, TODAY = "late", "2h", "8h", "today"
TITLES = {LATE: "late", UNDER_2H: "due in under 2 h", UNDER_8H: "due in under 8 h", TODAY: "due today"}


@dataclass(frozen=True, slots=True)
class Span:
    """Moments from `begins_at` (from ever where there is none) until before `ends_at`."""

    begins_at: datetime | None
    ends_at: datetime

    @property
    def rows(self) -> Q:
        """The conversations whose nearest marketplace deadline lies in it: one range of one index."""
        within = Q(due_at__lt=self.ends_at)
        return within if self.begins_at is None else within & Q(due_at__gte=self.begins_at)


def due_of(given: str) -> str:
    """What was asked for if there is such a list, else "" (nothing is narrowed).

    An hour is one of this century, written as `of_hour` writes it.
    """
    if given in TITLES:
        return given
    try:
        return given if given.startswith("20") and of_hour(hour_of(given)) == given else ""
    except ValueError:  # no such moment, as the thirtieth of February
        return ""


def span(due: str, *, now: datetime, zone: str) -> Span:
    """The moments a list is narrowed to; "today" is the reader's, and what is late is in "late" alone.

    So the hour that runs begins now, as its bar on the board counts it.
    """
    if due == LATE:
        return Span(None, now)
    if due == UNDER_2H:
        return Span(now, now + sla.CRITICAL)
    if due == UNDER_8H:
        return Span(now, now + sla.CALM)
    if due == TODAY:
        return Span(now, end_of_day(now, zone))
    begins_at = hour_of(due)
    return Span(max(begins_at, now), begins_at + HOUR)


def of_hour(begins_at: datetime) -> str:
    """The name of the list of one hour of the clock; a half-hour zone's hours begin at :30."""
    return f"{begins_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def hour_of(due: str) -> datetime:
    """The beginning of a named hour; raises ValueError for any other name."""
    return datetime.strptime(due, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def words(due: str, zone: str) -> str:
    """How a list says what is due in it, an hour in the reader's zone."""
    if due in TITLES:
        return TITLES[due]
    begins_at = hour_of(due).astimezone(ZoneInfo(zone))
    return f"due {begins_at:%a %H:%M} to {begins_at + HOUR:%H:%M}"
