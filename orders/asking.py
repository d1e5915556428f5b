"""Ask for an order to be read from its marketplace now; a worker does the reading."""

from datetime import datetime

from orders.models import Order


def ask(order: Order, *, now: datetime) -> None:
    """Somebody looks at the order and waits: it goes before what only a mail asked for."""
    order.wanted_at, order.wanted_by_person = now, True
    order.save(update_fields=["wanted_at", "wanted_by_person"])
