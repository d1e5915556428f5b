"""How an order moves on: shipped, delivered, cancelled, returned, refunded."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

from simulator.accounts import Accounts, SellerAccount
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook
from simulator.orders.order import Order, Refund
from simulator.orders.parts import parcel, return_of

STEPS = (
    "acknowledged",
    "cancel_requested",
    "shipped",
    "delivered",
    "cancelled",
    "return_started",
    "returned",
    "refunded",
)
_DETAILS = ("to", "carrier", "tracking", "reason", "comment", "amount", "by", "channel")


class Moves:
    """Moves orders on; each step is checked against where the order stands."""

    def __init__(self, book: OrderBook, accounts: Accounts, *, seed: int) -> None:
        self._book, self._accounts, self._seed = book, accounts, seed
        # Told of each step after it was taken.
        self.listeners: list[Callable[[Order, str], None]] = []
        self._steps: dict[str, Callable[[_Move], None]] = {
            "acknowledged": _acknowledge,
            "cancel_requested": _ask_to_cancel,
            "shipped": _ship,
            "delivered": _deliver,
            "cancelled": _cancel,
            "return_started": _start_return,
            "returned": _receive_return,
            "refunded": _refund,
        }

    def advance(self, name: str, details: Mapping[str, Any], *, now: int) -> Order:
        """Take one step with the order; raises Mistake when it cannot be the next one."""
        unknown = set(details) - set(_DETAILS)
        if unknown:
            raise Mistake(f"A step has no {', '.join(sorted(unknown))}.")
        if any(not isinstance(value, str) for value in details.values()):
            raise Mistake("Everything said about a step is a text.")
        if details.get("to") not in STEPS:
            raise Mistake(f"to is one of: {', '.join(STEPS)}.")
        order = self._book.need(name)
        account = self._accounts.need(order.account)
        rng = Random(f"{self._seed}/move/{order.id}/{order.modified_at}")
        self._steps[details["to"]](_Move(order, account, details, now, rng))
        self._book.change(order, at=now)
        if order.mcf_id:
            self._follow(order, now)
        for tell in self.listeners:
            tell(order, details["to"])
        return order

    def next_step(self, order: Order) -> str:
        """What happens next to this order by itself; empty when nothing does."""
        if order.status == "cancelled":
            return ""
        if order.returns and order.returns[-1].refunded_at is None:
            return "refunded" if order.returns[-1].received_at else "returned"
        return {"created": "shipped", "acknowledged": "shipped", "shipped": "delivered"}.get(order.status, "")

    def _follow(self, order: Order, now: int) -> None:
        """The Multi-Channel shipment goes where its order goes."""
        shipment = self._book.find(order.mcf_account, order.mcf_id)
        if shipment is None:
            return
        shipment.status = order.status
        if order.parcel is not None:
            number = shipment.parcel.number if shipment.parcel else int(order.id[-9:])
            shipment.parcel = order.parcel
            shipment.parcel.number = number
        self._book.change(shipment, at=now)


class _Move:
    def __init__(
        self, order: Order, account: SellerAccount, details: Mapping[str, Any], now: int, rng: Random
    ) -> None:
        self.order, self.account, self.details, self.now, self.rng = order, account, details, now, rng

    def text(self, name: str, otherwise: str) -> str:
        return str(self.details.get(name) or otherwise)

    def must_be(self, *states: str) -> None:
        if self.order.status not in states:
            raise Mistake(
                f"Order {self.order.id} is {self.order.status}; this step needs {' or '.join(states)}."
            )


def _acknowledge(move: _Move) -> None:
    move.must_be("created")
    move.order.status = "acknowledged"


def _ask_to_cancel(move: _Move) -> None:
    move.must_be("created", "acknowledged")
    move.order.cancel_requested_at = move.now
    move.order.cancel_reason = move.text("reason", "Ordered by mistake")


def _ship(move: _Move) -> None:
    move.must_be("created", "acknowledged")
    sent = parcel(move.account, move.rng, move.rng, move.now)
    sent.carrier = move.text("carrier", sent.carrier)
    sent.tracking = move.text("tracking", sent.tracking)
    move.order.parcel, move.order.status = sent, "shipped"


def _deliver(move: _Move) -> None:
    if move.order.status in ("created", "acknowledged"):
        _ship(move)
    move.must_be("shipped")
    if move.order.parcel is not None:
        move.order.parcel.delivered_at = move.now
    move.order.status = "delivered"


def _cancel(move: _Move) -> None:
    move.must_be("created", "acknowledged")
    move.order.status, move.order.cancelled_at = "cancelled", move.now
    move.order.cancelled_by = move.text("by", "MERCHANT")
    move.order.cancel_reason = move.text("reason", "CUSTOMER_REQUESTED_SELLER_TO_CANCEL")
    for line in move.order.lines:
        line.cancelled = line.quantity


def _start_return(move: _Move) -> None:
    move.must_be("shipped", "delivered")
    back = return_of(
        move.order,
        move.account,
        move.rng,
        move.rng,
        started_at=move.now,
        reason=move.text("reason", ""),
        comment=move.text("comment", ""),
    )
    back.carrier, back.tracking = move.text("carrier", back.carrier), move.text("tracking", back.tracking)
    back.channel = move.text("channel", back.channel)
    move.order.returns.append(back)


def _receive_return(move: _Move) -> None:
    waiting = [back for back in move.order.returns if back.received_at is None]
    if not waiting:
        raise Mistake(f"Order {move.order.id} has no return on its way; take return_started first.")
    waiting[0].received_at = move.now


def _refund(move: _Move) -> None:
    move.must_be("shipped", "delivered")
    waiting = [back for back in move.order.returns if back.refunded_at is None]
    amount = move.text("amount", waiting[0].amount if waiting else str(move.order.total))
    try:
        good = Decimal(amount) > 0
    except InvalidOperation:
        good = False
    if not good:
        raise Mistake("amount is a number above 0, as a text.")
    if waiting:
        waiting[0].refunded_at, waiting[0].amount = move.now, amount
    reason = move.text("reason", waiting[0].reason if waiting else "Goodwill")
    move.order.refunds.append(Refund(move.now, amount, reason, move.text("by", "seller")))
