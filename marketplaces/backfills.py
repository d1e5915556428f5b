"""History that is fetched beside what arrives: asking for it, whose turn it is, and how far it has come.

What a part is and how it is read is the reader's: marketplaces.backfilling for mail, orders.backfilling for
what comes by the API. The rows they store have unique keys and the cursor moves after them, so a reader may
die at any moment: the part is read again and nothing is there twice.
"""

import random
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Least, Now

from accounts.announcing import announce
from accounts.models import Membership
from accounts.tenancy import tenant_tx
from marketplaces import health, retention
from marketplaces.models import (
    MAIL,
    UNDER_WAY,
    ApiStream,
    Backfill,
    BackfillEstimate,
    BackfillState,
    Health,
    SellerAccount,
)
from marketplaces.types import PERFORMANCE, Marketplace

log = structlog.get_logger(__name__)

HISTORY_DAYS = (7, 30, 90)
# Amazon's returns report always spans as much as Amazon lets us keep.
WITHOUT_HISTORY = {Marketplace.AMAZON: ("returns",)}
# A reader that dies holds its backfill no longer than this; each page renews it.
STALE_CLAIM = timedelta(seconds=60)
# After so long a reader gives way to others and goes on at its next turn.
PART_SECONDS = 10
SHORTEST_PAUSE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
# In a row, and without a page between them: most of a day at the longest wait.
MOST_FAILURES = 100
# What is fetched should not be deleted the same night.
SHORTEST_STAY = timedelta(days=1)
# Those that nobody reads now, while fewer than `settings.BACKFILLS_AT_ONCE` are being read: what arrives has
# the other workers to itself.
DUE = """
    SELECT id, tenant_id, stream FROM marketplaces_backfill WHERE next_at <= now() - %s
    AND (SELECT count(*) FROM marketplaces_backfill busy
         WHERE busy.state = 'running' AND busy.next_at > now()) < %s
    ORDER BY next_at LIMIT %s
"""


def due_since(late: timedelta) -> list[Any]:
    """What DUE, the sweeping login's question, asks about what has been due for so long."""
    return [late, settings.BACKFILLS_AT_ONCE, settings.BACKFILLS_AT_ONCE]


def begin(account: SellerAccount, *, since: datetime, by: Membership | None, now: datetime) -> list[Backfill]:
    """Fetch everything since then that is not here, or read it again, inside the caller's transaction.

    One for the mailbox and one for each stream of the API. One that is under way goes back further instead.
    """
    since, clamped = kept_span(account, since, now)
    named = ApiStream.objects.filter(account=account).order_by("pk").values_list("name", flat=True)
    without = (PERFORMANCE, *WITHOUT_HISTORY.get(account.marketplace, ()))
    rows = [
        _begin_one(account, stream, since, clamped, by, now)
        for stream in (MAIL, *(name for name in named if name not in without))
    ]
    announce(account.tenant_id, "account", account=account.pk)
    return rows


def ask_for_estimate(account: SellerAccount, *, now: datetime) -> None:
    """Have a worker count what history would bring, inside the caller's transaction."""
    BackfillEstimate.objects.update_or_create(
        tenant_id=account.tenant_id, account=account, defaults={"wanted_at": now}
    )


def _begin_one(
    account: SellerAccount,
    stream: str,
    since: datetime,
    clamped: str,
    by: Membership | None,
    now: datetime,
) -> Backfill:
    under_way = Backfill.objects.filter(account=account, stream=stream, state__in=UNDER_WAY)
    if not under_way.exists():
        asked = Backfill(
            account=account, stream=stream, since=since, until=now, clamped=clamped, asked_by=by,
            asked_at=now, next_at=now,
        )  # fmt: skip
        try:
            with transaction.atomic():
                asked.save(force_insert=True)
        except IntegrityError:
            log.info("a backfill was begun in the same moment", account=account.pk, stream=stream)
        else:
            return asked
    further = {"since": since, "clamped": clamped, "estimated": None}
    if stream == MAIL:
        # From the newest day again: what is here is only compared, and Sent stays behind the others.
        further |= {"step": 0, "reached": None, "done": 0, "part_done": 0}
    under_way.filter(since__gt=since).update(**further)
    return under_way.get()


