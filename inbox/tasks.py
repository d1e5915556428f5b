"""The bells Celery rings: each task is one call, takes ids, and may run twice or never."""

from celery import shared_task
from django.db import connections
from django.utils import timezone

from accounts.models import Tenant
from accounts.tenant_task import TenantTask
from inbox import delivery, intake, purging, recomputing
from marketplaces import polling


@shared_task
def ring_due_mailboxes() -> None:
    """Ask for a poll of every account that is due."""
    with connections["sweep"].cursor() as cursor:
        cursor.execute(
            "SELECT id, tenant_id FROM marketplaces_selleraccount"
            " WHERE next_poll_at <= now() AND health <> 'paused'"
        )
        for account_id, tenant_id in cursor.fetchall():
            poll_mailbox.apply_async((account_id,), {"tenant_id": tenant_id}, expires=30)


@shared_task(base=TenantTask)
def poll_mailbox(account_id: int, *, tenant_id: int) -> None:
    """Bring in what an account's mailbox holds."""

    polling.poll(
        account_id,
        tenant_id=tenant_id,
        now=timezone.now(),
        arrived=lambda raw_ids: intake.read_many(raw_ids, tenant_id=tenant_id),
    )


@shared_task(base=TenantTask)
def read_raw(raw_id: int, *, tenant_id: int) -> None:
    """Read a stored mail that nobody has read yet."""
    intake.read_raw(raw_id, tenant_id=tenant_id)


@shared_task(base=TenantTask)
def deliver_reply(reply_id: int, *, tenant_id: int) -> None:
    """Send a reply that is due."""
    delivery.deliver(reply_id, tenant_id=tenant_id)


@shared_task
def ring_purges() -> None:
    """Ask every tenant's purge to look for what has passed its moment."""
    for tenant_id in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        purge_expired.apply_async((), {"tenant_id": tenant_id}, expires=3600)


@shared_task(base=TenantTask)
def purge_expired(*, tenant_id: int) -> None:
    """Let go of what has passed its moment."""
    purging.purge(tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def recompute_deadlines(*, tenant_id: int) -> None:
    """Bring running deadlines in line with changed policies."""
    recomputing.recompute(tenant_id)
