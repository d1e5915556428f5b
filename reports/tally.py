"""What the figures are counted from, as plain rows, and the one definition of how they are counted; pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from reports.hours import whole_hour
from reports.why import Facts, why

# What Amazon does not count, and what is no buyer's message anywhere.
NOT_COUNTED = ("no_response_needed", "not_buyer_message", "merged")
ANSWERED = ("replied", "answered_elsewhere")
DECIDED = ("won", "partly", "lost")


class Received(NamedTuple):
    """A buyer's message, and how its clock was stopped; `allowed` is the marketplace's own time for it."""

    account_id: int
    at: datetime
    allowed: timedelta
    stopped_at: datetime | None
    outcome: str


class Answered(NamedTuple):
    """A buyer's message whose clock a reply stopped, in the hour in which that left."""

    account_id: int
    at: datetime
    member_id: int | None
    since: datetime


class Sent(NamedTuple):
    """A reply that left and did not bounce."""

    account_id: int
    at: datetime
    member_id: int | None


class Missed(NamedTuple):
    """A deadline that passed with its clock running, and whoever was assigned then."""

    account_id: int
    at: datetime
    member_id: int | None
    facts: Facts


class Resolved(NamedTuple):
    """A conversation that was closed, by whom, and when its first clock had started."""

    account_id: int
    at: datetime
    member_id: int | None
    since: datetime


class CameBack(NamedTuple):
    """A closed conversation that was opened again, and whoever was assigned then."""

    account_id: int
    at: datetime
    member_id: int | None


class CaseOpened(NamedTuple):
    """A case that was opened."""

    account_id: int
    at: datetime
    type: str
    currency: str
    amount: Decimal | None


class CaseDecided(NamedTuple):
    """A case that was decided."""

    account_id: int
    at: datetime
    type: str
    currency: str
    outcome: str
    amount: Decimal | None
    paid: Decimal | None


Fact = Received | Answered | Sent | Missed | Resolved | CameBack
CaseFact = CaseOpened | CaseDecided


@dataclass(slots=True)
class Count:
    """The counts of an hour, or of more than one together; the names are those of the roll-up's columns."""

    received: int = 0
    in_time: int = 0
    answered_late: int = 0
    unanswered: int = 0
    excluded: int = 0
    sent: int = 0
    reopened: int = 0
    bounced: int = 0
    late_from_sync: int = 0
    warehouse: int = 0
    nobody_assigned: int = 0
    idle: int = 0
    first_response_seconds: list[int] = field(default_factory=list)
    resolution_seconds: list[int] = field(default_factory=list)

    @property
    def missed(self) -> int:
        """Missed deadlines, whatever the cause."""
        return self.bounced + self.late_from_sync + self.warehouse + self.nobody_assigned + self.idle

    def add(self, other: "Count") -> None:
        """Count the other's along."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class CaseCount:
    """The counts and sums of cases of an hour, or of more than one together."""

    opened: int = 0
    won: int = 0
    partly: int = 0
    lost: int = 0
    other: int = 0
    at_stake: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)

    def add(self, other: "CaseCount") -> None:
        """Count the other's along."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Key(NamedTuple):
    """Whose hour it is."""

    account_id: int
    hour: datetime
    member_id: int | None


class CaseKey(NamedTuple):
    """Which cases' hour it is."""

    account_id: int
    hour: datetime
    type: str
    currency: str


def tally(facts: Iterable[Fact]) -> dict[Key, Count]:
    """Count facts by account, hour and member; hours in which nothing happened are not there."""
    counts: defaultdict[Key, Count] = defaultdict(Count)
    for fact in facts:
        member_id = None if isinstance(fact, Received) else fact.member_id
        _add(counts[Key(fact.account_id, whole_hour(fact.at), member_id)], fact)
    for count in counts.values():
        count.first_response_seconds.sort()
        count.resolution_seconds.sort()
    return dict(counts)


def tally_cases(facts: Iterable[CaseFact]) -> dict[CaseKey, CaseCount]:
    """Count cases by account, hour, type and currency."""
    counts: defaultdict[CaseKey, CaseCount] = defaultdict(CaseCount)
    for fact in facts:
        count = counts[CaseKey(fact.account_id, whole_hour(fact.at), fact.type, fact.currency)]
        if isinstance(fact, CaseOpened):
            count.opened += 1
            count.at_stake += fact.amount or 0
        else:
            name = fact.outcome if fact.outcome in DECIDED else "other"
            setattr(count, name, getattr(count, name) + 1)
            count.paid += fact.paid or 0
            count.saved += saved(fact)
    return dict(counts)


def saved(case: CaseDecided) -> Decimal:
    """What a decided case was about and did not cost; nothing where either is not known.

    A case that was won with no payment recorded cost nothing.
    """
    paid = Decimal(0) if case.paid is None and case.outcome == "won" else case.paid
    if case.amount is None or paid is None or case.outcome not in DECIDED:
        return Decimal(0)
    return max(case.amount - paid, Decimal(0))


def _add(count: Count, fact: Fact) -> None:
    match fact:
        case Received():
            name = _standing(fact)
            setattr(count, name, getattr(count, name) + 1)
            count.received += name != "excluded"
        case Answered():
            count.first_response_seconds.append(_seconds(fact.since, fact.at))
        case Sent():
            count.sent += 1
        case Missed():
            cause = why(fact.facts).value
            setattr(count, cause, getattr(count, cause) + 1)
        case Resolved():
            count.resolution_seconds.append(_seconds(fact.since, fact.at))
        case CameBack():
            count.reopened += 1


def _standing(message: Received) -> str:
    """Where a message stands in the marketplace's count: its own time, whatever our policies say."""
    if message.stopped_at is None:
        return "unanswered"
    if message.outcome not in ANSWERED:
        return "excluded"
    return "in_time" if message.stopped_at - message.at <= message.allowed else "answered_late"


def _seconds(since: datetime, until: datetime) -> int:
    return max(0, int((until - since).total_seconds()))
