"""History comes in beside what arrives: all of it, once, closed, and whatever happens on the way."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, Deadline, Message
from inbox.sweep import Sweeper
from inbox.tasks import due_backfills
from marketplaces import backfills
from marketplaces.backfilling import SENT_BEHIND, Step, step_of
from marketplaces.models import Backfill, BackfillState, InboundRaw, SellerAccount
from orders.models import Order
from tests.completeness.mailbox import answer_to, ask, fetch, fill, old_mail, poll, uids_here
from tests.simulator_client import SimulatorProcess
from tests.world import World

AGES = [timedelta(days=day, hours=hour) for day in (1, 3, 8, 20) for hour in (1, 5)]


def test_history_comes_in_closed_without_a_clock_and_complete(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    expected = fill(provider.control, account, AGES)
    now = timezone.now()
    broken = b'From: x\r\nContent-Type: multipart/mixed; boundary="b\r\n' * 3 + b"\r\n\xff\xfe"
    for content, days in ((broken, 9), (b"Subject: news\r\nFrom: a@shop.example\r\n\r\nSale", 12)):
        provider.control.mail(account.sender_address, content, at=(now - timedelta(days=days)).isoformat())
    provider.control.mail(
        account.sender_address,
        answer_to(account, 4, now - AGES[4] + timedelta(hours=30)),
        folder="Sent",
        at=(now - AGES[4] + timedelta(hours=30)).isoformat(),
    )
    row = fetch(ask(account, days=30))
    assert (row.state, row.done, row.estimated, row.reason) == (BackfillState.DONE, 11, 11, "")
    assert uids_here(account)[: len(expected)] == expected
    with tenant_tx(account.tenant_id):
        assert not InboundRaw.objects.filter(state="new").exists()
        assert set(Conversation.objects.values_list("state", "queue_at")) == {("closed", None)}
        assert not Deadline.objects.exists()
        # Their orders come in by parts too, and are not asked for one by one.
        assert Order.objects.count() == len(AGES)
        assert not Order.objects.filter(wanted_at__isnull=False).exists()
        # The answer was read after what it answers, though it is the newer of the two.
        assert Message.objects.get(direction="out").conversation.preview == "Question 4"
        since = SellerAccount.objects.get(pk=account.pk).mail_since
        assert since is not None
        assert since <= row.since


def test_the_first_poll_reads_what_has_arrived_and_history_comes_beside_it(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    fill(provider.control, account, AGES[2:])
    with tenant_tx(account.tenant_id):
        # The clocks are to begin in the past: that part is for the backfill too.
        SellerAccount.objects.update(clocks_from=timezone.now() - timedelta(days=10))
    row = ask(account, days=30)
    new = provider.control.mail(account.sender_address, old_mail(account, 99, timezone.now()))
    assert poll(account) == 1
    assert poll(account) == 0
    assert uids_here(account) == [new]
    fetch(row)
    assert len(uids_here(account)) == len(AGES[2:]) + 1
    with tenant_tx(account.tenant_id):
        assert Conversation.objects.filter(queue_at__isnull=False).count() == 5


def test_an_account_without_history_begins_with_the_day_it_was_connected(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    fill(provider.control, account, [timedelta(days=5), timedelta(days=30)])
    assert (poll(account), poll(account)) == (0, 0)
    provider.control.mail(account.sender_address, old_mail(account, 9, timezone.now()))
    assert (poll(account), poll(account)) == (1, 0)


def test_a_cut_connection_is_told_and_the_history_goes_on_where_it_was(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    expected = fill(provider.control, account, AGES)
    row = ask(account, days=30)
    provider.control.fault("imap.login", "close")
    row = fetch(row)
    assert (row.state, row.failures) == (BackfillState.WAITING, 1)
    assert "does not answer" in row.reason
    with tenant_tx(account.tenant_id):
        Backfill.objects.update(next_at=timezone.now())
    assert fetch(row).state == BackfillState.DONE
    assert uids_here(account) == expected


def test_asking_again_reads_what_was_lost_and_doubles_nothing(
    account: SellerAccount, provider: SimulatorProcess
) -> None:
    expected = fill(provider.control, account, AGES)
    fetch(ask(account, days=30))
    with tenant_tx(account.tenant_id):
        Message.objects.all().delete()
        InboundRaw.objects.filter(source_key__endswith=f":{expected[3]}").delete()
    row = fetch(ask(account, days=10))
    assert (row.state, uids_here(account)) == (BackfillState.DONE, expected)


def test_one_that_is_under_way_goes_back_further_when_asked_again(account: SellerAccount) -> None:
    first = ask(account, days=7)
    again = ask(account, days=30)
    assert first.pk == again.pk
    assert first.since - again.since > timedelta(days=20)


def test_amazon_is_asked_for_nothing_that_could_not_stay(world: World) -> None:
    row = ask(world.amazon, days=90)
    assert timezone.now() - row.since < timedelta(days=60)
    assert "more than 60 days" in row.clamped
    assert ask(world.walmart, days=90).clamped == ""


def test_a_person_can_stop_it(account: SellerAccount, world: World) -> None:
    row = ask(account, days=30)
    with tenant_tx(account.tenant_id):
        assert backfills.stop(row, by=world.ada, now=timezone.now())
        assert not backfills.stop(row, by=world.ada, now=timezone.now())
    row = fetch(row)
    assert (row.state, row.reason, uids_here(account)) == ("stopped", "Ada Adams stopped it.", [])


def test_a_paused_account_waits(account: SellerAccount) -> None:
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.update(health="paused")
    row = fetch(ask(account, days=30))
    assert (row.state, row.reason) == ("waiting", "Waits until the account is resumed.")


def test_what_nobody_has_read_the_sweeper_reads(
    account: SellerAccount, provider: SimulatorProcess, sweeper: Sweeper
) -> None:
    expected = fill(provider.control, account, AGES)
    ask(account, days=30)
    with tenant_tx(account.tenant_id):
        Backfill.objects.update(next_at=timezone.now() - timedelta(minutes=2))
    sweeper.sweep()
    assert sweeper.histories[True].settle(60)
    assert uids_here(account) == expected


def test_no_more_is_fetched_at_a_time_than_the_operator_allows(world: World) -> None:
    for account in (world.walmart, world.amazon):
        ask(account, days=30)
    assert len(due_backfills()) == settings.BACKFILLS_AT_ONCE == 1
    ((first, tenant_id, _),) = due_backfills()
    assert backfills.claim(first, tenant_id=tenant_id, now=timezone.now())
    assert backfills.claim(first, tenant_id=tenant_id, now=timezone.now()) is None
    assert due_backfills() == []
    connections["sweep"].close()


@pytest.mark.parametrize("days", [1, 7, 30])
def test_every_day_is_read_once_in_each_folder_and_sent_behind_the_others(days: int) -> None:
    until = datetime.fromisoformat("2026-11-25T12:00:00+00:00")
    since = until - timedelta(days=days)
    steps: list[Step] = []
    while step := step_of(len(steps), since=since, until=until):
        steps.append(step)
    arrived = [step.arrived for step in steps if step.arrived]
    assert arrived == [step.sent for step in steps if step.sent]
    assert arrived == sorted(set(arrived), reverse=True)
    assert (arrived[0], arrived[-1]) == (
        (until + timedelta(days=1)).date(),
        (since - timedelta(days=1)).date(),
    )
    assert [step.sent for step in steps[:SENT_BEHIND]] == [None] * SENT_BEHIND
