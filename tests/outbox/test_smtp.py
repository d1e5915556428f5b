"""How far a mail came, against a real SMTP server that refuses, hangs and cuts at every step."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pytest_django import Settings

from marketplaces.mailbox.compose import OutgoingMail, compose
from marketplaces.mailbox.smtp import (
    Accepted,
    Answer,
    AuthRefused,
    NotHanded,
    Refused,
    Silent,
    SmtpServer,
    hand_over,
)
from tests.simulator_client import Control, SimulatorProcess

BEFORE_THE_DOT = ["smtp.connect", "smtp.auth", "smtp.mail", "smtp.rcpt", "smtp.data"]


class Sending:
    """One mail from a seller account of its own to a buyer who wrote to it."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.relay: Control = process.control
        self.process = process
        self.address = f"care.{uuid4().hex[:12]}@shop.example"
        self.password = "mailbox secret"
        self.relay.open_account(self.address, password=self.password)
        self.buyer = self.relay.story("where_is_my_order", self.address)["relay_address"]
        self.message_id = f"<{uuid4()}@helpdesk.example>"
        self.begun = 0
        self.start = self.relay.last()

    def go(self, *, ours: bool = True, seconds: float = 20, body: str = "Soon.", sender: str = "") -> Answer:
        content = compose(
            OutgoingMail(
                sender=sender or self.address,
                recipient=self.buyer,
                subject="Re: order",
                message_id=self.message_id,
                in_reply_to="",
                references="",
                body=body,
                date=datetime.now(UTC),
            )
        )

        def begin() -> bool:
            self.begun += 1
            assert self.accepted() == 0
            return ours

        host, port = self.process.smtp
        return hand_over(
            SmtpServer(host, port, "plain", self.address, self.password),
            sender=sender or self.address,
            recipient=self.buyer,
            content=content,
            before_data_ends=begin,
            seconds=seconds,
        )

    def accepted(self) -> int:
        """How often the other side has accepted it, by its own log."""
        events = self.relay.log(self.start, kind="accepted")
        return sum(event["message_id"] == self.message_id for event in events)


@pytest.fixture
def sending(relay_process: SimulatorProcess, relay: Control) -> Sending:
    return Sending(relay_process)


def test_an_accepted_mail_is_in_the_buyers_mailbox(sending: Sending) -> None:
    answer = sending.go(body="Hello,\n.\nit is on its way.\n..\n")
    assert answer == Accepted("250 2.0.0 Ok: queued")
    (mail,) = sending.relay.buyer(sending.buyer)
    assert mail["message_id"] == sending.message_id
    assert mail["text"].splitlines() == ["Hello,", ".", "it is on its way.", ".."]
    assert (sending.begun, sending.accepted()) == (1, 1)


def test_a_mail_that_is_no_longer_ours_is_dropped_before_it_counts(sending: Sending) -> None:
    assert isinstance(sending.go(ours=False), NotHanded)
    again = Sending(sending.process)
    assert isinstance(again.go(), Accepted)  # the server has seen the first one's end by now
    assert (sending.begun, sending.accepted()) == (1, 0)


def test_a_wrong_password_is_the_accounts_fault(sending: Sending) -> None:
    sending.password = "wrong"
    answer = sending.go()
    assert isinstance(answer, AuthRefused)
    assert answer.answer.startswith("535")
    assert sending.begun == 0


def test_a_sender_the_marketplace_does_not_know_is_refused_for_good(sending: Sending) -> None:
    answer = sending.go(sender="other@shop.example")
    assert isinstance(answer, Refused)
    assert answer.permanent
    assert answer.answer.startswith("550")


@pytest.mark.parametrize("point", ["smtp.mail", "smtp.rcpt", "smtp.data", "smtp.after_dot"])
@pytest.mark.parametrize(("reply", "permanent"), [("451 4.3.0 try later", False), ("554 5.7.1 never", True)])
def test_a_refusal_says_whether_trying_again_helps(
    sending: Sending, point: str, reply: str, permanent: bool
) -> None:
    sending.relay.fault(point, "reply", reply=reply, account=sending.address)
    assert sending.go() == Refused(reply, permanent=permanent)
    assert sending.accepted() == 0
    assert sending.begun == (1 if point == "smtp.after_dot" else 0)


def test_a_server_too_busy_to_sign_us_in_may_be_asked_again(sending: Sending) -> None:
    sending.relay.fault("smtp.auth", "reply", reply="454 4.7.0 busy", account=sending.address)
    assert sending.go() == Refused("454 4.7.0 busy", permanent=False)


@pytest.mark.parametrize("point", BEFORE_THE_DOT)
@pytest.mark.parametrize("action", ["close", "hold"])
def test_what_breaks_before_the_final_line_is_safe_to_repeat(
    sending: Sending, point: str, action: str
) -> None:
    account = {} if point == "smtp.connect" else {"account": sending.address}
    sending.relay.fault(point, action, **account)
    assert isinstance(sending.go(seconds=0.5), NotHanded)
    sending.relay.clear_faults()
    sending.relay.release()
    assert sending.begun == 0
    assert isinstance(sending.go(), Accepted)
    assert sending.accepted() == 1


@pytest.mark.parametrize("action", ["close", "hold"])
def test_silence_after_the_final_line_is_called_silence(sending: Sending, action: str) -> None:
    sending.relay.fault("smtp.after_dot", action, account=sending.address)
    assert isinstance(sending.go(seconds=0.5), Silent)
    assert (sending.begun, sending.accepted()) == (1, 1)


@pytest.mark.parametrize("reply", ["354 go on", "999 what"])
def test_an_answer_that_is_none_is_called_silence(sending: Sending, reply: str) -> None:
    sending.relay.fault("smtp.after_dot", "reply", reply=reply, account=sending.address)
    assert isinstance(sending.go(), Silent)


def test_nobody_there_is_safe_to_repeat(sending: Sending) -> None:
    answer = hand_over(
        SmtpServer("127.0.0.1", 1, "plain", "user", "secret"),
        sender=sending.address,
        recipient=sending.buyer,
        content=b"\r\n",
        before_data_ends=lambda: True,
    )
    assert isinstance(answer, NotHanded)
    assert "refused" in answer.error


def test_a_line_break_never_becomes_a_command(sending: Sending) -> None:
    sending.buyer += ">\r\nRCPT TO:<x@evil.example"
    host, port = sending.process.smtp
    answer = hand_over(
        SmtpServer(host, port, "plain", sending.address, sending.password),
        sender=sending.address,
        recipient=sending.buyer,
        content=b"\r\n",
        before_data_ends=lambda: True,
    )
    assert answer == NotHanded("A command to the mail server would have a line break in it.")


def test_a_host_in_a_private_network_is_told_no_secret(sending: Sending, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    answer = sending.go()
    assert isinstance(answer, NotHanded)
    assert "private network" in answer.error
    assert sending.relay.log(sending.start, kind="login,login_failed") == []


def test_the_password_shows_nowhere() -> None:
    assert "s3cret" not in repr(SmtpServer("h", 25, "tls", "u", "s3cret"))


def test_two_exchanges_at_once_do_not_disturb_each_other(sending: Sending) -> None:
    other = Sending(sending.process)
    sending.relay.fault("smtp.data", "hold", account=sending.address)
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(sending.go()))
    thread.start()
    sending.relay.wait_for("held", after=sending.start, account=sending.address)
    assert isinstance(other.go(), Accepted)
    sending.relay.release()
    thread.join(20)
    assert answers == [Accepted("250 2.0.0 Ok: queued")]
