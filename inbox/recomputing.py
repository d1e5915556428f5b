"""Bring running deadlines in line with the policies after one of them changed, batch by batch."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from accounts.tenancy import tenant_tx
from inbox import sla, standing
from inbox.models import Conversation, Deadline
from inbox.policies import all_policies, policy_for

BATCH = 500


def recompute(tenant_id: int) -> int:
    """Move every running deadline whose due moment differs from its policy's; returns how many moved.

    A moment stated in the source itself stays. Each batch is a transaction of its own.
    """
    moved = 0
    last_id = 0
    while True:
        with tenant_tx(tenant_id):
            running = Deadline.objects.filter(stopped_at__isnull=True, stated_in_source=False)
            batch = list(running.filter(pk__gt=last_id).order_by("pk")[:BATCH])
            if not batch:
                return moved
            last_id = batch[-1].pk
            # Conversations before deadlines, in one order: what everybody does who changes both.
            conversations = list(
                Conversation.objects.select_for_update(no_key=True)
                .filter(pk__in={row.conversation_id for row in batch})
                .order_by("pk")
            )
            still = running.filter(pk__in=[row.pk for row in batch]).select_related("conversation__account")
            changed = list(_changed(still))
            Deadline.objects.bulk_update(changed, ["due_at", "rule", "breached_at"])
            moved_in = {row.conversation_id for row in changed}
            standing.refresh_all([row for row in conversations if row.pk in moved_in])
            moved += len(changed)


def _changed(batch: Iterable[Deadline]) -> Iterator[Deadline]:
    policies = all_policies()
    for deadline in batch:
        policy = policy_for(policies, deadline.conversation.account, deadline.kind, deadline.started_at)
        due = sla.due_at(deadline.started_at, timedelta(minutes=policy.allowance_minutes))
        if (due, policy.rule) != (deadline.due_at, deadline.rule):
            if due > deadline.due_at:
                # What was late under the old promise may be in time under the new one.
                deadline.breached_at = None
            deadline.due_at, deadline.rule = due, policy.rule
            yield deadline
