"""When the warehouse's answer must be here; pure. Every moment is UTC."""

from datetime import datetime, timedelta

# Nobody should wait longer than a working day, whatever the buyer's clock allows.
LONGEST = timedelta(hours=8)
# Nobody walks to a shelf in less, however near the buyer's moment is.
SHORTEST = timedelta(minutes=30)
# Of the time the buyer's clock leaves, this part is kept for reading the answer and writing the reply.
KEPT_FOR_THE_AGENT = 0.25


def due_at(asked_at: datetime, buyers_due: datetime | None) -> datetime:
    """Three quarters of what the buyer's clock leaves, at most eight hours, at least half an hour."""
    if buyers_due is None:
        return asked_at + LONGEST
    usable = (buyers_due - asked_at) * (1 - KEPT_FOR_THE_AGENT)
    return asked_at + max(SHORTEST, min(LONGEST, usable))
