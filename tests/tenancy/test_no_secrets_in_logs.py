"""Whatever goes wrong, a log line holds no mailbox password, no buyer's word and nobody's address."""

import io
import logging
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
import structlog
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from inbox import delivery
from inbox.models import Conversation, OutboundReply
from inbox.tasks import poll_mailbox
from marketplaces import credentials
from marketplaces.models import Health, SellerAccount
from tests.outbox.rows import due_reply
from tests.simulator_client import SimulatorProcess
from tests.tenancy.conftest import browser_of
from tests.tenancy.walk import ask
from tests.world import PASSWORD, World, conversation_of, walmart_mail

Superuser = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """What must not be read in a log."""

    password: str
    text: str
    buyer: str
    address: str

    def in_(self, log: str) -> list[str]:
        """Those of them that stand in a log."""
        return [word for word in (self.password, self.text, self.buyer, self.address) if word in log]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the product's own chain writes, as an operator sees it who wants to know everything."""
    root = logging.getLogger()
    formatter = next(
        handler.formatter
        for handler in root.handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    )
    lines = io.StringIO()
    ear = logging.StreamHandler(lines)
    ear.setFormatter(formatter)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(ear)
    root.setLevel(level)


@pytest.fixture
def words(world: World, settings: Settings) -> Words:
    """Canaries; the mailbox password of acme's Walmart account is one of them."""
    settings.ALLOW_PRIVATE_HOSTS = True
    said = Words(
        password=f"key{secrets.token_hex(8)}",
        text=f"lamp{secrets.token_hex(8)}",
        buyer=f"Denise{secrets.token_hex(8)}",
        address=f"care.{secrets.token_hex(8)}@acme.example",
    )
    with tenant_tx(world.acme.pk):
        for field in ("imap_password", "smtp_password"):
            credentials.seal(world.walmart, field, said.password)
    return said


@pytest.fixture(scope="session")
def mail_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """A marketplace's mail servers."""
    with SimulatorProcess(tmp_path_factory.mktemp("mail") / "data", memory=True) as process:
        yield process


@pytest.fixture
def shop(world: World, words: Words, mail_servers: SimulatorProcess) -> SellerAccount:
    """acme's Walmart account with a mailbox of its own."""
    mail_servers.control.open_account(words.address, name="Lumen US", password=words.password)
    account = world.walmart
    account.sender_address = account.imap_user = account.smtp_user = words.address
    account.imap_host, account.imap_port = mail_servers.imap
    account.smtp_host, account.smtp_port = mail_servers.smtp
    with tenant_tx(account.tenant_id):
        account.save()
    return account


def poll(account: SellerAccount) -> None:
    """Ring the bell of an account's mailbox."""
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(next_poll_at=Now() - timedelta(seconds=5))
    poll_mailbox.run(account.pk, tenant_id=account.tenant_id)


def health_of(account: SellerAccount) -> SellerAccount:
    """The account as it is now."""
    with tenant_tx(account.tenant_id):
        found: SellerAccount = SellerAccount.objects.get(pk=account.pk)
    return found


def a_mail(account: SellerAccount, words: Words) -> bytes:
    """A buyer's mail with the canaries in it."""
    return walmart_mail(account, text=f"{words.text}?", buyer=words.buyer, subject=f"About {words.text}")


def test_polling_reading_and_answering(
    world: World, shop: SellerAccount, words: Words, mail_servers: SimulatorProcess, log: io.StringIO
) -> None:
    mail = a_mail(shop, words)
    broken = mail.replace(b"Content-Type: text/plain", b"Content-Type: multipart/mixed; boundary=x", 1)
    for content in (mail, mail, broken, b"\xff" * 50 + words.text.encode(), words.text.encode()):
        mail_servers.control.mail(words.address, content)
    poll(shop)
    with tenant_tx(world.acme.pk):
        talk = Conversation.objects.get(buyer_name=words.buyer)
    reply = due_reply(talk, world.alice, f"Dear {words.buyer}, the {words.text} left yesterday.")
    delivery.deliver(reply.pk, tenant_id=world.acme.pk)
    mail_servers.control.change_account(words.address, password="changed")
    refused = due_reply(talk, world.alice, f"And the other {words.text} too.")
    delivery.deliver(refused.pk, tenant_id=world.acme.pk)
    with tenant_tx(world.acme.pk):
        assert OutboundReply.objects.filter(attempts__gt=0).count() >= 1
    assert "reply tried" in log.getvalue()
    assert words.in_(log.getvalue()) == []


