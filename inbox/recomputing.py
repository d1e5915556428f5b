"""Bring running deadlines in line with the policies after one of them changed, batch by batch."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Value
from django.db.models.functions import Coalesce

from accounts.tenancy import tenant_tx
from inbox import events, sla, standing, targets
from inbox.models import Conversation, Deadline, Event, Heard, Recomputation, SlaPolicy
from inbox.policies import all_policies, policy_for

BATCH = 500
# Whoever carries one on and dies holds it up for this long.
LEASE = timedelta(minutes=1)
# A clock may have begun in a transaction that had read the old policies and ended behind the batches: once
# every such transaction must have ended, all that runs is looked at once more.
SECOND_LOOK = timedelta(minutes=1)
KEPT = ("due_at", "rule", "breached_at", "target_at", "target_minutes", "tell_at", "heard")


@dataclass(slots=True)
class _Batch:
    last_id: int = 0
    seen: int = 0
    moved: set[int] = field(default_factory=set)


def recompute(tenant_id: int, *, now: datetime) -> int:
    """Bring every running deadline in line with its policy; returns how many due moments moved.

    A due moment stated in the source itself stays. Each batch is a transaction of its own.
    """
    moved, batch = 0, _Batch()
    while True:
        with tenant_tx(tenant_id):
            batch = _next_batch(batch.last_id, now=now)
        if not batch.seen:
            return moved
        moved += len(batch.moved)


def carry_on(recomputation_id: int, *, tenant_id: int, now: datetime) -> None:
    """Go on with a recomputation until it is done, if nobody else is at it; its row says how far it is.

    It is finished after the first look at every running deadline, and wanted once more after that.
    """
    with tenant_tx(tenant_id):
        wanted = Recomputation.objects.filter(pk=recomputation_id, wanted_at__lte=now)
        if not wanted.update(wanted_at=now + LEASE):
            return
    while _carried(recomputation_id, tenant_id, now=now):
        pass


def wanted(*, by_id: int | None, now: datetime) -> Recomputation:
    """Ask for a recomputation inside the caller's transaction, in place of those that have not ended."""
    given_up = Recomputation.objects.filter(wanted_at__isnull=False)
    given_up.update(wanted_at=None, finished_at=Coalesce("finished_at", Value(now)))
    total = Deadline.objects.filter(stopped_at__isnull=True).count()
    asked = Recomputation(asked_at=now, asked_by_id=by_id, total=total, wanted_at=now)
    asked.save(force_insert=True)
    return asked


def _carried(recomputation_id: int, tenant_id: int, *, now: datetime) -> bool:
    """One batch, written down in its own transaction; False when there is nothing left to do."""
    with tenant_tx(tenant_id):
        row = Recomputation.objects.select_for_update(no_key=True).get(pk=recomputation_id)
        if row.wanted_at is None:
            return False
        batch = _next_batch(row.last_id, now=now)
        row.moved += len(batch.moved)
        if batch.seen:
            row.last_id = batch.last_id
            row.seen += batch.seen if row.finished_at is None else 0
        elif row.finished_at is None:
            row.last_id, row.finished_at, row.wanted_at = 0, now, now + SECOND_LOOK
        else:
            row.wanted_at = None
        row.save()
        return bool(batch.seen)


def _next_batch(after: int, *, now: datetime) -> _Batch:
    running = Deadline.objects.filter(stopped_at__isnull=True)
    rows = list(running.filter(pk__gt=after).order_by("pk")[:BATCH])
    if not rows:
        return _Batch()
    # Conversations before deadlines, in one order: what everybody does who changes both.
    conversations = list(
        Conversation.objects.select_for_update(no_key=True)
        .filter(pk__in={row.conversation_id for row in rows})
        .order_by("pk")
    )
    still = running.filter(pk__in=[row.pk for row in rows]).select_related("conversation__account")
    policies, before = all_policies(), {}
    changed = []
    for deadline in still:
        before[deadline.pk] = (deadline.due_at, deadline.target_at)
        if _bring_in_line(deadline, policies):
            changed.append(deadline)
    Deadline.objects.bulk_update(changed, KEPT)
    moved = [row for row in changed if row.due_at != before[row.pk][0]]
    stand_anew = {row.conversation_id for row in changed if (row.due_at, row.target_at) != before[row.pk]}
    standing.refresh_all([row for row in conversations if row.pk in stand_anew])
    told = {row.conversation_id: row.conversation for row in moved}
    Event.objects.bulk_create(
        [events.event(each, "deadlines_moved", at=now, data={}) for each in told.values()]
    )
    return _Batch(rows[-1].pk, len(rows), {row.pk for row in moved})


def _bring_in_line(deadline: Deadline, policies: list[SlaPolicy]) -> bool:
    """Set what the policy says of it; False when it says nothing new."""
    policy = policy_for(policies, deadline.conversation.account, deadline.kind, deadline.started_at)
    if policy is None:
        # Its moment was stated where it came from, and nobody promises anything for such things.
        return False
    had = tuple(getattr(deadline, name) for name in KEPT)
    if not deadline.stated_in_source:
        due = sla.due_at(deadline.started_at, timedelta(minutes=policy.allowance_minutes))
        if due > deadline.due_at:
            # What was late under the old promise may be in time under the new one, and is told of anew.
            deadline.breached_at, deadline.heard = None, Heard.NOTHING
        deadline.due_at, deadline.rule = due, policy.rule
    targets.set_out(deadline, policy)
    return had != tuple(getattr(deadline, name) for name in KEPT)
