"""Why a deadline was missed: one cause each, the first that applies; pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Why(StrEnum):
    """The causes, in the order in which they are looked for; each names a column of the roll-up."""

    BOUNCED = "bounced"
    LATE_FROM_SYNC = "late_from_sync"
    WAREHOUSE = "warehouse"
    NOBODY_ASSIGNED = "nobody_assigned"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was so while a missed deadline ran; `arrived_at` is None where no message began it.

    `bounced`: a reply to it was rejected before it was due. `with_warehouse` and `assigned` are of the moment
    it was due.
    """

    started_at: datetime
    due_at: datetime
    arrived_at: datetime | None = None
    bounced: bool = False
    with_warehouse: bool = False
    assigned: bool = False


def why(facts: Facts) -> Why:
    """The cause; history does not change it, because every fact is of the time before the due moment."""
    if facts.bounced:
        return Why.BOUNCED
    if facts.arrived_at is not None and _took_too_long(facts, facts.arrived_at):
        return Why.LATE_FROM_SYNC
    if facts.with_warehouse:
        return Why.WAREHOUSE
    if not facts.assigned:
        return Why.NOBODY_ASSIGNED
    return Why.IDLE


def _took_too_long(facts: Facts, arrived_at: datetime) -> bool:
    """Whether more than a quarter of the time allowed was gone when the message was here."""
    return (arrived_at - facts.started_at) * 4 > facts.due_at - facts.started_at
