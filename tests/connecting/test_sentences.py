"""Bad input: each its own sentence with what to do, nothing stored, no page of code."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from marketplaces.models import Credential, SellerAccount
from tests.connecting.conftest import MakeWizard, Wizard, text_of

UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
CLIENT = "amzn1.application-oa2-client.0123456789abcdef"
SECRET = "amzn1.oa2-cs.v1.0123456789abcdef"
WALMART = [
    ({"api_client_id": CLIENT, "api_client_secret": SECRET}, "This is an Amazon key."),
    ({"api_client_id": UUID, "api_client_secret": "abc "}, "ends with a space"),
    ({"api_client_id": UUID, "api_client_secret": "\nabc"}, "begins with a space or a line break"),
    ({"api_client_id": UUID, "api_client_secret": "ab c"}, "inside the client secret"),
    ({"api_client_id": UUID, "api_client_secret": "ab\u200bc"}, "holds a character no such key has"),
    ({"api_client_id": "abc", "api_client_secret": UUID}, "are swapped"),
    ({"api_client_id": "abc", "api_client_secret": "abc"}, "This is no client ID."),
    ({"api_client_id": UUID, "api_client_secret": ""}, "Paste the client secret."),
]
AMAZON = [
    ({"lwa_client_id": UUID, "lwa_client_secret": "a", "refresh_token": "Atzr|x"}, "This is a Walmart key."),
    ({"lwa_client_id": "abc", "lwa_client_secret": "a", "refresh_token": "Atzr|x"}, "no LWA client ID"),
    ({"lwa_client_id": CLIENT, "lwa_client_secret": SECRET, "refresh_token": "Atza|x"}, "an access token"),
    ({"lwa_client_id": CLIENT, "lwa_client_secret": SECRET, "refresh_token": "x"}, "no refresh token"),
    ({"lwa_client_id": CLIENT, "lwa_client_secret": SECRET}, "Paste the refresh token"),
    ({"lwa_client_id": CLIENT, "refresh_token": "Atzr|x"}, "Paste the LWA client secret."),
    ({"lwa_client_id": CLIENT, "lwa_client_secret": SECRET + " ", "refresh_token": "Atzr|x"}, "ends with"),
]


def nothing_is_stored(shop: Wizard) -> bool:
    with tenant_tx(shop.world.acme.pk):
        return not Credential.objects.filter(account=shop.account_id).exists()


@pytest.mark.parametrize(
    ("marketplace", "given", "sentence"),
    [("walmart", *row) for row in WALMART] + [("amazon", *row) for row in AMAZON],
)
def test_a_key_that_cannot_be_one_is_told_apart(
    wizard: MakeWizard, marketplace: str, given: dict[str, str], sentence: str
) -> None:
    shop = wizard(marketplace)
    shop.start()
    answer = shop.browser.post(shop.address("key"), given)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "[" not in str(answer.content.decode().partition('class="wrong"')[2].partition("</p>")[0])
    assert all(secret not in answer.content.decode() for secret in (SECRET, "Atzr|x"))
    assert nothing_is_stored(shop)


def test_a_consent_taken_back_says_to_authorise_again(wizard: MakeWizard) -> None:
    shop = wizard("amazon", api={"revoked": True})
    shop.start()
    said = shop.enter("key", shop.key())
    assert "no longer accepts this account's authorisation" in said
    assert "Authorise the application again in Seller Central" in said
    assert nothing_is_stored(shop)


def test_a_mailbox_that_is_read_already_is_not_read_twice(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.start()
    box = shop.mailbox()
    with tenant_tx(shop.world.acme.pk):
        twin = SellerAccount.objects.filter(pk=shop.world.walmart.pk)
        twin.update(imap_host=box["imap_host"], imap_user=str(box["imap_user"]).upper())
    said = shop.enter("mailbox", box)
    assert "Lumen US reads this mailbox already." in said
    assert "Every message would come in twice." in said
    assert nothing_is_stored(shop)
    # Of another marketplace nothing comes in twice; and who is disconnected reads nothing.
    with tenant_tx(shop.world.acme.pk):
        twin.update(market="amazon-us")
    assert "opens and sends" in shop.enter("mailbox", box)


def test_a_name_that_is_taken_and_an_address_that_is_none_are_refused(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    assert "Another account has this name." in text_of(shop.start(name="Lumen US"))
    assert "This is no mail address." in text_of(shop.start(sender_address="care at acme"))
    assert "Select a valid choice" in text_of(shop.start(market="amazon-de"))


@pytest.mark.parametrize(
    ("reply", "sentence", "fix"),
    [
        (
            "[ALERT] Application-specific password required: https://support.google.example/185833",
            "wants an app password",
            "Make an app password",
        ),
        ("[AUTHENTICATIONFAILED] Basic authentication is disabled.", "no longer takes passwords", "Choose"),
        ("[AUTHENTICATIONFAILED] Invalid credentials", "refuses user and password", "Type both again"),
    ],
)
def test_a_refused_sign_in_says_which_password_is_wanted(
    wizard: MakeWizard, reply: str, sentence: str, fix: str
) -> None:
    shop = wizard("walmart")
    shop.start()
    shop.control.fault("imap.login", "reply", account=shop.seller["address"], reply=reply)
    said = shop.enter("mailbox", shop.mailbox())
    assert sentence in said
    assert fix in said
    assert nothing_is_stored(shop)


def test_a_server_that_only_sends_badly_is_told_from_the_mailbox(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.start()
    refusal = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
    shop.control.fault("smtp.auth", "reply", account=shop.seller["address"], reply=refusal)
    said = shop.enter("mailbox", shop.mailbox())
    assert "The sending server no longer takes passwords" in said
    assert nothing_is_stored(shop)


@pytest.mark.parametrize(
    ("changes", "private", "sentence"),
    [
        ({"imap_host": "127.0.0.1"}, False, "127.0.0.1 leads into a private network."),
        ({"smtp_host": "10.0.0.7", "imap_host": "10.0.0.7"}, False, "10.0.0.7 leads into a private network."),
        ({"imap_host": "imap.nowhere.invalid"}, True, "There is no host imap.nowhere.invalid."),
        ({"imap_port": 1}, True, "does not answer on port 1"),
    ],
)
def test_a_host_that_cannot_be_used_is_named(
    wizard: MakeWizard, settings: Settings, changes: dict[str, Any], private: bool, sentence: str
) -> None:
    shop = wizard("walmart")
    shop.start()
    given = shop.mailbox(**changes)
    if not private:
        given |= {"imap_security": "tls", "smtp_security": "tls"}
    settings.ALLOW_PRIVATE_HOSTS = private
    said = shop.enter("mailbox", given)
    assert sentence in said
    if "port" not in sentence:  # that one may pass and is tried again for a while
        assert nothing_is_stored(shop)


@pytest.fixture
def with_own_certificate(tmp_path: Path) -> Iterator[int]:
    """A TLS server whose certificate nobody vouches for; its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "own.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    try:
                        context.wrap_socket(peer, server_side=True).close()
                    except OSError:
                        continue

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_bad_certificate_and_a_port_without_tls_are_told_apart(
    wizard: MakeWizard, with_own_certificate: int
) -> None:
    shop = wizard("walmart")
    shop.start()
    said = shop.enter("mailbox", shop.mailbox(imap_port=with_own_certificate, imap_security="tls"))
    assert "The certificate of 127.0.0.1 cannot be trusted." in said
    said = shop.enter("mailbox", shop.mailbox(imap_security="tls"))
    assert "does not speak TLS on port" in said
    assert nothing_is_stored(shop)
