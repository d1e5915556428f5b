"""A real mailbox is read over real IMAP: everything comes in, once, whatever the server does."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import intake
from inbox.models import Conversation, ConversationKind, Deadline, Message
from inbox.sweep import Sweeper
from marketplaces import credentials, health, polling
from marketplaces.models import Health, InboundRaw, MailFolder, SellerAccount
from tests.simulator_client import Control, SimulatorProcess
from tests.world import World, walmart_mail

Poll = Callable[[], int]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path / "simulator") as process:
        yield process


@pytest.fixture
def account(world: World, simulator: SimulatorProcess) -> Iterator[SellerAccount]:
    """Acme's Walmart account with its mailbox in the simulator."""
    before, settings.ALLOW_PRIVATE_HOSTS = settings.ALLOW_PRIVATE_HOSTS, True
    account = world.walmart
    simulator.control.open_account(
        account.sender_address, marketplace="walmart", market="us", password="mailbox secret"
    )
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(
            imap_port=simulator.imap[1], smtp_port=simulator.smtp[1]
        )
        account.refresh_from_db()
    yield account
    settings.ALLOW_PRIVATE_HOSTS = before


@pytest.fixture
def poll(account: SellerAccount) -> Poll:
    """Polls once, now."""

    def once() -> int:
        with tenant_tx(account.tenant_id):
            SellerAccount.objects.filter(pk=account.pk).update(next_poll_at=timezone.now())

        return polling.poll(
            account.pk,
            tenant_id=account.tenant_id,
            now=timezone.now(),
            arrived=lambda raw_ids: intake.read_many(raw_ids, tenant_id=account.tenant_id),
        )

    return once


def stored(account: SellerAccount) -> SellerAccount:
    with tenant_tx(account.tenant_id):
        return SellerAccount.objects.get(pk=account.pk)


def count(account: SellerAccount) -> tuple[int, int]:
    with tenant_tx(account.tenant_id):
        return InboundRaw.objects.count(), Message.objects.count()


