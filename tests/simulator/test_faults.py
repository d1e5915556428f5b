"""What goes wrong on demand, at every step of a session."""

import smtplib
import threading
from typing import Any

import pytest
from imapclient.exceptions import LoginError

from tests.simulator.conftest import OpenAccount, OpenImap, OpenSmtp, reply_to
from tests.simulator_client import Control, ControlError, SimulatorProcess


class _Sending(threading.Thread):
    """Sends a mail beside the test and keeps what came of it."""

    def __init__(self, client: smtplib.SMTP, message: Any) -> None:
        super().__init__(daemon=True)
        self._client, self._message = client, message
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._client.send_message(self._message)
        except (OSError, smtplib.SMTPException) as error:
            self.error = error

    def finished(self) -> bool:
        self.join(20)
        return not self.is_alive()


def _accepted(control: Control, address: str) -> list[dict[str, Any]]:
    return control.log(kind="accepted", account=address)


def test_a_client_that_dies_while_held_before_data_delivers_nothing(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.fault("smtp.data", "hold", account=address)
    client = smtp(address)
    sending = _Sending(client, reply_to(told, address))
    control.wait_for("held", account=address, point="smtp.data")
    assert client.sock is not None
    client.sock.shutdown(2)
    control.wait_for("abandoned", account=address, point="smtp.data")
    assert sending.finished()
    assert sending.error is not None
    assert control.faults()["held"] == 0
    control.release()
    assert _accepted(control, address) == []
    smtp(address).send_message(reply_to(told, address))
    assert len(_accepted(control, address)) == 1


def test_a_session_released_before_data_goes_on(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.fault("smtp.data", "hold", match=told["relay_address"])
    sending = _Sending(smtp(address), reply_to(told, address))
    control.wait_for("held", account=address, point="smtp.data")
    assert _accepted(control, address) == []
    assert control.release() == 1
    assert sending.finished()
    assert sending.error is None
    assert len(_accepted(control, address)) == 1


def test_a_mail_held_after_the_dot_is_already_accepted(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    told = control.story("damaged", address)
    message = reply_to(told, address)
    control.fault("smtp.after_dot", "hold", match=message["Message-ID"])
    sending = _Sending(smtp(address), message)
    control.wait_for("held", account=address, message_id=message["Message-ID"])
    assert len(_accepted(control, address)) == 1
    assert sending.is_alive()
    assert control.release() == 1
    assert sending.finished()
    assert sending.error is None
    assert len(control.buyer(told["relay_address"])) == 1


def test_a_connection_cut_after_the_dot_leaves_the_mail_accepted(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.fault("smtp.after_dot", "close", account=address)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp(address).send_message(reply_to(told, address))
    assert len(_accepted(control, address)) == 1


def test_a_reply_after_the_dot_means_not_accepted(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.fault("smtp.after_dot", "reply", account=address, reply="451 4.3.0 try later")
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        smtp(address).send_message(reply_to(told, address))
    assert refusal.value.smtp_code == 451
    assert _accepted(control, address) == []


def test_a_session_held_after_acceptance_has_its_answer(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.fault("smtp.after_accept", "hold", match=told["relay_address"])
    client = smtp(address)
    client.send_message(reply_to(told, address))
    control.wait_for("held", account=address, point="smtp.after_accept")
    assert len(_accepted(control, address)) == 1
    control.release()
    assert client.noop()[0] == 250


@pytest.mark.parametrize("point", ["smtp.mail", "smtp.rcpt", "smtp.data"])
def test_a_step_can_be_refused_or_cut(
    control: Control, seller: OpenAccount, smtp: OpenSmtp, point: str
) -> None:
    address = seller()
    told = control.story("damaged", address)
    control.fault(point, "reply", account=address, reply="451 4.7.1 greylisted", times=2)
    for _ in range(2):
        with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as refusal:
            smtp(address).send_message(reply_to(told, address))
        assert "451" in str(refusal.value)
    control.fault(point, "close", account=address)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp(address).send_message(reply_to(told, address))
    assert _accepted(control, address) == []
    smtp(address).send_message(reply_to(told, address))
    assert len(_accepted(control, address)) == 1


def test_connecting_and_logging_in_can_fail(
    simulator: SimulatorProcess, control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    address = seller()
    control.fault("smtp.connect", "reply", reply="421 4.3.2 shutting down")
    with pytest.raises(smtplib.SMTPConnectError):
        smtp(address)
    control.fault("smtp.connect", "close")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp(address)
    control.fault("smtp.auth", "reply", account=address, reply="454 4.7.0 temporary failure")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        smtp(address)
    assert refusal.value.smtp_code == 454
    control.fault("smtp.auth", "close", account=address)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp(address)
    assert smtp(address).noop()[0] == 250


def test_imap_login_can_be_refused_cut_and_held(
    control: Control, seller: OpenAccount, imap: OpenImap
) -> None:
    address = seller()
    control.fault("imap.login", "reply", account=address, reply="[UNAVAILABLE] try later")
    with pytest.raises(LoginError, match="UNAVAILABLE"):
        imap(address)
    control.fault("imap.login", "close", account=address)
    with pytest.raises((LoginError, OSError)):
        imap(address)
    control.fault("imap.login", "hold", account=address)
    login = threading.Thread(target=imap, args=(address,), daemon=True)
    login.start()
    control.wait_for("held", account=address, point="imap.login")
    control.release()
    login.join(20)
    assert not login.is_alive()


def test_a_fault_of_one_account_leaves_others_alone(
    control: Control, seller: OpenAccount, smtp: OpenSmtp
) -> None:
    one, other = seller(), seller()
    told = control.story("damaged", other)
    control.fault("smtp.mail", "reply", account=one, reply="451 later")
    smtp(other).send_message(reply_to(told, other))
    assert [fault["account"] for fault in control.faults()["faults"]] == [one]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"point": "smtp.lunch", "action": "hold"}, "needs a point"),
        ({"point": "smtp.data", "action": "explode"}, "needs an action"),
        ({"point": "smtp.data", "action": "reply"}, "needs a reply"),
        ({"point": "smtp.data", "action": "reply", "reply": "later"}, "three digits"),
        ({"point": "smtp.data", "action": "hold", "times": 0}, "from 1"),
        ({"point": "smtp.data", "action": "hold", "colour": "red"}, "no colour"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_words(
    control: Control, facts: dict[str, Any], words: str
) -> None:
    with pytest.raises(ControlError, match=words):
        control.ask("POST", "faults", facts)
