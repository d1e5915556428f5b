"""Prove each night that nothing is missing: whose turn it is, the result that is kept, the mailbox's part.

What is compared is only what should be here: a mail the poll has passed, a record older than the stream's
overlap, and nothing from before the account's history begins. What retention has emptied still has its row.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from accounts.announcing import announce
from accounts.days import day_of
from accounts.tenancy import tenant_tx
from marketplaces import backfills, credentials, faults, mail_login, polling
from marketplaces.mailbox import imap
from marketplaces.models import (
    AuditPart,
    AuditResult,
    AuditState,
    FolderRole,
    MailFolder,
    SellerAccount,
)

log = structlog.get_logger(__name__)

SPAN = timedelta(days=7)
MOST_NAMED = 50
NIGHT_HOUR, SPREAD_MINUTES = 3, 120  # by the tenant's clock
# An audit whose worker died is made again after so long.
STALE_CLAIM = timedelta(minutes=15)
SHORTEST_PAUSE = timedelta(minutes=5)
# How long faults and alarms that are over are kept.
KEPT = timedelta(days=90)


@dataclass(slots=True)
class Finding:
    """What a comparison has found so far; `missing` names what was not here, or only in an old version."""

    theirs: int = 0
    ours: int = 0
    missing: list[str] = field(default_factory=list)
    fetched: int = 0

    @property
    def state(self) -> AuditState:
        """What this comes to once all is compared."""
        if not self.missing:
            return AuditState.EQUAL
        return AuditState.MENDED if self.fetched >= len(self.missing) else AuditState.DIFFERS


@dataclass(frozen=True, slots=True)
class Turn:
    """An account whose audit is due, the day it counts for, and whether one is only to be gone on with."""

    account: SellerAccount
    day: date
    goes_on: bool


def ask(account: SellerAccount, *, now: datetime) -> None:
    """Have it compared now, inside the caller's transaction."""
    SellerAccount.objects.filter(pk=account.pk).update(audit_at=now)


def under_way(account: SellerAccount, *, now: datetime) -> bool:
    """Whether it waits for its turn this moment, or is being compared: anything but its next night."""
    at = account.audit_at
    return at is not None and at <= now + STALE_CLAIM and at != next_night(account, now=now)


def claim(account_id: int, *, tenant_id: int, now: datetime) -> Turn | None:
    """Take an account whose audit is due; None when it is not. A new account waits for its first night."""
    with tenant_tx(tenant_id):
        row = SellerAccount.objects.filter(pk=account_id)
        account = row.select_related("tenant").get()
        if account.audit_at is None or not account.is_connected:
            row.update(audit_at=next_night(account, now=now))
            return None
        if account.audit_at > now or not row.filter(audit_at=account.audit_at).update(
            audit_at=now + STALE_CLAIM
        ):
            return None
        today = day_of(now, account.tenant.time_zone)
        begun = AuditResult.objects.filter(
            account=account, state=AuditState.RUNNING, day__gte=today - timedelta(days=1)
        ).first()
        return Turn(account, begun.day if begun else today, goes_on=begun is not None)


def over(account: SellerAccount, *, now: datetime, again_in: float | None = None) -> None:
    """All parts are compared until the next night; or it goes on in so many seconds."""
    at = next_night(account, now=now)
    if again_in is not None:
        at = now + max(SHORTEST_PAUSE, timedelta(seconds=again_in))
    with tenant_tx(account.tenant_id):
        SellerAccount.objects.filter(pk=account.pk).update(audit_at=at)
        faults.forget(account.pk, before=now - KEPT)
        announce(account.tenant_id, "account", account=account.pk)


def next_night(account: SellerAccount, *, now: datetime) -> datetime:
    """The account's next turn: at night where its people are, and not all accounts at once."""
    there = now.astimezone(ZoneInfo(account.tenant.time_zone))
    turn = there.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    turn += timedelta(minutes=account.pk * 7 % SPREAD_MINUTES)
    return turn if turn > there else turn + timedelta(days=1)


def keep(
    account: SellerAccount,
    part: AuditPart,
    *,
    day: date,
    now: datetime,
    found: Finding,
    words: str,
    state: AuditState | None = None,
    reached: datetime | None = None,
) -> None:
    """Store what a part has come to, or how far it has come."""
    state = state or found.state
    if found.missing:
        log.warning("audit found a difference", account=account.pk, part=part.value, count=len(found.missing))
    with tenant_tx(account.tenant_id):
        AuditResult.objects.update_or_create(
            tenant_id=account.tenant_id,
            account=account,
            day=day,
            part=part,
            defaults={
                "state": state,
                "theirs": found.theirs,
                "ours": found.ours,
                "missing": found.missing[:MOST_NAMED],
                "missing_count": len(found.missing),
                "fetched": found.fetched,
                "words": words[:500],
                "reached": reached,
                "finished_at": None if state == AuditState.RUNNING else now,
            },
        )


