"""The policies page: every kind of deadline with what the marketplace promises and what the team has set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox import targets
from inbox.models import SlaPolicy
from inbox.policies import in_force
from inbox.promises import Promise, promises
from inbox.proposing import span
from marketplaces.models import SellerAccount
from marketplaces.types import FACTS


@dataclass(frozen=True, slots=True)
class Held:
    """A policy in force, in words; `account` is None where it is the marketplace's."""

    account: SellerAccount | None
    policy: SlaPolicy

    @property
    def ours(self) -> bool:
        """Whether somebody saved it."""
        return self.policy.saved_at is not None

    @property
    def allowance(self) -> str:
        """How long it allows."""
        return span(self.policy.allowance_minutes)

    @property
    def target(self) -> str:
        """The company's own target; empty without one."""
        return span(self.policy.target_minutes) if self.policy.target_minutes else ""

    @property
    def warning(self) -> str:
        """How long before the due moment people are told; empty for never."""
        minutes = targets.warning_of(self.policy)
        return span(minutes) if minutes else ""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of deadline at one marketplace."""

    promise: Promise
    shared: Held
    own: list[Held]

    @property
    def allowed(self) -> str:
        """How long the marketplace allows."""
        return span(self.promise.allowance_minutes)


@dataclass(frozen=True, slots=True)
class Group:
    """A marketplace with its kinds of deadlines."""

    marketplace: str
    name: str
    letter: str
    lines: list[Line]


def groups(policies: list[SlaPolicy], accounts: Sequence[SellerAccount], *, now: datetime) -> list[Group]:
    """Everything the page lists, from rows that were read."""
    found = []
    for marketplace, facts in FACTS.items():
        here = [account for account in accounts if account.marketplace == marketplace]
        lines = [_line(promise, policies, here, now=now) for promise in _current(marketplace, now=now)]
        found.append(Group(marketplace, facts.name, facts.letter, lines))
    return found


def _current(marketplace: str, *, now: datetime) -> list[Promise]:
    newest: dict[str, Promise] = {}
    for promise in promises():
        if promise.marketplace == marketplace and promise.valid_from <= now:
            newest[promise.kind] = promise
    # Answering the buyer first: it is what most deadlines are.
    return sorted(newest.values(), key=lambda promise: promise.kind != "reply")


def _line(
    promise: Promise, policies: list[SlaPolicy], accounts: list[SellerAccount], *, now: datetime
) -> Line:
    def holds(account_id: int | None) -> SlaPolicy:
        found = in_force(
            policies, marketplace=promise.marketplace, account_id=account_id, kind=promise.kind, at=now
        )
        if found is None:
            raise LookupError(promise.kind)
        return found

    own = [Held(account, holds(account.pk)) for account in accounts]
    return Line(
        promise, Held(None, holds(None)), [each for each in own if each.policy.account_id is not None]
    )
