"""The moments a mail states: when it was sent, when the marketplace took it, by when it wants an answer."""

import re
from datetime import UTC, datetime, time, timedelta

from marketplaces.mailbox.headers import Headers, believable, moment
from marketplaces.mailbox.mime import MimeMail
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.rules import MarketplaceRules, SharedRules, under

DATED = frozenset(
    {MailKind.CLAIM, MailKind.CANCEL_REQUEST, MailKind.RETURN_REQUEST, MailKind.COMPLAINT, MailKind.NOTICE}
)
MAX_STAMPS = 50
LOOKED_AT = 20_000
STAMP_HOST = re.compile(r"\b(?:from|by)\s+([A-Za-z0-9._-]{1,255})")
ISO_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::[0-9]{2})?\s?(?:UTC|GMT|Z))?"
)
DOTTED_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
WORD = r"[^\W\d_]{3,12}"
MONTH_FIRST = re.compile(rf"({WORD})\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}})")
DAY_FIRST = re.compile(rf"([0-9]{{1,2}})(?:\.|er|º)? (?:de )?({WORD})\.?(?: de)? ([0-9]{{4}})")


def sent_at(headers: Headers, now: datetime, mail: MimeMail) -> datetime | None:
    """Return the Date header as UTC, or None if it is absent or cannot be true."""
    value = headers.first("date")
    date = moment(value)
    if date is None:
        if value.strip():
            mail.odd("the date cannot be read")
        return None
    if not believable(date, now):
        mail.odd("the date lies before 1990 or in the future and was left out")
        return None
    return date


def relay_received(headers: Headers, now: datetime, rules: MarketplaceRules) -> datetime | None:
    """Return the earliest Received stamp that a host of the marketplace wrote or handed over."""
    stamps = []
    for line in headers.all("received")[-MAX_STAMPS:]:
        route, _, stamp = line[:2000].rpartition(";")
        hosts = [host.lower().rstrip(".") for host in STAMP_HOST.findall(route)]
        if any(under(host, rules.stamp_domains) for host in hosts):
            date = moment(stamp)
            if date is not None and believable(date, now):
                stamps.append(date)
    return min(stamps, default=None)


def stated_due(
    text: str, kind: MailKind, start: datetime | None, rules: MarketplaceRules, shared: SharedRules
) -> datetime | None:
    """Return the deadline a marketplace states in its mail, the earliest if several; days count from `start`.

    A date without a time is the end of that day in UTC. Buyers' messages state none: their frame has named
    allowances that no longer hold.
    """
    if kind not in DATED or start is None:
        return None
    found: list[datetime] = []
    for rule in rules.deadlines:
        for match in rule.pattern.finditer(text[:LOOKED_AT]):
            if rule.unit == "date":
                due = _date(text[match.end() : match.end() + 60], shared)
            else:
                count = int(next((group for group in match.groups() if group), "0"))
                due = start + (timedelta(days=count) if rule.unit == "days" else timedelta(hours=count))
            if due is not None and start < due < start + timedelta(days=366):
                found.append(due)
    return min(found, default=None)


def _date(text: str, shared: SharedRules) -> datetime | None:
    try:
        if match := ISO_DATE.search(text):
            year, month, day, hour, minute = match.groups()
            if hour is not None:
                return datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
            return _end_of_day(int(year), int(month), int(day))
        if match := DOTTED_DATE.search(text):
            return _end_of_day(int(match.group(3)), int(match.group(2)), int(match.group(1)))
        if match := MONTH_FIRST.search(text):
            return _end_of_day(int(match.group(3)), _month(match.group(1), shared), int(match.group(2)))
        if match := DAY_FIRST.search(text):
            return _end_of_day(int(match.group(3)), _month(match.group(2), shared), int(match.group(1)))
    except ValueError:
        return None
    return None


def _month(name: str, shared: SharedRules) -> int:
    """The number of a month by its name or how that begins; raises ValueError where it is none or several."""
    word = name.casefold()
    exact = shared.months.get(word)
    found = {exact} if exact else {number for each, number in shared.months.items() if each.startswith(word)}
    if len(found) != 1:
        raise ValueError(f"{len(found)} months begin so")
    return found.pop()


def _end_of_day(year: int, month: int, day: int) -> datetime:
    return datetime.combine(datetime(year, month, day), time(23, 59, 59), tzinfo=UTC)
