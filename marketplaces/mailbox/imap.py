"""Read a seller's mailbox over IMAP (RFC 9051) without leaving a trace in it, and file what we sent."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.parser import BytesHeaderParser
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from marketplaces.hosts import ForbiddenHost, check_peer
from marketplaces.mailbox import reasons
from marketplaces.mailbox.reasons import Reason
from marketplaces.mailbox.secrecy import without_secrets

TIMEOUT_SECONDS = 30
LARGEST_WHOLE = 40 * 2**20  # bytes; of a larger mail the beginning is kept
BEGINNING = 2**20
EARLIEST_YEAR = 1990
BATCH_MAILS = 50
BATCH_BYTES = 16 * 2**20
# By special-use flag (RFC 6154) first, then by the names servers and people give these folders.
ROLE_FLAGS = {"spam": b"\\junk", "sent": b"\\sent"}
ROLE_NAMES = {
    "spam": re.compile(
        r"(?:.*[./])?(?:spam|junk(?: e-?mail)?|bulk mail|unerwünscht|correo no deseado|indésirables)", re.I
    ),
    "sent": re.compile(
        r"(?:.*[./])?(?:sent(?: items| mail| messages)?|gesendet(?:e.*)?|enviados|envoyés)", re.I
    ),
}


# Answers to LOGIN that say nothing about user and password (RFC 5530).
NOT_NOW = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]", re.I)


class MailboxFault(Exception):
    """The mailbox could not be read; the message is for the admin. Trying again later may help."""

    def __init__(self, message: str, reason: Reason = Reason.OTHER) -> None:
        super().__init__(message)
        self.reason = reason


class SignInRefused(MailboxFault):
    """The server does not take user and password. Trying again does not help and may lock the mailbox."""


class ConsentGone(SignInRefused):
    """The mailbox's owner has taken the consent back: no token is given for it any more."""


@dataclass(frozen=True, slots=True)
class MailboxLogin:
    """Where a mailbox is and how to get in: by password, or by the token of a consent (XOAUTH2).

    Neither ever shows in a repr.
    """

    host: str
    port: int
    security: str
    user: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail as the server holds it; `size` is the server's, `content` may be cut to the beginning."""

    uid: int
    content: bytes
    size: int
    received_at: datetime


@contextmanager
def mailbox(login: MailboxLogin) -> Iterator[IMAPClient]:
    """Sign in and out again; raises SignInRefused, MailboxFault."""
    client: IMAPClient | None = None
    try:
        client = IMAPClient(
            login.host,
            login.port,
            ssl=login.security == "tls",
            ssl_context=ssl.create_default_context() if login.security == "tls" else None,
            timeout=TIMEOUT_SECONDS,
            use_uid=True,
        )
        connection = client.socket()
        check_peer(connection)
        # The client writes a literal and its end apart; without this each waits for the peer's delayed ACK.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if login.security == "starttls":
            client.starttls(ssl.create_default_context())
        _sign_in(client, login)
        yield client
    except ssl.SSLError as error:
        raise MailboxFault(
            f"The mailbox's certificate is not trusted: {error.reason or 'TLS failed'}.",
            reasons.of_error(error),
        ) from error
    except ForbiddenHost as error:
        raise MailboxFault(str(error), Reason.PRIVATE) from error
    except (OSError, UnicodeError, IMAPClientError) as error:
        said = without_secrets(words(error), login.user, login.password)
        raise MailboxFault(f"The mailbox does not answer: {said}", reasons.of_error(error)) from None
    finally:
        if client is not None:
            with suppress(OSError, IMAPClientError):
                client.logout()


def _sign_in(client: IMAPClient, login: MailboxLogin) -> None:
    try:
        if login.token:
            client.oauth2_login(login.user, login.token)
        else:
            client.login(login.user, login.password)
    except LoginError as error:
        said = without_secrets(words(error), login.user, login.token or login.password)
        if isinstance(error.__context__, IMAPClient.AbortError) or NOT_NOW.search(said):
            raise MailboxFault(f"The mailbox does not answer: {said}", Reason.UNREACHABLE) from None
        reason = reasons.of_refusal(said, by_token=bool(login.token))
        raise SignInRefused(re.sub(r"^\[[A-Z-]+\]\s*", "", said), reason) from None


def words(error: BaseException) -> str:
    """The peer's own words in one line, without the protocol's bytes notation."""
    text = str(error) or type(error).__name__
    text = re.sub(r"^b(['\"])(.*)\1$", r"\2", text)
    return " ".join(text.split())[:300]


