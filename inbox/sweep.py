"""Look for what is due in all tenants and see that it happens, whether or not anything else works.

It rings the bells of due replies and unread mail, does the work itself when nobody hears them, ends expired
leases and records breaches. Several may run: every step is claimed in the database.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accounts.tenancy import tenant_tx
from accounts.tenant_task import TenantTask
from inbox import delivery, events, intake, recomputing, tasks, warning, watching
from inbox.in_process import InProcess
from inbox.models import Deadline, OutboundReply
from marketplaces import outbox
from marketplaces.models import MAIL
from orders import tasks as order_tasks

log = structlog.get_logger(__name__)

# The database is away, as against: it answers and something is wrong.
LOST = (OperationalError, InterfaceError)
BELL_EXPIRES_SECONDS = 120
BROKER_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 30.0
RAW_RING_SECONDS = 30.0
UNHEARD = timedelta(seconds=60)
UNREAD = f"""
    SELECT tenant_id, id FROM marketplaces_inboundraw WHERE tenant_id = t.id AND state = 'new'
    AND stored_at <= now() - interval '30 s' ORDER BY stored_at LIMIT {outbox.BATCH}
"""  # noqa: S608
# What beat and the broker should have had polled a minute ago.
OVERDUE = f"""
    SELECT tenant_id, id FROM marketplaces_selleraccount WHERE tenant_id = t.id AND health <> 'paused'
    AND next_poll_at <= now() - interval '60 s' ORDER BY next_poll_at LIMIT {outbox.BATCH}
"""  # noqa: S608
UNREAD_STREAMS = f"""
    SELECT tenant_id, id FROM marketplaces_apistream WHERE tenant_id = t.id AND health <> 'paused'
    AND next_at <= now() - interval '60 s' ORDER BY next_at LIMIT {outbox.BATCH}
"""  # noqa: S608
# Channels whose minute is over.
WATCHED = f"""
    SELECT tenant_id, id FROM marketplaces_selleraccount WHERE tenant_id = t.id AND health <> 'paused'
    AND (watch_at IS NULL OR watch_at <= now()) LIMIT {outbox.BATCH}
"""  # noqa: S608
BREACHED = f"""
    SELECT tenant_id, id FROM inbox_deadline WHERE tenant_id = t.id AND stopped_at IS NULL
    AND breached_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT {outbox.BATCH}
"""  # noqa: S608
# Deadlines whose people are to be told.
TO_TELL = f"""
    SELECT tenant_id, id FROM inbox_deadline WHERE tenant_id = t.id AND stopped_at IS NULL
    AND tell_at <= now() ORDER BY tell_at LIMIT {outbox.BATCH}
"""  # noqa: S608
# Recomputations nobody goes on with.
LEFT = f"""
    SELECT tenant_id, id FROM inbox_recomputation WHERE tenant_id = t.id
    AND wanted_at <= now() - interval '60 s' LIMIT {outbox.BATCH}
