"""The control API: what tests and the demo ask of the simulator. Described in README.md."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

from simulator import asked as read
from simulator import clock
from simulator.accounts import Accounts
from simulator.control_orders import Shop
from simulator.day import Day
from simulator.eventlog import EventLog
from simulator.faults import Faults
from simulator.folders import INBOX
from simulator.http import Request, Response
from simulator.mailboxes import Mailboxes
from simulator.mistakes import Mistake
from simulator.relay import Relay
from simulator.stories import STORIES
from simulator.stories.options import OPTIONS
from simulator.teller import Teller

_LONGEST_WAIT = 60.0


class Control:
    """Answers requests under /control/."""

    def __init__(
        self,
        accounts: Accounts,
        mailboxes: Mailboxes,
        relay: Relay,
        teller: Teller,
        day: Day,
        faults: Faults,
        log: EventLog,
        shop: Shop,
    ) -> None:
        self._accounts, self._mailboxes, self._relay = accounts, mailboxes, relay
        self._teller, self._day, self._faults, self._log = teller, day, faults, log
        routes: tuple[tuple[str, str, Callable[..., Awaitable[Response]]], ...] = (
            ("GET", "/control/accounts", self._list_accounts),
            ("POST", "/control/accounts", self._open_account),
            ("PATCH", "/control/accounts/([^/]+)", self._change_account),
            ("GET", "/control/stories", self._list_stories),
            ("POST", "/control/stories", self._tell),
            ("GET", "/control/stories/([^/]+)", self._show_story),
            ("POST", "/control/stories/([^/]+)/reply", self._reply),
            ("POST", "/control/mail", self._place_mail),
            ("POST", "/control/day", self._fill_day),
            ("POST", "/control/drip", self._set_drip),
            ("GET", "/control/faults", self._list_faults),
            ("POST", "/control/faults", self._add_fault),
            ("DELETE", "/control/faults", self._clear_faults),
            ("POST", "/control/release", self._release),
            ("POST", "/control/outcomes", self._expect_outcome),
            ("GET", "/control/log", self._read_log),
            ("GET", "/control/buyers/([^/]+)", self._show_buyer),
            ("POST", "/control/mailbox", self._change_mailbox),
            *shop.routes,
        )
        self._routes = [(method, re.compile(pattern), answer) for method, pattern, answer in routes]

    async def answer(self, request: Request) -> Response:
        """Find who answers, and let them."""
        methods = []
        for method, pattern, answer in self._routes:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return await answer(request, *found.groups())
            if found:
                methods.append(method)
        if methods:
            raise Mistake(f"{request.path} knows {', '.join(methods)} only.", status=405)
        raise Mistake(f"There is nothing at {request.path}.", status=404)

    # Accounts.

    async def _list_accounts(self, request: Request) -> Response:
        return Response.json([asdict(account) for account in self._accounts.all()])

    async def _open_account(self, request: Request) -> Response:
        account = self._accounts.open(request.json())
        # The folders exist from the first moment, so that their UIDVALIDITY does.
        self._mailboxes.of(account.address)
        return Response.json(asdict(account), 201)

    async def _change_account(self, request: Request, address: str) -> Response:
        return Response.json(asdict(self._accounts.change(address, request.json())))

    # Stories and mail.

    async def _list_stories(self, request: Request) -> Response:
        stories = [
            {
                "name": story.name,
                "summary": story.summary,
                "marketplaces": story.marketplaces,
                "age_minutes": story.age_minutes,
                "folder": story.folder,
            }
            for story in STORIES.values()
        ]
        return Response.json({"stories": stories, "options": OPTIONS})

    async def _tell(self, request: Request) -> Response:
        asked = request.json()
        options = asked.get("options") or {}
        if not isinstance(options, dict):
            raise Mistake("options is a JSON object.")
        seed = asked.get("seed")
        told = await self._teller.tell(
            asked.get("story"),
            asked.get("account"),
            age_minutes=read.minutes(asked, "age_minutes"),
            seed=None if seed is None else read.whole(seed, "seed"),
            options=options,
        )
        return Response.json(told, 201)

    async def _show_story(self, request: Request, story_id: str) -> Response:
        return Response.json(self._teller.story(story_id))

    async def _reply(self, request: Request, story_id: str) -> Response:
        asked = request.json()
        text = asked.get("text")
        told = await self._teller.reply(
            story_id,
            text=None if text is None else str(text),
            age_minutes=read.minutes(asked, "age_minutes") or 0,
            threaded=asked.get("threaded", True) is not False,
        )
        return Response.json(told, 201)

    async def _place_mail(self, request: Request) -> Response:
        account = self._accounts.need(request.query.get("account"))
        folder = request.query.get("folder", INBOX)
        at = clock.now()
        if "age_minutes" in request.query:
            at -= timedelta(minutes=read.number(request.query["age_minutes"], "age_minutes"))
        elif "at" in request.query:
            at = read.moment(request.query["at"])
        uid = await self._mailboxes.place(account, folder, request.body, at=at)
        return Response.json({"account": account.address, "folder": folder, "uid": uid}, 201)

    async def _fill_day(self, request: Request) -> Response:
        asked = request.json()
        addresses = asked.get("accounts")
        if addresses is not None and not isinstance(addresses, list):
            raise Mistake("accounts is a list of addresses.")
        shippers = asked.get("mcf_accounts")
        if shippers is not None and not isinstance(shippers, dict):
            raise Mistake("mcf_accounts is an object: the Amazon account for each Walmart account.")
        day = await self._day.fill(read.whole(asked.get("seed", 7), "seed"), addresses, shippers)
        return Response.json(day, 201)

    async def _set_drip(self, request: Request) -> Response:
        asked = request.json()
        seconds = read.number(asked.get("every_seconds"), "every_seconds")
        if seconds and seconds < 0.05:
            raise Mistake("every_seconds is 0, or 0.05 or more.")
        self._day.drip(seconds, read.whole(asked.get("seed", 7), "seed"))
        return Response.json({"every_seconds": seconds})

    async def _change_mailbox(self, request: Request) -> Response:
        asked = request.json()
        account = self._accounts.need(asked.get("account"))
        folder = str(asked.get("folder") or INBOX)
        if asked.get("action") in ("hide", "show"):
            hidden = self._mailboxes.of(account.address).hidden
            (hidden.add if asked["action"] == "hide" else hidden.discard)(folder)
            return Response.json({"account": account.address, "hidden": sorted(hidden)})
        if asked.get("action") != "uidvalidity":
            raise Mistake('action is "uidvalidity", "hide" or "show".')
        validity = await self._mailboxes.renumber(account, folder)
        return Response.json({"account": account.address, "folder": folder, "uidvalidity": validity})

    # What goes wrong.

    async def _list_faults(self, request: Request) -> Response:
        return Response.json({"faults": self._faults.listed(), "held": self._faults.held})

    async def _add_fault(self, request: Request) -> Response:
        return Response.json(asdict(self._faults.add(request.json())), 201)

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return Response.json({"faults": [], "held": self._faults.held})

    async def _release(self, request: Request) -> Response:
        return Response.json({"released": self._faults.release()})

    async def _expect_outcome(self, request: Request) -> Response:
        return Response.json(self._relay.expect(request.json()), 201)

    # What happened.

    async def _read_log(self, request: Request) -> Response:
        after = int(read.number(request.query.get("after", "0"), "after"))
        wait = min(read.number(request.query.get("wait", "0"), "wait"), _LONGEST_WAIT)
        kinds = frozenset(kind for kind in request.query.get("kind", "").split(",") if kind)
        account = request.query.get("account", "").lower()
        events = await self._log.after(after, kinds=kinds, account=account, wait=wait)
        return Response.json({"events": events, "last": self._log.last})

    async def _show_buyer(self, request: Request, address: str) -> Response:
        return Response.json(self._relay.buyer(address))
