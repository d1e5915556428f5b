"""How the board says shares, spans, days and causes; pure."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from inbox import sla

CAUSES = {
    "nobody_assigned": "Nobody assigned",
    "warehouse": "Warehouse wait",
    "late_from_sync": "Late from sync",
    "idle": "Agent idle",
    "bounced": "Reply bounced",
}


def percent(share: Decimal) -> str:
    """A share with one decimal, none where it is whole: "96.4 %", "95 %"; never rounded up to all of it."""
    shown = (share * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if shown == 100 and share < 1:
        shown = Decimal("99.9")
    return f"{shown.normalize():f} %"


def span(seconds: int | None) -> str:
    """How long an answer took: "38 m", "5 h 10 m", "3 d"; a dash where nobody answered."""
    return "–" if seconds is None else sla.duration(timedelta(seconds=seconds))


def day_words(day: date) -> str:
    """A day of this or next month: "31 Mar"."""
    return f"{day.day} {day:%b}"


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 message", "3 messages"."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def capped(count: int, *, more: bool) -> str:
    """A count with a plus where counting stopped: "1,000+"."""
    return f"{count:,}{'+' if more else ''}"


def city(zone: str) -> str:
    """A time zone as people say it: "New York"."""
    return zone.rpartition("/")[2].replace("_", " ")


def answers_left(spare: int, to_recover: int) -> str:
    """How far the line is, in answers."""
    if to_recover:
        return f"{to_recover} in a row to recover"
    return f"{spare} may still be late" if spare else "none may be late"
