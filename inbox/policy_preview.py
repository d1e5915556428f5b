"""What a policy would move before it is saved: counted in the database, written nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, DateTimeField, DurationField, ExpressionWrapper, F, Q, Value, When

from inbox import sla
from inbox.hours import Hours, HoursFault
from inbox.models import Deadline, SlaPolicy
from inbox.policies import all_policies, policy_for
from marketplaces.models import SellerAccount

EXAMPLES = 5
MOST_TARGETS = 2000
# What an example shows of its conversation, and its two moments.
READ = (
    *("conversation__number", "conversation__account", "conversation__buyer_name", "conversation__subject"),
    *("conversation__order__external_id", "due_at", "new_due"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A deadline that would move."""

    number: int
    account_name: str
    buyer_name: str
    subject: str
    order_id: str
    due_at: datetime
    new_due_at: datetime
    left: sla.TimeLeft


@dataclass(slots=True)
class Moves:
    """What would move: how many deadlines, how many of them to the bad side, and the first of them."""

    running: int = 0
    moved: int = 0
    late_at_once: int = 0
    critical_at_once: int = 0
    by_account: list[tuple[str, int]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


def moves(proposed: SlaPolicy, *, now: datetime) -> Moves:
    """What saving this policy would move, in three statements whatever is running."""
    accounts = [
        account
        for account in SellerAccount.objects.order_by("name", "pk")
        if account.marketplace == proposed.marketplace and proposed.account_id in (None, account.pk)
    ]
    running = Deadline.objects.filter(
        kind=proposed.kind,
        stopped_at__isnull=True,
        stated_in_source=False,
        conversation__account__in=accounts,
    )
    allowed = Case(*_allowances(proposed, accounts), output_field=DurationField())
    new_due = ExpressionWrapper(F("started_at") + allowed, output_field=DateTimeField())
    rows: Any = running.annotate(new_due=new_due)
    differs = Q(new_due__isnull=False) & ~Q(new_due=F("due_at"))
    soon = now + sla.CRITICAL
    counted = (
        rows.order_by()
        .values_list("conversation__account")
        .annotate(
            running=Count("pk"),
            moved=Count("pk", filter=differs),
            late=Count("pk", filter=differs & Q(due_at__gt=now, new_due__lte=now)),
            critical=Count("pk", filter=differs & Q(due_at__gte=soon, new_due__gt=now, new_due__lt=soon)),
        )
    )
    names = {account.pk: account.name for account in accounts}
    found = Moves()
    for account_id, running_here, moved, late, critical in counted if accounts else ():
        found.running += running_here
        found.moved += moved
        found.late_at_once += late
        found.critical_at_once += critical
        if moved:
            found.by_account.append((names[account_id], moved))
    found.by_account.sort()
    first = rows.filter(differs).order_by("new_due", "pk")[:EXAMPLES]
    shown = first.values_list(*READ, named=True) if found.moved else ()
    found.examples = [
        Example(
            number=row.conversation__number,
            account_name=names[row.conversation__account],
            buyer_name=row.conversation__buyer_name,
            subject=row.conversation__subject,
            order_id=row.conversation__order__external_id or "",
            due_at=row.due_at,
            new_due_at=row.new_due,
            left=sla.time_left(row.new_due, now),
        )
        for row in shown
    ]
    return found


def target_moves(hours: Hours) -> int:
    """How many running deadlines would get another target by these hours; counted up to MOST_TARGETS."""
    policies = all_policies()
    for policy in policies:
        policy.hours = hours  # type: ignore[misc]
    running = Deadline.objects.filter(stopped_at__isnull=True, target_at__isnull=False)
    moved = 0
    for deadline in running.select_related("conversation__account").order_by("pk")[:MOST_TARGETS]:
        account = deadline.conversation.account
        holding = policy_for(policies, account, deadline.kind, deadline.started_at)
        moved += holding is not None and holding.target_from(deadline.started_at) != deadline.target_at
    return moved


def longest_target(hours: Hours, *, now: datetime) -> bool:
    """Whether these hours ever come to every target in use."""
    longest = max((policy.target_minutes or 0 for policy in all_policies()), default=0)
    try:
        hours.add(now, longest)
    except HoursFault:
        return False
    return True


def _allowances(proposed: SlaPolicy, accounts: list[SellerAccount]) -> Iterator[When]:
    """For each account and stretch of beginnings in which one policy holds: what that allows."""
    policies = [*all_policies(), proposed]
    turns = sorted({policy.valid_from for policy in policies if policy.kind == proposed.kind})
    for account in accounts:
        for begins, ends in zip(turns, [*turns[1:], None], strict=True):
            policy = policy_for(policies, account, proposed.kind, begins)
            if policy is None:
                continue
            here = Q(conversation__account=account, started_at__gte=begins)
            if ends is not None:
                here &= Q(started_at__lt=ends)
            yield When(here, then=Value(timedelta(minutes=policy.allowance_minutes)))
