"""What an agent sees of a conversation's checks: what is asked, what was found, the reply that waits."""

from dataclasses import dataclass
from datetime import datetime

from cases.models import CheckState, WarehouseCheck
from cases.warehouse import sending
from cases.warehouse.asking import newest_of
from cases.warehouse.holes import HOLE, holes_in
from inbox import sla
from inbox.models import Conversation, OutboundReply

LATEST = 10


@dataclass(frozen=True, slots=True)
class TalkCheck:
    """A check beside its conversation; `unused` until the buyer is written to after its answer."""

    check: WarehouseCheck
    ours: sla.TimeLeft
    unused: bool

    @property
    def waits(self) -> bool:
        """Whether its prepared reply needs a decision."""
        return self.unused and sending.waiting(self.check)

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The prepared reply in pieces, each with whether it is a hole that nothing has filled."""
        found, at = [], 0
        for match in HOLE.finditer(self.check.prepared_reply):
            found += [(self.check.prepared_reply[at : match.start()], False), (match[0], True)]
            at = match.end()
        return [*found, (self.check.prepared_reply[at:], False)]

    @property
    def missing(self) -> list[str]:
        """The holes that nothing has filled."""
        return holes_in(self.check.prepared_reply)


@dataclass(frozen=True, slots=True)
class TalkChecks:
    """The checks of a conversation, newest last, and the newest of what its reader sees beside them."""

    conversation: Conversation
    checks: list[TalkCheck]
    seen: dict[str, int]

    @property
    def open(self) -> list[TalkCheck]:
        """Those that wait for the warehouse."""
        return [each for each in self.checks if each.check.state == CheckState.OPEN]

    @property
    def answered(self) -> list[TalkCheck]:
        """Those that were answered."""
        return [each for each in self.checks if each.check.state == CheckState.ANSWERED]


def checks_of(number: int, *, now: datetime) -> TalkChecks:
    """The checks of a conversation; raises Conversation.DoesNotExist."""
    conversation = Conversation.objects.select_related("account").get(number=number)
    rows = WarehouseCheck.objects.filter(conversation=conversation).exclude(state=CheckState.WITHDRAWN)
    found = list(
        rows.select_related("asked_by__user", "answered_by__user").order_by("-asked_at", "-pk")[:LATEST]
    )
    seen = newest_of(conversation) if found else {}
    replied_at = _last_reply_at(conversation) if found else None
    cards = [
        TalkCheck(check, sla.time_left(check.due_at, now), _unused(check, replied_at))
        for check in reversed(found)
    ]
    return TalkChecks(conversation, cards, seen)


def _unused(check: WarehouseCheck, replied_at: datetime | None) -> bool:
    """A reply that somebody has written since the answer stands in the prepared one's place."""
    return check.answered_at is not None and (replied_at is None or replied_at < check.answered_at)


def _last_reply_at(conversation: Conversation) -> datetime | None:
    replies = OutboundReply.objects.filter(conversation=conversation).order_by("-queued_at", "-id")
    return replies.values_list("queued_at", flat=True).first()
