"""Another mailbox, or another folder for a role, is numbered like the former: nothing is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone
from imapclient import IMAPClient

from accounts.tenancy import tenant_tx
from inbox import purging
from inbox.models import Message
from marketplaces import disconnecting, trying
from marketplaces.mailbox import imap
from marketplaces.models import (
    Backfill,
    ConnectionTrial,
    InboundRaw,
    MailFolder,
    RawState,
    SellerAccount,
    TrialKind,
    TrialState,
)
from tests.completeness.mailbox import ask, fetch, fill, old_mail, poll
from tests.completeness.test_audit import audited
from tests.simulator_client import SimulatorProcess
from tests.world import World

PASSWORD = "mailbox secret"
OTHER = "new.box@acme.example"


@pytest.fixture(autouse=True)
def numbered_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder has the same UIDVALIDITY, as at providers that give each new one the same."""
    open_folder = imap.open_folder

    def opened(client: IMAPClient, name: str) -> int:
        open_folder(client, name)
        return 14

    monkeypatch.setattr(imap, "open_folder", opened)


@pytest.fixture(autouse=True)
def sends(account: SellerAccount, provider: SimulatorProcess) -> None:
    """The account's mail leaves by the provider too, as a trial wants."""
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(smtp_port=provider.smtp[1])


