"""A believable day of traffic, and the trickle of new mail after it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from simulator import clock
from simulator.accounts import Accounts, SellerAccount
from simulator.folders import SPAM
from simulator.mistakes import Mistake
from simulator.orders.ordering import Ordering
from simulator.stories import STORIES
from simulator.teller import Teller, Told

# How often each story comes up among a day's ordinary ones.
_USUAL = {
    "where_is_my_order": 6,
    "damaged": 3,
    "delivered_not_received": 3,
    "wrong_item": 2,
    "cancel_before_shipping": 2,
    "address_change": 2,
    "return_request": 3,
    "presale": 3,
    "photo_attached": 2,
    "impatient": 2,
    "thank_you": 2,
    "inline_answers": 2,
    "other_language": 2,
    "customer_service": 1,
    "a_to_z_claim": 1,
}
# Each account has one of these about an order the marketplace ships.
_ANYBODYS = (
    "damaged",
    "delivered_not_received",
    "wrong_item",
    "photo_attached",
    "return_request",
    "thank_you",
)
_ORDINARY = 34
# Orders without mail for each conversation.
_SILENT = 3
_SHIPPED_BY_AMAZON = 8
# Every day has these, at the first account that can have them.
_ALWAYS = (
    "a_to_z_claim",
    "claim_decided",
    "chargeback",
    "bbb_complaint",
    "customer_service",
    "refund_notice",
    "public_question",
    "performance_notice",
    "newsletter",
    "spam",
    "forged",
    "unreadable",
    "thank_you",
    "other_language",
    "information_request",
    "escalation",
    "account_at_risk",
)
# How long ago ordinary mail came at most: the rest of the allowance is kept for the urgent ones.
_LONGEST = {"walmart": timedelta(hours=40), "amazon": timedelta(hours=20)}


@dataclass(frozen=True)
class _Planned:
    """One conversation of the day."""

    story: str
    account: SellerAccount
    age: timedelta
    options: dict[str, Any] = field(default_factory=dict)
    mark: str = ""


class Day:
    """Fills mailboxes with a day's mail and keeps more coming."""

    def __init__(self, accounts: Accounts, teller: Teller, ordering: Ordering) -> None:
        self._accounts, self._teller, self._ordering = accounts, teller, ordering
        self._drip: asyncio.Task[None] | None = None

    async def fill(
        self, seed: int, addresses: list[str] | None, amazon_ships: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Deliver a day of at least 40 conversations, oldest first but not quite.

        `amazon_ships` names for a Walmart account the Amazon account that ships some of its orders.
        """
        for address, amazon in (amazon_ships or {}).items():
            self._ordering.check_shipper(self._accounts.need(address), amazon)
        accounts = (
            [self._accounts.need(address) for address in addresses] if addresses else self._accounts.all()
        )
        if not accounts:
            raise Mistake("A day needs at least one seller account.")
        rng = Random(f"day/{seed}")
        told: list[tuple[_Planned, Told]] = []
        for number, planned in enumerate(_plan(accounts, rng)):
            prepared = self._teller.prepare(
                STORIES[planned.story],
                planned.account,
                sent_at=clock.now() - planned.age,
                seed=seed * 1000 + number,
                options=planned.options,
            )
            told.append((planned, prepared))
        arrivals = [(planned.account, letter) for planned, prepared in told for letter in prepared.letters]
        arrivals.sort(key=lambda arrival: arrival[1].at)
        # Mail servers overtake each other: now and then an older mail arrives after a newer one.
        for index in range(4, len(arrivals) - 1, 9):
            arrivals[index], arrivals[index + 1] = arrivals[index + 1], arrivals[index]
        for account, letter in arrivals:
            await self._teller.deliver(account, [letter])
        orders = 0
        for account in accounts:
            # Most buyers never write.
            mailed = sum(planned.account == account for planned, _ in told)
            shipper = (amazon_ships or {}).get(account.address)
            orders += await self._surround(account, _SILENT * mailed, seed, shipper)
        stories = [{**prepared.facts, "mark": planned.mark} for planned, prepared in told]
        due = next((facts["story_id"] for facts in stories if facts["mark"] == "due_in_two_minutes"), None)
        return {
            "stories": stories,
            "count": len(stories),
            "mails": len(arrivals),
            "orders": orders,
            "due_in_two_minutes": due,
        }

    async def _surround(self, account: SellerAccount, count: int, seed: int, shipper: str | None) -> int:
        """Orders without mail: some to ship today and past due for certain, the rest in any state."""
        certain = [*("to_ship_today",) * 3, "past_due", "cancel_asked", "return_arrived"][:count]
        for number, state in enumerate(certain):
            await self._ordering.place(account.address, 1, seed=seed * 100 + number, options={"state": state})
        rest = count - len(certain)
        shipped = 0 if shipper is None else min(_SHIPPED_BY_AMAZON, rest)
        if shipped:
            await self._ordering.place(
                account.address, shipped, seed=seed * 100 + 99, options={"mcf_account": shipper}
            )
        if rest > shipped:
            await self._ordering.place(account.address, rest - shipped, seed=seed)
        return count

    def drip(self, every_seconds: float, seed: int) -> None:
        """Let a new story begin every so often; 0 stops it."""
        if self._drip is not None:
            self._drip.cancel()
            self._drip = None
        if every_seconds > 0:
            self._drip = asyncio.create_task(self._keep_dripping(every_seconds, Random(f"drip/{seed}")))

    async def _keep_dripping(self, every_seconds: float, rng: Random) -> None:
        while True:
            await asyncio.sleep(every_seconds)
            accounts = self._accounts.all()
            if accounts:
                account = rng.choice(accounts)
                await self._teller.tell(_usual(rng, account), account.address, age_minutes=0)
                if rng.random() < 0.5:
                    self._ordering.stir(account, rng)


def _usual(rng: Random, account: SellerAccount) -> str:
    names = [name for name in _USUAL if account.marketplace in STORIES[name].marketplaces]
    return rng.choices(names, [_USUAL[name] for name in names])[0]


def _plan(accounts: list[SellerAccount], rng: Random) -> list[_Planned]:
    plan: list[_Planned] = []

    def add(story: str, account: SellerAccount, age: timedelta, mark: str = "", **options: Any) -> None:
        plan.append(_Planned(story, account, age, options, mark))

    turn = 0

    def next_account() -> SellerAccount:
        nonlocal turn
        turn += 1
        return accounts[turn % len(accounts)]

    def left(account: SellerAccount, minutes: float) -> timedelta:
        """The age of a mail whose time is up in so many minutes."""
        return account.site.allowance - timedelta(minutes=minutes)

    first = accounts[0]
    add("where_is_my_order", first, left(first, 2), "due_in_two_minutes")
    for minutes, story in ((-95, "damaged"), (-12, "delivered_not_received")):
        account = next_account()
        add(story, account, left(account, minutes), "late")
    for minutes, story in (
        (14, "wrong_item"),
        (38, "where_is_my_order"),
        (55, "damaged"),
        (82, "address_change"),
        (110, "presale"),
    ):
        account = next_account()
        add(story, account, left(account, minutes), "due_within_two_hours")
    for number, story in enumerate(("where_is_my_order", "damaged", "presale", "address_change")):
        account = next_account()
        how = ("both", "confirmation")[number % 2] if account.marketplace == "amazon" else "sent"
        add(story, account, timedelta(hours=rng.uniform(3, 18)), "answered", answered=how)
    for story in _ALWAYS:
        able = [account for account in accounts if account.marketplace in STORIES[story].marketplaces]
        if able:
            add(
                story,
                able[turn % len(able)],
                timedelta(minutes=STORIES[story].age_minutes * rng.uniform(0.8, 1.2)),
            )
            turn += 1
    served: set[str] = set()
    for number in range(_ORDINARY):
        account = next_account()
        # Most mail is young: squaring draws the ages towards now.
        age = timedelta(minutes=3) + _LONGEST[account.marketplace] * rng.random() ** 2
        options: dict[str, Any] = {}
        if number % 11 == 3:
            options["folder"] = SPAM
        elif number % 11 == 7:
            options["twice"] = True
        elif number % 11 == 9:
            options["delay_minutes"] = age.total_seconds() / 60 * rng.uniform(0.3, 0.8)
        story = _usual(rng, account)
        if story in _ANYBODYS and account.address not in served:
            served.add(account.address)
            options["fulfilment"] = "wfs" if account.marketplace == "walmart" else "fba"
        add(story, account, age, **options)
    return plan
