"""Where a conversation stands in the triage queue, stored so that the queue is one read of an index."""

from collections.abc import Collection
from datetime import UTC, datetime

from django.db.models import Min, Q

from accounts.announcing import announce
from accounts.upserting import upsert
from inbox import sla
from inbox.models import Conversation, ConversationKind, ConversationState, Deadline, OutboundReply
from marketplaces.outbox import OutboxState

# Sort moments before and after every real one: a reply a person must see to, and an open row without a clock.
ON_TOP = datetime(1970, 1, 1, tzinfo=UTC)
AT_THE_END = datetime(9999, 1, 1, tzinfo=UTC)
ASIDE = (ConversationKind.UNRECOGNISED, ConversationKind.UNVERIFIED)
UNSETTLED = Q(decided_at__isnull=True) & (
    Q(state__in=[OutboxState.FAILED, OutboxState.UNKNOWN]) | Q(rejected_at__isnull=False)
)


def queue_at(*, kind: str, state: str, due_at: datetime | None, needs_settling: bool) -> datetime | None:
    """The moment a row is sorted by, or None when it is not in the queue; pure."""
    if needs_settling:
        return ON_TOP
    if due_at is not None:
        return due_at
    if state == ConversationState.OPEN and kind not in ASIDE:
        return AT_THE_END
    return None


def place(conversation: Conversation) -> None:
    """Set where a row the caller holds stands, from what the row itself says; the caller saves it."""
    conversation.queue_at = queue_at(
        kind=conversation.kind,
        state=conversation.state,
        due_at=conversation.due_at,
        needs_settling=conversation.needs_settling,
    )


def add_clock(conversation: Conversation, due_at: datetime, target_at: datetime | None = None) -> None:
    """A clock begins on a row the caller holds; the caller saves it."""
    conversation.due_at = min(conversation.due_at or due_at, due_at)
    if target_at is not None:
        conversation.target_at = min(conversation.target_at or target_at, target_at)


def refresh(conversation: Conversation) -> bool:
    """Recompute what the queue reads from deadlines and replies; saves and says True if anything changed."""
    # What was changed before it came here, a state say, is on the pages too.
    told = {"number": conversation.number, "account": conversation.account_id}
    announce(conversation.tenant_id, "conversation", **told)
    # Locked first: two transactions that each start or stop a clock must not miss the other's row.
    row = Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
    open_deadlines = Deadline.objects.filter(conversation=row, stopped_at__isnull=True)
    moments = list(open_deadlines.values_list("due_at", "target_at"))
    due_at = sla.earliest([due for due, _ in moments])
    target_at = sla.earliest([target for _, target in moments if target is not None])
    needs_settling = OutboundReply.objects.filter(UNSETTLED, conversation=row).exists()
    stands_at = queue_at(kind=row.kind, state=row.state, due_at=due_at, needs_settling=needs_settling)
    new = {
        "due_at": due_at,
        "target_at": target_at,
        "needs_settling": needs_settling,
        "queue_at": stands_at,
    }
    for name, value in new.items():
        setattr(conversation, name, value)
    if all(getattr(row, name) == value for name, value in new.items()):
        return False
    Conversation.objects.filter(pk=row.pk).update(**new)
    return True


def refresh_all(held: Collection[Conversation]) -> None:
    """The same for many rows whose locks the caller has held since reading them, in three statements."""
    ids = [row.pk for row in held]
    open_deadlines = Deadline.objects.filter(conversation__in=ids, stopped_at__isnull=True)
    earliest = open_deadlines.values_list("conversation_id").annotate(Min("due_at"), Min("target_at"))
    moments = {pk: (due_at, target_at) for pk, due_at, target_at in earliest.order_by()}
    unsettled = OutboundReply.objects.filter(UNSETTLED, conversation__in=ids)
    needs_settling = set(unsettled.values_list("conversation_id", flat=True))
    for row in held:
        announce(row.tenant_id, "conversation", number=row.number, account=row.account_id)
        row.due_at, row.target_at = moments.get(row.pk, (None, None))
        row.needs_settling = row.pk in needs_settling
        place(row)
    upsert(Conversation, held, ("number",), ("due_at", "target_at", "needs_settling", "queue_at"))
