"""Ask for an order to be read from its marketplace now; a worker does the reading."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from marketplaces.models import SellerAccount
from orders.models import Order


def ask(order: Order, *, now: datetime) -> None:
    """Somebody looks at the order and waits: it goes before what only a mail asked for."""
    order.wanted_at, order.wanted_by_person = now, True
    order.save(update_fields=["wanted_at", "wanted_by_person"])


def ask_for_actions(order: Order, *, now: datetime) -> None:
    """Somebody wants to write to the buyer: what the marketplace allows for this order is read now."""
    order.message_actions_wanted = True
    order.save(update_fields=["message_actions_wanted"])
    ask(order, now=now)


def hinted(account: SellerAccount, numbers: Collection[str], *, now: datetime) -> int:
    """The marketplace says that these have changed: read those we have; new ones come by themselves."""
    named = Q(external_id__in=numbers) | Q(purchase_orders__external_id__in=numbers)
    found = Order.objects.filter(named, account=account).values("pk")
    waiting = Order.objects.filter(pk__in=found).exclude(wanted_at__lte=now)
    return waiting.update(wanted_at=now)
