"""Let go of raw mail whose time has come; key and sum stay, so that the mail is not fetched again."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from marketplaces.models import InboundRaw, RawState

UNREAD = "Its time had come before anybody had read it."


def due_raws(now: datetime) -> QuerySet[InboundRaw]:
    """Raw mail of the open tenant that must go."""
    return InboundRaw.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def forget_raws(raw_ids: Collection[int], *, now: datetime) -> None:
    """Blank their content, inside the caller's transaction."""
    rows = InboundRaw.objects.filter(pk__in=raw_ids)
    rows.filter(state=RawState.NEW).update(state=RawState.QUARANTINED, error=UNREAD)
    rows.update(content=b"", purged_at=now)
