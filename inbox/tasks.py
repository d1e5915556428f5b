"""The bells Celery rings: each task is one call, takes ids, and may run twice or never."""

from datetime import timedelta

from celery import shared_task
from django.db import connections
from django.utils import timezone

from accounts.models import Tenant
from accounts.tenant_task import TenantTask
from inbox import auditing, delivery, intake, purging, recomputing
from marketplaces import backfilling, backfills, estimating, polling
from marketplaces.models import MAIL
from orders import tasks as order_tasks


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


@shared_task
def ring_due_backfills() -> None:
    """Ask for the next part of history that is being fetched."""
    for backfill_id, tenant_id, stream in due_backfills():
        task = fetch_mails if stream == MAIL else order_tasks.fetch_records
        task.apply_async((backfill_id,), {"tenant_id": tenant_id}, expires=30)
    with connections["sweep"].cursor() as cursor:
        cursor.execute(
            "SELECT account_id, tenant_id FROM marketplaces_backfillestimate WHERE wanted_at <= now()"
        )
        for account_id, tenant_id in cursor.fetchall():
            estimate_backfill.apply_async((account_id,), {"tenant_id": tenant_id}, expires=30)


def due_backfills(late: timedelta = timedelta(0)) -> list[tuple[int, int, str]]:
    """(id, tenant, stream) of the history to go on with, due since so long."""
    with connections["sweep"].cursor() as cursor:
        cursor.execute(backfills.DUE, backfills.due_since(late))
        return list(cursor.fetchall())


@shared_task
def ring_due_audits() -> None:
    """Ask for the comparison of every account whose night has come."""
    with connections["sweep"].cursor() as cursor:
        cursor.execute(
            "SELECT id, tenant_id FROM marketplaces_selleraccount WHERE health <> 'paused'"
            " AND (audit_at IS NULL OR audit_at <= now())"
        )
        for account_id, tenant_id in cursor.fetchall():
            audit_account.apply_async((account_id,), {"tenant_id": tenant_id}, expires=60)


@shared_task(base=TenantTask)
def audit_account(account_id: int, *, tenant_id: int) -> None:
    """Compare an account with its mailbox and its marketplace."""
    auditing.audit(
        account_id,
        tenant_id=tenant_id,
        now=timezone.now(),
        arrived=lambda raw_ids: intake.read_many(raw_ids, tenant_id=tenant_id),
    )


@shared_task(base=TenantTask)
def estimate_backfill(account_id: int, *, tenant_id: int) -> None:
    """Count what an account's history would bring."""
    estimating.make(account_id, tenant_id=tenant_id, now=timezone.now())


@shared_task(base=TenantTask)
def fetch_mails(backfill_id: int, *, tenant_id: int) -> None:
    """Fetch a part of a mailbox's history."""
    backfilling.read_mail(
        backfill_id,
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


@shared_task
def ring_recomputations() -> None:
    """Ask for every recomputation of deadlines that a change of policy has made necessary."""
    with connections["sweep"].cursor() as cursor:
        cursor.execute("SELECT id, tenant_id FROM inbox_recomputation WHERE wanted_at <= now()")
        for recomputation_id, tenant_id in cursor.fetchall():
            recompute_deadlines.apply_async((recomputation_id,), {"tenant_id": tenant_id}, expires=30)


@shared_task(base=TenantTask)
def recompute_deadlines(recomputation_id: int, *, tenant_id: int) -> None:
    """Bring running deadlines in line with changed policies."""
    recomputing.carry_on(recomputation_id, tenant_id=tenant_id, now=timezone.now())
