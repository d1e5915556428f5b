"""Let go of whose order it was once its time has come; what was bought, paid and shipped stays."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet

from orders.models import Buyer, BuyerIdentity, Order, OrderLine, Return, ReturnLine


def due_orders(now: datetime) -> QuerySet[Order]:
    """Orders of the open tenant whose buyer must be forgotten."""
    return Order.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def due_returns(now: datetime) -> QuerySet[Return]:
    """Returns whose buyer's words must go."""
    return Return.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def due_buyers(now: datetime) -> QuerySet[Buyer]:
    """Buyers whose own moment has passed; whether they go depends on who still points at them."""
    return Buyer.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def forget_orders(order_ids: Collection[int], *, now: datetime) -> None:
    """Blank names, addresses and places, inside the caller's transaction."""
    OrderLine.objects.filter(order__in=order_ids).exclude(cancel_reason="").update(cancel_reason="")
    Order.objects.filter(pk__in=order_ids).update(
        relay_address="", buyer_name="", ship_to_place="", purged_at=now
    )


def forget_returns(return_ids: Collection[int], *, now: datetime) -> None:
    """Blank what the buyer wrote."""
    ReturnLine.objects.filter(parent__in=return_ids).update(reason="", comment="")
    Return.objects.filter(pk__in=return_ids).update(purged_at=now)


def forget_buyers(buyer_ids: Collection[int], *, living: dict[int, datetime], now: datetime) -> int:
    """Blank names and aliases of those nothing living points at; the rest wait. Returns how many went.

    `living`: until when something above this app needs a buyer. The row stays: the key they are counted by.
    """
    until = dict(living)
    orders = Order.objects.filter(buyer__in=buyer_ids, purged_at__isnull=True)
    for buyer_id, moment in orders.values_list("buyer").annotate(Max("expires_at")).order_by():
        until[buyer_id] = max(moment, until.get(buyer_id, moment))
    for buyer_id, moment in until.items():
        # What is overdue itself goes in this hour or the next.
        Buyer.objects.filter(pk=buyer_id).update(expires_at=max(moment, now + timedelta(hours=1)))
    gone = [buyer_id for buyer_id in buyer_ids if buyer_id not in until]
    BuyerIdentity.objects.filter(buyer__in=gone).delete()
    Buyer.objects.filter(pk__in=gone).update(name="", purged_at=now)
    return len(gone)
