"""Makes orders nobody writes about, in every state an order can be in."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from simulator.accounts import SellerAccount
from simulator.mistakes import Mistake
from simulator.orders.order import FULFILMENTS, Line, Order, Refund, Return
from simulator.orders.parts import DAY, HOUR, blank, day_end, line, parcel, return_of
from simulator.stories import catalogue

# How often each state comes up among a seller's orders.
STATES = {
    "fresh": 12,
    "acknowledged": 7,
    "to_ship_today": 6,
    "past_due": 3,
    "cancel_asked": 1,
    "cancelled": 4,
    "in_transit": 22,
    "late_in_transit": 4,
    "delivered": 29,
    "return_started": 4,
    "return_received": 2,
    "returned": 3,
    "refunded": 2,
    "return_arrived": 0,  # this very day; only where it is asked for
}
OPTIONS = {
    "state": f"one of: {', '.join(STATES)}",
    "sku": "an item of the catalogue",
    "fulfilment": "seller, wfs, 3pl (Walmart); seller, fba (Amazon)",
    "mcf_account": "the address of an Amazon account that ships these Walmart orders (Multi-Channel)",
    "parts": "number of purchase orders of one Walmart customer order",
    "quantity": "pieces of the first article",
    "cancelled": "pieces of the first article that were cancelled",
    "placeholder_minutes": "so long Walmart gives a placeholder instead of the buyer's address",
    "ordered_minutes_ago": "when it was ordered (otherwise as the state wants it)",
    "buyer_name": "the buyer's name",
}


def check(options: Mapping[str, Any], account: SellerAccount) -> None:
    """Raise Mistake for the first option that makes no sense."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise Mistake(f"An order has no option {name}. Known: {', '.join(OPTIONS)}.")
        if name in ("state", "sku", "fulfilment", "mcf_account", "buyer_name"):
            if not isinstance(value, str):
                raise Mistake(f"{name} is a text.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
            raise Mistake(f"{name} is a number from 0.")
    if options.get("state", "fresh") not in STATES:
        raise Mistake(f"state is one of: {', '.join(STATES)}.")
    if "sku" in options and catalogue.by_sku(options["sku"]) is None:
        raise Mistake(f"There is no item with the SKU {options['sku']}.")
    if options.get("fulfilment", "seller") not in FULFILMENTS[account.marketplace]:
        raise Mistake(f"fulfilment is one of: {', '.join(FULFILMENTS[account.marketplace])}.")


def orders_at_once(
    account: SellerAccount, rng: Random, unique: Random, *, now: int, options: Mapping[str, Any]
) -> list[Order]:
    """One customer's order in a state by seed or option: usually one `Order`, at Walmart sometimes two."""
    state = options.get("state") or rng.choices(list(STATES), list(STATES.values()))[0]
    ordered_at = now - _age(state, rng)
    if "ordered_minutes_ago" in options:
        ordered_at = now - int(options["ordered_minutes_ago"] * 60_000)
    usual = rng.choices(
        ("seller", FULFILMENTS[account.marketplace][-1], FULFILMENTS[account.marketplace][1]), (80, 6, 14)
    )[0]
    fulfilment = options.get("fulfilment") or ("seller" if state in _SELLERS_OWN else usual)
    parts = int(
        options.get("parts") or (2 if account.marketplace == "walmart" and rng.random() < 0.06 else 1)
    )
    made: list[Order] = []
    for part in range(parts if account.marketplace == "walmart" else 1):
        lines = [
            line(
                catalogue.pick(rng, account.site.language),
                account,
                unique,
                number,
                rng.choice((1, 1, 1, 1, 2, 3)),
            )
            for number in range(1, rng.choice((2, 2, 2, 2, 3)))
        ]
        if part == 0:
            _as_wanted(lines[0], account, options)
        first = made[0] if made else None
        order = blank(
            account,
            rng,
            unique,
            lines=lines,
            ordered_at=ordered_at,
            ship_days=_ship_days(state, ordered_at, now, rng),
            fulfilment=fulfilment,
            buyer_name=first.buyer_name if first else str(options.get("buyer_name") or ""),
            relay_address=first.relay_address if first else "",
            order_id=first.customer_order_id if first else "",
        )
        if first:
            order.address = first.address
        if "placeholder_minutes" in options and account.marketplace == "walmart":
            order.relay_ready_at = now + int(options["placeholder_minutes"] * 60_000)
        _bring_to(state, order, account, rng, unique, now)
        made.append(order)
    return made


# Only what the seller ships waits for the seller.
_SELLERS_OWN = ("to_ship_today", "past_due", "cancel_asked", "return_arrived")


def _as_wanted(first: Line, account: SellerAccount, options: Mapping[str, Any]) -> None:
    item = catalogue.by_sku(str(options.get("sku")))
    if item is not None:
        first.sku, first.asin, first.item_id = item.sku, item.asin, item.item_id
        first.title, first.price = item.title_in(account.site.language), str(item.price)
    first.quantity = int(options.get("quantity") or first.quantity)
    first.cancelled = int(options.get("cancelled") or 0)
    if first.cancelled >= first.quantity > 0 and first.cancelled:
        raise Mistake("cancelled is less than quantity; a whole order is cancelled by its state.")


def _age(state: str, rng: Random) -> int:
    low, high = {
        "fresh": (0.01, 0.5),
        "acknowledged": (0.2, 0.9),
        "cancel_asked": (0.1, 0.9),
        "to_ship_today": (0.8, 1.3),
        "past_due": (2.6, 4.5),
        "in_transit": (2.0, 4.5),
        "late_in_transit": (8.0, 11.0),
    }.get(state, (6.0, 25.0))
    return int(rng.uniform(low, high) * DAY)


def _ship_days(state: str, ordered_at: int, now: int, rng: Random) -> int:
    """The days from order to ship date that make the state true now."""
    passed = (day_end(now) - day_end(ordered_at)) // DAY
    if state == "to_ship_today":
        return int(passed)
    if state == "past_due":
        return int(passed) - rng.choice((1, 2))
    return rng.choice((1, 2))


def _bring_to(
    state: str, order: Order, account: SellerAccount, rng: Random, unique: Random, now: int
) -> None:
    def between(low: int, share: float = 1.0) -> int:
        """A moment after `low` and not in the future."""
        return low + int((now - low) * rng.uniform(0.2, 0.8) * share)

    if state in ("acknowledged", "to_ship_today", "past_due"):
        order.status = "acknowledged"
    elif state == "cancel_asked":
        order.cancel_requested_at = between(order.ordered_at)
        order.cancel_reason = rng.choice(("Ordered by mistake", "Found cheaper somewhere else"))
    elif state == "cancelled":
        order.status, order.cancelled_at = "cancelled", between(order.ordered_at, 0.1)
        order.cancelled_by = rng.choice(("BUYER", "MERCHANT"))
        order.cancel_reason = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
        for one in order.lines:
            one.cancelled = one.quantity
    elif state != "fresh":
        shipped = order.ordered_at + int(rng.uniform(0.4, 1.5) * DAY)
        sent = parcel(account, rng, unique, min(shipped, now - HOUR))
        order.status, order.parcel = "shipped", sent
        if state not in ("in_transit", "late_in_transit"):
            delivered = sent.shipped_at + int(rng.uniform(1.5, 3.5) * DAY)
            order.status, sent.delivered_at = "delivered", delivered
            if state == "refunded":
                amount = str((order.total / 2).quantize(Decimal("0.01")))
                order.refunds.append(Refund(between(delivered), amount, "Goodwill", "marketplace"))
            elif state != "delivered":
                started = between(delivered, 0.4)
                back = return_of(order, account, rng, unique, started_at=started)
                _send_back(state, order, back, now)


def _send_back(state: str, order: Order, back: Return, now: int) -> None:
    order.returns.append(back)
    if state == "return_started":
        return
    back.received_at = back.started_at + (now - back.started_at) // 3
    if state != "returned":
        # Who sells here looks at what came back within the two days there are.
        longest = 5 if state == "return_arrived" else 40
        back.received_at = max(back.received_at, now - longest * HOUR)
    if state == "returned":
        back.refunded_at = back.received_at + (now - back.received_at) // 2
        order.refunds.append(Refund(back.refunded_at, back.amount, back.reason))
