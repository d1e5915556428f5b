"""Walmart's response rate beside ours, against the simulator's, which reckons it from its own log."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from inbox.models import Deadline
from inbox.sweep import record_breaches
from marketplaces.models import SellerAccount
from reports import rolling
from reports.figures.rates import rates
from reports.shapes import Narrowed, OfficialRate, Rate
from simulator.folders import SPAM
from tests.completeness.mailbox import poll
from tests.marketplaces.conftest import control, shops, walmart
from tests.marketplaces.test_performance import begin, read
from tests.simulator_client import Control, SimulatorProcess

__all__ = ["control", "shops", "walmart"]
HOUR = 60


@pytest.fixture
def shop(walmart: SellerAccount, shops: SimulatorProcess, settings: Settings) -> SellerAccount:
    """Lumen US with API and mailbox at the simulator."""
    settings.ALLOW_PRIVATE_HOSTS = True
    shops.control.change_account(walmart.sender_address, password="mailbox secret")
    with tenant_tx(walmart.tenant_id):
        walmart.imap_port, walmart.imap_user = shops.imap[1], walmart.sender_address
        walmart.save()
    return walmart


def rate_of(shop: SellerAccount) -> tuple[Rate, OfficialRate]:
    """Everything is read, counted, and compared: our rate over 30 days and Walmart's own."""
    poll(shop)
    now = timezone.now()
    with tenant_tx(shop.tenant_id):
        late = Deadline.objects.filter(due_at__lt=now, stopped_at=None, breached_at=None)
        ids = list(late.values_list("pk", flat=True))
    record_breaches(shop.tenant_id, ids)
    read(begin(shop))
    rolling.roll_all(shop.tenant_id)
    with tenant_tx(shop.tenant_id):
        (rate,) = rates(now=now, zone="UTC", narrowed=Narrowed(account_id=shop.pk))
    assert rate.official is not None
    return rate, rate.official


def tell(control: Control, shop: SellerAccount) -> None:
    """Two weeks of buyers: answered soon, answered after more than 48 hours, never, and not yet."""
    answers = (
        ("damaged", 300 * HOUR, 5 * HOUR),
        ("wrong_item", 250 * HOUR, 47 * HOUR),
        ("where_is_my_order", 200 * HOUR, 50 * HOUR),
        ("damaged", 20 * HOUR, 2 * HOUR),
        ("address_change", 90 * HOUR, None),
        ("where_is_my_order", 3 * HOUR, None),
    )
    for story, age, after in answers:
        how: dict[str, Any] = {} if after is None else {"answered": "sent", "answered_after_minutes": after}
        control.story(story, shop.sender_address, age_minutes=age, **how)


def test_our_rate_is_walmarts_when_every_mail_has_come(shop: SellerAccount, control: Control) -> None:
    tell(control, shop)
    rate, official = rate_of(shop)
    assert (rate.in_time, rate.late, rate.running) == (3, 2, 1)
    assert rate.rate == official.rate == Decimal("0.6")
    assert (official.unknown_here, official.unknown_there, official.unknown_orders) == (0, 0, ())


def test_a_mail_we_never_got_is_a_named_difference(shop: SellerAccount, control: Control) -> None:
    tell(control, shop)
    control.hide_folder(shop.sender_address, SPAM)
    lost = control.story("damaged", shop.sender_address, age_minutes=60 * HOUR, folder=SPAM)
    rate, official = rate_of(shop)
    assert (rate.in_time, rate.late, rate.rate) == (3, 2, Decimal("0.6000"))
    assert official.rate == Decimal("0.5")
    assert (official.unknown_here, official.unknown_orders) == (1, (lost["order_id"],))
