"""Bring what a mailbox holds into the raw archive: raw bytes and cursor in one transaction, nothing twice."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from imapclient import IMAPClient

from accounts.tenancy import tenant_tx
from marketplaces import credentials, cursors, health, mail_login, retention
from marketplaces.mailbox import imap
from marketplaces.models import (
    CONNECTED,
    MAIL,
    UNDER_WAY,
    Backfill,
    FolderRole,
    Health,
    InboundRaw,
    MailFolder,
    SellerAccount,
)

log = structlog.get_logger(__name__)

OVERLAP_UIDS = 100
REREAD = timedelta(days=30)
AUDIT_EVERY = timedelta(minutes=10)
AUDIT_SPAN = timedelta(days=7)
LONGEST_POLL_SECONDS = 60
PAUSES_SECONDS = (0.5, 1, 2, 4, 8)
# A worker that dies in the middle of a poll holds its account no longer than this; each batch renews it.
STALE_CLAIM = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail to keep: its key in the source, its bytes, and what the server says of it."""

    source_key: str
    content: bytes
    size: int
    received_at: datetime


def claim(account_id: int, *, tenant_id: int, now: datetime) -> SellerAccount | None:
    """Take an account whose poll is due, so that no second worker polls it now; None when none is."""
    with tenant_tx(tenant_id):
        # An account that only cannot send is read on.
        refused = Q(health=Health.AUTH_FAILED) & ~Q(health_reason__startswith=health.SENDING)
        due = SellerAccount.objects.filter(CONNECTED, pk=account_id, next_poll_at__lte=now)
        due = due.exclude(refused | Q(health__in=[Health.PAUSED, Health.REVOKED]))
        if not due.update(next_poll_at=now + STALE_CLAIM):
            return None
        return SellerAccount.objects.get(pk=account_id)


def poll(account_id: int, *, tenant_id: int, now: datetime, arrived: Callable[[list[int]], None]) -> int:
    """Read one account's folders once; `arrived` gets the ids of new raw mails, batch by batch.

    Returns how many. Faults of the mailbox end up in the account's health, in words; none is raised.
    """
    account = claim(account_id, tenant_id=tenant_id, now=now)
    if account is None:
        return 0
    count = 0
    ends = time.monotonic() + LONGEST_POLL_SECONDS
    try:
        with tenant_tx(tenant_id):
            begin_at(account)
        login = mail_login.imap_login(account)
        for ids in read_mailbox(account, login, now=now):
            count += len(ids)
            arrived(ids)
            if time.monotonic() > ends:
                break
    except imap.ConsentGone as fault:
        health.consent_revoked(account, str(fault), now=now)
    except imap.SignInRefused as fault:
        health.sign_in_refused(account, str(fault), now=now)
    except (imap.MailboxFault, credentials.CredentialFault) as fault:
        health.failed(account, str(fault), now=now)
    except DatabaseError:
        give_back(account)
        raise
    except Exception as fault:
        # Whatever a server makes of the protocol: silence must never look like an empty inbox.
        log.exception("poll failed", account=account.pk)
        health.failed(account, f"The mailbox could not be read ({type(fault).__name__}).", now=now)
    else:
        # A large backlog gives way to the other accounts and goes on at its turn; the cursor knows where.
        wait = settings.MAIL_POLL_SECONDS if time.monotonic() <= ends else 0
        health.succeeded(account, now=now, again_in=timedelta(seconds=wait))
    return count


def begin_at(account: SellerAccount) -> None:
    """Note once since when mail should be here: since the clocks began, unless a backfill fetches that part.

    Then only what has arrived since is read at once, and history comes in beside it.
    """
    if account.mail_since is not None:
        return
    account.mail_since = account.clocks_from
    history = Backfill.objects.filter(account=account, stream=MAIL, state__in=UNDER_WAY).first()
    if history is not None and history.since <= account.clocks_from:
        account.mail_since = max(account.clocks_from, history.until)
    SellerAccount.objects.filter(pk=account.pk).update(mail_since=account.mail_since)


def give_back(account: SellerAccount) -> None:
    """The database was lost in the middle of a poll: once it is back, let the account be polled again."""
    for pause in PAUSES_SECONDS:
        time.sleep(pause)
        connection.close()
        try:
            with tenant_tx(account.tenant_id):
                SellerAccount.objects.filter(pk=account.pk, next_poll_at__gt=Now()).update(next_poll_at=Now())
        except DatabaseError:
            continue
        return


def read_mailbox(account: SellerAccount, login: imap.MailboxLogin, *, now: datetime) -> Iterator[list[int]]:
    """Read what is new in every folder; one that cannot be read keeps no other from being read.

    Yields the ids of raw mails stored by each transaction. Raises MailboxFault.
    """
    fault = None
    with imap.mailbox(login) as client:
        for role, name in imap.find_folders(client).items():
            try:
                yield from read_folder(client, account, role=role, name=name, now=now)
            except IMAPClient.AbortError:
                raise
            except IMAPClient.Error as error:
                fault = fault or imap.MailboxFault(f"The folder {name} cannot be read: {imap.words(error)}")
    if fault is not None:
        raise fault


