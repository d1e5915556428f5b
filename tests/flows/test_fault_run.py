"""Two sellers' shops under fault after fault: at the end everything the marketplaces sent is here, once."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog
from django.utils import timezone
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from inbox.models import Conversation
from marketplaces import health, keys, streams
from marketplaces.amazon import api as amazon_api
from marketplaces.models import ApiBucket, ApiStream, Health, InboundRaw, RawState, SellerAccount
from marketplaces.types import Marketplace
from orders import asking, sync
from orders.models import Order, PurchaseOrder
from tests.flows import faults, referee
from tests.flows.stack import Haste, Stack, Superuser
from tests.marketplaces.conftest import KEYS, seal_keys
from tests.outbox.processes import environment, until
from tests.simulator_client import SimulatorProcess
from tests.world import World, make_account

log = structlog.get_logger(__name__)

SEED = 20261122
GULPS = 6
HISTORY, ORDERS_A_GULP, MAILS_A_GULP = 150, 17, 84  # of each account
# The marketplaces' clocks are behind ours by more than a stream leaves alone as still settling: what has
# just changed there is read at once, and everything hangs on the overlap.
BEHIND_SECONDS = 180
# What an account with a day's use behind it has been told: its operations' rates.
TOLD_PER_SECOND = 50.0


@pytest.fixture
def marketplace(tmp_path: Path, settings: Settings) -> Iterator[SimulatorProcess]:
    """A simulator for this test alone, with our hosts leading to it."""
    with SimulatorProcess(tmp_path / "marketplace", memory=True, behind=BEHIND_SECONDS) as process:
        settings.MARKETPLACE_API_HOSTS = dict.fromkeys(settings.MARKETPLACE_API_HOSTS, process.amazon_api) | {
            "walmart:us": process.walmart_api,
            "amazon:login": process.amazon_login,
        }
        settings.ALLOW_PRIVATE_HOSTS = True
        told = [TOLD_PER_SECOND, 200]
        names = ("token", "getOrders", "getOrder", "getReturns", "searchOrders", *amazon_api.RATES)
        process.control.limits(on=False, rates=dict.fromkeys(names, told))
        yield process
    assert process.errors() == ""


class Evening:
    """Four accounts of two tenants, everything that happens to them, and what they should have."""

    def __init__(self, world: World, process: SimulatorProcess, superuser: Superuser) -> None:
        self.control, self.process, self.superuser = process.control, process, superuser
        self.rng, self.haste = Random(SEED), Haste(superuser)
        neighbour = make_account(world.globex, "Globex W", "walmart-us")
        self.accounts = [world.walmart, world.amazon, neighbour, world.foreign]
        self.keys: dict[int, dict[str, str]] = {}
        self.about: dict[int, dict[str, str]] = {account.pk: {} for account in self.accounts}
        self.injected = self.acted = 0
        self.began = time.monotonic()
        for account in self.accounts:
            self._connect(account)

    def _connect(self, account: SellerAccount) -> None:
        told = self.control.open_account(
            account.sender_address,
            marketplace=account.marketplace.value,
            market=account.market.rpartition("-")[2],
            password="mailbox secret",
        )
        self.keys[account.pk] = told["api"]
        account.imap_host, account.imap_port = self.process.imap
        account.clocks_from = timezone.now() - timedelta(days=40)
        account.next_poll_at = timezone.now()
        with tenant_tx(account.tenant_id):
            account.save()
            rates = amazon_api.RATES if account.marketplace is Marketplace.AMAZON else {}
            for operation, rate in rates.items():
                ApiBucket.objects.create(
                    tenant_id=account.tenant_id,
                    account=account,
                    operation=operation,
                    level=rate.burst,
                    per_second=TOLD_PER_SECOND,
                    burst=rate.burst,
                    updated_at=timezone.now(),
                )
        seal_keys(account, told["api"])

    def begin(self) -> None:
        """The shops have a history; their streams are due."""
        acme_walmart, acme_amazon = self.accounts[:2]
        shipped: dict[str, Any] = {"mcf_account": acme_amazon.sender_address, "state": "delivered"}
        self.control.place_orders(acme_walmart.sender_address, 8, **shipped)
        for account in self.accounts:
            self.control.place_orders(account.sender_address, HISTORY, seed=self.rng.randrange(10**6))
            self._inject(faults.before_the_first_reading(account, self.rng))
            with tenant_tx(account.tenant_id):
                streams.begin(account, now=timezone.now())

    def gulp(self) -> None:
        """Orders, steps of orders, mails, impatient people, and faults."""
        for account in self.accounts:
            address = account.sender_address
            for _ in range(ORDERS_A_GULP):
                state = {"state": "fresh", "ordered_minutes_ago": self.rng.random()}
                self.control.place_orders(address, 1, seed=self.rng.randrange(10**6), **state)
            self._advance_some(account)
            told = self.control.mails(address, MAILS_A_GULP, seed=self.rng.randrange(1, 10**4))
            self.about[account.pk] |= told["about"]
            self._ask_for_some(account)
        for account in self.rng.sample(self.accounts, len(self.accounts)):
            self._inject(faults.of_a_gulp(account, self.rng))

    def _inject(self, found: list[faults.Fault]) -> None:
        self.injected += faults.inject(self.control, found)

    def _advance_some(self, account: SellerAccount) -> None:
        steps = {"created": "shipped", "acknowledged": "shipped", "shipped": "delivered"}
        known = [each for each in self.control.orders(account.sender_address) if each["fulfilment"] != "mcf"]
        for order in self.rng.sample(known, 10):
            step = steps.get(order["status"])
            if order["status"] == "delivered" and not order["returns"] and order["fulfilment"] == "seller":
                step = "return_started"
            if step:
                self.control.advance(order["id"], step)

    def _ask_for_some(self, account: SellerAccount) -> None:
        """People press refresh, and want to write first."""
        with tenant_tx(account.tenant_id):
            for order in Order.objects.filter(account=account, is_placeholder=False).order_by("?")[:4]:
                asking.ask_for_actions(order, now=timezone.now())

    def until(self, happened: Any, *, seconds: float, what: str) -> None:
        """Wait, with time running faster and an admin who gives refused keys and passwords again."""

        def look() -> object:
            if not self.haste.now():
                return False
            self._act()
            return happened()

        until(look, seconds=seconds, what=what)

    def _act(self) -> None:
        now = timezone.now()
        for account in self.accounts:
            with tenant_tx(account.tenant_id):
                refused = ApiStream.objects.filter(account=account, health=Health.AUTH_FAILED)
                if refused.exists():
                    told = self.keys[account.pk]
                    keys.store(account, {name: told[KEYS[name]] for name in KEYS}, now=now)
                    self.acted += 1
                row = SellerAccount.objects.get(pk=account.pk)
                if row.health == Health.AUTH_FAILED:
                    health.mended(row, now=now)
                    self.acted += 1

    def all_met(self) -> bool:
        """Whether no fault waits any more."""
        return not self.control.faults()["faults"]

    def one_late_answer(self, account: SellerAccount) -> None:
        """A page is on its way while its order moves on and is read by itself: the page is old news."""
        number = self.control.place_orders(
            account.sender_address, 1, state="fresh", fulfilment="seller", parts=1, ordered_minutes_ago=0
        )[0]

        def stands(status: str) -> bool:
            with tenant_tx(account.tenant_id):
                rows = PurchaseOrder.objects.filter(account=account, external_id=number, status=status)
                return bool(rows.exists())

        self.until(lambda: stands("unshipped"), seconds=20, what="the order came")
        since = self.control.last()
        place = faults.CHANGES[account.marketplace]
        self._inject(
            [{"point": "api.orders", "action": "late", "match": place, "account": account.sender_address}]
        )
        self.until(lambda: self.control.log(since, kind="held"), seconds=20, what="a page is on its way")
        self.control.advance(number, "shipped")
        with tenant_tx(account.tenant_id):
            order = Order.objects.get(account=account, purchase_orders__external_id=number)
            asking.ask(order, now=timezone.now())
        self.until(lambda: stands("shipped"), seconds=20, what="the order was read by itself")
        self.control.release()

    def everything_is_here(self) -> bool:
        """Whether all has come and nothing is on its way."""
        for account in self.accounts:
            with tenant_tx(account.tenant_id):
                if InboundRaw.objects.filter(account=account, state=RawState.NEW).exists():
                    return False
            if len(referee.mails_here(account)) < len(self.about[account.pk]):
                return False
            if referee.orders_here(self.control, account) != referee.orders_there(self.control, account):
                return False
            if referee.returns_here(account) != referee.returns_there(self.control, account):
                return False
        return True

    def healthy(self) -> bool:
        """Whether every mailbox and stream is well."""
        for account in self.accounts:
            with tenant_tx(account.tenant_id):
                ill = ApiStream.objects.filter(account=account).exclude(health=Health.OK).exists()
                if ill or SellerAccount.objects.get(pk=account.pk).health != Health.OK:
                    return False
        return True


@pytest.mark.stack
def test_after_two_hundred_faults_everything_is_here_once(
    world: World,
    marketplace: SimulatorProcess,
    process_env: dict[str, str],
    superuser: Superuser,
    tmp_path: Path,
) -> None:
    evening = Evening(world, marketplace, superuser)
    evening.begin()
    hosts = {
        "HELPDESK_WALMART_US_HOST": marketplace.walmart_api,
        "HELPDESK_AMAZON_NA_HOST": marketplace.amazon_api,
        "HELPDESK_AMAZON_EU_HOST": marketplace.amazon_api,
        "HELPDESK_AMAZON_LOGIN_HOST": marketplace.amazon_login,
        "HELPDESK_API_POLL_SECONDS": "1",
        "HELPDESK_MAIL_POLL_SECONDS": "2",
    }
    began = time.monotonic()
    stack = Stack(environment(process_env, **hosts), tmp_path)
    try:
        with referee.watched_versions(superuser):
            the_evening(evening, stack)
            evening.until(
                lambda: evening.everything_is_here() and evening.healthy(), seconds=150, what="all is well"
            )
    except AssertionError:
        log.warning("not as it should be", differences=differences(evening), said=stack.logs()[-6000:])
        raise
    finally:
        stack.end()
    seconds = round(time.monotonic() - began)
    log.info("evening over", faults=evening.injected, acts=evening.acted, seconds=seconds)
    met(evening)
    nothing_is_lost_or_doubled(evening)
    everybody_sees_their_own(evening)
    the_sweep_finds_nothing(evening)


def the_evening(evening: Evening, stack: Stack) -> None:
    """The first reading, then gulp after gulp, with deaths in between."""
    evening.until(evening.all_met, seconds=150, what="the faults of the first reading were met")
    evening.one_late_answer(evening.accounts[0])
    evening.one_late_answer(evening.accounts[3])
    for number in range(GULPS):
        evening.gulp()
        if number in (0, 1):
            evening.control.new_uidvalidity(evening.accounts[number].sender_address)
        if number in (1, 2, 4):
            stack.lose_the_worker()
        if number == 3:
            stack.lose_the_broker()
        evening.until(evening.all_met, seconds=150, what=f"the faults of gulp {number} were met")
        log.info("gulp over", number=number, seconds=round(time.monotonic() - evening.began))


def met(evening: Evening) -> None:
    """Every fault was met: by the simulator's own log, of the APIs one by one."""
    log = evening.control.log(kind="api")
    by_action = Counter(event["fault"] for event in log if event["fault"])
    assert evening.injected >= 200
    assert evening.all_met()
    api_faults = sum(by_action.values())
    assert api_faults + GULPS * len(evening.accounts) == evening.injected, "the rest met the mailboxes"
    assert set(by_action) == {each["action"] for each in ALL_KINDS}


