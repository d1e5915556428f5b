"""The mechanics of leaving, once: whatever goes out to a marketplace is a row that walks these states.

    queued -> leased -> handing -> sent | failed | unknown

`handing` is committed before the first byte that cannot be taken back. A crash before it is retried by
machine; a crash after it is `unknown` and is settled by proof or by a person, never by sending again blindly.

Every function but `due` and `expired` runs inside the caller's tenant_tx, one short one for each step and
none around network traffic. Whoever leased a row holds its token, and only the holder of the token writes: a
worker that wakes up late changes nothing. All moments are the database's.
"""

import random
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.db import connections, models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest, Least, Now

from accounts.tenancy import TenantModel

LEASE = timedelta(seconds=60)
# Longer than the hard end of an SMTP or API exchange, so that an exchange never outlives it.
HANDING_LEASE = timedelta(seconds=90)
# A row is given up after both: a server that is away for a night's hour costs nobody a reply.
MOST_ATTEMPTS = 12
GIVE_UP_AFTER = timedelta(hours=6)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)
# Tries are spread no further than this before the deadline; from there on they come quickly.
SPARE = timedelta(minutes=30)
QUICK_WAIT = timedelta(seconds=30)
QUICK_WAIT_LATER = timedelta(minutes=2)  # once the quick tries have not helped
RING_EVERY = timedelta(seconds=30)
UNHEARD_AFTER = timedelta(seconds=60)
LONGEST_ANSWER = 500
BATCH = 200


class OutboxState(models.TextChoices):
    """Where a row is on its way out."""

    QUEUED = "queued", "Queued"
    LEASED = "leased", "Sending"
    HANDING = "handing", "Handing over"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"


class OutboxRow(TenantModel):
    """What every outgoing row carries; the database's clock decides about all of these moments."""

    state = models.CharField(max_length=10, choices=OutboxState, default=OutboxState.QUEUED)
    # Random and made by the form: a double click or a resent request is the same row.
    client_key = models.UUIDField(default=uuid.uuid4)
    attempts = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField()
    next_at = models.DateTimeField()
    rung_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    peer_answer = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        abstract = True


Row = TypeVar("Row", bound=OutboxRow)
MOVING = (OutboxState.QUEUED, OutboxState.LEASED, OutboxState.HANDING)


def lease(
    model: type[Row], row_id: int, *, ready: Q | None = None, with_: tuple[str, ...] = ()
) -> Row | None:
    """Take a due row for the length of a lease; None when it is not due, not `ready`, or somebody has it.

    `with_` names relations to load along. The row comes back with the token its holder must show.
    """
    row: Row | None = (
        model.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related(*with_)
        .filter(ready or Q(), pk=row_id, state=OutboxState.QUEUED, next_at__lte=Now())
        .first()
    )
    if row is None:
        return None
    token = uuid.uuid4()
    model.objects.filter(pk=row.pk).update(
        state=OutboxState.LEASED, lease_token=token, lease_until=Now() + LEASE, attempts=F("attempts") + 1
    )
    row.refresh_from_db(fields=["state", "lease_token", "lease_until", "attempts"])
    return row


def begin_handing(model: type[Row], row_id: int, token: uuid.UUID) -> bool:
    """Write down, before the bytes that cannot be taken back, that they are about to leave.

    False means hands off: the lease has ended or the row is somebody else's by now. The caller must have
    committed before it goes on.
    """
    # Lock first: the moment compared with the lease must not be from before a wait for the row.
    mine = model.objects.filter(pk=row_id, lease_token=token, state=OutboxState.LEASED)
    if mine.select_for_update().first() is None:
        return False
    return bool(
        mine.filter(lease_until__gt=Now()).update(
            state=OutboxState.HANDING, handed_at=Now(), lease_until=Now() + HANDING_LEASE
        )
    )


def finish(
    model: type[Row], row_id: int, token: uuid.UUID, state: OutboxState, answer: str
) -> OutboxState | None:
    """End the way of a row that was being handed over, as sent or unknown; None when it is not ours.

    A clear answer still counts when the lease has ended meanwhile and the row was set to unknown, as long as
    nobody has decided about it: a decision takes the token away.
    """
    doubtful = state == OutboxState.UNKNOWN
    movable = [OutboxState.HANDING] if doubtful else [OutboxState.HANDING, OutboxState.UNKNOWN]
    changes: dict[str, Any] = {} if doubtful else {"lease_token": None}
    moved = model.objects.filter(pk=row_id, lease_token=token, state__in=movable).update(
        state=state, settled_at=Now(), lease_until=None, peer_answer=one_line(answer), **changes
    )
    return state if moved else None


def give_back(
    model: type[Row],
    row_id: int,
    token: uuid.UUID,
    answer: str,
    *,
    permanent: bool = False,
    counted: bool = True,
    deadline: datetime | None = None,
) -> OutboxState | None:
    """Nothing left the building: queue the row again, later each time, or call it failed.

    `permanent`: trying again cannot help. `counted`: this try is one of those that tire the row. Returns the
    new state, or None when the row is not ours.
    """
    row = (
        model.objects.select_for_update()
        .filter(pk=row_id, lease_token=token, state__in=[OutboxState.LEASED, OutboxState.HANDING])
        .first()
    )
    if row is None:
        return None
    return _put_back(row, answer, permanent=permanent, counted=counted, deadline=deadline)


