"""One simulator for all tests that do not stop it, and clients for its IMAP and SMTP."""

import email
import email.policy
import itertools
import re
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from tests.simulator.api_clients import AmazonClient, WalmartClient
from tests.simulator_client import Control, SimulatorProcess

_NUMBERS = itertools.count(1)

OpenAccount = Callable[..., str]
OpenImap = Callable[..., IMAPClient]
OpenSmtp = Callable[..., smtplib.SMTP]
OpenWalmart = Callable[[str], WalmartClient]
OpenAmazon = Callable[[str], AmazonClient]


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("simulator")) as process:
        yield process
    assert process.errors() == ""


@pytest.fixture
def simulator(shared_simulator: SimulatorProcess) -> Iterator[SimulatorProcess]:
    yield shared_simulator
    shared_simulator.control.clear_faults()
    shared_simulator.control.release()


@pytest.fixture
def own_simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """One that the test may stop and start."""
    process = SimulatorProcess(tmp_path / "data")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def control(simulator: SimulatorProcess) -> Control:
    return simulator.control


@pytest.fixture
def seller(control: Control) -> OpenAccount:
    """Opens a seller account that no other test has."""

    def open_account(marketplace: str = "walmart", market: str = "us", **facts: Any) -> str:
        address = f"care{next(_NUMBERS)}@acme.test"
        control.open_account(address, marketplace=marketplace, market=market, **facts)
        return address

    return open_account


@pytest.fixture
def imap(simulator: SimulatorProcess) -> Iterator[OpenImap]:
    """Opens logged-in IMAP connections with a folder selected."""
    with ExitStack() as stack:

        def connect(address: str, folder: str = "INBOX", password: str = "secret") -> IMAPClient:
            client = open_imap(simulator, address, folder, password)
            stack.callback(client.shutdown)
            return client

        yield connect


@pytest.fixture
def smtp(simulator: SimulatorProcess) -> Iterator[OpenSmtp]:
    """Opens logged-in SMTP connections."""
    with ExitStack() as stack:

        def connect(address: str, password: str = "secret") -> smtplib.SMTP:
            client = smtplib.SMTP(*simulator.smtp, timeout=20)
            stack.callback(client.close)
            client.login(address, password)
            return client

        yield connect


def open_imap(
    simulator: SimulatorProcess, address: str, folder: str = "INBOX", password: str = "secret"
) -> IMAPClient:
    client = IMAPClient(*simulator.imap, ssl=False, timeout=20)
    # The client writes a command in pieces; without this each waits 40 ms for an acknowledgement.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        client.login(address, password)
        client.select_folder(folder, readonly=True)
    except Exception:
        client.shutdown()
        raise
    return client


def mails(client: IMAPClient) -> dict[int, bytes]:
    """All mails of the selected folder by UID."""
    client.noop()
    found = client.fetch(client.search(), ["BODY.PEEK[]"])
    return {uid: parts[b"BODY[]"] for uid, parts in sorted(found.items())}


def reply_to(
    told: dict[str, Any], sender: str, text: str = "We will look into it.", **headers: str
) -> EmailMessage:
    """A seller's answer to a story."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = told["relay_address"]
    message["Subject"] = f"Re: {told['subject']}"
    message["Message-ID"] = f"<{next(_NUMBERS)}@helpdesk.test>"
    message["In-Reply-To"] = told["message_ids"][-1]
    message.set_content(text)
    for name, value in headers.items():
        del message[name]
        message[name] = value
    return message


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: MIMEPart) -> str:
    """All text of a mail on lines of their own, HTML without its tags."""
    texts = []
    for part in message.walk():
        if part.get_content_maintype() == "text":
            text = part.get_content()
            texts.append(re.sub(r"<[^>]+>", "", text) if part.get_content_subtype() == "html" else text)
    whole = "\n".join(texts).replace("&amp;", "&").replace("&gt;", ">").replace("\r\n", "\n")
    return whole.replace("&nbsp;", " ")


def stamps(message: EmailMessage) -> list[datetime]:
    """Date and the moments of all Received lines."""
    received = [parsedate_to_datetime(line.rpartition(";")[2]) for line in message.get_all("Received", [])]
    return [parsedate_to_datetime(message["Date"]), *received]


@pytest.fixture
def walmart(simulator: SimulatorProcess) -> Iterator[OpenWalmart]:
    """Opens clients of Walmart's API."""
    with ExitStack() as stack:

        def connect(address: str) -> WalmartClient:
            client = WalmartClient(simulator, address)
            stack.callback(client.close)
            return client

        yield connect


@pytest.fixture
def amazon(simulator: SimulatorProcess) -> Iterator[OpenAmazon]:
    """Opens clients of Amazon's API."""
    with ExitStack() as stack:

        def connect(address: str) -> AmazonClient:
            client = AmazonClient(simulator, address)
            stack.callback(client.close)
            return client

        yield connect
