"""The one door to a tenant's rows: a transaction that tells PostgreSQL and django-scopes whose they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self, TypeVar

from django.db import connection, models, transaction
from django_scopes import ScopedManager, scope

# The tenant whose transaction is open, and the member whose sight limits it.
_current: ContextVar[tuple[int, int | None] | None] = ContextVar("tenant", default=None)
# One statement: there is no moment at which the tenant is known and the member is not.
OPEN = "SELECT set_config('app.tenant_id', %s, true)"
OPEN_LIMITED = f"{OPEN}, set_config('app.membership_id', %s, true), set_config('role', 'hd_limited', true)"


class TenantSwitch(RuntimeError):
    """Code inside one tenant's transaction asked for another tenant, or for another member's sight."""


@contextmanager
def tenant_tx(tenant_id: int, *, member_id: int | None = None) -> Iterator[None]:
    """Open a transaction in which only this tenant's rows exist; nesting for the same tenant is a savepoint.

    With `member_id` only what hangs on the seller accounts which that member may see exists, for what is
    nested too. The outermost one is durable: a local setting made in a savepoint outlives it, so a loop over
    tenants inside one outer transaction would keep the last tenant. Raises TenantSwitch and RuntimeError
    (durable).
    """
    outer = _current.get()
    if outer is not None and (outer[0] != tenant_id or member_id not in (None, outer[1])):
        raise TenantSwitch("another tenant's or member's transaction is open")
    token = _current.set(outer or (tenant_id, member_id))
    try:
        with transaction.atomic(durable=outer is None), scope(tenant=tenant_id):
            if outer is None:
                with connection.cursor() as cursor:
                    if member_id is None:
                        cursor.execute(OPEN, [str(tenant_id)])
                    else:
                        cursor.execute(OPEN_LIMITED, [str(tenant_id), str(member_id)])
            yield
    finally:
        _current.reset(token)


def current_tenant_id() -> int:
    """The tenant whose transaction is open; raises RuntimeError outside of tenant_tx."""
    current = _current.get()
    if current is None:
        raise RuntimeError("no tenant's transaction is open")
    return current[0]


Set = TypeVar("Set", contravariant=True)
Get = TypeVar("Get", covariant=True)


class TenantForeignKey(models.ForeignKey[Set, Get]):
    """A key to a row of the same tenant.

    The real constraint is composite, (tenant_id, x_id), and made in the migration by TenantKey: a foreign
    key check passes row level security by, so a plain one would let a tenant point at another's row.
    """

    def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
        options.setdefault("db_constraint", False)
        options.setdefault("db_index", False)
        super().__init__(to, on_delete, **options)


class TenantModel(models.Model):
    """A row that belongs to one tenant and is guarded in the database by row level security."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, db_index=False, related_name="+")

    objects: ClassVar[models.Manager[Self]] = ScopedManager(tenant="tenant")

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="%(app_label)s_%(class)s_tenant_id")
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fill in the tenant whose transaction is open."""
        if self.tenant_id is None:
            self.tenant_id = current_tenant_id()
        super().save(*args, **kwargs)


class OneDatabaseRouter:
    """Everything lives in the default connection; "sweep" is the same database seen by another login."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Only the default connection is migrated."""
        return db == "default"
