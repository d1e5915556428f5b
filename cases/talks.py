"""The conversation a case hangs on: the order's newest, else one that is opened for it."""

from collections.abc import Collection
from datetime import datetime

from inbox import events
from inbox.desk import next_numbers
from inbox.models import Conversation, ConversationKind
from inbox.standing import ASIDE
from marketplaces import retention
from marketplaces.models import SellerAccount
from orders.models import Order


def hold_talks(orders: Collection[int]) -> None:
    """Hold all conversations about these orders until the transaction ends.

    By number of row, as whoever holds several does: two that meet wait and never lock each other out.
    """
    rows = Conversation.objects.filter(order__in=orders).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk", flat=True))


def talk_of(account: SellerAccount, order: Order | None, *, about: str, at: datetime) -> Conversation:
    """The newest conversation about the order, held until the transaction ends; opened if there is none."""
    known = None
    if order is not None:
        rows = Conversation.objects.filter(account=account, order=order).exclude(kind__in=ASIDE)
        rows = rows.select_for_update(of=("self",), no_key=True).select_related("account", "order")
        known = rows.order_by("-last_message_at", "-pk").first()
    return known or open_talk(account, order, about=about, at=at)


def subject_of(talk: Conversation, order: Order | None) -> str:
    """What a conversation is about, as our own mails say it: nothing in it is the buyer's."""
    return f"order {order.external_id}" if order else f"conversation {talk.number}"


def open_talk(account: SellerAccount, order: Order | None, *, about: str, at: datetime) -> Conversation:
    """Open a conversation that no mail began.

    It bears no relay address: to write to the buyer first there is a way of its own, from the order.
    """
    talk: Conversation = Conversation.objects.create(
        tenant_id=account.tenant_id,
        number=next_numbers(account.tenant_id, 1)[0],
        account=account,
        kind=ConversationKind.NOTICE,
        buyer_id=order.buyer_id if order else None,
        order=order,
        subject=f"{about}: order {order.external_id}"[:500] if order else about,
        buyer_name=(order.buyer_name or f"Order {order.external_id}") if order else about,
        preview=about,
        last_message_at=at,
        last_message_is_buyers=False,
        expires_at=retention.expires_at(
            account.marketplace, at, walmart_days=account.tenant.walmart_retention_days
        ),
    )
    events.record(talk, "opened", at=at, reason=about.lower())
    return talk