def find_folders(client: IMAPClient) -> dict[str, str]:
    """The names of the folders by role; a mailbox without Spam or Sent has only the others."""
    listed = [(flags, str(name)) for flags, _, name in client.list_folders()]
    found = {"inbox": "INBOX"}
    for role, flag in ROLE_FLAGS.items():
        for flags, name in listed:
            if flag in [known.lower() for known in flags]:
                found[role] = name
                break
        else:
            named = [name for _, name in listed if ROLE_NAMES[role].fullmatch(name)]
            if named:
                found[role] = named[0]
    return found


def open_folder(client: IMAPClient, name: str) -> int:
    """Open a folder read-only; returns its UIDVALIDITY."""
    return int(client.select_folder(name, readonly=True)[b"UIDVALIDITY"])


def last_uid(client: IMAPClient, name: str) -> int:
    """The highest UID the folder can hold by now."""
    return int(client.select_folder(name, readonly=True).get(b"UIDNEXT", 1)) - 1


def message_id_of(head: bytes) -> str:
    """The Message-ID among a mail's headers; empty where there is none."""
    return str(BytesHeaderParser().parsebytes(head).get("Message-ID", "")).strip()


def uids_after(client: IMAPClient, last_uid: int) -> list[int]:
    """UIDs above the last one; "n:*" always names at least one message, so they are compared again."""
    return sorted(uid for uid in client.search(["UID", f"{last_uid + 1}:*"]) if uid > last_uid)


def uids_since(client: IMAPClient, day: date) -> list[int]:
    """UIDs of what the server received on that day or later."""
    return sorted(client.search(["SINCE", day]))


def uids_of(client: IMAPClient, first: date, end: date) -> list[int]:
    """UIDs of what the server received on `first` or later, and before `end`."""
    return sorted(client.search(["SINCE", first, "BEFORE", end]))


def fetch(client: IMAPClient, uids: list[int]) -> Iterator[list[FetchedMail]]:
    """Fetch mails in batches bounded by number and bytes, oldest first, without marking them as read."""
    for begin in range(0, len(uids), BATCH_MAILS):
        facts = client.fetch(uids[begin : begin + BATCH_MAILS], ["RFC822.SIZE", "INTERNALDATE"])
        batch: list[int] = []
        held = 0
        for uid in sorted(facts):
            size = facts[uid].get(b"RFC822.SIZE", 0)
            if size > LARGEST_WHOLE:
                yield from _whole(client, batch, facts)
                batch, held = [], 0
                yield [_beginning(client, uid, facts)]
                continue
            if held + size > BATCH_BYTES:
                yield from _whole(client, batch, facts)
                batch, held = [], 0
            batch.append(uid)
            held += size
        yield from _whole(client, batch, facts)


def _whole(client: IMAPClient, uids: list[int], facts: Any) -> Iterator[list[FetchedMail]]:
    if not uids:
        return
    bodies = client.fetch(uids, ["BODY.PEEK[]"])
    # A mail deleted between the two calls is missing from the answer.
    yield [
        FetchedMail(uid, bodies[uid][b"BODY[]"], facts[uid].get(b"RFC822.SIZE", 0), _moment(facts[uid]))
        for uid in uids
        if uid in bodies and bodies[uid].get(b"BODY[]") is not None
    ]


def _beginning(client: IMAPClient, uid: int, facts: Any) -> FetchedMail:
    part = client.fetch([uid], [f"BODY.PEEK[]<0.{BEGINNING}>"])[uid]
    content = next(value for key, value in part.items() if key.startswith(b"BODY[]"))
    return FetchedMail(uid, content, facts[uid].get(b"RFC822.SIZE", 0), _moment(facts[uid]))


def _moment(fact: Any) -> datetime:
    """When the server took the mail; a moment that cannot be meant counts as now."""
    now = datetime.now(UTC)
    try:
        # IMAPClient gives local time without a zone, and None for what it cannot read.
        moment: datetime = fact[b"INTERNALDATE"].astimezone(UTC)
    except (AttributeError, KeyError, OverflowError, ValueError):
        return now
    return min(moment, now) if moment.year > EARLIEST_YEAR else now


def append_sent(login: MailboxLogin, content: bytes) -> bool:
    """File a copy of what left into the Sent folder; False when the mailbox has none. Raises MailboxFault."""
    with mailbox(login) as client:
        folder = find_folders(client).get("sent")
        if folder is None:
            return False
        client.append(folder, content, flags=[b"\\Seen"], msg_time=datetime.now(UTC))
        return True
