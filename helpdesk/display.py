"""How moments, people, files and icons are written; the reader's zone and the present are arguments."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from lucide.jinja import lucide
from markupsafe import Markup

KIB = 1024


@cache
def icon(name: str, size: int = 16) -> Markup:
    """A Lucide icon as inline SVG, hidden from screen readers: the word stands beside it."""
    return Markup(lucide(name, size=size, **{"aria-hidden": "true", "class": "icon"}))  # noqa: S704


def moment(at: datetime, zone: str, now: datetime) -> str:
    """A moment as its reader says it: "15:18" today, "Tue 15:18" within six days, "7 Mar", "7 Mar 2025"."""
    there, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    if there.date() == today.date():
        return f"{there:%H:%M}"
    if abs(there.date() - today.date()) < timedelta(days=7):
        return f"{there:%a %H:%M}"
    return f"{there.day} {there:%b}" if there.year == today.year else f"{there.day} {there:%b %Y}"


def full_moment(at: datetime, zone: str) -> str:
    """A moment with everything: "Tue 10 Mar 2026, 15:18 (Europe/Berlin)"."""
    there = at.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M} ({zone})"


def iso(at: datetime) -> str:
    """A moment for machines, in UTC and whole seconds: the value of datetime= and data-due=."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ago(at: datetime, now: datetime) -> str:
    """How long a thing is past: "just now", "12 min ago", "5 h ago", "3 d ago"."""
    minutes = int((now - at).total_seconds()) // 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d ago"


def span(length: timedelta) -> str:
    """A length of time in its largest unit: "38 s", "21 min", "5 h", "12 days"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86_400} days"


SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "BRL": "R$",
    "CAD": "CA$",
    "MXN": "MX$",
    "AUD": "A$",
}
WITHOUT_CENTS = ("JPY",)


def money(amount: Decimal, currency: str) -> str:
    """An amount as people write it: "$89.00", "¥1,200", "SEK 120.00" where the currency has no sign here."""
    digits = f"{abs(amount):,.0f}" if currency in WITHOUT_CENTS else f"{abs(amount):,.2f}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{currency} {digits}".strip()


def day(at: datetime, zone: str, now: datetime) -> str:
    """A day in so many letters as fit under a dot: "Wed 4" within two weeks, "4 Mar", "4 Mar 25"."""
    there, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    if abs(there.date() - today.date()) < timedelta(days=14):
        return f"{there:%a} {there.day}"
    return f"{there.day} {there:%b}" if there.year == today.year else f"{there.day} {there:%b %y}"


def filesize(size: int) -> str:
    """Bytes in the unit people use: "812 B", "24 kB", "1.4 MB"."""
    if size < KIB:
        return f"{size} B"
    if size < KIB * KIB:
        return f"{round(size / KIB)} kB"
    return f"{size / (KIB * KIB):.1f} MB"


def initials(name: str) -> str:
    """Two letters for the round picture of a person."""
    words = name.split()
    if not words:
        return "?"
    return ((words[0][0] + words[-1][0]) if len(words) > 1 else name.strip()[:2]).upper()


def earlier_text(full_text: str, text: str) -> str:
    """What a mail holds beside its writer's own words: the lines of `full_text` that `text` does not show.

    `text` is an excerpt, its lines standing in `full_text` in the same order; where they do not, all of
    `full_text` is given, for nothing of a mail may get lost.
    """
    rest: list[str] = []
    shown = [line.strip() for line in text.splitlines() if line.strip()]
    position = 0
    for line in full_text.splitlines():
        if position < len(shown) and line.strip() == shown[position]:
            position += 1
        else:
            rest.append(line.rstrip())
    if position < len(shown):
        return full_text.strip() if full_text.strip() != text.strip() else ""
    return "\n".join(rest).strip("\n")


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "full_moment": full_moment,
    "iso": iso,
    "ago": ago,
    "span": span,
    "money": money,
    "day": day,
    "filesize": filesize,
    "initials": initials,
    "earlier_text": earlier_text,
}