def kept_span(account: SellerAccount, since: datetime, now: datetime) -> tuple[datetime, str]:
    """Not further back than retention lets it stay, with the reason in words."""
    days = account.tenant.walmart_retention_days
    kept_since = retention.kept_since(account.marketplace, now, walmart_days=days)
    earliest = kept_since + min(SHORTEST_STAY, (now - kept_since) / 2)
    if since >= earliest:
        return since, ""
    held = (now - kept_since).days
    if account.marketplace is Marketplace.AMAZON:
        why = f"Amazon lets nobody keep what names a buyer for more than {held} days without an order"
    else:
        why = f"Your organization keeps what names a buyer for {held} days"
    return earliest, f"{why}, so nothing older is fetched."


def stop(backfill: Backfill, *, by: Membership, now: datetime) -> bool:
    """End it where it is, inside the caller's transaction; False when it had ended already."""
    who = f"{by.user.name} stopped it."
    stopped = _under_way(backfill).update(
        state=BackfillState.STOPPED, next_at=None, reason=who, finished_at=now
    )
    announce(backfill.tenant_id, "account", account=backfill.account_id)
    return bool(stopped)


def end_all(account: SellerAccount, *, why: str, now: datetime) -> None:
    """End all fetching of an account's history, inside the caller's transaction."""
    running = Backfill.objects.filter(account=account, state__in=UNDER_WAY)
    running.update(state=BackfillState.STOPPED, next_at=None, reason=why, finished_at=now)


def begin_mail_again(account: SellerAccount, *, why: str, now: datetime) -> None:
    """End the mailbox's history that is under way and begin it anew, inside the caller's transaction."""
    begun = Backfill.objects.filter(
        account=account, stream=MAIL, state__in=UNDER_WAY, began_at__isnull=False
    ).first()
    if begun is not None:
        # A row of its own, which a worker in the middle of the old one has no hold of.
        _under_way(begun).update(state=BackfillState.STOPPED, next_at=None, reason=why, finished_at=now)
        _begin_one(account, MAIL, begun.since, begun.clamped, begun.asked_by, now)


def wake(account: SellerAccount, *, now: datetime) -> None:
    """What kept an account from being read is over: its history goes on; inside the caller's transaction."""
    waiting = Backfill.objects.filter(account=account, state=BackfillState.WAITING, next_at__gt=now)
    waiting.update(next_at=now)


def claim(backfill_id: int, *, tenant_id: int, now: datetime) -> Backfill | None:
    """Take a backfill that is due, so that no second worker reads it now; None when it is not its turn."""
    with tenant_tx(tenant_id):
        row = Backfill.objects.filter(pk=backfill_id, next_at__lte=now)
        found = row.select_related("account__tenant").first()
        if found is None:
            return None
        if why := waits_for(found.account):
            pause = SHORTEST_PAUSE if found.account.connecting_since else LONGEST_WAIT
            row.update(next_at=now + pause, reason=why, state=BackfillState.WAITING)
            return None
        claimed = row.update(
            next_at=now + STALE_CLAIM,
            state=BackfillState.RUNNING,
            began_at=Coalesce(F("began_at"), now),
        )
        if not claimed:
            return None
        return Backfill.objects.select_related("account__tenant").get(pk=backfill_id)


def waits_for(account: SellerAccount) -> str:
    """Why nothing of the account may be read now; empty when it may."""
    if account.disconnected_at is not None:
        return "The account is disconnected."
    if account.connecting_since is not None:
        return "Waits until the account is connected."
    if account.health == Health.PAUSED:
        return "Waits until the account is resumed."
    # One refused sign-in more might lock the mailbox.
    refused = account.health_reason.startswith(health.REFUSED)
    if refused or account.health == Health.REVOKED:
        return "Waits until the account can be signed in to again."
    return ""