ALL_KINDS = (*faults.STOPPING, *faults.PASSING, *faults.BROKEN, {"action": "foreign"})


def differences(evening: Evening) -> str:
    """What is not as it should be, in words."""
    found: list[str] = []
    for account in evening.accounts:
        for what, there, here in (
            (
                "order",
                referee.orders_there(evening.control, account),
                referee.orders_here(evening.control, account),
            ),
            ("return", referee.returns_there(evening.control, account), referee.returns_here(account)),
        ):
            wrong = sorted(key for key in there.keys() | here.keys() if there.get(key) != here.get(key))
            found += [f"{account}, {what} {key}: {there.get(key)}, {here.get(key)}" for key in wrong]
        missing = len(evening.about[account.pk]) - len(referee.mails_here(account))
        found += [f"{account}: {missing} mails missing"] if missing else []
        with tenant_tx(account.tenant_id):
            ill = ApiStream.objects.filter(account=account).exclude(health=Health.OK)
            found += [f"{row}: {row.health} {row.health_reason}, next {row.next_at}" for row in ill]
    return "\n".join([*found, str(evening.control.faults())])


def nothing_is_lost_or_doubled(evening: Evening) -> None:
    """Every mail is one message, in its order's conversation; orders are as the marketplaces have them."""
    assert sum(map(len, evening.about.values())) >= 2000
    for account in evening.accounts:
        expected = Counter(evening.about[account.pk].items())
        assert referee.mails_here(account) == expected
        assert referee.orders_here(evening.control, account) == referee.orders_there(evening.control, account)
        assert referee.returns_here(account) == referee.returns_there(evening.control, account)
    assert referee.kept_twice(evening.superuser) == []
    total = sum(len(referee.orders_here(evening.control, account)) for account in evening.accounts)
    assert total >= 1000