def roles(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    """The provider names these folders for these roles from now on."""
    monkeypatch.setattr(imap, "find_folders", lambda client: names)


def enter_mailbox(account: SellerAccount, world: World, user: str) -> SellerAccount:
    """An admin enters this mailbox, and a worker tries it; the account afterwards."""
    with tenant_tx(account.tenant_id):
        row = SellerAccount.objects.select_related("tenant").get(pk=account.pk)
        settings = {name: getattr(row, name) for name in trying.MAIL_SETTINGS} | {"imap_user": user}
        secrets = {"imap_password": PASSWORD, "smtp_password": PASSWORD}
        kind, now = TrialKind.MAILBOX, timezone.now()
        trial = trying.begin(row, kind, settings=settings, secrets=secrets, by=world.ada, now=now)
    trying.run(trial.pk, tenant_id=account.tenant_id, now=timezone.now())
    with tenant_tx(account.tenant_id):
        trial = ConnectionTrial.objects.get(pk=trial.pk)
        assert (trial.state, trial.words) == (TrialState.PASSED, "")
        return SellerAccount.objects.select_related("tenant").get(pk=account.pk)


def texts(account: SellerAccount) -> list[str]:
    with tenant_tx(account.tenant_id):
        return sorted(Message.objects.values_list("text", flat=True))


def test_mail_of_another_mailbox_is_new_whatever_its_number(
    account: SellerAccount, provider: SimulatorProcess, world: World
) -> None:
    fill(provider.control, account, [timedelta(0)] * 3)
    assert poll(account) == 3
    with tenant_tx(account.tenant_id):
        keys = list(InboundRaw.objects.order_by("pk").values_list("source_key", flat=True))
    assert keys == ["inbox:14:1", "inbox:14:2", "inbox:14:3"]  # as ever, so that what is stored stays known
    provider.control.open_account(OTHER, password=PASSWORD)
    account = enter_mailbox(account, world, OTHER)
    provider.control.mail(OTHER, old_mail(account, 7, timezone.now()))
    assert (poll(account), poll(account)) == (1, 0)
    assert texts(account) == ["Question 0", "Question 1", "Question 2", "Question 7"]
    assert audited(account)["mail"].words == "All 1 mail of the last 7 days are here."


def test_mail_taken_along_to_another_mailbox_is_one_message(
    account: SellerAccount, provider: SimulatorProcess, world: World
) -> None:
    at = timezone.now()
    mails = [old_mail(account, number, at) for number in range(3)]
    for mail in mails[:2]:
        provider.control.mail(account.sender_address, mail, at=at.isoformat())
    poll(account)
    # Of one of them retention has left nothing but what it goes by.
    with tenant_tx(account.tenant_id):
        Message.objects.filter(text="Question 0").update(expires_at=at)
        InboundRaw.objects.filter(source_key="inbox:14:1").update(expires_at=at)
    purging.purge(account.tenant_id, now=timezone.now())
    assert texts(account) == ["", "Question 1"]
    provider.control.open_account(OTHER, password=PASSWORD)
    account = enter_mailbox(account, world, OTHER)
    for mail in reversed(mails):
        provider.control.mail(OTHER, mail, at=at.isoformat())
    assert poll(account) == 3
    assert texts(account) == ["", "Question 1", "Question 2"]
    with tenant_tx(account.tenant_id):
        assert InboundRaw.objects.filter(state=RawState.DUPLICATE).count() == 2


def test_the_same_mailbox_entered_again_is_not_read_again(
    account: SellerAccount, provider: SimulatorProcess, world: World
) -> None:
    fill(provider.control, account, [timedelta(0)] * 2)
    poll(account)
    with tenant_tx(account.tenant_id):
        disconnecting.disconnect(account, by=world.ada, now=timezone.now())
    account = enter_mailbox(account, world, account.imap_user.upper())
    fill(provider.control, account, [timedelta(0)])
    assert poll(account) == 1
    with tenant_tx(account.tenant_id):
        assert InboundRaw.objects.count() == 3


def test_history_under_way_begins_anew_with_another_mailbox(
    account: SellerAccount, provider: SimulatorProcess, world: World
) -> None:
    fill(provider.control, account, [timedelta(days=3)])
    row = ask(account, days=30)
    with tenant_tx(account.tenant_id):
        Backfill.objects.filter(pk=row.pk).update(step=20, began_at=timezone.now())
    provider.control.open_account(OTHER, password=PASSWORD)
    account = enter_mailbox(account, world, OTHER)
    at = timezone.now() - timedelta(days=5)
    provider.control.mail(OTHER, old_mail(account, 8, at), at=at.isoformat())
    with tenant_tx(account.tenant_id):
        anew = Backfill.objects.get(stream="mail", next_at__isnull=False)
        row.refresh_from_db()
    assert (row.state, row.reason) == ("stopped", "The account has another mailbox.")
    assert fetch(anew).state == "done"
    assert texts(account) == ["Question 8"]


def test_a_worker_in_the_middle_of_the_former_mailbox_leaves_the_new_one_alone(
    account: SellerAccount, provider: SimulatorProcess, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(provider.control, account, [timedelta(0)] * 3)
    provider.control.open_account(OTHER, password=PASSWORD)
    find_folders = imap.find_folders

    def changed_meanwhile(client: IMAPClient) -> dict[str, str]:
        monkeypatch.setattr(imap, "find_folders", find_folders)
        enter_mailbox(account, world, OTHER)
        return find_folders(client)

    monkeypatch.setattr(imap, "find_folders", changed_meanwhile)
    assert poll(account) == 0
    with tenant_tx(account.tenant_id):
        assert not MailFolder.objects.exists()
    provider.control.mail(OTHER, old_mail(account, 7, timezone.now()))
    assert poll(account) == 1
    assert texts(account) == ["Question 7"]


@pytest.mark.parametrize("reader", ["poll", "history"])
def test_another_folder_that_takes_a_role_is_read_from_the_beginning(
    account: SellerAccount, provider: SimulatorProcess, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    def put(number: int, folder: str) -> None:
        at = timezone.now() - timedelta(days=40)
        mail = old_mail(account, number, at)
        provider.control.mail(account.sender_address, mail, folder=folder, at=at.isoformat())

    with tenant_tx(account.tenant_id):
        SellerAccount.objects.update(clocks_from=timezone.now() - timedelta(days=60))
    roles(monkeypatch, inbox="INBOX", spam="Spam")
    put(1, "Spam")
    assert poll(account) == 1
    roles(monkeypatch, inbox="INBOX", spam="Sent")
    put(2, "Sent")
    assert audited(account)["mail"].state == "equal"  # it is the next poll's
    if reader == "poll":
        assert poll(account) == 1
    else:
        fetch(ask(account, days=50))
    assert texts(account) == ["Question 1", "Question 2"]
    assert poll(account) == 0
    # And back again: each is known by its own name.
    roles(monkeypatch, inbox="INBOX", spam="Spam")
    put(3, "Spam")
    assert poll(account) == 1
    assert texts(account) == ["Question 1", "Question 2", "Question 3"]