def seen(backfill: Backfill, in_part: int) -> bool:
    """A page is stored, in the same transaction; False when the backfill was stopped or taken over."""
    return bool(_mine(backfill).update(part_done=in_part, next_at=Now() + STALE_CLAIM, failures=0, reason=""))


def part_finished(backfill: Backfill, *, in_part: int, reached: datetime, **cursor: int | None) -> bool:
    """The last page of a part is stored: move the cursor; False as above."""
    with tenant_tx(backfill.tenant_id):
        moved = _mine(backfill).update(
            done=F("done") + in_part,
            part_done=0,
            reached=reached,
            next_at=Now() + STALE_CLAIM,
            failures=0,
            reason="",
            **cursor,
        )
        if moved:
            _widen_what_should_be_here(backfill, reached)
    # The reader's own copy stands where the row does; what it has read of the account stays with it.
    for name, value in {"done": backfill.done + in_part, "reached": reached, **cursor}.items():
        setattr(backfill, name, value)
    return bool(moved)


def _widen_what_should_be_here(backfill: Backfill, reached: datetime) -> None:
    account = SellerAccount.objects.filter(pk=backfill.account_id)
    if backfill.stream == MAIL:
        account.update(mail_since=Least(Coalesce(F("mail_since"), F("clocks_from")), reached))
    else:
        streams = ApiStream.objects.filter(account_id=backfill.account_id, name=backfill.stream)
        streams.filter(read_since__isnull=False).update(read_since=Least(F("read_since"), reached))


def finished(backfill: Backfill, *, now: datetime) -> None:
    """It has reached its beginning."""
    with tenant_tx(backfill.tenant_id):
        # Unless somebody has meanwhile asked for more of it.
        _mine(backfill).filter(since=backfill.since).update(
            state=BackfillState.DONE, next_at=None, reached=backfill.since, reason="", finished_at=now
        )
        announce(backfill.tenant_id, "account", account=backfill.account_id)
    log.info("backfill complete", account=backfill.account_id, stream=backfill.stream, rows=backfill.done)


def gives_way(backfill: Backfill, *, now: datetime) -> None:
    """Its time is over for now; it goes on when it is its turn again."""
    with tenant_tx(backfill.tenant_id):
        _mine(backfill).update(next_at=now)


def waits(backfill: Backfill, words: str, *, until: datetime, **cursor: int) -> None:
    """Nothing is wrong, but it may not go on before then."""
    with tenant_tx(backfill.tenant_id):
        _mine(backfill).update(state=BackfillState.WAITING, next_at=until, reason=words[:500], **cursor)


def failed(backfill: Backfill, words: str, *, now: datetime, retry_after: float = 0) -> None:
    """A part could not be read: say why, and go on where it was, each time a little later."""
    wait = min(LONGEST_WAIT, timedelta(seconds=5) * 2 ** min(backfill.failures, 10)) * random.uniform(0.5, 1)  # noqa: S311
    over = backfill.failures + 1 >= MOST_FAILURES
    log.warning("backfill held up", account=backfill.account_id, stream=backfill.stream, given_up=over)
    with tenant_tx(backfill.tenant_id):
        _mine(backfill).update(
            state=BackfillState.FAILED if over else BackfillState.WAITING,
            next_at=None if over else now + max(wait, timedelta(seconds=retry_after)),
            failures=F("failures") + 1,
            reason=words[:500],
            finished_at=now if over else None,
        )
        announce(backfill.tenant_id, "account", account=backfill.account_id)


def _mine(backfill: Backfill) -> QuerySet[Backfill]:
    """The row, as long as nobody has stopped it or read on from where this reader stands."""
    return _under_way(backfill).filter(
        state=BackfillState.RUNNING, step=backfill.step, reached=backfill.reached
    )


def _under_way(backfill: Backfill) -> QuerySet[Backfill]:
    return Backfill.objects.filter(pk=backfill.pk, state__in=UNDER_WAY)
