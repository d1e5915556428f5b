"""The Celery application: a door bell. Nothing may depend on it ringing once, or at all."""

import os
from typing import Any

from celery import Celery
from celery.beat import PersistentScheduler
from celery.schedules import crontab, schedule
from celery.signals import heartbeat_sent, task_postrun, task_prerun
from django.db import close_old_connections

from helpdesk import alive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

app = Celery("helpdesk")


@task_prerun.connect
@task_postrun.connect
def let_go_of_dead_connections(**kwargs: object) -> None:
    """What Django does around a request: after a restart of the database no task meets a dead connection."""
    close_old_connections()


@heartbeat_sent.connect
def worker_lives(**kwargs: object) -> None:
    """A worker says so every few seconds."""
    alive.touch("worker")


class LivingScheduler(PersistentScheduler):
    """Beat's own scheduler, seen to be alive at each turn."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Ring what is due; seconds until the next turn."""
        alive.touch("beat")
        return float(super().tick(*args, **kwargs))


def configure() -> None:
    """Read Django's settings into the application."""
    from django.conf import settings

    app.conf.update(
        # kombu's name for what redis-py calls unix://
        broker_url=settings.REDIS_URL.replace("unix://", "redis+socket://", 1),
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        # A bell that cannot be rung is rung again by the sweeper; a page must not wait for the broker.
        task_publish_retry=False,
        broker_transport_options={
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "health_check_interval": 10,
            "visibility_timeout": 3600,
            "global_keyprefix": "helpdesk:",
        },
        task_routes={"inbox.tasks.deliver_reply": {"queue": "delivery"}},
        beat_scheduler="helpdesk.celery:LivingScheduler",
        beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
        beat_schedule={
            "poll-mailboxes": {
                "task": "inbox.tasks.ring_due_mailboxes",
                "schedule": schedule(min(5, settings.MAIL_POLL_SECONDS)),
                "options": {"expires": 30},
            },
            "fetch-history": {
                "task": "inbox.tasks.ring_due_backfills",
                "schedule": schedule(2),
                "options": {"expires": 10},
            },
            "make-evidence-packs": {
                "task": "cases.tasks.ring_due_packs",
                "schedule": schedule(1),
                "options": {"expires": 10},
            },
            "purge-cases": {
                "task": "cases.tasks.ring_purges",
                "schedule": schedule(3600),
                "options": {"expires": 3600},
            },
            "audit-accounts": {
                "task": "inbox.tasks.ring_due_audits",
                "schedule": schedule(60),
                "options": {"expires": 60},
            },
            "purge": {
                "task": "inbox.tasks.ring_purges",
                "schedule": schedule(3600),
                "options": {"expires": 3600},
            },
            "escalate-late-checks": {
                "task": "cases.tasks.ring_late_checks",
                "schedule": schedule(15),
                "options": {"expires": 30},
            },
            "remind-of-follow-ups": {
                "task": "cases.tasks.ring_follow_ups",
                "schedule": schedule(15),
                "options": {"expires": 30},
            },
            "read-marketplaces": {
                "task": "orders.tasks.ring_due_reads",
                "schedule": schedule(2),
                "options": {"expires": 10},
            },
            "try-connections": {
                "task": "marketplaces.tasks.ring_due_connections",
                # An admin waits for it in front of a page.
                "schedule": schedule(1),
                "options": {"expires": 10},
            },
            "roll-up": {
                "task": "reports.tasks.ring_roll_ups",
                "schedule": schedule(5),
                "options": {"expires": 10},
            },
            "check-figures": {
                "task": "reports.tasks.ring_checks",
                "schedule": crontab(hour=3, minute=20),
                "options": {"expires": 3600},
            },
            "recompute-deadlines": {
                "task": "inbox.tasks.ring_recomputations",
                # Whoever changed a policy waits for it in front of the page.
                "schedule": schedule(1),
                "options": {"expires": 10},
            },
            "send-mails": {
                "task": "accounts.tasks.ring_due_mails",
                "schedule": schedule(5),
                "options": {"expires": 10},
            },
        },
        timezone="UTC",
    )
    # Without this Celery drops its database connection around every task.
    app.conf["CELERY_DB_REUSE_MAX"] = 100_000
    app.autodiscover_tasks(["accounts", "cases", "inbox", "marketplaces", "orders", "reports"])


configure()
