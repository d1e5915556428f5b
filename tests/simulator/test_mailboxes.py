"""The sellers' mailboxes over IMAP."""

from datetime import UTC, datetime, timedelta

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from tests.simulator.conftest import OpenAccount, OpenImap, mails, open_imap
from tests.simulator_client import Control, ControlError, SimulatorProcess

_RAW = b"From: a@b.test\nSubject: caf\xe9 \x00 raw\nMessage-ID: <raw@b.test>\n\nbare LF, \xff\xfe, no end"


def test_a_told_story_lies_in_the_inbox(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    told = control.story("where_is_my_order", address)
    (raw,) = mails(imap(address)).values()
    assert told["message_ids"][0].encode() in raw
    assert f"From: {told['relay_address']}".encode() in raw or f"<{told['relay_address']}>".encode() in raw


def test_spam_and_sent_are_marked_in_the_folder_list(seller: OpenAccount, imap: OpenImap) -> None:
    folders = {name: flags for flags, _, name in imap(seller()).list_folders()}
    assert b"\\Junk" in folders["Spam"]
    assert b"\\Sent" in folders["Sent"]
    assert "INBOX" in folders


def test_placed_bytes_come_back_unchanged(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    uid = control.mail(address, _RAW, folder="Spam")
    assert mails(imap(address, "Spam")) == {uid: _RAW}


def test_a_placed_mail_has_the_asked_internaldate(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    uid = control.mail(address, _RAW, at="2026-03-01T10:20:30+02:00")
    client = imap(address)
    client.normalise_times = False
    date = client.fetch(uid, ["INTERNALDATE"])[uid][b"INTERNALDATE"]
    assert date == datetime(2026, 3, 1, 8, 20, 30, tzinfo=UTC)


def test_a_mail_delivered_twice_has_two_uids_and_the_same_bytes(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    control.story("wrong_item", address, twice=True)
    first, second = mails(imap(address)).values()
    assert first == second


def test_delayed_mail_is_dated_when_it_was_sent_and_received_later(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    told = control.story("wrong_item", address, age_minutes=300, delay_minutes=200)
    client = imap(address)
    client.normalise_times = False
    (parts,) = client.fetch(client.search(), ["INTERNALDATE"]).values()
    lag = parts[b"INTERNALDATE"] - datetime.fromisoformat(told["sent_at"])
    assert timedelta(minutes=199) < lag < timedelta(minutes=202)


def test_new_mail_ends_an_idle_wait(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    client = imap(address)
    client.idle()
    control.story("thank_you", address)
    answers = client.idle_check(timeout=20)
    client.idle_done()
    assert (1, b"EXISTS") in answers


def test_a_client_can_file_a_mail_into_sent(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    client = imap(address, "Sent")
    client.append("Sent", b"Subject: mine\r\n\r\nhello\r\n", flags=[b"\\Seen"])
    assert list(mails(client).values()) == [b"Subject: mine\r\n\r\nhello\r\n"]


def test_a_changed_password_makes_the_old_one_fail(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    imap(address)
    control.change_account(address, password="other")
    with pytest.raises(LoginError):
        imap(address)
    assert imap(address, password="other").folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0
    assert control.wait_for("login_failed", account=address)["protocol"] == "imap"


def test_a_new_uidvalidity_keeps_the_mails_and_renumbers_them(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    control.story("damaged", address)
    before = imap(address)
    old_validity = before.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"]
    old = mails(before)
    validity = control.new_uidvalidity(address)
    with pytest.raises((IMAPClientError, OSError)):
        before.noop()
    after = imap(address)
    assert after.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"] == validity > old_validity
    new = mails(after)
    assert list(new.values()) == list(old.values())
    assert set(new).isdisjoint(old)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_keeps_mails_uids_flags_log_and_accounts(own_simulator: SimulatorProcess, end: str) -> None:
    control = own_simulator.control
    control.open_account("care@acme.test")
    control.story("where_is_my_order", "care@acme.test")
    told = control.story("damaged", "care@acme.test")
    client = open_imap(own_simulator, "care@acme.test")
    old, validity = mails(client), client.folder_status("INBOX", ["UIDVALIDITY"])
    client.select_folder("INBOX")
    client.add_flags(1, [b"\\Seen"])
    client.delete_messages([2])
    client.expunge()
    client.shutdown()
    log = control.log()
    endpoints = own_simulator.endpoints

    getattr(own_simulator, end)()
    own_simulator.start()

    assert own_simulator.imap == (endpoints["imap_host"], endpoints["imap_port"])
    control = own_simulator.control
    client = open_imap(own_simulator, "care@acme.test")
    assert mails(client) == {1: old[1]}
    assert b"\\Seen" in client.get_flags(1)[1]
    assert client.folder_status("INBOX", ["UIDVALIDITY"]) == validity
    client.shutdown()
    assert control.log()[: len(log)] == log
    assert control.story("thank_you", "care@acme.test")["story_id"] not in (told["story_id"], "s1")
    client = open_imap(own_simulator, "care@acme.test")
    assert sorted(mails(client)) == [1, 3]
    client.shutdown()


def test_an_unknown_account_or_folder_is_refused_in_words(control: Control, seller: OpenAccount) -> None:
    with pytest.raises(ControlError, match="no seller account with the address 'who@acme.test'"):
        control.mail("who@acme.test", b"x")
    with pytest.raises(ControlError, match="no folder Attic"):
        control.mail(seller(), b"x", folder="Attic")


def test_two_sessions_see_the_same_mailbox(control: Control, seller: OpenAccount, imap: OpenImap) -> None:
    address = seller()
    one, two = imap(address), imap(address)
    control.story("thank_you", address)
    assert mails(one) == mails(two) != {}


def test_no_login_without_an_account(simulator: SimulatorProcess) -> None:
    client = IMAPClient(*simulator.imap, ssl=False, timeout=20)
    with pytest.raises(LoginError):
        client.login("nobody@acme.test", "secret")
    client.shutdown()
