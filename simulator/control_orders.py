"""The control API's half about orders and the marketplaces' APIs."""

from collections.abc import Awaitable, Callable

from simulator import asked as read
from simulator import clock
from simulator.http import Request, Response
from simulator.limits import Limits
from simulator.mailing import Mailing
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook
from simulator.orders.making import OPTIONS
from simulator.orders.moves import STEPS, Moves
from simulator.orders.order import ms
from simulator.orders.ordering import Ordering
from simulator.walmart_api.webhooks import EVENTS, Webhooks

Route = tuple[str, str, Callable[..., Awaitable[Response]]]


class Shop:
    """Places orders, moves them on, and tells what the marketplace has."""

    def __init__(
        self,
        book: OrderBook,
        ordering: Ordering,
        moves: Moves,
        limits: Limits,
        mailing: Mailing,
        webhooks: Webhooks,
    ) -> None:
        self._book, self._ordering, self._moves, self._limits = book, ordering, moves, limits
        self._mailing, self._webhooks = mailing, webhooks
        self.routes: tuple[Route, ...] = (
            ("GET", "/control/orders", self._list),
            ("POST", "/control/orders", self._place),
            ("GET", "/control/orders/([^/]+)", self._show),
            ("POST", "/control/orders/([^/]+)/advance", self._advance),
            ("POST", "/control/limits", self._limit),
            ("POST", "/control/mails", self._mails),
            ("POST", "/control/hooks", self._hook),
        )

    async def _list(self, request: Request) -> Response:
        account = request.query.get("account", "").lower()
        if not account:
            return Response.json({"options": OPTIONS, "steps": STEPS})
        return Response.json({"orders": [order.described() for order in self._book.all(account)]})

    async def _place(self, request: Request) -> Response:
        asked = request.json()
        options = asked.get("options") or {}
        if not isinstance(options, dict):
            raise Mistake("options is a JSON object.")
        placed = await self._ordering.place(
            asked.get("account"),
            read.whole(asked.get("count", 1), "count"),
            seed=read.whole(asked.get("seed", 7), "seed"),
            options=options,
        )
        return Response.json({"count": len(placed), "ids": [order.id for order in placed]}, 201)

    async def _show(self, request: Request, name: str) -> Response:
        return Response.json(self._book.need(name).described())

    async def _advance(self, request: Request, name: str) -> Response:
        moved = self._moves.advance(name, request.json(), now=ms(clock.now()))
        return Response.json(moved.described())

    async def _mails(self, request: Request) -> Response:
        asked = request.json()
        sent = await self._mailing.send(
            asked.get("account"),
            read.whole(asked.get("count", 1), "count"),
            seed=read.whole(asked.get("seed", 7), "seed"),
        )
        return Response.json(sent, 201)

    async def _limit(self, request: Request) -> Response:
        return Response.json(self._limits.change(request.json()))

    async def _hook(self, request: Request) -> Response:
        asked = request.json()
        event, payload = str(asked.get("event")), asked.get("payload") or {}
        if event not in EVENTS or not isinstance(payload, dict):
            raise Mistake(f"event is one of: {', '.join(EVENTS)}; payload is a JSON object.")
        return Response.json({"told": self._webhooks.tell(str(asked.get("account")), event, payload)})