def test_a_mailbox_that_refuses_the_password(
    shop: SellerAccount, words: Words, mail_servers: SimulatorProcess, log: io.StringIO
) -> None:
    mail_servers.control.change_account(words.address, password="changed")
    poll(shop)
    poll(shop)
    assert health_of(shop).health == Health.AUTH_FAILED
    assert "mailbox not read" in log.getvalue()
    assert words.in_(log.getvalue()) == []


def test_a_mail_server_that_repeats_what_it_was_told(world: World, words: Words, log: io.StringIO) -> None:
    account = world.walmart
    account.imap_user = words.address
    with parrot() as port:
        account.imap_port = port
        with tenant_tx(account.tenant_id):
            account.save()
        poll(account)
    assert health_of(account).health != Health.OK
    assert words.password not in health_of(account).health_reason
    assert words.in_(log.getvalue()) == []


def test_a_reply_that_the_guard_stops(world: World, words: Words, log: io.StringIO) -> None:
    talk = conversation_of(world.walmart, buyer=words.buyer)
    answer = ask(
        browser_of(world.alice),
        "POST",
        f"/t/acme/c/{talk.number}/replies/",
        {"body": f"{words.text}: write to {words.address}", "client_key": str(uuid4())},
    )
    assert answer.status == 409
    assert "Conflict" in log.getvalue()
    assert words.in_(log.getvalue()) == []


def test_a_sign_in_that_fails(world: World, words: Words, log: io.StringIO) -> None:
    for login in (words.address, world.alice.user.email):
        ask(Client(), "POST", "/login/", {"login": login, "password": words.password})
    assert words.in_(log.getvalue()) == []
    assert world.alice.user.email not in log.getvalue()


def test_a_row_the_database_refuses(
    world: World, words: Words, superuser: Superuser, log: io.StringIO
) -> None:
    talk = conversation_of(world.walmart, buyer=words.buyer)
    with refusing(superuser, "inbox_note"):
        assert note(world, talk, words) == 500
    assert "Internal Server Error" in log.getvalue()
    assert words.in_(log.getvalue()) == []


def test_a_person_the_database_refuses(world: World, superuser: Superuser, log: io.StringIO) -> None:
    browser = Client(raise_request_exception=False)
    with refusing(superuser, "accounts_user"):
        answer = ask(browser, "POST", "/login/", {"login": world.alice.user.email, "password": PASSWORD})
    assert answer.status == 500
    assert "Internal Server Error" in log.getvalue()
    for secret in (world.alice.user.email, world.alice.user.name, PASSWORD, "argon2$"):
        assert secret not in log.getvalue()


def test_a_column_that_is_not_there_yet(
    world: World, words: Words, superuser: Superuser, log: io.StringIO
) -> None:
    talk = conversation_of(world.walmart, buyer=words.buyer)
    superuser.execute("ALTER TABLE inbox_note RENAME created_at TO other")
    try:
        assert note(world, talk, words) == 500
    finally:
        superuser.execute("ALTER TABLE inbox_note RENAME other TO created_at")
    assert "Internal Server Error" in log.getvalue()
    assert words.in_(log.getvalue()) == []


def note(world: World, talk: Conversation, words: Words) -> int:
    """Leave a note with the buyer's words in it; the answer's status."""
    browser = browser_of(world.alice)
    browser.raise_request_exception = False
    return ask(browser, "POST", f"/t/acme/c/{talk.number}/notes/", {"body": words.text}).status


@contextmanager
def refusing(superuser: Superuser, table: str) -> Iterator[None]:
    """No row of the table can be written, as if a rule of the schema had been forgotten in the code."""
    superuser.execute(f"ALTER TABLE {table} ADD CONSTRAINT forgotten CHECK (false) NOT VALID")
    try:
        yield
    finally:
        superuser.execute(f"ALTER TABLE {table} DROP CONSTRAINT forgotten")


@contextmanager
def parrot() -> Iterator[int]:
    """An IMAP server that refuses a sign-in in the client's own words; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client, client.makefile("rb") as lines:
                client.sendall(b"* OK ready\r\n")
                for line in lines:
                    tag, _, command = line.strip().partition(b" ")
                    if command == b"CAPABILITY":
                        client.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                    else:
                        client.sendall(tag + b" NO I do not take " + command + b"\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
