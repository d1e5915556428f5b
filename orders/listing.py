"""The lists of orders: what is to be shipped by the time left, and all of them, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q
from django.db.models.functions import JSONObject

from accounts.cursors import cursor_after, rows_after
from accounts.days import end_of_day
from marketplaces.records import Fulfilment, OrderStatus
from orders.models import AWAITING_SHIPMENT, Order, OrderLine
from orders.words import FULFILMENT, ORDER_STATUS, Badge

PAGE_ROWS = 50
SHOWN_LINES = 3


@dataclass(frozen=True, slots=True)
class View:
    """One of the lists; `order` names the columns its index is sorted by."""

    key: str
    title: str
    empty_text: str
    rows: Callable[[datetime, datetime], Q]  # of now and the end of the reader's day
    order: tuple[str, str] = ("ship_by", "id")


VIEWS: dict[str, View] = {
    view.key: view
    for view in (
        View(
            "new",
            "New",
            "Nothing is waiting to be shipped.",
            lambda now, day_ends: AWAITING_SHIPMENT & Q(ship_by__gte=now),
        ),
        View(
            "today",
            "Due today",
            "Nothing more has to leave today.",
            lambda now, day_ends: AWAITING_SHIPMENT & Q(ship_by__gte=now, ship_by__lt=day_ends),
        ),
        View(
            "late",
            "Past due",
            "Nothing is past its ship-by time.",
            lambda now, day_ends: AWAITING_SHIPMENT & Q(ship_by__lt=now),
        ),
        View(
            "all",
            "All",
            "No order has been read from a marketplace yet.",
            lambda now, day_ends: Q(ordered_at__isnull=False),
            ("-ordered_at", "-id"),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, ready to be written."""

    order: Order
    lines: list[dict[str, Any]]  # the first of them: item, image, title, sku, quantity
    awaiting: bool

    @property
    def status(self) -> str:
        """The order's state in words."""
        return ORDER_STATUS[OrderStatus(self.order.status)]

    @property
    def badge(self) -> Badge:
        """Who ships."""
        return FULFILMENT[Fulfilment(self.order.fulfilment)]


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of a view."""

    view: View
    rows: list[Row]
    next_cursor: str


def order_list(key: str, *, zone: str, now: datetime, after: str = "", limit: int = PAGE_ROWS) -> OrderList:
    """Read a page of a view in one statement; raises KeyError for an unknown view and BadCursor."""
    view = VIEWS[key]
    lines = (
        OrderLine.objects.filter(order=OuterRef("pk"))
        .order_by("id")
        .values(
            data=JSONObject(
                item=F("item_id"),
                image=F("item__image_path"),
                title=F("title"),
                sku=F("sku"),
                quantity=F("quantity"),
            )
        )
    )
    rows = (
        Order.objects.filter(view.rows(now, end_of_day(now, zone)))
        .select_related("account", "buyer")
        .annotate(first_lines=ArraySubquery(lines[: SHOWN_LINES + 1]))
        .order_by(*view.order)
    )
    found = list(rows_after(rows, view.order, after)[: limit + 1])
    more = len(found) > limit
    return OrderList(
        view=view,
        rows=[_row(order) for order in found[:limit]],
        next_cursor=cursor_after(found[limit - 1], view.order) if more else "",
    )


def _row(order: Any) -> Row:
    awaiting = (
        order.status in (OrderStatus.UNSHIPPED, OrderStatus.PARTLY_SHIPPED)
        and order.fulfilment == Fulfilment.SELLER
        and order.ship_by is not None
    )
    return Row(order=order, lines=order.first_lines, awaiting=awaiting)
