"""Fetch the items' pictures from the marketplace and keep them, so that a page loads nothing from outside."""

from datetime import datetime, timedelta

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.tenancy import tenant_tx
from marketplaces import registry
from marketplaces.errors import ApiError, AuthRevoked, NotFound, Refused, Throttled
from marketplaces.models import SellerAccount
from orders.models import Item

log = structlog.get_logger(__name__)

AT_ONCE = 20
STALE_CLAIM = timedelta(minutes=2)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(days=1)


def fetch_pictures(account_id: int, *, tenant_id: int, now: datetime) -> int:
    """Fetch the pictures that are due in an account; returns how many came."""
    with tenant_tx(tenant_id):
        account = SellerAccount.objects.select_related("tenant").get(pk=account_id)
        due = Item.objects.filter(account=account, image_due_at__lte=now).order_by("image_due_at", "pk")
        rows = list(due[:AT_ONCE].select_for_update(skip_locked=True))
        Item.objects.filter(pk__in=[row.pk for row in rows]).update(image_due_at=now + STALE_CLAIM)
    came = 0
    if not rows or account.barred:
        return came
    try:
        with registry.adapter(account) as adapter:
            for row in rows:
                came += _fetch(adapter, row, now=now)
    except AuthRevoked as fault:
        log.warning("pictures wait for the account's credentials", account=account.pk, fault=str(fault))
    return came


def _fetch(adapter: registry.Adapter, row: Item, *, now: datetime) -> bool:
    try:
        url = adapter.item_image(row.sku, row.item_id, row.image_url)
        content = adapter.picture(url) if url else b""
    except AuthRevoked:
        raise
    except (NotFound, Refused) as fault:
        log.info("no picture to be had", item=row.pk, fault=type(fault).__name__)
        content = b""
    except Throttled as fault:
        with tenant_tx(row.tenant_id):
            again_at = now + timedelta(seconds=max(1, fault.retry_after))
            Item.objects.filter(pk=row.pk).update(image_due_at=again_at)
        return False
    except ApiError as fault:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.image_failures, 11))
        with tenant_tx(row.tenant_id):
            Item.objects.filter(pk=row.pk).update(
                image_due_at=now + max(pause, timedelta(seconds=fault.retry_after)),
                image_failures=row.image_failures + 1,
            )
        return False
    path = ""
    if content:
        path = default_storage.save(f"tenant/{row.tenant_id}/items/{row.pk}", ContentFile(content))
    with tenant_tx(row.tenant_id):
        Item.objects.filter(pk=row.pk).update(image_path=path, image_due_at=None, image_failures=0)
    if row.image_path and path:
        default_storage.delete(row.image_path)
    return bool(content)
