"""Replies through the relay: who may send, and what comes back."""

import smtplib
from email.message import EmailMessage

import pytest

from tests.simulator.conftest import OpenAccount, OpenImap, OpenSmtp, mails, read, reply_to, text_of
from tests.simulator_client import Control, ControlError


def _notice(imap: OpenImap, address: str, log: Control, after: int) -> EmailMessage:
    """The mail that is placed next in the seller's INBOX."""
    uid = log.wait_for("placed", after=after, account=address)["uid"]
    return read(mails(imap(address))[uid])


@pytest.mark.parametrize("marketplace", ["walmart", "amazon"])
def test_a_reply_from_the_registered_sender_reaches_the_buyer(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, marketplace: str
) -> None:
    address = seller(marketplace)
    told = control.story("where_is_my_order", address)
    message = reply_to(told, address, "It arrives on Monday.")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="label.pdf")
    smtp(address).send_message(message)
    event = control.wait_for("accepted", account=address)
    assert event["message_id"] == message["Message-ID"]
    assert (event["mail_from"], event["rcpt"], event["reply_code"]) == (address, told["relay_address"], 250)
    assert event["size"] > 0
    assert len(event["sha256"]) == 64
    (received,) = control.buyer(told["relay_address"])
    assert received["text"].strip() == "It arrives on Monday."
    assert received["in_reply_to"] == told["message_ids"][0]
    assert received["attachments"] == ["label.pdf"]


@pytest.mark.parametrize("marketplace", ["walmart", "amazon"])
def test_mail_from_another_address_is_refused(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, marketplace: str
) -> None:
    address = seller(marketplace)
    told = control.story("where_is_my_order", address)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        smtp(address).send_message(reply_to(told, address), from_addr="other@acme.test")
    assert refusal.value.recipients[told["relay_address"]][0] == 550
    with pytest.raises(smtplib.SMTPDataError) as data_refusal:
        smtp(address).send_message(reply_to(told, "other@acme.test"), from_addr=address)
    assert data_refusal.value.smtp_code == 550
    assert control.buyer(told["relay_address"]) == []
    assert [event["reply_code"] for event in control.log(kind="refused", account=address)] == [550, 550]


