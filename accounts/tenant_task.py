"""The base of every Celery task that touches a tenant's rows."""

from typing import Any

from celery import Task


class TenantTask(Task):  # type: ignore[type-arg]
    """A task about one tenant's rows; enqueuing one without saying whose is an error at once."""

    abstract = True

    def apply_async(self, args: Any = (), kwargs: dict[str, Any] | None = None, **options: Any) -> Any:  # type: ignore[override]
        """Enqueue; raises TypeError when no tenant_id is given."""
        if not isinstance((kwargs or {}).get("tenant_id"), int):
            raise TypeError(f"{self.name} needs tenant_id")
        return super().apply_async(args, kwargs, **options)
