"""The bells Celery rings for connecting accounts: each task is one call and takes ids."""

from celery import shared_task
from django.db import connections
from django.utils import timezone

from accounts.tenant_task import TenantTask
from marketplaces import checking, trying

DUE_TRIALS = "SELECT id, tenant_id FROM marketplaces_connectiontrial WHERE next_at <= now()"
DUE_CHECKS = "SELECT id, tenant_id FROM marketplaces_connectioncheck WHERE next_at <= now()"
BELL_EXPIRES_SECONDS = 30


@shared_task
def ring_due_connections() -> None:
    """Ask for every trial and check that is due."""
    with connections["sweep"].cursor() as cursor:
        for question, task in ((DUE_TRIALS, try_connection), (DUE_CHECKS, check_connection)):
            cursor.execute(question)
            for row_id, tenant_id in cursor.fetchall():
                task.apply_async((row_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS)


@shared_task(base=TenantTask)
def try_connection(trial_id: int, *, tenant_id: int) -> None:
    """Try what an admin has entered."""
    trying.run(trial_id, tenant_id=tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def check_connection(check_id: int, *, tenant_id: int) -> None:
    """Run a live check of a connection."""
    checking.run(check_id, tenant_id=tenant_id, now=timezone.now())
