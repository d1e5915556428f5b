"""The warehouse's board: what is asked, nearest buyer's clock first, and what was answered, newest first."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from accounts.cursors import cursor_after, rows_after
from accounts.models import Membership
from cases.models import CheckState, WarehouseCheck
from inbox import searching, sla
from orders.models import Order, OrderLine

PAGE_ROWS = 50
# Nobody works off more; what is beyond them is found by its order.
MOST_OPEN = 200
MOST_FOUND = 50
SHOWN_LINES = 5
# What the rail counts, as the partial index on open checks has it.
OPEN_CHECKS = ("cases_warehousecheck", "state = 'open'")
NEWEST = ("-answered_at", "-id")


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A check as the board shows it; `left` is the buyer's clock, `ours` the time left to answer."""

    check: WarehouseCheck
    left: sla.TimeLeft | None
    ours: sla.TimeLeft
    lines: list[dict[str, Any]]  # the order's first: item, image, title, sku, quantity


@dataclass(frozen=True, slots=True)
class Board:
    """A list of the board; `orders` were found by what was typed and nobody has asked about them."""

    rows: list[BoardRow]
    more: bool = False
    next_cursor: str = ""
    orders: list[Order] = field(default_factory=list)
    complaint: str = ""


def open_checks(*, now: datetime) -> Board:
    """What waits for an answer, nearest buyer's clock first, in one statement."""
    rows = _read(WarehouseCheck.objects.filter(state=CheckState.OPEN))
    found = list(
        rows.order_by(F("conversation__due_at").asc(nulls_last=True), "due_at", "id")[: MOST_OPEN + 1]
    )
    return Board([row(check, now=now) for check in found[:MOST_OPEN]], more=len(found) > MOST_OPEN)


def answered_checks(*, now: datetime, after: str = "", limit: int = PAGE_ROWS) -> Board:
    """What was answered, newest first, in one statement; raises BadCursor."""
    rows = _read(WarehouseCheck.objects.filter(state=CheckState.ANSWERED)).order_by(*NEWEST)
    found = list(rows_after(rows, NEWEST, after)[: limit + 1])
    return Board(
        [row(check, now=now) for check in found[:limit]],
        next_cursor=cursor_after(found[limit - 1], NEWEST) if len(found) > limit else "",
    )


def found_checks(typed: str, *, membership: Membership, now: datetime) -> Board:
    """The checks of orders that are found by a number: whole, its beginning, or its last five digits."""
    query = searching.parse(typed)
    if not query.asks:
        return Board([], complaint=query.complaint or "Type an order number or a tracking number.")
    ids = searching.order_ids(query, membership=membership, now=now)
    # What cannot be printed is in no number, and the database takes no NUL.
    number = "".join(each for each in typed if each.isprintable() and not each.isspace())
    of_order, numbered = Q(order__in=ids), Q(tracking_number=number)
    seen = WarehouseCheck.objects.exclude(state=CheckState.WITHDRAWN)
    keys = [*seen.filter(of_order).order_by("-asked_at").values_list("pk", flat=True)[:MOST_FOUND]]
    keys += [*seen.filter(numbered).order_by("-asked_at").values_list("pk", flat=True)[:MOST_FOUND]]
    found = list(_read(WarehouseCheck.objects.filter(pk__in=keys)).order_by("-asked_at"))
    found.sort(key=lambda check: check.state != CheckState.OPEN)
    asked = {check.order_id for check in found}
    orders = Order.objects.select_related("account").filter(
        pk__in=[each for each in ids if each not in asked]
    )
    return Board([row(check, now=now) for check in found], orders=list(orders))


def one(check_id: int, *, now: datetime) -> BoardRow:
    """A check by itself; raises WarehouseCheck.DoesNotExist."""
    return row(_read(WarehouseCheck.objects.filter(pk=check_id)).get(), now=now)


def row(check: Any, *, now: datetime) -> BoardRow:
    """The row of a check that was read with its lines."""
    due_at = check.conversation.due_at
    return BoardRow(
        check=check,
        left=sla.time_left(due_at, now) if due_at else None,
        ours=sla.time_left(check.due_at, now),
        lines=check.first_lines,
    )


def _read(rows: QuerySet[WarehouseCheck]) -> QuerySet[WarehouseCheck]:
    lines = OrderLine.objects.filter(order=OuterRef("order")).order_by("id")
    shown = lines.values(
        data=JSONObject(
            item=F("item_id"),
            image=F("item__image_path"),
            title=F("title"),
            sku=F("sku"),
            quantity=F("quantity"),
        )
    )
    related = ("account", "order", "conversation", "asked_by__user", "answered_by__user")
    return rows.select_related(*related).annotate(first_lines=ArraySubquery(shown[:SHOWN_LINES]))
