"""Conversations follow their order when its placeholder turns out to be another order's row."""

from typing import Any

from django.dispatch import receiver

from inbox.models import Conversation
from orders.merging import order_merged
from orders.models import Order


@receiver(order_merged)
def follow(sender: type[Order], *, placeholder: Order, order: Order, **kwargs: Any) -> None:
    """Hang the placeholder's conversations on the order, in the transaction that removes the placeholder."""
    Conversation.objects.filter(order=placeholder).update(order=order)
