"""The bells Celery rings for the roll-ups: each task is one call, takes ids, and may run twice or never."""

from celery import shared_task
from django.utils import timezone

from accounts.models import Tenant
from accounts.tenant_task import TenantTask
from marketplaces.outbox import in_every_tenant
from reports import checking, rolling

MARKED = "SELECT tenant_id FROM reports_dirtyhour WHERE tenant_id = t.id LIMIT 1"


@shared_task
def ring_roll_ups() -> None:
    """Ask for a count of every organization that has marked hours."""
    for (tenant_id,) in in_every_tenant(MARKED):
        roll_up.apply_async((), {"tenant_id": tenant_id}, expires=30)


@shared_task(base=TenantTask)
def roll_up(*, tenant_id: int) -> None:
    """Count the marked hours again."""
    rolling.roll_all(tenant_id)


@shared_task
def ring_checks() -> None:
    """Ask every organization's roll-ups to be compared with the raw rows."""
    for tenant_id in Tenant.objects.order_by("pk").values_list("pk", flat=True):
        check_figures.apply_async((), {"tenant_id": tenant_id}, expires=3600)


@shared_task(base=TenantTask)
def check_figures(*, tenant_id: int) -> None:
    """Compare the roll-ups of the last quarter with the raw rows; differences are logged, not mended."""
    checking.check(tenant_id, now=timezone.now())
