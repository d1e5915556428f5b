"""How often an account may call each operation: one token bucket per account and operation, in the database.

All processes share it and it outlives them. The marketplaces count for themselves and tell what is left; a
bucket believes them. A part of each is kept for people who wait in front of a screen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.tenancy import tenant_tx
from marketplaces.models import ApiBucket, SellerAccount

KEPT_FOR_PEOPLE = 0.2  # of the burst
LONGEST_PAUSE = timedelta(minutes=10)
# What a marketplace says of itself is believed only so far.
SLOWEST, FASTEST = 0.0005, 1000.0
LARGEST_BURST = 200.0
# The operations that read what is new.
LISTS = ("orders", "returns", "searchOrders", "listAllFulfillmentOrders")


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second in the long run, and how many may be made at once after a pause."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What an answer said of its operation's bucket; None where it said nothing."""

    per_second: float | None = None
    left: float | None = None
    again_at: datetime | None = None


def take(
    account: SellerAccount, operation: str, rate: Rate, *, now: datetime, interactive: bool = False
) -> float:
    """Take a token and return 0, or return in how many seconds there will be one."""
    with tenant_tx(account.tenant_id):
        row = _row(account, operation, rate, now)
        _refill(row, now)
        if row.blocked_until is not None and row.blocked_until > now:
            row.save(update_fields=["level", "updated_at"])
            return (row.blocked_until - now).total_seconds()
        needed = 1.0 if interactive else 1.0 + KEPT_FOR_PEOPLE * row.burst
        wait = 0.0
        if row.level >= needed:
            row.level -= 1
        else:
            wait = (needed - row.level) / row.per_second
        row.save(update_fields=["level", "updated_at"])
        return wait


def answered(account: SellerAccount, operation: str, rate: Rate, budget: Budget, *, now: datetime) -> None:
    """The marketplace has answered: go by what it says of its own bucket."""
    with tenant_tx(account.tenant_id):
        row = _row(account, operation, rate, now)
        _refill(row, now)
        row.refusals = 0
        if budget.per_second is not None:
            row.per_second = min(FASTEST, max(SLOWEST, budget.per_second))
        if budget.left is not None:
            row.burst = min(LARGEST_BURST, max(row.burst, budget.left + 1))
            row.level = min(row.burst, max(0.0, budget.left))
            if budget.left < 1 and budget.again_at is not None:
                row.blocked_until = min(budget.again_at, now + LONGEST_PAUSE)
        row.save()


def refused(account: SellerAccount, operation: str, rate: Rate, budget: Budget, *, now: datetime) -> float:
    """The marketplace asks for a pause (429): empty this bucket, and say for how many seconds.

    As long as it states; else until it should hold a token again, twice as long after each further refusal.
    """
    with tenant_tx(account.tenant_id):
        row = _row(account, operation, rate, now)
        if budget.per_second is not None:
            row.per_second = min(FASTEST, max(SLOWEST, budget.per_second))
        pause = timedelta(seconds=min(600.0, max(1.0, 1 / row.per_second) * 2 ** min(row.refusals, 10)))
        if budget.again_at is not None and budget.again_at > now:
            pause = budget.again_at - now
        pause = min(pause, LONGEST_PAUSE)
        row.level, row.updated_at = 0.0, now
        row.blocked_until = max(now + pause, row.blocked_until or now)
        row.refusals += 1
        row.save()
        return (row.blocked_until - now).total_seconds()


def _row(account: SellerAccount, operation: str, rate: Rate, now: datetime) -> ApiBucket:
    """The bucket, locked. A new one is half full: nobody knows what was called before it was made."""
    ApiBucket.objects.get_or_create(
        tenant_id=account.tenant_id,
        account=account,
        operation=operation,
        defaults={
            "level": max(rate.burst / 2, 1 + KEPT_FOR_PEOPLE * rate.burst),
            "per_second": rate.per_second,
            "burst": rate.burst,
            "updated_at": now,
        },
    )
    return ApiBucket.objects.select_for_update().get(account=account, operation=operation)


def _refill(row: ApiBucket, now: datetime) -> None:
    """Add what has dripped in since the last look; another process's clock may be a little ahead."""
    since = max(0.0, (now - row.updated_at).total_seconds())
    row.level = min(row.burst, row.level + since * row.per_second)
    row.updated_at = max(now, row.updated_at)


def least_left(account: SellerAccount, *, now: datetime) -> float:
    """What is left of the account's emptiest bucket of lists, from 0 to 1; 1 where none was used yet."""
    rows = ApiBucket.objects.filter(account=account, operation__in=LISTS)
    return min((left_in(row, now=now) for row in rows), default=1.0)


def left_in(row: ApiBucket, *, now: datetime) -> float:
    """What is left of a bucket, from 0 to 1; nothing while the marketplace asks for a pause."""
    if row.blocked_until is not None and row.blocked_until > now:
        return 0.0
    since = max(0.0, (now - row.updated_at).total_seconds())
    return min(1.0, (row.level + since * row.per_second) / row.burst)
