"""What is known of an account: its faults, how it is read, and what an admin can do about it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.account_facts import Today, facts
from inbox.models import Message
from marketplaces import account_acts, faults, health, streams
from marketplaces.models import (
    AccountFault,
    ApiBucket,
    ApiStream,
    ApiToken,
    Backfill,
    Health,
    InboundRaw,
    SellerAccount,
)
from tests.completeness.mailbox import ask, old_mail, poll
from tests.orders.test_sync import begin, read
from tests.simulator_client import Control, SimulatorProcess
from tests.world import World, arrive, walmart_mail

NOW = datetime.fromisoformat("2026-11-25T12:00:00+00:00")


def open_faults(account: SellerAccount) -> list[tuple[str, str, int]]:
    with tenant_tx(account.tenant_id):
        rows = AccountFault.objects.filter(account=account, cleared_at__isnull=True).order_by("pk")
        return list(rows.values_list("stream", "words", "count"))


def test_the_same_fault_is_one_row_and_is_over_when_it_goes_well_again(world: World) -> None:
    account = world.walmart
    with tenant_tx(account.tenant_id):
        for minute in range(3):
            now = NOW + timedelta(minutes=minute)
            faults.met(account.pk, "orders", f"The API answered with {502 + minute}.", now=now)
        faults.met(account.pk, "orders", "The key may not do this.", now=NOW)
        row = AccountFault.objects.get(count=3)
        assert (row.first_seen, row.last_seen) == (NOW, NOW + timedelta(minutes=2))
        faults.cleared(account.pk, "orders", now=NOW + timedelta(hours=1))
        faults.met(account.pk, "orders", "The API answered with 502.", now=NOW + timedelta(hours=2))
        assert AccountFault.objects.count() == 3
    assert open_faults(account) == [("orders", "The API answered with 502.", 1)]


def test_a_mailbox_fault_is_noted_and_cleared_by_the_next_reading(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    provider.control.fault("imap.login", "close", times=2)
    poll(account)
    poll(account)
    ((stream, words, times),) = open_faults(account)
    assert (stream, times) == ("mail", 2)
    assert "does not answer" in words
    poll(account)
    assert open_faults(account) == []


def test_a_consent_taken_back_is_told_apart_from_a_key_refused(
    walmart: SellerAccount, amazon: SellerAccount, control: Control, alice: Client
) -> None:
    for shop, state in ((walmart, Health.AUTH_FAILED), (amazon, Health.REVOKED)):
        stream = begin(shop)["orders"]
        control.change_account(shop.sender_address, api={"revoked": True})
        read(stream)
        stream = read(stream)
        assert (stream.health, stream.next_at) == (state, None), shop
        ((name, words, times),) = open_faults(shop)
        assert (name, times, words) == ("orders", 2, stream.health_reason)
    page = alice.get("/t/acme/queue/all/").content.decode()
    assert "key refused" in page
    assert "consent gone" in page
    page = alice.get("/t/acme/accounts/").content.decode()
    assert "Orders: consent taken back" in " ".join(page.split())


def test_a_mailbox_whose_consent_is_taken_back_is_not_tried_again(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    health.consent_revoked(account, "Google says the consent was taken back.", now=timezone.now())
    before = provider.control.last()
    assert poll(account) == 0
    assert provider.control.log(before, kind="login") == []


def test_the_facts_of_any_number_of_accounts_take_nine_statements(world: World) -> None:
    zone = "Europe/Berlin"
    with tenant_tx(world.acme.pk):
        accounts = list(SellerAccount.objects.order_by("pk"))
        for number in (1, len(accounts)):
            with CaptureQueriesContext(
                connection,
            ) as seen:
                facts(accounts[:number], now=NOW, zone=zone)
            assert len(seen) == 9


def test_the_facts_say_how_an_account_does(world: World) -> None:
    account, zone = world.walmart, "Europe/Berlin"
    there = ZoneInfo(zone)
    midnight = NOW.astimezone(there).replace(hour=0, minute=0)
    moments = [
        midnight + timedelta(hours=1),
        midnight - timedelta(hours=1),
        midnight - timedelta(days=7, hours=-2),
    ]
    moments += [midnight - timedelta(days=7, hours=-20), midnight + timedelta(hours=2)]
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(
            last_ok_at=NOW, created_at=NOW - timedelta(days=40)
        )
        account.refresh_from_db()
        streams.begin(account, now=NOW)
        ApiStream.objects.filter(name="orders").update(read_until=NOW - timedelta(minutes=2))
        ApiToken(account=account, expires_at=NOW + timedelta(minutes=9)).save()
        for name, level, blocked in (("orders", 5, None), ("returns", 20, NOW + timedelta(minutes=3))):
            ApiBucket(
                account=account, operation=name, level=level, per_second=0.001, burst=20, updated_at=NOW,
                blocked_until=blocked,
            ).save()  # fmt: skip
        faults.met(account.pk, "orders", "The API answered with 503.", now=NOW)
    for number, at in enumerate(moments):
        arrive(
            account,
            walmart_mail(account, order=f"20001187440{number:04d}", relay=f"{number:032x}", sent_at=at),
        )
    with tenant_tx(account.tenant_id):
        for message, at in zip(Message.objects.order_by("pk"), moments, strict=True):
            Message.objects.filter(pk=message.pk).update(sent_at=at)
            # Ten seconds late each, but for one.
            late = timedelta(seconds=10 if at != moments[-1] else 100)
            InboundRaw.objects.filter(pk=message.raw_id).update(
                source="imap", received_at=at, stored_at=at + late
            )
        told = facts([account], now=NOW, zone=zone)[account.pk]
    assert told.messages == Today(today=2, week_ago=1)
    assert told.last_message_at == moments[-1]
    reading = told.reading
    assert [stream.name for stream in reading.streams] == ["mail", "orders", "returns", "performance"]
    assert reading.streams[1].lag == timedelta(minutes=2)
    assert (reading.streams[1].read_until, reading.streams[1].cursor) == (NOW - timedelta(minutes=2), "")
    assert reading.token_expires_at == NOW + timedelta(minutes=9)
    assert [(use.operation, use.used) for use in reading.buckets] == [("returns", 100), ("orders", 75)]
    assert reading.worst_bucket is reading.buckets[0]
    assert [fault.words for fault in reading.open_faults] == ["The API answered with 503."]
    assert reading.lag_p95 is not None
    assert timedelta(seconds=50) < reading.lag_p95 < timedelta(seconds=100)


def test_a_paused_account_is_left_alone_and_resumed_at_once(
    account: SellerAccount, provider: SimulatorProcess, world: World
) -> None:
    begin(account)
    row = ask(account, days=30)
    now = timezone.now()
    with tenant_tx(account.tenant_id):
        account_acts.pause(account, by=world.ada, now=now)
    provider.control.mail(account.sender_address, old_mail(account, 1, now))
    assert poll(account) == 0
    stream = begin(account)["orders"]
    with tenant_tx(account.tenant_id):
        account.refresh_from_db()
        assert (account.health, account.health_reason) == (Health.PAUSED, "Ada Adams paused it.")
        Backfill.objects.update(state="waiting", next_at=now + timedelta(hours=1))
        account_acts.resume(account, by=world.ada, now=now)
        assert Backfill.objects.get(pk=row.pk).next_at == now
        assert ApiStream.objects.get(pk=stream.pk).next_at == now
    assert poll(account) == 1


def test_checking_again_tries_a_refused_mailbox_once(
    account: SellerAccount, provider: SimulatorProcess, world: World
) -> None:
    provider.control.change_account(account.sender_address, password="changed")
    for _ in range(3):
        poll(account)
    before = provider.control.last()
    with tenant_tx(account.tenant_id):
        account_acts.check_again(account, by=world.ada, now=timezone.now())
    for _ in range(3):
        poll(account)
    assert len(provider.control.log(before, kind="login_failed")) == 1
    with tenant_tx(account.tenant_id):
        account.refresh_from_db()
    assert account.health == Health.AUTH_FAILED


@pytest.mark.parametrize("column", ["connecting_since", "disconnected_at"])
def test_an_account_that_is_not_connected_is_not_read(
    account: SellerAccount, provider: SimulatorProcess, column: str, alice: Client
) -> None:
    begin(account)
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(**{column: timezone.now()})
        stream = ApiStream.objects.get(account=account, name="orders")
    before = provider.control.last()
    assert poll(account) == 0
    assert provider.control.log(before, kind="login") == []
    assert streams.claim(stream.pk, tenant_id=account.tenant_id, now=timezone.now()) is None
    assert "Lumen US" not in alice.get("/t/acme/queue/all/").content.decode()
