"""Let go of a check's texts and photo when their time has come; who asked, when, and what was found stays."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.dispatch import receiver

from accounts.upserting import upsert
from cases.models import CheckState, WarehouseCheck
from inbox import purging, signals
from inbox.models import Conversation, DoomedFile


def due_checks(now: datetime) -> QuerySet[WarehouseCheck]:
    """Checks of the open tenant whose texts must go."""
    return WarehouseCheck.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def forget_checks(ids: Collection[int], *, now: datetime) -> None:
    """Blank what was asked, found and prepared; the photo's file follows once this is committed."""
    rows = WarehouseCheck.objects.filter(pk__in=ids)
    doomed = [
        DoomedFile(tenant_id=tenant_id, path=path, doomed_at=now)
        for tenant_id, path in rows.exclude(photo_path="").values_list("tenant_id", "photo_path")
    ]
    upsert(DoomedFile, doomed, ("path",), ("doomed_at",))
    # Without its question nobody can answer it any more.
    rows.filter(state=CheckState.OPEN).update(state=CheckState.WITHDRAWN)
    rows.update(question="", note="", prepared_reply="", photo_path="", photo_type="", purged_at=now)


@receiver(signals.conversations_forgotten)
def forget_with_conversations(
    sender: type[Conversation], *, ids: Collection[int], now: datetime, **kwargs: Any
) -> None:
    """A conversation whose texts go takes its checks along, whatever their own moment is."""
    hanging = WarehouseCheck.objects.filter(conversation__in=ids, purged_at__isnull=True)
    forget_checks(list(hanging.values_list("pk", flat=True)), now=now)


purging.also(purging.Step("warehouse checks", due_checks, forget_checks))
