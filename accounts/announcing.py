"""Say on the broker that something has changed, so that open pages read it again.

A frame says what changed and never how: {"tenant": 1, "what": "conversation", "ids": {"number": 12}}. Whoever
misses one reads the state a little later; whoever gets one too many reads it once more.
"""

import json
import os
import threading
import time

import redis
import structlog
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 0.3
# After a failure nobody waits for the broker for this long; a page pays for a dead one at most once.
REST_SECONDS = 2.0
# More changes of one transaction than this, and the pages are told to read everything again.
MOST_AT_ONCE = 100
RESYNC = "resync"
# What a page that reads everything again has read.
READ_AGAIN = ("conversation", "order", "account", "check")

Ids = tuple[tuple[str, int | str], ...]
Notice = tuple[int, str, Ids]


def announce(tenant_id: int, what: str, **ids: int | str) -> None:
    """Tell open pages of the tenant that this has changed: after the commit inside a transaction, else now.

    `what` and the names of `ids` are the reader's: conversation (number), order (order), account (account),
    check (check), presence, membership. `account` beside them is the seller account it hangs on: whoever does
    not see that hears nothing, and where it is not said they read everything again. Never raises; while the
    broker is away nothing is said.
    """
    notice: Notice = (tenant_id, what, tuple(sorted(ids.items())))
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        _publisher.publish([notice])
        return
    for _, hook, _ in connection.run_on_commit:
        if isinstance(hook, _Batch):
            hook.add(notice)
            return
    # One that was begun in a savepoint goes when that is rolled back, and what was announced in it too.
    batch = _Batch()
    batch.add(notice)
    transaction.on_commit(batch)


def channel() -> str:
    """The broker's channel of this installation: two that share a broker must not hear each other."""
    return f"helpdesk:live:{transaction.get_connection().settings_dict['NAME']}"


def broker_url() -> str:
    """REDIS_URL as redis-py reads it; kombu has another name for the number of the database."""
    return str(settings.REDIS_URL).replace("virtual_host=", "db=")


class _Batch:
    """What one transaction announces, each thing once."""

    def __init__(self) -> None:
        self._notices: dict[Notice, None] = {}

    def add(self, notice: Notice) -> None:
        """Remember a notice until the commit."""
        self._notices[notice] = None

    def __call__(self) -> None:
        """The transaction has been committed."""
        _publisher.publish(list(self._notices))


class _Publisher:
    """A process's connection to the channel, left alone for a while when it fails."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._made_for = (0, "")
        self._rest_until = 0.0
        self._missed: set[int] = set()
        self._lock = threading.Lock()

    def publish(self, notices: list[Notice]) -> None:
        """Send these in one round trip; what cannot be sent is made up for by a resync when it can be."""
        tenants = {tenant_id for tenant_id, _, _ in notices}
        with self._lock:
            client = self._connected()
            if time.monotonic() < self._rest_until:
                self._missed |= tenants
                return
            owed, self._missed = self._missed, set()
        if len(notices) > MOST_AT_ONCE:
            owed |= tenants
        frames: list[Notice] = [(tenant_id, RESYNC, ()) for tenant_id in sorted(owed)]
        frames += [notice for notice in notices if notice[0] not in owed or notice[1] not in READ_AGAIN]
        try:
            pipeline = client.pipeline(transaction=False)
            for tenant_id, what, ids in frames:
                frame = {"tenant": tenant_id, "what": what, "ids": dict(ids)}
                pipeline.publish(channel(), json.dumps(frame))
            pipeline.execute()
        except (redis.RedisError, OSError) as error:
            with self._lock:
                self._missed |= owed | tenants
                self._rest_until = time.monotonic() + REST_SECONDS
            log.warning("could not announce a change", fault=type(error).__name__)

    def _connected(self) -> redis.Redis:
        # A worker that was forked makes a connection of its own; another broker has not failed yet.
        made_for = (os.getpid(), broker_url())
        if self._client is None or self._made_for != made_for:
            self._client = redis.Redis.from_url(
                made_for[1],
                socket_timeout=ANSWER_SECONDS,
                socket_connect_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            self._made_for, self._rest_until = made_for, 0.0
        return self._client


_publisher = _Publisher()
