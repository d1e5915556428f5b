"""A channel that is silent, refused or not read: its rows say so, and admins and leads get one mail each."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from inbox.models import Deadline, Message
from inbox.sweep import Sweeper
from inbox.watching import watch
from marketplaces import health, streams
from marketplaces.models import AccountAlarm, ApiStream, Health, SellerAccount
from marketplaces.silence import gap_words
from tests.world import World, arrive, walmart_mail

NOW = datetime.fromisoformat("2026-11-25T12:00:00+00:00")
Watch = Callable[[datetime], list[tuple[str, str]]]


@pytest.fixture
def looked_after(world: World) -> Watch:
    """Looks after Lumen US at a moment; to whom what was sent then."""

    def at(now: datetime) -> list[tuple[str, str]]:
        sent: list[tuple[str, str, str]] = []
        with tenant_tx(world.acme.pk):
            SellerAccount.objects.update(watch_at=now)
        watch(
            world.walmart.pk,
            tenant_id=world.acme.pk,
            now=now,
            send=lambda to, subject, text, key, when: sent.append((to, subject, key)),
        )
        assert len({key for _, _, key in sent}) == len(sent)
        return [(to, subject) for to, subject, _ in sent]

    return at


def stored(world: World) -> SellerAccount:
    with tenant_tx(world.acme.pk):
        return SellerAccount.objects.get(pk=world.walmart.pk)


def is_read(world: World, at: datetime, **more: object) -> None:
    with tenant_tx(world.acme.pk):
        SellerAccount.objects.filter(pk=world.walmart.pk).update(last_ok_at=at, **more)


def busy_until(world: World, end: datetime) -> None:
    """Four weeks of a message every 40 minutes."""
    message = arrive(world.walmart, walmart_mail(world.walmart))
    assert message is not None
    numbers = count(1)
    with tenant_tx(world.acme.pk):
        rows = []
        pattern = Message.objects.select_related("raw").get(pk=message.pk)
        for number in range(28 * 36):
            row, raw = copy.copy(pattern), copy.copy(pattern.raw)
            row.pk, row.sent_at = None, end - timedelta(minutes=40 * number)
            raw.pk, raw.source_key = None, f"test:{next(numbers)}"
            rows.append((raw, row))
        type(rows[0][0]).objects.bulk_create([raw for raw, _ in rows])
        for raw, row in rows:
            row.raw = raw
        Message.objects.bulk_create([row for _, row in rows])
        Deadline.objects.filter(message=message).delete()
        message.delete()


def test_a_silent_channel_is_told_once_shown_on_its_rows_and_cleared_by_the_next_arrival(
    world: World, looked_after: Watch, alice: Client
) -> None:
    now = timezone.now()
    busy_until(world, now - timedelta(hours=3))
    is_read(world, now)
    told = looked_after(now)
    assert told == [
        ("leo.lang@acme.example", "Lumen US is unusually quiet"),
        ("ada.adams@acme.example", "Lumen US is unusually quiet"),
    ]
    account = stored(world)
    assert account.silent_since == now - timedelta(hours=3)
    assert account.usual_gap_seconds is not None
    assert 40 * 60 <= account.usual_gap_seconds <= 50 * 60
    page = " ".join(alice.get("/t/acme/queue/all/").content.decode().split())
    assert "Lumen US is unusually quiet" in page
    assert f"usually at least every {gap_words(account.usual_gap_seconds)}" in page
    assert ">quiet " in page
    assert looked_after(now + timedelta(minutes=6)) == []
    arrive(world.walmart, walmart_mail(world.walmart))
    assert looked_after(now + timedelta(minutes=7)) == []
    assert stored(world).silent_since is None
    assert "unusually quiet" not in alice.get("/t/acme/queue/all/").content.decode()
    with tenant_tx(world.acme.pk):
        alarm = AccountAlarm.objects.get()
        assert (alarm.told_at, alarm.ended_at) == (now, now + timedelta(minutes=7))


def test_a_lead_who_does_not_see_the_account_is_not_told_of_it(world: World, looked_after: Watch) -> None:
    now = timezone.now()
    Membership.objects.filter(pk=world.leo.pk).update(restricted=True)
    busy_until(world, now - timedelta(hours=3))
    is_read(world, now)
    assert looked_after(now) == [("ada.adams@acme.example", "Lumen US is unusually quiet")]


def test_a_channel_that_is_not_read_is_not_called_silent(world: World, looked_after: Watch) -> None:
    now = timezone.now()
    busy_until(world, now - timedelta(hours=3))
    is_read(world, now - timedelta(hours=3))
    subjects = {subject for _, subject in looked_after(now)}
    assert subjects == {"Nothing was read from Lumen US for 3 h"}
    assert stored(world).silent_since is None


def test_an_account_nothing_was_read_from_for_a_quarter_of_an_hour_is_told_once(
    world: World, looked_after: Watch
) -> None:
    is_read(world, NOW)
    assert looked_after(NOW + timedelta(minutes=15)) == []
    assert len(looked_after(NOW + timedelta(minutes=16))) == 2
    assert looked_after(NOW + timedelta(minutes=50)) == []
    is_read(world, NOW + timedelta(minutes=51))
    assert looked_after(NOW + timedelta(minutes=52)) == []
    assert len(looked_after(NOW + timedelta(minutes=70))) == 2


@pytest.mark.parametrize("state", [Health.AUTH_FAILED, Health.REVOKED])
def test_a_refused_account_is_told_once_with_the_reason(
    world: World, looked_after: Watch, state: Health
) -> None:
    is_read(world, NOW, health=state, health_reason="It said no.", health_since=NOW)
    assert {subject for _, subject in looked_after(NOW)} == {"Lumen US is not read any more"}
    assert looked_after(NOW + timedelta(hours=2)) == []
    with tenant_tx(world.acme.pk):
        assert AccountAlarm.objects.get().words.startswith("It said no. It is not tried again")


def test_a_refused_key_and_a_mailbox_that_cannot_send_are_told_as_that(
    world: World, looked_after: Watch
) -> None:
    is_read(world, NOW)
    with tenant_tx(world.acme.pk):
        streams.begin(world.walmart, now=NOW)
        ApiStream.objects.filter(account=world.walmart, name="returns").update(health=Health.REVOKED)
        health.sending_refused(world.walmart, "535 no", now=NOW)
    subjects = {subject for _, subject in looked_after(NOW)}
    assert subjects == {"Lumen US cannot send", "Returns of Lumen US are not read any more"}


def test_a_paused_or_unconnected_account_alarms_nobody(world: World, looked_after: Watch) -> None:
    for state in ({"health": "paused"}, {"health": "ok", "connecting_since": NOW}):
        is_read(world, NOW - timedelta(days=1), **state)
        assert looked_after(NOW) == []


def test_the_sweeper_looks_after_every_account(world: World, sweeper: Sweeper) -> None:
    sweeper.sweep()
    assert sweeper.watches.settle(30)
    for account in (world.walmart, world.foreign):
        with tenant_tx(account.tenant_id):
            account.refresh_from_db()
        assert account.watch_at is not None
