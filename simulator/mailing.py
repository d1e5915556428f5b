"""Many buyers' mails at once, each about an order there is: for runs under load."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook
from simulator.orders.order import Order, ms
from simulator.stories import STORIES
from simulator.teller import Teller

MOST = 50_000
# What a buyer writes about, by where the order stands.
_ABOUT = {
    "created": ("address_change",),
    "acknowledged": ("address_change", "where_is_my_order"),
    "shipped": ("where_is_my_order",),
    "delivered": ("wrong_item", "delivered_not_received", "thank_you"),
}
_TWICE = 0.2


class Mailing:
    """Lets the buyers of an account's orders write."""

    def __init__(self, accounts: Accounts, book: OrderBook, teller: Teller) -> None:
        self._accounts, self._book, self._teller = accounts, book, teller

    async def send(self, address: object, count: int, *, seed: int) -> dict[str, Any]:
        """Deliver that many mails; one conversation in five has two of them."""
        account = self._accounts.need(address)
        if not 0 < count <= MOST:
            raise Mistake(f"count is a number from 1 to {MOST}.")
        rng = Random(f"mails/{account.address}/{seed}")
        stories: list[str] = []
        about: dict[str, str] = {}
        for order in self._orders(account, rng):
            told = await self._tell(account, order, rng, seed * MOST + len(stories))
            stories.append(told["story_id"])
            about |= dict.fromkeys(told["message_ids"], order.customer_order_id)
            if len(about) < count and rng.random() < _TWICE:
                again = await self._teller.reply(told["story_id"])
                about[again["message_id"]] = order.customer_order_id
            if len(about) >= count:
                break
        return {"mails": len(about), "stories": stories, "message_ids": list(about), "about": about}

    def _orders(self, account: SellerAccount, rng: Random) -> Iterator[Order]:
        """The account's orders in mixed sequence, again and again."""
        orders = [
            order
            for order in self._book.all(account.address)
            if order.fulfilment != "mcf" and order.status in _ABOUT
        ]
        if not orders:
            raise Mistake(f"{account.address} has no order anybody could write about; place some first.")
        while True:
            rng.shuffle(orders)
            yield from orders

    async def _tell(self, account: SellerAccount, order: Order, rng: Random, seed: int) -> dict[str, Any]:
        now = clock.now()
        # Not before what it is about, and within the time to answer.
        possible = min(account.site.allowance * 0.8, timedelta(milliseconds=ms(now) - order.last_event()))
        told = self._teller.prepare(
            STORIES[rng.choice(_ABOUT[order.status])],
            account,
            sent_at=now - possible * rng.random(),
            seed=seed,
            options={"about": order.id},
        )
        await self._teller.deliver(account, told.letters)
        return told.facts
