"""What a conversation shows of its checks: whose turn it is, and the tags by which lists find it.

The tags follow from the checks, whose own lines stand in the history.
"""

from contextlib import suppress
from datetime import datetime

from accounts.announcing import announce
from accounts.models import Membership
from accounts.refusals import Refused
from cases.models import CheckState, WarehouseCheck
from inbox import standing, tagging
from inbox.models import Conversation, ConversationState, Tag

ASKED, LATE = "Warehouse check", "Warehouse is late"
COLOURS = {ASKED: "violet", LATE: "amber"}
# Where the turn is not the agents': a reply may have left, or put the conversation away, since it was asked.
NOT_THE_AGENTS = (
    ConversationState.WAITING_WAREHOUSE,
    ConversationState.WAITING_BUYER,
    ConversationState.CLOSED,
)


def wait(conversation: Conversation, *, by: Membership, now: datetime) -> None:
    """The turn is the warehouse's; the marketplace's clock runs on, and the row keeps its place by it."""
    _turn(conversation, ConversationState.WAITING_WAREHOUSE)
    mark(conversation, ASKED, by=by, now=now)


def come_back(
    conversation: Conversation, *, by: Membership | None, now: datetime, answered: bool = False
) -> None:
    """The turn is the agents' again, once no check of the conversation is open.

    An answer brings it back from the buyer and from a closed conversation too, for it waits to be used.
    """
    if WarehouseCheck.objects.filter(conversation=conversation, state=CheckState.OPEN).exists():
        return
    if conversation.state == ConversationState.WAITING_WAREHOUSE or (
        answered and conversation.state in NOT_THE_AGENTS
    ):
        _turn(conversation, ConversationState.OPEN)
    for name in (ASKED, LATE):
        tag = Tag.objects.filter(key=tagging.key_of(name)).first()
        if tag is not None:
            tagging.take(conversation, tag, by=by, now=now, told=False)


def hand_over(conversation: Conversation, *, now: datetime) -> None:
    """The warehouse is late: the turn is the agents' although its check is still open."""
    if conversation.state in NOT_THE_AGENTS:
        _turn(conversation, ConversationState.OPEN)
    mark(conversation, LATE, by=None, now=now)


def mark(conversation: Conversation, name: str, *, by: Membership | None, now: datetime) -> None:
    """Put one of our own tags on; where there is no room for it, the question matters more."""
    with suppress(Refused):
        tagging.put(conversation, tagging.named(name, colour=COLOURS[name]), by=by, now=now, told=False)


def tell(check: WarehouseCheck) -> None:
    """Let open boards read again."""
    announce(check.tenant_id, "check", check=check.pk, account=check.account_id)


def _turn(conversation: Conversation, state: ConversationState) -> None:
    conversation.state, conversation.closed_at = state, None
    conversation.save(update_fields=["state", "closed_at"])
    standing.refresh(conversation)