def not_compared(account: SellerAccount, part: AuditPart, words: str, *, day: date, now: datetime) -> None:
    """A part could not be compared that night; the result says why."""
    keep(account, part, day=day, now=now, found=Finding(), words=words, state=AuditState.FAILED)


def audit_mail(
    account: SellerAccount, *, day: date, now: datetime, arrived: Callable[[list[int]], None]
) -> None:
    """Compare the mailbox's UIDs of seven days with the archive; what is missing is fetched, as by a poll."""
    if why := backfills.waits_for(account):
        not_compared(account, AuditPart.MAIL, f"The mailbox was not asked. {why}", day=day, now=now)
        return
    found = Finding()
    try:
        login = mail_login.imap_login(account)
        with tenant_tx(account.tenant_id):
            folders = {row.role: row for row in MailFolder.objects.filter(account=account)}
        with imap.mailbox(login) as client:
            for role, name in imap.find_folders(client).items():
                uidvalidity = imap.open_folder(client, name)
                folder = folders.get(role)
                # One never read, renumbered or another is the next poll's.
                if folder is None or (folder.name, folder.uidvalidity) != (name, uidvalidity):
                    continue
                begin = max(now - SPAN, polling.mail_since(account)).date()
                uids = [uid for uid in imap.uids_since(client, begin) if uid <= folder.last_uid]
                missing = polling.unknown_uids(account, folder, uids)
                for ids in polling.keep_uids(client, account, folder, uids=missing, along=lambda _: None):
                    arrived(ids)
                still = polling.unknown_uids(account, folder, missing)
                found.theirs += len(uids)
                found.ours += len(uids) - len(missing)
                found.fetched += len(missing) - len(still)
                found.missing += [f"{FolderRole(role).label}, mail {uid}" for uid in missing]
    except imap.MailboxFault as fault:
        not_compared(account, AuditPart.MAIL, str(fault), day=day, now=now)
    except credentials.CredentialFault as fault:
        not_compared(account, AuditPart.MAIL, str(fault), day=day, now=now)
    else:
        keep(account, AuditPart.MAIL, day=day, now=now, found=found, words=words(found, "mail", "mails"))


def words(found: Finding, one: str, many: str) -> str:
    """What a comparison has found, in a sentence."""
    if not found.missing:
        return f"All {found.theirs:,} {one if found.theirs == 1 else many} of the last 7 days are here."
    lost = f"{len(found.missing):,} of {found.theirs:,} {many} of the last 7 days"
    are = "was" if len(found.missing) == 1 else "were"
    if found.state == AuditState.MENDED:
        return f"{lost} {are} missing or old here and {'has' if are == 'was' else 'have'} been fetched."
    return f"{lost} {are} missing or old here; {found.fetched:,} could be fetched."


@dataclass(frozen=True, slots=True)
class AuditDay:
    """One square of the account page: the worst of a day's parts, and all of them."""

    day: date
    state: str
    results: list[AuditResult]


# The worst first; a day without a result is "none".
WORST = (
    AuditState.DIFFERS,
    AuditState.FAILED,
    AuditState.MENDED,
    AuditState.RUNNING,
    AuditState.EQUAL,
    AuditState.NOT_POSSIBLE,
)
SHOWN_DAYS = 14


def last_days(account_ids: Collection[int], *, today: date) -> dict[int, list[AuditDay]]:
    """The last 14 days of these accounts, the oldest first, in one statement."""
    days = [today - timedelta(days=back) for back in reversed(range(SHOWN_DAYS))]
    rows = AuditResult.objects.filter(account__in=account_ids, day__gte=days[0]).order_by("part")
    by_day: dict[tuple[int, date], list[AuditResult]] = {}
    for row in rows:
        by_day.setdefault((row.account_id, row.day), []).append(row)
    return {
        account_id: [_day(day, by_day.get((account_id, day), [])) for day in days]
        for account_id in account_ids
    }


def _day(day: date, results: list[AuditResult]) -> AuditDay:
    states = {row.state for row in results}
    return AuditDay(day, next((state.value for state in WORST if state in states), "none"), results)
