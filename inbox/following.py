"""Conversations follow their order when its placeholder turns out to be another order's row."""

from typing import Any

from django.dispatch import receiver

from accounts.announcing import announce
from inbox.models import Conversation
from orders.merging import order_merged
from orders.models import Order


@receiver(order_merged)
def follow(sender: type[Order], *, placeholder: Order, order: Order, **kwargs: Any) -> None:
    """Hang the placeholder's conversations on the order, in the transaction that removes the placeholder."""
    followers = Conversation.objects.filter(order=placeholder)
    for number, account_id in followers.values_list("number", "account_id"):
        announce(order.tenant_id, "conversation", number=number, account=account_id)
    followers.update(order=order)
