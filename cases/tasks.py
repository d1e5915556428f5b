"""The bells of cases: each task is one call, takes ids, and may run twice or never."""

from celery import shared_task
from django.utils import timezone

from accounts.tenant_task import TenantTask
from cases import warehouse_late

BELL_EXPIRES_SECONDS = 60


@shared_task
def ring_late_checks() -> None:
    """Ask for the escalation of every check whose moment has passed unanswered."""
    for tenant_id, check_id in warehouse_late.due():
        escalate_check.apply_async((check_id,), {"tenant_id": tenant_id}, expires=BELL_EXPIRES_SECONDS)


@shared_task(base=TenantTask)
def escalate_check(check_id: int, *, tenant_id: int) -> None:
    """Tell people that the warehouse is late."""
    warehouse_late.escalate(check_id, tenant_id=tenant_id, now=timezone.now())
