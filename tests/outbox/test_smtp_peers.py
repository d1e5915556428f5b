"""The exchange with servers that encrypt, cheat, babble or give up."""

from pathlib import Path

import pytest
from pytest_django import Settings

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
from tests.outbox.scripted import Scripted, certificate, listening

MAIL = b"Subject: x\r\n\r\n.hidden\r\n.\r\nend\r\n"


@pytest.fixture(autouse=True)
def loopback_is_open(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOSTS = True


def send(
    script: Scripted, *, security: str = "plain", seconds: float = 5, password: str = "geheim ü"
) -> Answer:
    with listening(script) as port:
        return hand_over(
            SmtpServer("127.0.0.1", port, security, "care@shop.example", password),
            sender="care@shop.example",
            recipient="buyer@relay.example",
            content=MAIL,
            before_data_ends=lambda: True,
            seconds=seconds,
        )


@pytest.mark.parametrize("at_once", [True, False])
def test_a_trusted_certificate_lets_mail_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    script = Scripted(tls=certificate(tmp_path, "127.0.0.1"), at_once=at_once)
    if not at_once:
        script.replies["EHLO"] = b"250-scripted\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    assert send(script, security="tls" if at_once else "starttls") == Accepted("250 taken")
    assert script.mails == [b"Subject: x\r\n\r\n..hidden\r\n..\r\nend\r\n.\r\n"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_certificate_that_is_not_trusted_or_not_theirs_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    script = Scripted(tls=certificate(tmp_path, host), at_once=True)
    if host == "127.0.0.2":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    answer = send(script, security="tls")
    assert isinstance(answer, NotHanded)
    assert "certificate" in answer.error
    assert script.heard == []


def test_without_starttls_nothing_is_said_in_clear() -> None:
    script = Scripted()
    assert send(script, security="starttls") == NotHanded("The server offers no STARTTLS.")
    assert [line.split()[0] for line in script.heard] == ["EHLO"]


def test_login_is_used_where_plain_is_not_offered() -> None:
    script = Scripted({"EHLO": b"250-scripted\r\n250 AUTH LOGIN\r\n", "AUTH": b"334 VXNlcm5hbWU6\r\n"})
    script.replies |= {"Y2FYZUBZAG9WLMV4YW1WBGU=": b"334 x\r\n"}
    answer = send(script)
    assert script.heard[1] == "AUTH LOGIN"
    assert isinstance(answer, AuthRefused)


def test_a_server_without_sign_in_is_the_accounts_fault() -> None:
    assert isinstance(send(Scripted({"EHLO": b"250 scripted\r\n"})), AuthRefused)


def test_the_size_is_declared_where_it_is_asked_for() -> None:
    script = Scripted({"EHLO": b"250-scripted\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n"})
    assert isinstance(send(script), Accepted)
    assert f"MAIL FROM:<care@shop.example> SIZE={len(MAIL)}" in script.heard


@pytest.mark.parametrize(
    "greeting", [b"554 go away\r\n", b"hello\r\n", b"SSH-2.0-x\r\n", b"220", b"", b"2" * 100_000]
)
def test_a_server_that_does_not_greet_is_asked_again_later(greeting: bytes) -> None:
    assert isinstance(send(Scripted({"": greeting}), seconds=0.5), NotHanded)


def test_a_server_that_gives_up_before_the_final_line_has_not_got_the_mail() -> None:
    script = Scripted({"DATA": b"354 go ahead\r\n421 shutting down\r\n"})
    assert send(script) == Refused("421 shutting down", permanent=False)
    assert script.mails == []


def test_a_server_that_hangs_up_after_the_final_line_leaves_us_in_doubt() -> None:
    script = Scripted({".": b""}, hangs_up_after=".")
    assert send(script) == Silent("The server closed the connection.")


@pytest.mark.parametrize("words", [b"250-a\r\n" * 20_000, b"2" * 100_000, b"354 more\r\n", b"\x00\r\n"])
def test_babble_after_the_final_line_leaves_us_in_doubt(words: bytes) -> None:
    assert isinstance(send(Scripted({".": words}), seconds=2), Silent)


def test_a_peers_words_become_one_short_line() -> None:
    script = Scripted({"RCPT": b"550-no\t\x1b[31m such\r\n550 user " + b"x" * 2000 + b"\r\n"})
    answer = send(script)
    assert isinstance(answer, Refused)
    assert answer.answer.startswith("550 no [31m such user xxx")
    assert len(answer.answer) == 500


def test_a_server_that_drips_is_left_after_the_hard_end() -> None:
    script = Scripted({"": b"220-a\r\n"})
    assert isinstance(send(script, seconds=0.3), NotHanded)
