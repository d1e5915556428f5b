import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import BouncedMail, MailKind
from tests.mailbox.samples import AMAZON, RELAY, mail

OURS = "<reply-1@shop.example>"


def bounced(raw: bytes, kind: MailKind = MailKind.BOUNCE) -> BouncedMail:
    found = parse(raw, AMAZON)
    assert found.kind is kind
    assert found.bounced is not None
    return found.bounced


def report(*, action: str = "failed", status: str = "5.7.1", returned: str = "message/rfc822") -> bytes:
    return f"""Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.shop.example>
To: service@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=us-ascii

This is the mail system. Your message could not be delivered.

--=_b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.shop.example

Final-Recipient: rfc822; {RELAY}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} Sender is not approved
  for this seller account

--=_b
Content-Type: {returned}

From: service@shop.example
To: {RELAY}
Message-ID: {OURS}
Subject: Re: Where

It leaves today.
--=_b--
""".encode()


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_the_standard_report_names_mail_recipient_and_reason(returned: str) -> None:
    found = bounced(report(returned=returned))
    assert found.message_ids == (OURS,)
    assert found.recipient == RELAY
    assert found.reason == "550 5.7.1 Sender is not approved for this seller account"
    assert found.permanent
    assert found.text_excerpt.startswith("This is the mail system.")
    assert parse(report(returned=returned), AMAZON).machine


def test_a_delay_is_not_permanent() -> None:
    assert not bounced(report(action="delayed", status="4.4.1")).permanent


def test_a_report_of_success_is_no_bounce() -> None:
    assert parse(report(action="delivered", status="2.0.0"), AMAZON).kind is MailKind.UNRECOGNISED


def test_a_read_receipt_is_no_bounce() -> None:
    raw = report().replace(b"report-type=delivery-status", b"report-type=disposition-notification")
    raw = raw.replace(b"message/delivery-status", b"message/disposition-notification")
    raw = raw.replace(b"Undelivered Mail Returned to Sender", b"Read: hello").replace(
        b"could not be delivered", b"was read"
    )
    assert parse(raw, AMAZON).kind is not MailKind.BOUNCE


QMAIL = f"""Hi. This is the qmail-send program at mx.shop.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<{RELAY}>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 user unknown

--- Below this line is a copy of the message.

Message-ID: {OURS}
Subject: Re: Where
"""
EXCHANGE = f"""Delivery has failed to these recipients or groups:

{RELAY}<mailto:{RELAY}>
Your message wasn't delivered because the recipient's server refused it.

Remote Server returned '554 5.7.1 <{RELAY}>: Recipient address rejected'
Original message headers:
Message-ID: {OURS}
"""


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("MAILER-DAEMON@mx.shop.example", "failure notice", QMAIL),
        ("postmaster@mx.shop.example", "Undeliverable: Re: Where", EXCHANGE),
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x.example", "Undeliverable: Re: Where", EXCHANGE),
    ],
)
def test_the_usual_unstandard_forms_are_understood(sender: str, subject: str, text: str) -> None:
    found = bounced(mail(headers={"From": sender, "Return-Path": "<>", "Subject": subject}, text=text))
    assert found.message_ids == (OURS,)
    assert found.recipient == RELAY
    assert "5." in found.reason
    assert found.permanent


def test_a_list_of_failed_recipients_is_enough() -> None:
    raw = mail(
        headers={
            "From": "x@mx.shop.example",
            "X-Failed-Recipients": RELAY,
            "In-Reply-To": OURS,
            "Subject": "Sorry",
        },
        text="No.",
    )
    found = bounced(raw)
    assert (found.message_ids, found.recipient, found.reason) == ((OURS,), RELAY, "Sorry")


def test_amazons_own_words_for_a_failed_delivery() -> None:
    text = "Hello,\n\nWe were unable to deliver the message you sent to Jane because it contains a link.\n"
    raw = mail(
        headers={"From": "no-reply@amazon.com", "Subject": "Your message", "In-Reply-To": OURS}, text=text
    )
    found = bounced(raw)
    assert found.message_ids == (OURS,)
    assert (
        found.reason == "We were unable to deliver the message you sent to Jane because it contains a link."
    )
    assert found.permanent


@pytest.mark.parametrize(
    ("line", "permanent"),
    [
        ("Message-ID: <3625a476-3b15-4663-8b9d-68e87083bf73@helpdesk.example>", True),
        ("Subject: Re: Question (Order: 402-1234567-7654321)", True),
        ("To: buyer+450-x@marketplace.amazon.de", True),
        ("Remote server said: 450-4.2.1 mailbox busy", False),
        ("Remote server said: 451 try later", False),
        ("Remote server said: 550 no such user", True),
    ],
)
def test_only_a_servers_own_code_makes_it_a_delay(line: str, permanent: bool) -> None:
    text = f"Hello,\n\nWe were unable to deliver the message you sent to Jane.\n{line}\nAmazon Services\n"
    raw = mail(
        headers={"From": "no-reply@amazon.com", "Subject": "Your message", "In-Reply-To": OURS}, text=text
    )
    assert bounced(raw).permanent is permanent


def test_an_opt_out_names_the_mail_it_stopped() -> None:
    headers = {
        "From": "donotreply@amazon.com",
        "X-Space-Notification-Type": "BUYER_OPTED_OUT_BSM_MESSAGES",
        "References": OURS,
    }
    found = bounced(
        mail(headers=headers, text="Your message was not sent: this buyer opted out of messages."),
        MailKind.OPT_OUT,
    )
    assert found.message_ids == (OURS,)
    assert "opted out" in found.reason


def test_a_buyer_who_writes_of_a_failure_is_no_bounce() -> None:
    text = "We were unable to deliver the message you sent, says the postman. failure notice! undeliverable!"
    assert parse(mail(headers={"Subject": "Undeliverable"}, text=text), AMAZON).kind is MailKind.BUYER_MESSAGE
