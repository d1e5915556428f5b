"""What is known of a buyer beside a conversation: how they trade, and what they wrote, everywhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Func, IntegerField, OuterRef, Subquery

from inbox.models import Conversation, Message
from orders.buyers import RECENT, BuyersTrade, trade_of

FEW = 5
MANY = 50
# From so many on within 90 days the panel says so in a word.
REPEAT_ORDERS = 2
MANY_CLAIMS = 3


@dataclass(frozen=True, slots=True)
class BuyerKnown:
    """A buyer's trade and conversations over all seller accounts of the tenant, the newest of each."""

    trade: BuyersTrade
    talks: list[Conversation]
    talk_count: int  # in the last 90 days
    claim_mails: int  # the marketplace's mails about claims in that time
    most: int

    @property
    def claims(self) -> int:
        """Returns and claims of the last 90 days; a return with an A-to-z claim is one."""
        return self.trade.return_count + max(0, self.claim_mails - self.trade.claim_count)

    @property
    def is_repeat(self) -> bool:
        """Whether they bought more than once."""
        return self.trade.order_count >= REPEAT_ORDERS

    @property
    def claims_much(self) -> bool:
        """Whether they send back or claim a lot."""
        return self.claims >= MANY_CLAIMS

    @property
    def more(self) -> bool:
        """Whether there may be more than is shown."""
        shown = (self.trade.orders, self.trade.returns, self.talks)
        return any(len(rows) >= self.most for rows in shown)


def buyer_known(buyer_id: int, *, now: datetime, most: int = FEW, beside: int | None = None) -> BuyerKnown:
    """Read it in two statements; `beside` is the number of a conversation that need not be named.

    Raises Buyer.DoesNotExist.
    """
    trade = trade_of(buyer_id, now=now, most=most)
    since = now - RECENT
    talks = Conversation.objects.filter(buyer=buyer_id)
    claims = Message.objects.filter(conversation__buyer=OuterRef("buyer"), kind="claim", sent_at__gte=since)
    rows: list[Any] = list(
        talks.select_related("account")
        .annotate(
            talk_count=Subquery(
                Conversation.objects.filter(buyer=OuterRef("buyer"), created_at__gte=since)
                .order_by()
                .annotate(number_of=Func(F("pk"), function="count"))
                .values("number_of"),
                output_field=IntegerField(),
            ),
            claim_mails=Subquery(
                claims.order_by().annotate(number_of=Func(F("pk"), function="count")).values("number_of"),
                output_field=IntegerField(),
            ),
        )
        .order_by("-last_message_at", "-id")[: most + 1]
    )
    return BuyerKnown(
        trade=trade,
        talks=[row for row in rows if row.number != beside][:most],
        talk_count=rows[0].talk_count if rows else 0,
        claim_mails=rows[0].claim_mails if rows else 0,
        most=most,
    )
