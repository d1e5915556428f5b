"""A policy as a person wants it, turned into the row that would be stored, or refused."""

import re
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership
from accounts.refusals import Refused
from inbox import targets
from inbox.hours import HoursFault
from inbox.models import Deadline, SlaPolicy, Told
from inbox.policies import business_hours
from inbox.promises import Promise, promises
from marketplaces.models import SellerAccount

SHORTEST, LONGEST = 5, 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of one kind of deadline, for a marketplace or for one of its seller accounts."""

    marketplace: str
    kind: str
    account: SellerAccount | None = None
    allowance_minutes: int = 0
    target_minutes: int | None = None
    warn_minutes: int | None = None
    told: str = Told.ASSIGNEE
    running_too: bool = True
    longer: bool = False  # knows that the marketplace allows less
    withdrawn: bool = False


def promise_of(marketplace: str, kind: str, *, now: datetime) -> Promise:
    """What the marketplace promises now; raises Refused for a kind it does not know."""
    known = [
        promise
        for promise in promises()
        if (promise.marketplace, promise.kind) == (marketplace, kind) and promise.valid_from <= now
    ]
    if not known:
        raise Refused("There is no such deadline at this marketplace. Reload the page and choose again.")
    return max(known, key=lambda promise: promise.valid_from)


def proposed(wish: Wish, *, by: Membership | None, now: datetime) -> SlaPolicy:
    """The row that would be stored, not stored; raises Refused."""
    promise = promise_of(wish.marketplace, wish.kind, now=now)
    if wish.account is not None and wish.account.marketplace != wish.marketplace:
        raise Refused("That seller account is at another marketplace.")
    row = SlaPolicy(
        marketplace=wish.marketplace,
        account=wish.account,
        kind=wish.kind,
        valid_from=_earliest_start(wish, now=now) if wish.running_too else now,
        allowance_minutes=promise.allowance_minutes if wish.withdrawn else wish.allowance_minutes,
        rule=promise.rule,
        withdrawn=wish.withdrawn,
        saved_at=now,
        saved_by=by,
    )
    if not wish.withdrawn:
        _promise(row, wish, promise, now=now)
    return row


def span(minutes: int) -> str:
    """A length of time as a policy says it: "48 h", "30 days", "45 min"."""
    if minutes % 1440 == 0 and minutes > 2880:
        return f"{minutes // 1440} days"
    hours, rest = divmod(minutes, 60)
    if not rest:
        return f"{hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def _promise(row: SlaPolicy, wish: Wish, promise: Promise, *, now: datetime) -> None:
    allowed = promise.allowance_minutes
    if not SHORTEST <= wish.allowance_minutes <= LONGEST:
        raise Refused("Allow at least 5 minutes and at most 365 days.")
    if wish.allowance_minutes > allowed and not wish.longer:
        raise Refused(
            f"The marketplace allows {span(allowed)}; with {span(wish.allowance_minutes)} its deadline passes"
            " while ours still runs. Shorten it, or tick that you want it longer all the same."
        )
    if wish.warn_minutes is not None and wish.warn_minutes >= wish.allowance_minutes:
        raise Refused(f"Warn less than {span(wish.allowance_minutes)} before; that is all there is.")
    if wish.allowance_minutes != allowed:
        kept = re.sub(r" \d+ (h|days)$", "", promise.rule)
        row.rule = f"{kept} {span(wish.allowance_minutes)}, our rule"
    row.target_minutes, row.warn_minutes, row.told = wish.target_minutes, wish.warn_minutes, wish.told
    if wish.target_minutes is not None:
        hours = business_hours()
        try:
            hours.add(now, wish.target_minutes)
        except HoursFault as fault:
            raise Refused(f"The business hours never come to {span(wish.target_minutes)}.") from fault
        row.hours = hours  # type: ignore[misc]
    if targets.warning_of(row) < 0:
        raise Refused("Warn some minutes before, or 0 for never.")


def _earliest_start(wish: Wish, *, now: datetime) -> datetime:
    """When the oldest deadline began that runs now: from there on the policy holds for all that run."""
    running = Deadline.objects.filter(kind=wish.kind, stopped_at__isnull=True)
    if wish.account is not None:
        running = running.filter(conversation__account=wish.account)
    started = running.order_by("started_at").values_list("started_at", flat=True).first()
    return min(started, now) if started else now
