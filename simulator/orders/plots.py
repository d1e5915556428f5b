"""The order behind a story, told so that it agrees with what the story's mails say."""

from collections.abc import Callable
from random import Random

from simulator.mistakes import Mistake
from simulator.orders.order import FULFILMENTS, Order, Parcel, Refund, ms
from simulator.orders.parts import DAY, HOUR, blank, line, parcel, return_of
from simulator.stories import catalogue
from simulator.stories.telling import Telling

Plot = Callable[["Setting"], None]


class Setting:
    """What a plot works with: an order just placed, and the moment the buyer first wrote."""

    def __init__(self, telling: Telling, rng: Random) -> None:
        """Place the order; the plot decides what became of it."""
        self.telling, self.rng, self.unique = telling, rng, telling.unique
        self.account, self.now = telling.account, ms(telling.now)
        self.wrote = ms(min([letter.sent_at for letter in telling.letters] or [telling.sent_at]))
        self.order = self._placed(telling.days * DAY, 1)

    def _placed(self, before: int, ship_days: int) -> Order:
        t = self.telling
        return blank(
            t.account,
            self.rng,
            t.unique,
            lines=[line(t.item, t.account, t.unique, 1, t.quantity)],
            ordered_at=self.wrote - before,
            ship_days=ship_days,
            language=t.language,
            buyer_name=t.buyer_name,
            town=t.town,
            relay_address=t.alias,
            order_id=t.order_id,
            purchase_order_id=t.purchase_order_id,
        )

    def placed_before(self, before: int, *, ship_days: int = 1) -> None:
        """Have it ordered that long (ms) before the buyer wrote."""
        self.order = self._placed(before, ship_days)

    def ship(self, at: int) -> Parcel:
        """The parcel leaves."""
        sent = parcel(self.account, self.rng, self.unique, at)
        self.order.parcel, self.order.status = sent, "shipped"
        return sent

    def deliver(self, at: int) -> None:
        """It left within a day of the order, and the carrier scans it as delivered."""
        sent = self.ship(min(self.order.ordered_at + 20 * HOUR, at - DAY))
        sent.delivered_at = at
        self.order.status = "delivered"


def _late(s: Setting) -> None:
    # "Supposed to be here": shipped days too late, and the promised day is over when the buyer writes.
    s.order.promised_by = min(s.order.promised_by, s.wrote - int(s.rng.uniform(0.2, 1.5) * DAY))
    s.order.ship_by = min(s.order.ship_by, s.order.promised_by - DAY)
    latest = s.wrote - DAY
    s.ship(min(s.order.ship_by + int(s.rng.uniform(0.3, 1.2) * DAY), latest))


def _scanned_as_delivered(s: Setting) -> None:
    # The buyers say "yesterday", one "at 2:14 pm" (Eastern).
    yesterday = s.wrote - s.wrote % DAY - DAY
    s.deliver(yesterday + 19 * HOUR + 14 * 60_000)


def _just_arrived(s: Setting) -> None:
    s.deliver(s.wrote - int(s.rng.uniform(1, 6) * HOUR))
    s.order.promised_by = max(s.order.promised_by, s.wrote)


def _arrived_days_ago(s: Setting) -> None:
    s.placed_before(int(s.rng.uniform(9, 10) * DAY))
    s.deliver(s.wrote - int(s.rng.uniform(4, 6) * DAY))


def _arrived_weeks_ago(s: Setting) -> None:
    s.placed_before(26 * DAY)
    s.deliver(s.wrote - int(s.rng.uniform(20, 22) * DAY))


def _not_yet_shipped(s: Setting) -> None:
    s.placed_before(int(s.rng.uniform(2, 12) * HOUR), ship_days=2)
    s.order.status = s.rng.choice(("created", "acknowledged"))


def _overdue(s: Setting) -> None:
    # "It still says preparing."
    s.placed_before(int(s.rng.uniform(3, 4) * DAY))
    s.order.status = "acknowledged"


def _cancel_asked(s: Setting) -> None:
    _not_yet_shipped(s)
    s.order.cancel_requested_at = s.wrote
    s.order.cancel_reason = str(s.telling.plot.get("reason") or "Ordered by mistake")