def test_the_registered_sender_may_differ_from_the_mailbox(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller(registered_sender="Service@Acme.test")
    told = control.story("damaged", address)
    smtp(address).send_message(reply_to(told, "Acme Service <service@acme.test>"))
    assert len(control.buyer(told["relay_address"])) == 1


def test_a_relay_address_nobody_was_given_is_unknown(seller: OpenAccount, smtp: OpenSmtp) -> None:
    address = seller("amazon")
    for rcpt in (f"{'0' * 32}@relay.walmart.com", "a1b2c3@marketplace.amazon.de"):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            smtp(address).sendmail(address, [rcpt], b"From: x\r\n\r\nhi")
        assert refusal.value.recipients[rcpt][0] == 550


def test_the_case_in_an_amazon_address_must_be_one_of_the_buyers(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller("amazon")
    told = control.story("damaged", address)
    made_up = told["alias"].replace("@", "+00000000-0000-4000-a000-000000000000@")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp(address).send_message(reply_to({**told, "relay_address": made_up}, address))
    smtp(address).send_message(reply_to({**told, "relay_address": told["alias"]}, address))
    assert len(control.buyer(told["alias"])) == 1


def test_another_sellers_buyer_cannot_be_written_to(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    told = control.story("damaged", seller())
    other = seller()
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp(other).send_message(reply_to(told, other))
    assert control.buyer(told["relay_address"]) == []


def test_amazon_sends_a_copy_of_an_accepted_reply(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap
) -> None:
    address = seller("amazon")
    told = control.story("damaged", address)
    before = control.last()
    smtp(address).send_message(reply_to(told, address, "A new one is on its way."))
    copy = _notice(imap, address, control, before)
    assert copy["X-Space-Notification-Type"] == "BBC_MESSAGE_CONFIRMATION_TO_MERCHANT"
    assert copy.get_content_type() == "text/html"
    assert "donotreply@amazon.com" in copy["From"]
    assert "A new one is on its way." in text_of(copy)
    assert told["alias"] not in copy.as_string()


def test_no_copy_comes_where_confirmations_are_off(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap
) -> None:
    address = seller("amazon", confirmations=False)
    told = control.story("damaged", address)
    smtp(address).send_message(reply_to(told, address))
    # A second story is delivered after whatever the reply brought about.
    control.story("thank_you", address)
    assert len(mails(imap(address))) == 2


def test_a_bounce_carries_our_message_id_in_the_returned_headers(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.outcome("bounce", relay_address=told["relay_address"])
    before, message = control.last(), reply_to(told, address)
    smtp(address).send_message(message)
    bounce = _notice(imap, address, control, before)
    assert bounce.get_content_type() == "multipart/report"
    assert bounce.get_param("report-type") == "delivery-status"
    assert bounce["Return-Path"] == "<>"
    words, status, headers = bounce.iter_parts()
    assert told["relay_address"] in text_of(words)
    assert "Action: failed" in status.as_string()
    assert headers.get_content_type() == "text/rfc822-headers"
    assert str(message["Message-ID"]) in headers.get_content()
    assert control.wait_for("accepted", account=address, message_id=message["Message-ID"])
    assert control.buyer(told["relay_address"]) == []
    smtp(address).send_message(reply_to(told, address))
    assert len(control.buyer(told["relay_address"])) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("opt_out", "has opted out"),
        ("amazon_undeliverable", "We were unable to deliver the message you sent"),
    ],
)
def test_amazon_takes_a_reply_and_then_says_it_was_not_delivered(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap, outcome: str, words: str
) -> None:
    address = seller("amazon")
    told = control.story("damaged", address)
    control.outcome(outcome, account=address)
    before, message = control.last(), reply_to(told, address)
    smtp(address).send_message(message)
    notice = _notice(imap, address, control, before)
    assert notice["In-Reply-To"] == message["Message-ID"]
    assert words in text_of(notice).replace("\n", " ")
    assert (notice["X-Space-Notification-Type"] == "BUYER_OPTED_OUT_BSM_MESSAGES") == (outcome == "opt_out")
    assert control.buyer(told["relay_address"]) == []


def test_a_buyer_who_opted_out_stays_so(control: Control, seller: OpenAccount, smtp: OpenSmtp) -> None:
    address = seller("amazon")
    told = control.story("presale", address, opted_out=True)
    for _ in range(2):
        before = control.last()
        smtp(address).send_message(reply_to(told, address))
        assert control.wait_for("not_delivered", after=before, account=address)["why"] == "opt_out"
    assert control.buyer(told["relay_address"]) == []


def test_a_mail_over_ten_megabytes_is_too_large_for_amazon(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    walmart, amazon = seller(), seller("amazon")
    for address in (walmart, amazon):
        told = control.story("damaged", address)
        message = reply_to(told, address)
        message.add_attachment(
            bytes(8 * 1024 * 1024), maintype="application", subtype="pdf", filename="big.pdf"
        )
        if address == walmart:
            smtp(address).send_message(message)
            continue
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            smtp(address).send_message(message)
        assert refusal.value.smtp_code == 552


def test_mail_to_the_outside_is_taken_and_logged_apart(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, imap: OpenImap
) -> None:
    address = seller()
    smtp(address).sendmail(
        "anyone@acme.test", ["joe@elsewhere.test"], b"From: x@y.test\r\nMessage-ID: <o@y>\r\n\r\nhi\r\n"
    )
    assert control.wait_for("outside", account=address)["rcpt"] == "joe@elsewhere.test"
    other = seller()
    before = control.last()
    smtp(address).sendmail(address, [other], b"Subject: hello\r\n\r\nhi\r\n")
    assert _notice(imap, other, control, before)["Subject"] == "hello"


def test_nobody_sends_without_a_login(control: Control, seller: OpenAccount, smtp: OpenSmtp) -> None:
    address = seller()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp(address, "wrong")
    assert control.wait_for("login_failed", account=address)["protocol"] == "smtp"


def test_opt_out_is_refused_for_walmart(control: Control, seller: OpenAccount) -> None:
    with pytest.raises(ControlError, match="Only Amazon"):
        control.outcome("opt_out", account=seller())
