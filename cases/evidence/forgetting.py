"""Let go of evidence and packs whose time has come; a case that is not decided keeps what it needs.

A pack is a copy of what the buyer wrote: it may outlive its sources only while the marketplace can still ask
for it (Amazon takes appeals for 30 days, Walmart disputes for 45), and never for longer than a year.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet

from accounts.tenancy import tenant_tx
from cases.evidence import adding
from cases.models import EvidenceFile, EvidencePack

APPEALS_END = timedelta(days=45)
LONGEST = timedelta(days=365)
BATCH = 200
Row = TypeVar("Row", EvidenceFile, EvidencePack)


def may_go(now: datetime) -> Q:
    """Rows past their moment whose case needs them no longer, or whose seller account is gone."""
    settled = Q(case__decided_at__lte=now - APPEALS_END) | Q(case__opened_at__lte=now - LONGEST)
    gone = Q(account__purged_at__isnull=False)
    return Q(purged_at__isnull=True) & (gone | Q(expires_at__lte=now) & settled)


def purge_evidence(tenant_id: int, *, now: datetime) -> int:
    """Remove what is due of a tenant, batch by batch; returns how many pieces and packs went."""
    went = 0
    while True:
        with tenant_tx(tenant_id):
            rows = _batch(EvidenceFile.objects.all(), now)
            adding.forget(rows, now=now)
            packs = _batch(EvidencePack.objects.all(), now)
            for pack in packs:
                if pack.path:
                    default_storage.delete(pack.path)
            EvidencePack.objects.filter(pk__in=[pack.pk for pack in packs]).update(
                path="", missing=[], purged_at=now, next_at=None
            )
        went += len(rows) + len(packs)
        if not rows and not packs:
            return went


def _batch(rows: QuerySet[Row], now: datetime) -> list[Row]:
    due = rows.filter(may_go(now)).order_by("pk")
    return list(due.select_for_update(of=("self",), skip_locked=True, no_key=True)[:BATCH])
