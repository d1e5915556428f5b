"""What hangs on a deadline beside its due moment: the company's target, and when people are told of it."""

from datetime import datetime, timedelta

from inbox.models import Deadline, Heard, SlaPolicy

USUAL_WARNING = 240


def default_warning(allowance_minutes: int) -> int:
    """How many minutes before the due moment people are told where the policy says nothing.

    Four hours, or a quarter of what is allowed where that is less.
    """
    return min(USUAL_WARNING, allowance_minutes // 4)


def warning_of(policy: SlaPolicy) -> int:
    """How many minutes before the due moment people are told; 0 for never."""
    return default_warning(policy.allowance_minutes) if policy.warn_minutes is None else policy.warn_minutes


def set_out(deadline: Deadline, policy: SlaPolicy) -> None:
    """Set target and next telling of a deadline whose start and due moment stand; the caller saves it."""
    deadline.target_at = policy.target_from(deadline.started_at)
    deadline.target_minutes = policy.target_minutes if deadline.target_at else None
    deadline.tell_at = next_telling(deadline, warn_minutes=warning_of(policy))


def next_telling(deadline: Deadline, *, warn_minutes: int) -> datetime | None:
    """When people are told of a deadline next: the warning, then its due moment, then never again."""
    if deadline.heard == Heard.LATE:
        return None
    if deadline.heard == Heard.WARNED or not warn_minutes:
        return deadline.due_at
    return max(deadline.due_at - timedelta(minutes=warn_minutes), deadline.started_at)