"""  # noqa: S608


class Bells:
    """Rings tasks through the broker, and leaves a broker alone for a while that does not answer."""

    def __init__(self) -> None:
        self._rest_until = 0.0
        self._answers = True

    def ring(self, task: TenantTask, row_id: int, *, tenant_id: int) -> bool:
        """Enqueue a task; False when the broker does not take it."""
        if time.monotonic() < self._rest_until:
            return False
        try:
            task.apply_async((row_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS, retry=False)
        except (BrokerError, OSError) as error:
            if self._answers:
                log.warning(
                    "the broker does not answer; the sweeper does the work", fault=type(error).__name__
                )
            self._answers, self._rest_until = False, time.monotonic() + BROKER_REST_SECONDS
            return False
        if not self._answers:
            log.info("the broker answers again")
        self._answers = True
        return True


class Sweeper:
    """One sweeping process; `sweep` is one round, `run` goes on until told to stop."""

    def __init__(self) -> None:
        self.bells = Bells()
        self.replies = InProcess(_deliver, threads=4)
        # One thread: the bounded parser of a process serves one reader at a time.
        self.mails = InProcess(_read, threads=1)
        self.polls = InProcess(_poll, threads=1)
        self.reads = InProcess(_read_stream, threads=1)
        self.watches = InProcess(_watch, threads=1)
        self.recomputations = InProcess(_recompute, threads=1)
        self.histories = {
            True: InProcess(_fetch_mails, threads=1),
            False: InProcess(_fetch_records, threads=1),
        }
        self._mail_rung: dict[int, float] = {}

    def run(self, stop: threading.Event, *, every: float, turn: Callable[[], None] = lambda: None) -> None:
        """Sweep until `stop` is set; a lost database is waited for, with one line in the log.

        `turn` is called at each round, whether it went well or not.
        """
        losses = 0
        while not stop.is_set():
            turn()
            try:
                close_old_connections()
                self.sweep()
            except LOST as error:
                if not losses:
                    log.warning("the database does not answer; sweeping rests", fault=type(error).__name__)
                losses += 1
                connections.close_all()
            else:
                if losses:
                    log.info("sweeping again", failed_rounds=losses)
                losses = 0
            stop.wait(min(LONGEST_REST_SECONDS, every * 2 ** min(losses, 6)))

    def settle(self, seconds: float) -> bool:
        """Wait until no thread of this process works, at most that long for each kind of work."""
        works = (self.replies, self.mails, self.polls, self.reads, self.watches, self.recomputations)
        return all(work.settle(seconds) for work in (*works, *self.histories.values()))

    def sweep(self) -> None:
        """One round; what fails does not keep the rest from its turn. Raises what LOST names."""
        for tenant_id, reply_id in outbox.expired(OutboundReply):
            with _others_go_on("end a lease"):
                delivery.expire(reply_id, tenant_id=tenant_id)
        for tenant_id, ids in _by_tenant(outbox.in_every_tenant(BREACHED)):
            with _others_go_on("record breaches"):
                record_breaches(tenant_id, ids)
        for tenant_id, ids in _by_tenant(outbox.in_every_tenant(TO_TELL)):
            with _others_go_on("tell of deadlines"):
                warning.tell(ids, tenant_id=tenant_id, now=timezone.now())
        due = outbox.due(OutboundReply)
        unheard = {each.row_id for each in due if each.unheard}
        for tenant_id, ids in _by_tenant((each.tenant_id, each.row_id) for each in due):
            with _others_go_on("ring for replies"):
                self._ring_replies(tenant_id, ids, unheard)
        with _others_go_on("ring for mails"):
            self._ring_mails()
        with _others_go_on("poll overdue mailboxes"):
            for tenant_id, account_id in outbox.in_every_tenant(OVERDUE):
                self.polls.add(tenant_id, account_id)
        with _others_go_on("read overdue streams"):
            for tenant_id, stream_id in outbox.in_every_tenant(UNREAD_STREAMS):
                self.reads.add(tenant_id, stream_id)
        with _others_go_on("look after the channels"):
            for tenant_id, account_id in outbox.in_every_tenant(WATCHED):
                self.watches.add(tenant_id, account_id)
        with _others_go_on("carry on with recomputations"):
            for tenant_id, recomputation_id in outbox.in_every_tenant(LEFT):
                self.recomputations.add(tenant_id, recomputation_id)
        with _others_go_on("fetch overdue history"):
            for backfill_id, tenant_id, stream in tasks.due_backfills(late=UNHEARD):
                self.histories[stream == MAIL].add(tenant_id, backfill_id)

    def _ring_replies(self, tenant_id: int, ids: list[int], unheard: set[int]) -> None:
        with tenant_tx(tenant_id):
            claimed = outbox.ring(OutboundReply, ids)
        for reply_id in claimed:
            heard = self.bells.ring(tasks.deliver_reply, reply_id, tenant_id=tenant_id)
            if not heard or reply_id in unheard:
                self.replies.add(tenant_id, reply_id)

    def _ring_mails(self) -> None:
        now = time.monotonic()
        self._mail_rung = {key: at for key, at in self._mail_rung.items() if at > now - RAW_RING_SECONDS}
        for tenant_id, raw_id in outbox.in_every_tenant(UNREAD):
            if raw_id in self._mail_rung:
                continue
            self._mail_rung[raw_id] = now
            if not self.bells.ring(tasks.read_raw, raw_id, tenant_id=tenant_id):
                self.mails.add(tenant_id, raw_id)


def record_breaches(tenant_id: int, deadline_ids: list[int]) -> int:
    """Note that these moments passed with the clock running, at the moments themselves; returns how many."""
    with tenant_tx(tenant_id):
        # Looked at again under the lock: a reply or a change of policy may have been quicker.
        breached = list(
            Deadline.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
            .select_related("conversation")
            .filter(pk__in=deadline_ids, stopped_at__isnull=True, breached_at__isnull=True, due_at__lte=Now())
        )
        Deadline.objects.filter(pk__in=[deadline.pk for deadline in breached]).update(breached_at=F("due_at"))
        for deadline in breached:
            events.record(deadline.conversation, "breached", at=deadline.due_at, rule=deadline.rule)
    return len(breached)


@contextmanager
def _others_go_on(step: str) -> Iterator[None]:
    """Log a fault in one piece of the work and leave the rest alone; a lost database is everybody's."""
    try:
        yield
    except LOST:
        raise
    except Exception as error:
        # Only the kind of fault: a database's words can hold a buyer's.
        log.error("a step of the sweep failed", step=step, fault=type(error).__name__)


def _by_tenant(rows: Iterable[tuple[int, int]]) -> list[tuple[int, list[int]]]:
    grouped: defaultdict[int, list[int]] = defaultdict(list)
    for tenant_id, row_id in rows:
        grouped[tenant_id].append(row_id)
    return list(grouped.items())


def _deliver(tenant_id: int, reply_id: int) -> None:
    delivery.deliver(reply_id, tenant_id=tenant_id)


def _poll(tenant_id: int, account_id: int) -> None:
    tasks.poll_mailbox.run(account_id, tenant_id=tenant_id)


def _read_stream(tenant_id: int, stream_id: int) -> None:
    order_tasks.read_stream.run(stream_id, tenant_id=tenant_id)


def _watch(tenant_id: int, account_id: int) -> None:
    watching.watch(account_id, tenant_id=tenant_id, now=timezone.now())


def _recompute(tenant_id: int, recomputation_id: int) -> None:
    recomputing.carry_on(recomputation_id, tenant_id=tenant_id, now=timezone.now())


def _fetch_mails(tenant_id: int, backfill_id: int) -> None:
    tasks.fetch_mails.run(backfill_id, tenant_id=tenant_id)


def _fetch_records(tenant_id: int, backfill_id: int) -> None:
    order_tasks.fetch_records.run(backfill_id, tenant_id=tenant_id)


def _read(tenant_id: int, raw_id: int) -> None:
    intake.read_raw(raw_id, tenant_id=tenant_id)
