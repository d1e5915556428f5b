"""The bells Celery rings for cases: each task is one call, takes ids, and may run twice or never."""

from celery import shared_task
from django.db import connections
from django.utils import timezone

from accounts.models import Tenant
from accounts.tenant_task import TenantTask
from cases import reminding
from cases.evidence import forgetting, packing
from cases.warehouse import late

BELL_EXPIRES_SECONDS = 60


@shared_task
def ring_due_packs() -> None:
    """Ask for every evidence pack that waits, or whose maker has died."""
    with connections["sweep"].cursor() as cursor:
        cursor.execute("SELECT id, tenant_id FROM cases_evidencepack WHERE next_at <= now()")
        for pack_id, tenant_id in cursor.fetchall():
            make_pack.apply_async((pack_id,), {"tenant_id": tenant_id}, expires=30)


@shared_task(base=TenantTask)
def make_pack(pack_id: int, *, tenant_id: int) -> None:
    """Make an evidence pack that is due."""
    packing.make(pack_id, tenant_id=tenant_id, clock=timezone.now)


@shared_task
def ring_purges() -> None:
    """Ask every tenant's cases to let go of what has passed its moment."""
    for tenant_id in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        purge_cases.apply_async((), {"tenant_id": tenant_id}, expires=3600)


@shared_task(base=TenantTask)
def purge_cases(*, tenant_id: int) -> None:
    """Let go of evidence that has passed its moment."""
    forgetting.purge_evidence(tenant_id, now=timezone.now())


@shared_task
def ring_late_checks() -> None:
    """Ask for the escalation of every check whose moment has passed unanswered."""
    for tenant_id, check_id in late.due():
        escalate_check.apply_async((check_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS)


@shared_task(base=TenantTask)
def escalate_check(check_id: int, *, tenant_id: int) -> None:
    """Tell people that the warehouse is late."""
    late.escalate(check_id, tenant_id=tenant_id, now=timezone.now())


@shared_task
def ring_follow_ups() -> None:
    """Ask for the reminder of every case whose day to be followed up has come."""
    for tenant_id, case_id in reminding.due():
        remind.apply_async((case_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS)


@shared_task(base=TenantTask)
def remind(case_id: int, *, tenant_id: int) -> None:
    """Tell people that a case is to be followed up."""
    reminding.remind(case_id, tenant_id=tenant_id, now=timezone.now())
