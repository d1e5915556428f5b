"""The rule of the clock: when an answer is due, and how the time left is said. Pure; every moment is UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CRITICAL = timedelta(hours=2)
SOON = timedelta(hours=4)
CALM = timedelta(hours=8)


class Face(StrEnum):
    """How a time left looks in the queue; the words say it as well."""

    CALM = "calm"
    PLAIN = "plain"
    SOON = "soon"
    CRITICAL = "critical"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """A time left in words, with its face."""

    text: str
    face: Face
    seconds: int


def started_at(dates: list[datetime | None], received_at: datetime) -> datetime:
    """The clock's start: the earliest moment known at which the marketplace had the message.

    A mail's Date and the marketplace's first Received stamp may lie before our mailbox had it, because the
    provider's delay counts against the seller (Amazon, Buyer-Seller Messages); none may lie after it.
    """
    return min([received_at, *(moment for moment in dates if moment is not None)])


def due_at(start: datetime, allowance: timedelta) -> datetime:
    """Start plus allowance in elapsed time: weekends, holidays, outages and clock changes all count."""
    return start + allowance


def earliest(open_deadlines: list[datetime]) -> datetime | None:
    """What a conversation is sorted by: its oldest unanswered message decides, a second one moves nothing."""
    return min(open_deadlines, default=None)


def time_left(due: datetime, now: datetime) -> TimeLeft:
    """Say how long is left until `due`, with the face it has in the queue."""
    left = due - now
    seconds = int(left.total_seconds())
    if left < timedelta(0):
        return TimeLeft(f"Late {duration(-left)}", Face.LATE, seconds)
    if left < CRITICAL:
        face = Face.CRITICAL
    elif left < SOON:
        face = Face.SOON
    elif left < CALM:
        face = Face.PLAIN
    else:
        face = Face.CALM
    return TimeLeft(duration(left), face, seconds)


def duration(span: timedelta) -> str:
    """A span in the two units that matter: "38 m", "5 h 10 m", "17 h", "3 d"."""
    minutes = int(span.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    if hours > 48:
        return f"{hours // 24} d"
    if hours >= 10:
        return f"{hours} h"
    if hours:
        return f"{hours} h {rest:02d} m"
    return f"{minutes} m"