def everybody_sees_their_own(evening: Evening) -> None:
    """No row hangs on another account's, and a tenant sees its own accounts' rows alone."""
    for account in evening.accounts:
        theirs = {each.pk for each in evening.accounts if each.tenant_id == account.tenant_id}
        with tenant_tx(account.tenant_id):
            assert set(Order.objects.values_list("account_id", flat=True)) == theirs
            assert set(Conversation.objects.values_list("account_id", flat=True)) == theirs
            attached = Conversation.objects.filter(account=account, order__isnull=False)
            assert set(attached.values_list("order__account_id", flat=True)) == {account.pk}


def the_sweep_finds_nothing(evening: Evening) -> None:
    """Each of the last 30 days is read again: nothing was missed, and nothing is while it is looked for."""
    for account in evening.accounts:
        with tenant_tx(account.tenant_id):
            rows = list(
                ApiStream.objects.filter(account=account, name__in=streams.SWEPT[account.marketplace])
            )
            # A parcel Amazon ships may come before its order: finding it then is what the sweep is for.
            assert {row.sweep_found for row in rows if row.name != "fulfilments"} == {0}
            ApiStream.objects.filter(account=account).update(sweep_day=0, swept_at=None)
        for row in rows:
            now = timezone.now()
            for _ in range(streams.SWEEP_DAYS):
                now += streams.SWEEP_EVERY
                with tenant_tx(account.tenant_id):
                    ApiStream.objects.filter(pk=row.pk).update(next_at=now)
                    # A month in seconds: the limits of each day are its own.
                    ApiBucket.objects.filter(account=account).delete()
                sync.read(row.pk, tenant_id=account.tenant_id, now=now)
            with tenant_tx(account.tenant_id):
                swept = ApiStream.objects.get(pk=row.pk)
            assert swept.sweep_day == 0
            assert swept.sweep_found == 0 or row.name == "fulfilments"
            assert swept.read_until is not None
            assert swept.read_until <= now
            assert swept.health == Health.OK
    amazon = evening.accounts[1]
    assert referee.sent_by_amazon_here(amazon) == referee.sent_by_amazon_there(evening.control, amazon)
