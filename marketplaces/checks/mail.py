"""The checks of an account's mailbox: sign-in, folders, sender, a test mail in, a test reply not bounced.

Nobody but the seller's own mailbox gets a test mail: a marketplace's relay knows only its buyers.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from imapclient import IMAPClient

from marketplaces import mail_login, remedies
from marketplaces.checks import probes
from marketplaces.checks.findings import Finding, failed, passed, waiting
from marketplaces.credentials import CredentialFault
from marketplaces.mailbox import imap, smtp
from marketplaces.mailbox.compose import OutgoingMail, compose
from marketplaces.mailbox.reasons import Reason
from marketplaces.models import CheckName, ConnectionCheck, SellerAccount
from marketplaces.remedies import Remedy

NAMES = (
    CheckName.MAILBOX,
    CheckName.FOLDERS,
    CheckName.SENDER,
    CheckName.RECEIVED,
    CheckName.BOUNCE,
)
PROBES = (CheckName.RECEIVED, CheckName.BOUNCE)
LONGEST_WAIT = timedelta(seconds=60)
# A bounce that comes by itself comes soon; a test reply that arrived and is this old did not bounce.
SETTLED = timedelta(seconds=2)
MOST_LOOKED_AT = 100
TITLES = {"spam": "Spam", "sent": "Sent"}


@dataclass(frozen=True, slots=True)
class Probe:
    """A test mail that has left, and the last UID of each folder before it did."""

    message_id: str
    before: dict[str, int]


def look(account: SellerAccount) -> Iterator[Finding]:
    """Look at mailbox, folders and sender; outside of any transaction."""
    began = time.monotonic()
    try:
        with imap.mailbox(mail_login.imap_login(account)) as client:
            folders = imap.find_folders(client)
            imap.open_folder(client, folders["inbox"])
    except (imap.MailboxFault, CredentialFault) as fault:
        reason = fault.reason if isinstance(fault, imap.MailboxFault) else Reason.OTHER
        yield failed(CheckName.MAILBOX, remedies.of_mailbox(account, reason, str(fault)))
        yield from waiting(CheckName.MAILBOX, *NAMES[1:])
        return
    took = round((time.monotonic() - began) * 1000)
    yield passed(CheckName.MAILBOX, f"{account.imap_user} at {account.imap_host}", milliseconds=took)
    yield _folders(folders)
    began = time.monotonic()
    try:
        server = mail_login.smtp_server(account)
        smtp.knock(server, sender=account.sender_address, recipient=account.sender_address)
    except (imap.MailboxFault, smtp.SendingFault, CredentialFault) as fault:
        reason = Reason.OTHER if isinstance(fault, CredentialFault) else fault.reason
        yield failed(CheckName.SENDER, remedies.of_mailbox(account, reason, str(fault), sending=True))
        yield from waiting(CheckName.SENDER, *PROBES)
        return
    took = round((time.monotonic() - began) * 1000)
    words = f"{account.smtp_host} takes mail from {account.sender_address}."
    yield passed(CheckName.SENDER, words, milliseconds=took)


def _folders(folders: dict[str, str]) -> Finding:
    missing = [title for role, title in TITLES.items() if role not in folders]
    if not missing:
        named = ", ".join(folders[role] for role in ("inbox", "spam", "sent"))
        return passed(CheckName.FOLDERS, f"{named} are read.")
    why = {
        "Spam": "Marketplace mail that falls into spam would not be seen.",
        "Sent": "Answers you give in another mail program would not be seen, and clocks would run on.",
    }
    return failed(
        CheckName.FOLDERS,
        Remedy(
            f"There is no folder {' and no folder '.join(missing)}. "
            + " ".join(why[each] for each in missing),
            "Show the folder to IMAP in the mail account's settings, or name it Spam or Sent there.",
        ),
    )


def send(account: SellerAccount, name: CheckName, *, now: datetime) -> Probe | Finding:
    """Send a test mail from the sender's address to itself; a Finding when it could not leave."""
    own, thread = probes.new_id(account, name), probes.new_id(account, "thread")
    is_reply = name is CheckName.BOUNCE
    content = compose(
        OutgoingMail(
            sender=account.sender_address,
            recipient=account.sender_address,
            subject="Re: Test of your helpdesk" if is_reply else "Test of your helpdesk",
            message_id=own,
            in_reply_to=thread if is_reply else "",
            references=thread if is_reply else "",
            body="Your helpdesk sent this to itself to see whether mail comes and goes.",
            date=now,
        )
    )
    try:
        before = _last_uids(account)
        answer = smtp.hand_over(
            mail_login.smtp_server(account),
            sender=account.sender_address,
            recipient=account.sender_address,
            content=content,
            before_data_ends=lambda: True,
        )
    except (imap.MailboxFault, CredentialFault) as fault:
        return failed(name, Remedy(f"The test mail could not be sent: {fault}", "Check again."))
    if isinstance(answer, smtp.Accepted):
        return Probe(own, before)
    said = answer.error if isinstance(answer, smtp.NotHanded | smtp.Silent) else answer.answer
    return failed(
        name,
        Remedy(
            f"{account.smtp_host} did not take the test mail: “{said[:200]}”",
            "Ask your mail provider what this sentence means, then check again.",
        ),
    )


