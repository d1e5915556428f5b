"""Fetch a mailbox's history into the raw archive, a day at a time and the newest first, beside the polls.

A day is searched for by its date and compared with the archive, so it does not matter what is here already
or where an earlier try has died. Sent is read a few days behind the others: what it answers is here first.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

import structlog
from django.db import DatabaseError
from imapclient import IMAPClient

from accounts.tenancy import tenant_tx
from marketplaces import backfills, credentials, cursors, health, mail_login, polling
from marketplaces.mailbox import imap
from marketplaces.models import Backfill, FolderRole

log = structlog.get_logger(__name__)

DAY = timedelta(days=1)
SENT_BEHIND = 7  # days


@dataclass(frozen=True, slots=True)
class Step:
    """What is read in one go: a day of what came in, and an earlier-read day of what was sent."""

    arrived: date | None
    sent: date | None

    def day_of(self, role: str) -> date | None:
        """The day to read of a folder."""
        return self.sent if role == FolderRole.SENT else self.arrived


def step_of(number: int, *, since: datetime, until: datetime) -> Step | None:
    """The n-th step from the newest day back; None after the last one. Pure.

    Servers go by dates of their own zone, so a day is added at both ends.
    """
    newest, oldest = (until + DAY).astimezone(UTC).date(), (since - DAY).astimezone(UTC).date()
    days = (newest - oldest).days + 1
    if number >= days + SENT_BEHIND:
        return None
    return Step(
        arrived=newest - number * DAY if number < days else None,
        sent=newest - (number - SENT_BEHIND) * DAY if number >= SENT_BEHIND else None,
    )


def read_mail(
    backfill_id: int, *, tenant_id: int, now: datetime, arrived: Callable[[list[int]], None]
) -> int:
    """Read a part of a mailbox's history that is due; `arrived` gets the ids of new raw mails by batches.

    Returns how many. Faults of the mailbox end up in the backfill's row, in words; none is raised.
    """
    backfill = backfills.claim(backfill_id, tenant_id=tenant_id, now=now)
    if backfill is None:
        return 0
    count = 0
    try:
        login = mail_login.imap_login(backfill.account)
        with imap.mailbox(login) as client:
            for ids in _read_part(client, backfill, now=now):
                count += len(ids)
                arrived(ids)
    except imap.SignInRefused as fault:
        backfills.failed(backfill, f"{health.REFUSED}: {fault}", now=now)
    except (imap.MailboxFault, credentials.CredentialFault) as fault:
        backfills.failed(backfill, str(fault), now=now)
    except DatabaseError:
        raise
    except Exception as fault:
        log.exception("backfill failed", account=backfill.account_id)
        backfills.failed(backfill, f"The mailbox could not be read ({type(fault).__name__}).", now=now)
    return count


def _read_part(client: IMAPClient, backfill: Backfill, *, now: datetime) -> Iterator[list[int]]:
    ends = time.monotonic() + backfills.PART_SECONDS
    folders = imap.find_folders(client)
    if backfill.estimated is None:
        _count(client, backfill, folders)
    while step := step_of(backfill.step, since=backfill.since, until=backfill.until):
        here = 0
        for role, name in folders.items():
            if (day := step.day_of(role)) is None:
                continue
            uidvalidity = imap.open_folder(client, name)
            folder = cursors.open_cursor(backfill.account, role=role, name=name, uidvalidity=uidvalidity)
            if folder is None:
                return
            uids = imap.uids_of(client, day, day + DAY)
            new = polling.unknown_uids(backfill.account, folder, uids)
            here += len(uids) - len(new)
            counted = _Counted(backfill, here)
            for ids in polling.keep_uids(client, backfill.account, folder, uids=new, along=counted.add):
                yield ids
                if not counted.mine:
                    return
            here = counted.here
        reached = min(backfill.until, _begin_of(step.sent)) if step.sent else backfill.until
        if not backfills.part_finished(backfill, in_part=here, reached=reached, step=backfill.step + 1):
            return
        if time.monotonic() > ends:
            backfills.gives_way(backfill, now=now)
            return
    backfills.finished(backfill, now=now)


class _Counted:
    """Counts the mails of a part, in the transactions that store them."""

    def __init__(self, backfill: Backfill, here: int) -> None:
        self.backfill, self.here, self.mine = backfill, here, True

    def add(self, batch: list[imap.FetchedMail]) -> None:
        self.here += len(batch)
        self.mine = backfills.seen(self.backfill, self.here)


def _count(client: IMAPClient, backfill: Backfill, folders: dict[str, str]) -> None:
    """How many mails there are to look at, before the first is fetched."""
    expected = 0
    for name in folders.values():
        imap.open_folder(client, name)
        first = (backfill.since - DAY).astimezone(UTC).date()
        expected += len(imap.uids_of(client, first, (backfill.until + 2 * DAY).astimezone(UTC).date()))
    with tenant_tx(backfill.tenant_id):
        Backfill.objects.filter(pk=backfill.pk).update(estimated=expected)
    backfill.estimated = expected


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time_of_day.min, UTC)
