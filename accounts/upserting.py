"""Write many rows of a tenant in one statement, those already there brought up to date."""

from collections.abc import Iterable
from typing import TypeVar

from accounts.tenancy import TenantModel

Row = TypeVar("Row", bound=TenantModel)


def upsert(model: type[Row], rows: Iterable[Row], unique: tuple[str, ...], update: tuple[str, ...]) -> None:
    """Insert rows or bring those with the same key up to date; the caller has locked what they hang on.

    Of two rows with one key the later counts: a source that repeats itself is no fault.
    """
    keys = [model._meta.get_field(name).attname for name in unique]  # type: ignore[union-attr]
    once = {tuple(getattr(row, key) for key in keys): row for row in rows}
    model._default_manager.bulk_create(
        list(once.values()),
        update_conflicts=True,
        unique_fields=["tenant", *unique],
        update_fields=list(update),
    )
