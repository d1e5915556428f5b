"""Brings orders into the book: behind stories, around a day's traffic, and many at once."""

import asyncio
import itertools
from collections.abc import Mapping
from random import Random
from typing import Any

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook, Window
from simulator.orders.making import check, orders_at_once
from simulator.orders.moves import Moves
from simulator.orders.order import FULFILMENTS, Order, Parcel, ms
from simulator.orders.parts import DAY
from simulator.orders.plots import orders_of
from simulator.store import Store
from simulator.stories.telling import Telling

MOST = 100_000
_BATCH = 250


class Ordering:
    """Buyers who buy."""

    def __init__(self, store: Store, accounts: Accounts, book: OrderBook, moves: Moves, *, seed: int) -> None:
        self._store, self._accounts, self._book, self._moves = store, accounts, book, moves
        self._seed = seed

    def behind(self, telling: Telling, story: str, seed: int | None) -> None:
        """Place the order a story's mails are about, unless it is there already."""
        placed = self._book.named(telling.order_id) if telling.order_id else []
        if any(order.account == telling.account.address for order in placed):
            return
        number = telling.number if seed is None else seed
        orders = orders_of(telling, story, Random(f"{self._seed}/order/{story}/{number}"))
        for order in orders:
            order.story_id = f"s{telling.number}"
        self._book.add(orders)
        for order in orders:
            self._tell(order)

    def _tell(self, order: Order) -> None:
        for tell in self._moves.listeners:
            tell(order, "placed")

    def buyer_of(self, account: SellerAccount, name: str) -> dict[str, Any]:
        """What a story has to know of an order's buyer to write about it; raises Mistake if there is none."""
        order = self._book.find(account.address, name)
        if order is None or order.fulfilment == "mcf":
            raise Mistake(f"{account.address} has no order {name}.", status=404)
        first = order.lines[0]
        return {
            "alias": order.relay_address,
            "buyer_name": order.buyer_name,
            "language": order.language,
            "same_order_id": order.customer_order_id,
            "same_purchase_order_id": order.id,
            "same_quantity": first.quantity,
            "same_sku": first.sku,
        }

    async def place(
        self, address: object, count: int, *, seed: int = 7, options: Mapping[str, Any] | None = None
    ) -> list[Order]:
        """Place that many orders at an account, in states by seed or option."""
        account = self._accounts.need(address)
        options = options or {}
        check(options, account)
        if not 0 < count <= MOST:
            raise Mistake(f"count is a number from 1 to {MOST}.")
        ships = options.get("mcf_account")
        shipper = None if ships is None else self.check_shipper(account, ships)
        rng = Random(f"{self._seed}/orders/{account.address}/{seed}")
        now = ms(clock.now())
        placed: list[Order] = []
        while len(placed) < count:
            batch: list[Order] = []
            while len(batch) < _BATCH and len(placed) + len(batch) < count:
                unique = Random(f"{self._seed}/bought/{self._store.next_number('order')}")
                batch += orders_at_once(account, rng, unique, now=now, options=options)
            shipments = [] if shipper is None else [_shipment(order, shipper) for order in batch]
            self._book.add([*batch, *shipments])
            for order in batch:
                self._tell(order)
            placed += batch
            # Mail and APIs go on while thousands are made.
            await asyncio.sleep(0)
        return placed

    def check_shipper(self, account: SellerAccount, address: object) -> SellerAccount:
        """The Amazon account at that address; raises Mistake if it cannot ship this account's orders."""
        shipper = self._accounts.need(address)
        if shipper.marketplace != "amazon" or account.marketplace != "walmart":
            raise Mistake("mcf_account is an Amazon account that ships a Walmart account's orders.")
        return shipper

    def stir(self, account: SellerAccount, rng: Random) -> Order | None:
        """Let one of the account's orders take its next step, if one has any."""
        # Of the last weeks' orders some neighbours: an account under load has too many to look at all.
        now = ms(clock.now())
        window = Window(FULFILMENTS[account.marketplace], after=(now - int(rng.random() * 20 * DAY), ""))
        open_orders = list(itertools.islice(self._book.through(account.address, window), 100))
        rng.shuffle(open_orders)
        for order in open_orders:
            step = self._moves.next_step(order)
            if step:
                return self._moves.advance(order.id, {"to": step}, now=now)
        return None


def _shipment(order: Order, shipper: SellerAccount) -> Order:
    """The Multi-Channel shipment of an order; also tells the order who ships it."""
    order.mcf_account, order.mcf_id = shipper.address, f"WM-{order.id}"
    parcel = order.parcel
    return Order(
        id=order.mcf_id,
        customer_order_id=order.customer_order_id,
        account=shipper.address,
        fulfilment="mcf",
        buyer_name=order.buyer_name,
        relay_address="",
        address=order.address,
        currency=order.currency,
        language=order.language,
        ordered_at=order.ordered_at,
        ship_by=order.ship_by,
        promised_by=order.promised_by,
        lines=order.lines,
        status=order.status,
        parcel=None
        if parcel is None
        else Parcel(
            parcel.carrier, parcel.tracking, parcel.shipped_at, parcel.delivered_at, int(order.id[-9:])
        ),
    )
