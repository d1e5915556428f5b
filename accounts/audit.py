"""Write down who changed what, in the transaction of the change."""

from collections.abc import Mapping
from datetime import datetime

from accounts.models import AuditEntry, Membership

Detail = str | int | bool | None | list[str] | list[int]


def record(
    *,
    tenant_id: int,
    by: Membership | None,
    action: str,
    subject: str,
    details: Mapping[str, Detail] | None = None,
    now: datetime,
) -> AuditEntry:
    """One line in the tenant's record; `details` hold no secret and nothing of a buyer's.

    `by` is None where the helpdesk itself or an operator did it.
    """
    return AuditEntry.objects.create(
        tenant_id=tenant_id, at=now, actor=by, action=action, subject=subject, details=dict(details or {})
    )
