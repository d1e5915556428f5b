"""The bells Celery rings for what comes from the marketplaces' APIs: each task is one call and takes ids."""

from celery import shared_task
from django.db import connections
from django.utils import timezone

from accounts.tenant_task import TenantTask
from marketplaces import subscribing
from orders import backfilling, pictures, sync, wanted

DUE_STREAMS = """
    SELECT id, tenant_id FROM marketplaces_apistream WHERE next_at <= now() AND health <> 'paused'
"""
WANTED_ORDERS = "SELECT DISTINCT account_id, tenant_id FROM orders_order WHERE wanted_at <= now()"
DUE_PICTURES = "SELECT DISTINCT account_id, tenant_id FROM orders_item WHERE image_due_at <= now()"
DUE_HOOKS = "SELECT account_id, tenant_id FROM marketplaces_hooksubscription WHERE next_at <= now()"
BELL_EXPIRES_SECONDS = 30


@shared_task
def ring_due_reads() -> None:
    """Ask for everything that is due from the marketplaces' APIs."""
    bells = (
        (DUE_STREAMS, read_stream),
        (WANTED_ORDERS, read_wanted),
        (DUE_PICTURES, fetch_pictures),
        (DUE_HOOKS, look_after_hooks),
    )
    with connections["sweep"].cursor() as cursor:
        for question, task in bells:
            cursor.execute(question)
            for row_id, tenant_id in cursor.fetchall():
                task.apply_async((row_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS)


@shared_task(base=TenantTask)
def read_stream(stream_id: int, *, tenant_id: int) -> None:
    """Read what is new in a stream of a seller account."""
    sync.read(stream_id, tenant_id=tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def fetch_records(backfill_id: int, *, tenant_id: int) -> None:
    """Fetch a part of a stream's history."""
    backfilling.read_records(backfill_id, tenant_id=tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def read_wanted(account_id: int, *, tenant_id: int) -> None:
    """Read the orders of an account that somebody waits for."""
    wanted.read_wanted(account_id, tenant_id=tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def fetch_pictures(account_id: int, *, tenant_id: int) -> None:
    """Fetch the pictures of an account's items."""
    pictures.fetch_pictures(account_id, tenant_id=tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def look_after_hooks(account_id: int, *, tenant_id: int) -> None:
    """Ask the marketplace to tell us of changes, or to stop it."""
    subscribing.look_after(account_id, tenant_id=tenant_id, now=timezone.now())