def expire(model: type[Row], row_id: int, *, deadline: datetime | None = None) -> OutboxState | None:
    """See to a row whose lease has ended: queue it again if nothing had left, call it unknown if it may have.

    Returns the new state, or None when there is nothing to see to.
    """
    row = (
        model.objects.select_for_update(skip_locked=True)
        .filter(pk=row_id, state__in=[OutboxState.LEASED, OutboxState.HANDING], lease_until__lte=Now())
        .first()
    )
    if row is None:
        return None
    if row.state == OutboxState.LEASED:
        return _put_back(row, "The sending process ended before it handed anything over.", deadline=deadline)
    # The token stays: should its holder be alive after all, its answer settles the row.
    model.objects.filter(pk=row.pk).update(
        state=OutboxState.UNKNOWN,
        settled_at=Now(),
        lease_until=None,
        peer_answer="The sending process ended while it handed the reply over.",
    )
    return OutboxState.UNKNOWN


def postpone(model: type[Row], row_id: int, wait: timedelta, why: str) -> bool:
    """Leave a due row alone for a while because something else must happen first; no try is counted."""
    waiting = model.objects.filter(pk=row_id, state=OutboxState.QUEUED, next_at__lte=Now())
    return bool(waiting.update(next_at=Now() + wait, rung_at=None, peer_answer=one_line(why)))


def back_off(attempts: int, *, chance: float) -> timedelta:
    """How long to wait after that many tries: full jitter under a ceiling that doubles; pure.

    `chance` is a random number from 0 to 1.
    """
    doublings = min(max(attempts - 1, 0), 10)
    return min(LONGEST_WAIT, FIRST_WAIT * int(2**doublings)) * chance


def _put_back(
    row: OutboxRow,
    answer: str,
    *,
    permanent: bool = False,
    counted: bool = True,
    deadline: datetime | None = None,
) -> OutboxState:
    """Queue a locked row again or fail it."""
    attempts = row.attempts if counted else row.attempts - 1
    state = OutboxState.FAILED if permanent or _is_tired(row, attempts) else OutboxState.QUEUED
    changes: dict[str, Any] = {"settled_at": Now()}
    if state == OutboxState.QUEUED:
        chance = random.random() if counted else 0.0  # noqa: S311 - spreads load, hides nothing
        next_at: Any = Now() + back_off(attempts, chance=chance)
        if deadline is not None:
            quick = (QUICK_WAIT if attempts < MOST_ATTEMPTS else QUICK_WAIT_LATER) * chance
            next_at = Least(next_at, Greatest(Value(deadline - SPARE), Now() + quick))
        changes = {"next_at": next_at, "rung_at": None, "handed_at": None}
    type(row).objects.filter(pk=row.pk).update(
        state=state,
        attempts=attempts,
        lease_token=None,
        lease_until=None,
        peer_answer=one_line(answer),
        **changes,
    )
    return state


def _is_tired(row: OutboxRow, attempts: int) -> bool:
    """Whether a row was tried often enough and for long enough, by the database's clock."""
    if attempts < MOST_ATTEMPTS:
        return False
    return bool(type(row).objects.filter(pk=row.pk, queued_at__lte=Now() - GIVE_UP_AFTER).exists())


class Due(NamedTuple):
    """A row whose bell should ring; `unheard` when ringing has not helped for a while."""

    tenant_id: int
    row_id: int
    unheard: bool


def due(model: type[OutboxRow]) -> list[Due]:
    """Rows of all tenants whose moment has come and whose bell was not rung just now, oldest first."""
    return [
        Due(*row)
        for row in in_every_tenant(
            f"""
            SELECT tenant_id, id, rung_at IS NOT NULL AND next_at <= now() - %s
            FROM {model._meta.db_table} WHERE tenant_id = t.id AND state = 'queued' AND next_at <= now()
            AND (rung_at IS NULL OR rung_at <= now() - %s) ORDER BY next_at LIMIT %s
            """,  # noqa: S608 - a table's name
            UNHEARD_AFTER,
            RING_EVERY,
            BATCH,
        )
    ]


def expired(model: type[OutboxRow]) -> list[tuple[int, int]]:
    """(tenant, row) of rows in all tenants whose lease has ended."""
    return [
        (tenant_id, row_id)
        for tenant_id, row_id in in_every_tenant(
            f"""
            SELECT tenant_id, id FROM {model._meta.db_table}
            WHERE tenant_id = t.id AND state IN ('leased', 'handing') AND lease_until <= now() LIMIT %s
            """,  # noqa: S608 - a table's name
            BATCH,
        )
    ]


def ring(model: type[OutboxRow], row_ids: list[int]) -> list[int]:
    """Claim the ringing of these rows' bells; returns those that no other sweeper has claimed."""
    silent = Q(rung_at__isnull=True) | Q(rung_at__lte=Now() - RING_EVERY)
    rows = model.objects.select_for_update(skip_locked=True).filter(
        silent, pk__in=row_ids, state=OutboxState.QUEUED, next_at__lte=Now()
    )
    claimed = list(rows.order_by("next_at", "pk").values_list("pk", flat=True))
    model.objects.filter(pk__in=claimed).update(rung_at=Now())
    return claimed


def in_every_tenant(rows_of_one_tenant: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run a query for each tenant `t` in one statement: every tenant gets its batch and its index is used.

    It sees the few columns that the sweeping login may read.
    """
    with connections["sweep"].cursor() as cursor:
        statement = f"SELECT r.* FROM accounts_tenant t CROSS JOIN LATERAL ({rows_of_one_tenant}) r"  # noqa: S608
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def one_line(words: str) -> str:
    """A peer's words as they are stored: one line, not too long."""
    return " ".join(words.split())[:LONGEST_ANSWER]
