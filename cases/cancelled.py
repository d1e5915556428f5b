"""What became of the lines a buyer wants cancelled."""

from collections.abc import Collection

from marketplaces.records import OrderStatus
from orders.models import Order, OrderLine

LEFT = (OrderStatus.SHIPPED, OrderStatus.DELIVERED)


def ended(lines: Collection[OrderLine]) -> str:
    """Why nothing can be cancelled of them any more; empty while something may, or where nobody says."""
    found = {line.status for line in lines}
    if found == {OrderStatus.CANCELLED}:
        return "cancelled"
    return "it has shipped" if found and found <= {OrderStatus.CANCELLED, *LEFT} else ""


def is_over(order: Order | None) -> bool:
    """Whether the whole order was cancelled or has left, as far as its lines are here."""
    return order is not None and bool(ended(OrderLine.objects.filter(order=order)))
