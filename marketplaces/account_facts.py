"""How seller accounts are read, as their page shows it: a few statements for all of them together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Aggregate, DurationField, ExpressionWrapper, F, Q

from marketplaces import buckets
from marketplaces.health import SHUT
from marketplaces.models import (
    MAIL,
    AccountFault,
    ApiBucket,
    ApiStream,
    ApiToken,
    FolderRole,
    Health,
    InboundRaw,
    MailFolder,
    SellerAccount,
)
from marketplaces.types import STREAM_TITLES

RECENT = timedelta(days=7)
LAG_SPAN = timedelta(hours=24)
MOST_FAULTS = 20  # of each account
Row = TypeVar("Row", ApiStream, ApiBucket, MailFolder, AccountFault)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """How one stream, or the mailbox, does.

    `lag`: how long what was read last is past. `read_until`: all that was modified before is here, where the
    stream goes by that; `cursor`: what else there is to say of how far it is.
    """

    name: str
    title: str
    health: Health
    reason: str
    since: datetime
    last_ok_at: datetime | None
    next_at: datetime | None
    lag: timedelta | None
    read_until: datetime | None
    cursor: str
    failures: int


@dataclass(frozen=True, slots=True)
class BucketUse:
    """How much of a rate limit is used up, in percent, and until when the marketplace asks for a pause."""

    operation: str
    used: int
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """What is known of reading an account; the mailbox is the first of `streams`."""

    streams: list[StreamFacts]
    token_expires_at: datetime | None
    buckets: list[BucketUse]  # the fullest first
    open_faults: list[AccountFault]
    past_faults: list[AccountFault]
    lag_p95: timedelta | None  # from the mailbox to here, of the last 24 h

    @property
    def key_refused(self) -> bool:
        """Whether the marketplace takes the key no more, so that only a new one helps."""
        return any(each.health in SHUT for each in self.streams if each.name != MAIL)

    @property
    def worst_bucket(self) -> BucketUse | None:
        """The limit that is nearest to its end."""
        return self.buckets[0] if self.buckets else None


class Percentile95(Aggregate):
    """The value that 95 of 100 do not exceed."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.95) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def reading_facts(accounts: Sequence[SellerAccount], *, now: datetime) -> dict[int, ReadingFacts]:
    """The facts of each account by its id, in six statements."""
    ids = [account.pk for account in accounts]
    streams = _grouped(ApiStream.objects.filter(account__in=ids).order_by("pk"))
    folders = _grouped(MailFolder.objects.filter(account__in=ids).order_by("role"))
    used = _grouped(ApiBucket.objects.filter(account__in=ids))
    tokens = dict(ApiToken.objects.filter(account__in=ids).values_list("account_id", "expires_at"))
    recent = Q(cleared_at__isnull=True) | Q(cleared_at__gte=now - RECENT)
    faults = _grouped(AccountFault.objects.filter(recent, account__in=ids).order_by("-last_seen", "-pk"))
    lags = dict(_lags(ids, now))
    return {
        account.pk: ReadingFacts(
            streams=[
                _mailbox(account, folders[account.pk], now),
                *(_stream(row, now) for row in streams[account.pk]),
            ],
            token_expires_at=tokens.get(account.pk),
            buckets=sorted(
                (_use(row, now) for row in used[account.pk]), key=lambda use: (-use.used, use.operation)
            ),
            open_faults=[row for row in faults[account.pk] if row.cleared_at is None][:MOST_FAULTS],
            past_faults=[row for row in faults[account.pk] if row.cleared_at is not None][:MOST_FAULTS],
            lag_p95=lags.get(account.pk),
        )
        for account in accounts
    }


def _lags(ids: list[int], now: datetime) -> Iterable[tuple[int, timedelta]]:
    """Of mail that came while the account was here: history was not late, it was asked for."""
    late = ExpressionWrapper(F("stored_at") - F("received_at"), output_field=DurationField())
    came = InboundRaw.objects.filter(
        account__in=ids,
        source="imap",
        stored_at__gte=now - LAG_SPAN,
        received_at__gte=now - LAG_SPAN,
        account__clocks_from__lte=F("received_at"),
    ).exclude(folder=FolderRole.SENT)
    return came.values("account_id").annotate(lag=Percentile95(late)).values_list("account_id", "lag")


def _mailbox(account: SellerAccount, folders: list[MailFolder], now: datetime) -> StreamFacts:
    return StreamFacts(
        name=MAIL,
        title="Mail",
        health=Health(account.health),
        reason=account.health_reason,
        since=account.health_since,
        last_ok_at=account.last_ok_at,
        next_at=account.next_poll_at,
        lag=now - account.last_ok_at if account.last_ok_at else None,
        read_until=None,
        cursor=_folders(folders),
        failures=account.failures,
    )


def _folders(folders: list[MailFolder]) -> str:
    """How far each folder is read; one that was not found is named, because its mail is not seen."""
    last = {FolderRole(row.role): row.last_uid for row in folders if row.uidvalidity}
    if not last:
        return "no folder read yet"
    words = [
        f"{role.label} to mail {last[role]:,}"
        if last.get(role)
        else f"nothing new in {role.label}"
        if role in last
        else f"no folder {role.label} found"
        for role in FolderRole
    ]
    return ", ".join(words)


def _stream(row: ApiStream, now: datetime) -> StreamFacts:
    cursor = "" if row.read_until else "not read yet"
    if row.pending:
        cursor = "the marketplace is making a report"
    return StreamFacts(
        name=row.name,
        title=STREAM_TITLES[row.name],
        health=Health(row.health),
        reason=row.health_reason,
        since=row.health_since,
        last_ok_at=row.last_ok_at,
        next_at=row.next_at,
        lag=now - row.read_until if row.read_until else None,
        read_until=row.read_until,
        cursor=cursor,
        failures=row.failures,
    )


def _use(row: ApiBucket, now: datetime) -> BucketUse:
    blocked = row.blocked_until if row.blocked_until and row.blocked_until > now else None
    return BucketUse(row.operation, round(100 * (1 - buckets.left_in(row, now=now))), blocked)


def _grouped(rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.account_id].append(row)
    return found