def found(account: SellerAccount, check: ConnectionCheck, *, now: datetime) -> Finding | None:
    """What became of a test mail; None while nobody can say. Outside of any transaction."""
    name = CheckName(check.name)
    waited = now - check.probe_sent_at if check.probe_sent_at else LONGEST_WAIT
    try:
        seen = _seen(account, check)
    except (imap.MailboxFault, CredentialFault) as fault:
        if waited < LONGEST_WAIT:
            return None
        return failed(name, Remedy(f"The mailbox could not be looked into: {fault}", "Check again."))
    if name is CheckName.BOUNCE:
        return _bounced(seen, waited)
    return _received(account, seen, waited)


@dataclass(frozen=True, slots=True)
class _Seen:
    """In which folder the test mail lies, and what a bounce of it says."""

    folder: str = ""
    bounce: str = ""


def _received(account: SellerAccount, seen: _Seen, waited: timedelta) -> Finding | None:
    name = CheckName.RECEIVED
    if seen.folder == "inbox":
        return passed(name, f"A test mail to {account.sender_address} arrived.")
    if seen.folder == "spam":
        return failed(
            name,
            Remedy(
                "The test mail fell into the spam folder.",
                f"Let your own address and {account.facts.name}'s through the mail account's spam filter.",
            ),
        )
    if waited < LONGEST_WAIT:
        return None
    return failed(
        name,
        Remedy(
            f"A test mail to {account.sender_address} did not arrive in this mailbox within a minute.",
            "See that mail to this address ends up in the mailbox entered here: an alias, a forwarding "
            "rule or a filter may take it elsewhere.",
        ),
    )


def _bounced(seen: _Seen, waited: timedelta) -> Finding | None:
    name = CheckName.BOUNCE
    if seen.bounce:
        return failed(
            name,
            Remedy(
                f"A test reply came back: “{seen.bounce[:200]}”",
                "Replies to buyers would come back too. Have the sending server mended, then check again.",
            ),
        )
    if seen.folder and waited >= SETTLED:
        return passed(name, "A test reply arrived, and nothing came back.")
    if waited >= LONGEST_WAIT:
        return passed(name, "Nothing came back within a minute.")
    return None


def _last_uids(account: SellerAccount) -> dict[str, int]:
    last: dict[str, int] = {}
    with imap.mailbox(mail_login.imap_login(account)) as client:
        for role, folder in imap.find_folders(client).items():
            if role != "sent":
                last[role] = imap.last_uid(client, folder)
    return last


def _seen(account: SellerAccount, check: ConnectionCheck) -> _Seen:
    folder, bounce = "", ""
    with imap.mailbox(mail_login.imap_login(account)) as client:
        for role, name in imap.find_folders(client).items():
            if role == "sent":
                continue
            for content in _new_mails(client, name, int(check.probe_before.get(role, 0))):
                if check.probe.encode() not in content:
                    continue
                head = content.partition(b"\r\n\r\n")[0]
                if imap.message_id_of(head) == check.probe:
                    folder = folder or role
                else:
                    bounce = bounce or _diagnosis(content)
    return _Seen(folder, bounce)


def _new_mails(client: IMAPClient, folder: str, after: int) -> Iterator[bytes]:
    imap.open_folder(client, folder)
    uids = imap.uids_after(client, after)[-MOST_LOOKED_AT:]
    for batch in imap.fetch(client, uids):
        for mail in batch:
            yield mail.content


def _diagnosis(content: bytes) -> str:
    """The bounce's own word for it (RFC 3464, 2.3.6), else that it is one."""
    for line in content.decode("utf-8", "replace").splitlines():
        if line.lower().startswith("diagnostic-code:"):
            return line.partition(":")[2].rpartition("; ")[2].strip()
    return "delivery failed"
