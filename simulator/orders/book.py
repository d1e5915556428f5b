"""All orders of all accounts, found by id or paged through by moment."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass

from simulator.mistakes import Mistake
from simulator.orders.order import Order
from simulator.store import Store

EVER = (0, 2**53)
_CHUNK = 200


@dataclass(frozen=True)
class Window:
    """Which orders are asked for: both spans are inclusive, `after` is the place of the last one had."""

    fulfilments: Collection[str]
    created: tuple[int, int] = EVER
    modified: tuple[int, int] = EVER
    by_modified: bool = False
    with_returns: bool = False
    after: tuple[int, str] = (-1, "")

    def place(self, order: Order) -> tuple[int, str]:
        """Where an order stands in this window's sequence."""
        return (order.modified_at if self.by_modified else order.ordered_at, order.id)


class OrderBook:
    """Reads and writes orders; knows nothing of any API."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, orders: Iterable[Order]) -> None:
        """Enter new orders and make their buyers reachable through the relay."""
        with self._store.together():
            for order in orders:
                order.modified_at = order.modified_at or order.last_event()
                self._write(order)
                if order.relay_address and self._store.relay(order.relay_address) is None:
                    self._store.save_relay(
                        order.relay_address,
                        {
                            "account": order.account,
                            "cases": [],
                            "opted_out": False,
                            "buyer_name": order.buyer_name,
                            "order_id": order.customer_order_id,
                        },
                    )

    def change(self, order: Order, *, at: int) -> None:
        """Write an order that moved on at that moment; its modified moment only ever grows."""
        order.modified_at = max(at, order.modified_at + 1)
        self._write(order)

    def find(self, account: str, order_id: str) -> Order | None:
        """The account's order with that id."""
        for order in self.named(order_id):
            if order.account == account and order.id == order_id:
                return order
        return None

    def named(self, name: str) -> list[Order]:
        """The orders with that id, or of that customer order."""
        return [Order.of(facts) for facts in self._store.orders_named(name)]

    def need(self, name: str) -> Order:
        """The one order of that name; raises Mistake when there is none."""
        found = self.named(name)
        if not found:
            raise Mistake(f"There is no order {name}.", status=404)
        return found[0]

    def through(self, account: str, window: Window) -> Iterator[Order]:
        """The window's orders, oldest first."""
        after = window.after
        while True:
            chunk = self._store.orders_between(
                account,
                window.fulfilments,
                created=window.created,
                modified=window.modified,
                by_modified=window.by_modified,
                with_returns=window.with_returns,
                after=after,
                limit=_CHUNK,
            )
            for facts in chunk:
                order = Order.of(facts)
                after = window.place(order)
                yield order
            if len(chunk) < _CHUNK:
                return

    def count(self, account: str, window: Window) -> int:
        """How many orders the window has, wherever it stands."""
        return self._store.count_orders(account, window.fulfilments, window.created, window.modified)

    def all(self, account: str) -> list[Order]:
        """Every order of an account, in the sequence they were placed."""
        return list(self.through(account, Window(("seller", "wfs", "3pl", "fba", "mcf"))))

    def _write(self, order: Order) -> None:
        self._store.save_order(
            order.account,
            order.id,
            customer_id=order.customer_order_id,
            fulfilment=order.fulfilment,
            created=order.ordered_at,
            modified=order.modified_at,
            facts=asdict(order),
        )