def _return_asked(s: Setting) -> None:
    _arrived_days_ago(s)
    told = s.telling.plot
    if told:
        back = return_of(
            s.order,
            s.account,
            s.rng,
            s.unique,
            started_at=s.wrote,
            reason=told["reason"],
            comment=told["comment"],
        )
        back.carrier, back.tracking = told["carrier"], told["tracking"]
    else:
        # Walmart's buyers ask first and start the return on the site a little later.
        started = s.wrote + int((s.now - s.wrote) * s.rng.uniform(0.2, 0.7))
        back = return_of(s.order, s.account, s.rng, s.unique, started_at=started)
    s.order.returns.append(back)


def _refunded(s: Setting) -> None:
    _arrived_weeks_ago(s)
    back = return_of(s.order, s.account, s.rng, s.unique, started_at=s.wrote - 9 * DAY)
    back.received_at, back.refunded_at = s.wrote - 2 * DAY, s.wrote
    s.order.returns.append(back)
    for amount, reason in s.telling.plot["refunds"]:
        s.order.refunds.append(Refund(s.wrote, amount, reason))


def _claimed(s: Setting) -> None:
    words = str(s.telling.plot.get("words") or "")
    s.placed_before(14 * DAY)
    if "never received" in words:
        s.order.promised_by = s.wrote - 3 * DAY
        s.ship(s.order.ordered_at + DAY)
    else:
        s.deliver(s.wrote - int(s.rng.uniform(8, 10) * DAY))
    if "not as described" in words:
        back = return_of(s.order, s.account, s.rng, s.unique, started_at=s.wrote - DAY, comment=words)
        back.claim = True
        s.order.returns.append(back)
    if s.telling.plot.get("granted"):
        s.order.refunds.append(
            Refund(ms(s.telling.sent_at), str(s.order.total), "A-to-z Guarantee", "marketplace")
        )


def _passed_on(s: Setting) -> None:
    reason = str(s.telling.plot.get("reason") or "")
    if reason in ("Where is my stuff", "Articolo non ricevuto"):
        _late(s)
    else:
        _just_arrived(s)


_PLOTS: dict[str, Plot] = {
    "where_is_my_order": _late,
    "delivered_not_received": _scanned_as_delivered,
    "address_change": _not_yet_shipped,
    "cancel_before_shipping": _cancel_asked,
    "impatient": _overdue,
    "return_request": _return_asked,
    "refund_notice": _refunded,
    "a_to_z_claim": _claimed,
    "claim_decided": _claimed,
    "chargeback": _arrived_weeks_ago,
    "bbb_complaint": _arrived_days_ago,
    "customer_service": _passed_on,
}
# Their orders were never placed: a forger's, or none at all.
_WITHOUT = ("forged", "presale")


def orders_of(telling: Telling, story: str, rng: Random) -> list[Order]:
    """The orders behind a story; none where its mails name no order."""
    if not telling.order_id or story in _WITHOUT:
        return []
    setting = Setting(telling, rng)
    _PLOTS.get(story, _just_arrived)(setting)
    order = setting.order
    order.fulfilment = str(telling.options.get("fulfilment") or order.fulfilment)
    known = FULFILMENTS[telling.account.marketplace]
    if order.fulfilment not in known:
        raise Mistake(f"fulfilment is one of: {', '.join(known)}.")
    if telling.account.marketplace == "walmart" and rng.random() < 0.15:
        return [order, _second_part(setting)]
    return [order]


def _second_part(s: Setting) -> Order:
    """The rest of the customer's order: another purchase order, delivered or on its way."""
    item = catalogue.pick(s.rng, s.account.site.language)
    part = blank(
        s.account,
        s.rng,
        s.unique,
        lines=[line(item, s.account, s.unique, 1, 1)],
        ordered_at=s.order.ordered_at,
        ship_days=2,
        language=s.order.language,
        buyer_name=s.order.buyer_name,
        relay_address=s.order.relay_address,
        order_id=s.order.customer_order_id,
    )
    part.address = s.order.address
    if part.ordered_at + DAY < s.now:
        part.parcel = parcel(s.account, s.rng, s.unique, part.ordered_at + DAY)
        part.status = "shipped"
    return part