def test_inbox_spam_and_sent_are_read(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    for folder in ("INBOX", "Spam"):
        simulator.control.mail(account.sender_address, walmart_mail(account, text=folder), folder=folder)
    assert poll() == 2
    with tenant_tx(account.tenant_id):
        assert set(MailFolder.objects.values_list("role", flat=True)) == {"inbox", "spam", "sent"}
        assert set(Message.objects.values_list("text", flat=True)) == {"INBOX", "Spam"}


def test_a_second_poll_does_not_double_anything(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    simulator.control.mail(account.sender_address, walmart_mail(account))
    assert (poll(), poll()) == (1, 0)
    assert count(account) == (1, 1)


def test_a_mail_delivered_twice_is_one_message(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    mail = walmart_mail(account)
    simulator.control.mail(account.sender_address, mail)
    simulator.control.mail(account.sender_address, mail)
    assert poll() == 2
    assert count(account) == (2, 1)


def test_a_new_uidvalidity_rereads_and_doubles_nothing(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    simulator.control.mail(account.sender_address, walmart_mail(account, text="first"))
    poll()
    simulator.control.new_uidvalidity(account.sender_address)
    simulator.control.mail(account.sender_address, walmart_mail(account, text="second"))
    poll()
    with tenant_tx(account.tenant_id):
        assert sorted(Message.objects.values_list("text", flat=True)) == ["first", "second"]


def test_the_audit_fetches_what_the_cursor_has_passed(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    for number in range(3):
        simulator.control.mail(account.sender_address, walmart_mail(account, text=f"mail {number}"))
    poll()
    with tenant_tx(account.tenant_id):
        Deadline.objects.all().delete()
        Message.objects.all().delete()
        InboundRaw.objects.filter(source_key__endswith=":1").delete()
        MailFolder.objects.update(last_uid=10_000, audited_at=None)
    assert poll() == 1


def test_a_wrong_password_stops_the_polling_and_says_why(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    simulator.control.change_account(account.sender_address, password="changed")
    poll()
    assert stored(account).health == Health.DEGRADED
    poll()
    broken = stored(account)
    assert broken.health == Health.AUTH_FAILED
    assert "refuses user and password" in broken.health_reason
    assert "mailbox secret" not in broken.health_reason
    simulator.control.mail(account.sender_address, walmart_mail(account))
    after = simulator.control.last()
    poll()
    assert simulator.control.log(after, kind="login,login_failed") == []
    with tenant_tx(account.tenant_id):
        credentials.seal(account, "imap_password", "changed")
        health.mended(broken, now=timezone.now())
    assert poll() == 1
    assert stored(account).health == Health.OK


def test_a_server_that_cannot_look_up_the_password_now_has_not_refused_it(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    said = "[UNAVAILABLE] the user database is away"
    simulator.control.fault("imap.login", "reply", reply=said, times=3)
    for _ in range(3):
        poll()
    assert stored(account).health == Health.DEGRADED
    assert "UNAVAILABLE" in stored(account).health_reason
    assert stored(account).next_poll_at is not None
    poll()
    assert stored(account).health == Health.OK


def test_the_sweeper_polls_what_nobody_has_polled(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll, sweeper: Sweeper
) -> None:
    simulator.control.mail(account.sender_address, walmart_mail(account, text="nobody rang"))
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(next_poll_at=timezone.now() - timedelta(minutes=2))
    sweeper.sweep()
    assert sweeper.polls.settle(30)
    with tenant_tx(account.tenant_id):
        assert Message.objects.get().text == "nobody rang"


def test_an_account_that_only_cannot_send_is_read_on(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    reason = f"{health.SENDING}535 authentication failed"
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(
            health=Health.AUTH_FAILED, health_reason=reason, failures=1
        )
    simulator.control.mail(account.sender_address, walmart_mail(account))
    assert poll() == 1
    assert (stored(account).health, stored(account).health_reason) == (Health.AUTH_FAILED, reason)


def test_a_server_that_is_away_is_tried_again_later(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    simulator.stop()
    poll()
    away = stored(account)
    assert away.health == Health.DEGRADED
    assert "does not answer" in away.health_reason
    assert away.next_poll_at is not None
    simulator.start()
    simulator.control.mail(account.sender_address, walmart_mail(account))
    assert poll() == 1
    assert stored(account).health == Health.OK


def test_a_private_host_is_refused_unless_the_operator_allows_it(account: SellerAccount, poll: Poll) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    poll()
    assert "private network" in stored(account).health_reason


def test_every_story_of_both_marketplaces_becomes_a_conversation(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    control: Control = simulator.control
    told = 0
    for story in control.stories():
        if "walmart" in story.get("marketplaces", ["walmart"]):
            control.story(story["name"], account.sender_address, seed=told)
            told += 1
    assert told >= 8
    poll()
    with tenant_tx(account.tenant_id):
        assert not InboundRaw.objects.filter(state="new").exists()
        kinds = set(Conversation.objects.values_list("kind", flat=True))
        assert {ConversationKind.BUYER, ConversationKind.UNRECOGNISED, ConversationKind.UNVERIFIED} <= kinds
        assert not Message.objects.filter(text="").exists()
        without_clock = Conversation.objects.filter(kind=ConversationKind.BUYER, state="open", due_at=None)
        assert list(without_clock.values_list("subject", flat=True)) == []


def test_no_message_exists_without_its_raw_source(
    account: SellerAccount, simulator: SimulatorProcess, poll: Poll
) -> None:
    simulator.control.day(accounts=[account.sender_address])
    poll()
    with tenant_tx(account.tenant_id):
        assert Message.objects.count() >= 40
        for message in Message.objects.select_related("raw"):
            assert bytes(message.raw.content), message.pk
            assert message.raw.source == "imap"
            assert message.expires_at > message.sent_at
