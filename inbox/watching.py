"""Look after the channels: whether one is unusually quiet, refused or not read, and tell people once.

The sweeper calls it every minute, so that it works while beat, workers and broker do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from inbox import alarm_mail
from inbox.account_facts import ARRIVALS
from inbox.models import Message
from marketplaces import health, silence
from marketplaces.models import (
    CONNECTED,
    MAIL,
    AccountAlarm,
    AlarmKind,
    ApiStream,
    Health,
    SellerAccount,
)
from marketplaces.types import STREAM_TITLES

EVERY = timedelta(minutes=1)
# A channel that is quiet for the moment: judging it reads four weeks of arrivals.
EVERY_WHILE_QUIET = timedelta(minutes=5)
# A channel nothing was read from for so long must not look like one that brings nothing.
UNREAD = timedelta(minutes=15)
MOST_ARRIVALS = 20_000


@dataclass(frozen=True, slots=True)
class Incident:
    """Something people are told about; `since` is the same for as long as it lasts."""

    kind: AlarmKind
    since: datetime
    subject: str
    words: str
    stream: str = ""


def watch(account_id: int, *, tenant_id: int, now: datetime, send: alarm_mail.Send = alarm_mail.send) -> None:
    """Look at one account whose turn it is: set or clear its silence, and tell of what is new."""
    with tenant_tx(tenant_id):
        account = _claim(account_id, now=now)
        if account is None:
            return
        _judge_silence(account, now=now)
        streams = ApiStream.objects.filter(account=account, health__in=health.SHUT).order_by("pk")
        found = list(_incidents(account, list(streams), now=now)) if account.health != Health.PAUSED else []
        lasting = Q(pk__in=[])
        for incident in found:
            lasting |= Q(kind=incident.kind, stream=incident.stream, since=incident.since)
            if _is_new(account, incident, now=now):
                _tell(account, incident, send, now=now)
        AccountAlarm.objects.filter(account=account, ended_at__isnull=True).exclude(lasting).update(
            ended_at=now
        )


def _claim(account_id: int, *, now: datetime) -> SellerAccount | None:
    row = SellerAccount.objects.filter(Q(watch_at__isnull=True) | Q(watch_at__lte=now), pk=account_id)
    if not row.update(watch_at=now + EVERY):
        return None
    connected = SellerAccount.objects.filter(CONNECTED, pk=account_id)
    return connected.select_related("tenant").first()


def _judge_silence(account: SellerAccount, *, now: datetime) -> None:
    """A channel that is not read says nothing about what it would bring: then nothing changes."""
    if account.health != Health.OK or account.last_ok_at is None or now - account.last_ok_at > UNREAD:
        return
    arrivals = Message.objects.filter(ARRIVALS, account=account).order_by("-sent_at")
    last = arrivals.values_list("sent_at", flat=True).first()
    found = silence.Quiet()
    if last is not None and now - last >= silence.SHORTEST:
        recent = arrivals.filter(sent_at__gte=now - silence.LOOKED_BACK)
        found = silence.judge(
            list(reversed(recent.values_list("sent_at", flat=True)[:MOST_ARRIVALS])), now=now
        )
        SellerAccount.objects.filter(pk=account.pk).update(watch_at=now + EVERY_WHILE_QUIET)
    if found.usual_gap is not None:
        account.usual_gap_seconds = round(found.usual_gap.total_seconds())
        SellerAccount.objects.filter(pk=account.pk).update(usual_gap_seconds=account.usual_gap_seconds)
    if account.silent_since != found.silent_since:
        account.silent_since = found.silent_since
        SellerAccount.objects.filter(pk=account.pk).update(silent_since=found.silent_since)
        announce(account.tenant_id, "account", account=account.pk)


def _incidents(account: SellerAccount, streams: list[ApiStream], *, now: datetime) -> Iterator[Incident]:
    name = account.name
    sending = account.health_reason.startswith(health.SENDING)
    if account.health in health.SHUT:
        what = "cannot send" if sending else "is not read any more"
        yield Incident(
            AlarmKind.REFUSED,
            account.health_since,
            f"{name} {what}",
            f"{account.health_reason} It is not tried again until somebody mends the account:"
            f" {'replies wait' if sending else 'new messages stay in the mailbox'} until then.",
            MAIL,
        )
    read_at = account.last_ok_at or account.created_at
    if (account.health not in health.SHUT or sending) and now - read_at > UNREAD:
        yield Incident(
            AlarmKind.BEHIND,
            read_at,
            f"Nothing was read from {name} for {silence.gap_words(int((now - read_at).total_seconds()))}",
            f"{account.health_reason} Messages may be missing; it is tried again by itself.".strip(),
        )
    for stream in streams:
        yield Incident(
            AlarmKind.REFUSED,
            stream.health_since,
            f"{STREAM_TITLES[stream.name]} of {name} are not read any more",
            f"{stream.health_reason} It is not tried again until the account is given a new key or consent."
            " Messages go on coming in.",
            stream.name,
        )
    if account.silent_since is not None:
        gap = silence.gap_words(account.usual_gap_seconds or 0)
        there = account.silent_since.astimezone(ZoneInfo(account.tenant.time_zone))
        yield Incident(
            AlarmKind.SILENT,
            account.silent_since,
            f"{name} is unusually quiet",
            f"{name} is unusually quiet: nothing since {there:%a %H:%M}, usually at least every {gap}."
            f" Its mailbox is read; look in {account.facts.seller_site} whether its messages still go there.",
        )


def _is_new(account: SellerAccount, incident: Incident, *, now: datetime) -> bool:
    """Write the incident down; False when it was before."""
    kept = AccountAlarm.objects.filter(
        account=account, kind=incident.kind, stream=incident.stream, since=incident.since
    )
    if kept.exists():
        return False
    try:
        with transaction.atomic():
            AccountAlarm(
                account=account,
                kind=incident.kind,
                stream=incident.stream,
                since=incident.since,
                words=incident.words[:500],
                told_at=now,
            ).save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _tell(account: SellerAccount, incident: Incident, send: alarm_mail.Send, *, now: datetime) -> None:
    key = f"alarm:{account.pk}:{incident.kind}:{incident.stream}:{incident.since.isoformat()}"
    text = f"{incident.words}\n\nSee Accounts in the helpdesk of {account.tenant.name}: {account.name}.\n"
    for member in alarm_mail.told(account.tenant_id, account.pk):
        send(member.user.email, incident.subject, text, f"{key}:{member.pk}", now)