def read_folder(
    client: IMAPClient, account: SellerAccount, *, role: str, name: str, now: datetime
) -> Iterator[list[int]]:
    """Read what is new in a folder; yields the ids of raw mails stored by each transaction."""
    uidvalidity = imap.open_folder(client, name)
    folder = cursors.open_cursor(account, role=role, name=name, uidvalidity=uidvalidity)
    if folder is None:
        return
    audit_due = folder.audited_at is None or folder.audited_at <= now - AUDIT_EVERY
    since = mail_since(account)
    if folder.last_uid == 0:
        # Never read, or the server has renumbered: everything of the time we answer for, less what was here
        # well before it was last read.
        begin = max(since, min(now, folder.last_ok_at) - REREAD) if folder.last_ok_at else since
        uids = imap.uids_since(client, (begin - timedelta(days=1)).date())
    else:
        uids = imap.uids_after(client, max(0, folder.last_uid - OVERLAP_UIDS))
    if audit_due:
        known = set(uids)
        audited = imap.uids_since(client, max(since, now - AUDIT_SPAN).date())
        uids = sorted(known.union(audited))
    new = unknown_uids(account, folder, uids)
    if passed := [uid for uid in new if uid <= folder.last_uid]:
        # Mail from before that time is not missing; whoever wants it asks for history.
        ours = set(imap.uids_since(client, (since - timedelta(days=1)).date()))
        new = [uid for uid in new if uid > folder.last_uid or uid in ours]
        if late := [uid for uid in passed if uid in ours and uid <= folder.last_uid - OVERLAP_UIDS]:
            log.warning(
                "audit found mail the cursor had passed", account=account.pk, folder=role, count=len(late)
            )

    def along(batch: list[imap.FetchedMail]) -> None:
        cursors.move_cursor(folder, max((mail.uid for mail in batch), default=0))
        SellerAccount.objects.filter(pk=account.pk).update(next_poll_at=Now() + STALE_CLAIM)

    yield from keep_uids(client, account, folder, uids=new, along=along)
    with tenant_tx(account.tenant_id):
        moments = {"last_ok_at": now} | ({"audited_at": now} if audit_due else {})
        MailFolder.objects.filter(pk=folder.pk).update(**moments)


def keep_uids(
    client: IMAPClient,
    account: SellerAccount,
    folder: MailFolder,
    *,
    uids: list[int],
    along: Callable[[list[imap.FetchedMail]], None],
) -> Iterator[list[int]]:
    """Fetch mails of the open folder into the archive; `along` is called in the transaction of each batch.

    Yields the ids of raw mails stored by each transaction.
    """
    for batch in imap.fetch(client, uids):
        arrivals = [
            Arrival(cursors.source_key(account, folder, mail.uid), mail.content, mail.size, mail.received_at)
            for mail in batch
        ]
        with tenant_tx(account.tenant_id):
            ids = keep_all(account, arrivals, source="imap", folder=folder.role)
            along(batch)
        yield ids


def mail_since(account: SellerAccount) -> datetime:
    """Since when all mail of the account should be here."""
    return account.mail_since or account.clocks_from


def unknown_uids(account: SellerAccount, folder: MailFolder, uids: list[int]) -> list[int]:
    """Those UIDs of a folder whose mail is not in the archive yet."""
    keys = {cursors.source_key(account, folder, uid): uid for uid in uids}
    with tenant_tx(account.tenant_id):
        known = set(
            InboundRaw.objects.filter(account=account, source="imap", source_key__in=list(keys)).values_list(
                "source_key", flat=True
            )
        )
    return [uid for key, uid in keys.items() if key not in known]


def keep_all(account: SellerAccount, arrivals: list[Arrival], *, source: str, folder: str) -> list[int]:
    """Store mails not in the archive yet, inside the caller's transaction; returns the new ids."""
    known = set(
        InboundRaw.objects.filter(
            account=account, source=source, source_key__in=[each.source_key for each in arrivals]
        ).values_list("source_key", flat=True)
    )
    rows = [
        InboundRaw(
            tenant_id=account.tenant_id,
            account=account,
            source=source,
            source_key=each.source_key,
            folder=folder,
            sha256=hashlib.sha256(each.content).digest(),
            content=each.content,
            size=each.size,
            received_at=each.received_at,
            expires_at=retention.expires_at(
                account.marketplace, each.received_at, walmart_days=account.tenant.walmart_retention_days
            ),
        )
        for each in arrivals
        if each.source_key not in known
    ]
    try:
        with transaction.atomic():
            return [row.pk for row in InboundRaw.objects.bulk_create(rows)]
    except IntegrityError:
        # Another worker stored one of them between our look and our insert: go through them one by one.
        return [row.pk for row in rows if _insert(row)]


def _insert(row: InboundRaw) -> bool:
    try:
        with transaction.atomic():
            row.pk = None
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def keep(
    account: SellerAccount,
    content: bytes,
    *,
    source: str,
    source_key: str,
    received_at: datetime,
    folder: str = FolderRole.INBOX,
) -> tuple[InboundRaw, bool]:
    """Store one mail inside the caller's transaction; the row, and whether it is new."""
    arrival = Arrival(source_key, content[: imap.LARGEST_WHOLE], len(content), received_at)
    if len(content) > imap.LARGEST_WHOLE:
        arrival = Arrival(source_key, content[: imap.BEGINNING], len(content), received_at)
    new = keep_all(account, [arrival], source=source, folder=folder)
    return InboundRaw.objects.get(account=account, source=source, source_key=source_key), bool(new)
