"""The whole simulator: one store, three servers, one event loop."""

import asyncio
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simulator import apps
from simulator.accounts import Accounts
from simulator.amazon_api.api import AmazonApi
from simulator.api import Surroundings
from simulator.consent import Consent
from simulator.control import Control
from simulator.control_orders import Shop
from simulator.day import Day
from simulator.eventlog import EventLog
from simulator.faults import Faults
from simulator.front import Front
from simulator.http import HttpServer
from simulator.imap import ImapServer
from simulator.limits import Limits
from simulator.mailboxes import Mailboxes
from simulator.mailing import Mailing
from simulator.orders.book import OrderBook
from simulator.orders.moves import Moves
from simulator.orders.ordering import Ordering
from simulator.pictures.door import ImageDoor
from simulator.relay import Relay
from simulator.smtp import SmtpServer
from simulator.store import Store
from simulator.teller import Teller
from simulator.walmart_api.api import WalmartApi
from simulator.walmart_api.webhooks import Webhooks

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where to listen; 0 takes a free port."""

    http: int = 0
    imap: int = 0
    smtp: int = 0


@dataclass(frozen=True)
class Endpoints:
    """Where the simulator listens: the content of the ready file."""

    control: str
    walmart_api: str
    amazon_api: str
    amazon_login: str
    imap_host: str
    imap_port: int
    smtp_host: str
    smtp_port: int
    pid: int
    # What the programs that people can let in are known by, for whoever runs one.
    apps: dict[str, dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


class Simulator:
    """Runs from `start` until `stop`, inside a running event loop."""

    def __init__(self, folder: Path | None, *, seed: int) -> None:
        """Open the store in `folder` (in memory when None); raises Mistake if another process uses it."""
        self._store = Store(folder)
        log = EventLog(self._store)
        accounts = Accounts(self._store, seed=seed)
        mailboxes = Mailboxes(self._store, log)
        faults = Faults()
        relay = Relay(self._store, accounts, mailboxes, log)
        limits = Limits()
        book = OrderBook(self._store)
        moves = Moves(book, accounts, seed=seed)
        ordering = Ordering(self._store, accounts, book, moves, seed=seed)
        teller = Teller(self._store, accounts, mailboxes, log, ordering, seed=seed)
        self._day = Day(accounts, teller, ordering)
        webhooks = Webhooks(accounts, faults, log)
        moves.listeners.append(webhooks.moved)
        shop = Shop(book, ordering, moves, limits, Mailing(accounts, book, teller), webhooks)
        control = Control(accounts, mailboxes, relay, teller, self._day, faults, log, shop)
        around = Surroundings(faults, limits, log)
        consent = Consent(accounts, seed=seed)
        front = Front(
            control,
            WalmartApi(around, accounts, book, self._store, webhooks),
            AmazonApi(around, accounts, book, self._store, consent),
            ImageDoor(around),
            consent,
        )
        self._http = HttpServer(front.answer)
        self._imap = ImapServer(accounts, mailboxes, faults, log, consent)
        self._smtp = SmtpServer(accounts, relay, faults, log, consent)
        self._servers: list[asyncio.Server] = []

    async def start(self, ports: Ports) -> Endpoints:
        """Listen on the loopback; raises OSError when a port is taken."""
        for begin, port in (
            (self._http.start, ports.http),
            (self._imap.start, ports.imap),
            (self._smtp.start, ports.smtp),
        ):
            self._servers.append(await begin(HOST, port))
        http, imap, smtp = (server.sockets[0].getsockname()[1] for server in self._servers)
        base = f"http://{HOST}:{http}"
        return Endpoints(base, base, base, base, HOST, imap, HOST, smtp, os.getpid(), apps.known())

    async def stop(self) -> None:
        """Stop listening, end every session and close the store."""
        for server in self._servers:
            server.close()
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._store.close()
