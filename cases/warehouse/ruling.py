"""Whether a prepared reply may leave by itself: the organization's own choice, written down."""

from datetime import datetime

from accounts import audit
from accounts.models import Membership
from cases.models import WarehouseRule


def tracking_leaves() -> bool:
    """Whether pure tracking updates leave when the warehouse has answered."""
    return WarehouseRule.objects.filter(tracking_leaves=True).exists()


def let_tracking_leave(allowed: bool, *, by: Membership, now: datetime) -> None:
    """Switch it on or off for the organization; said twice, it is written down once."""
    rule, _ = WarehouseRule.objects.get_or_create(tenant_id=by.tenant_id)
    changed = WarehouseRule.objects.filter(pk=rule.pk, tracking_leaves=not allowed)
    if not changed.update(tracking_leaves=allowed):
        return
    audit.record(
        tenant_id=by.tenant_id,
        by=by,
        action="warehouse_rule_changed",
        subject="tracking updates that leave by themselves",
        details={"allowed": allowed},
        now=now,
    )
