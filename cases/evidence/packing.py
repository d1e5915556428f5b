"""Make evidence packs: asked for by a person, made by a worker with progress, made again if it died."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F

from accounts.announcing import announce
from accounts.models import Membership
from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from cases import types
from cases.evidence.gathering import gather
from cases.evidence.pdf import Written, write
from cases.models import Case, EvidencePack, PackState
from inbox import events

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)  # a maker that has not said anything for so long is dead
TRIES = 3
UNMADE = (PackState.WAITING, PackState.MAKING)
FAILED = "It could not be made. Ask for it again; if it fails again, tell whoever runs the helpdesk."


def ask(case: Case, *, by: Membership, now: datetime) -> EvidencePack:
    """Have a pack made of what there is now; one that is on its way is enough. Raises Refused."""
    if case.conversation.purged_at is not None:
        raise Refused("The texts of this case were deleted; there is nothing left to make a pack of.")
    under_way = EvidencePack.objects.filter(case=case, state__in=UNMADE).first()
    if under_way is not None:
        return under_way
    pack = EvidencePack.objects.create(
        tenant_id=case.tenant_id,
        case=case,
        account_id=case.account_id,
        asked_by=by,
        asked_at=now,
        next_at=now,
        expires_at=case.conversation.expires_at,
    )
    events.record(case.conversation, "pack_asked", at=now, actor=by)
    return pack


def claim(pack_id: int, *, tenant_id: int, now: datetime) -> EvidencePack | None:
    """Take a due pack for this worker; None when another has it, or it was tried too often."""
    with tenant_tx(tenant_id):
        due = EvidencePack.objects.filter(pk=pack_id, next_at__lte=now)
        if due.filter(attempts__gte=TRIES).update(state=PackState.FAILED, next_at=None, fault=FAILED):
            return None
        taken = due.update(state=PackState.MAKING, next_at=now + LEASE, attempts=F("attempts") + 1, percent=0)
        rows = EvidencePack.objects.select_related(
            "case__account", "case__order__account", "case__conversation"
        )
        return rows.get(pk=pack_id) if taken else None


def make(pack_id: int, *, tenant_id: int, clock: Callable[[], datetime]) -> bool:
    """Make a due pack; True when it is ready. Safe to call again and from several workers."""
    pack = claim(pack_id, tenant_id=tenant_id, now=clock())
    if pack is None:
        return False
    with tenant_tx(tenant_id):
        dossier = gather(pack.case, title=types.type_of(pack.case.type).title)
    written = write(
        dossier,
        as_of=pack.asked_at,
        read=_read,
        progress=lambda percent: _say(pack, percent, now=clock()),
    )
    return _keep(pack, written, now=clock())


def _say(pack: EvidencePack, percent: int, *, now: datetime) -> None:
    """Note how far it is, at each tenth, and that its maker lives."""
    if percent // 10 == pack.percent // 10:
        return
    pack.percent = percent
    with tenant_tx(pack.tenant_id):
        own = EvidencePack.objects.filter(pk=pack.pk, attempts=pack.attempts, state=PackState.MAKING)
        own.update(percent=percent, next_at=now + LEASE)


def _keep(pack: EvidencePack, written: Written, *, now: datetime) -> bool:
    """Store the file first and the row after; a second maker's file is removed again."""
    path = default_storage.save(
        f"tenant/{pack.tenant_id}/packs/{uuid4().hex}.pdf", ContentFile(written.content)
    )
    with tenant_tx(pack.tenant_id):
        own = EvidencePack.objects.filter(pk=pack.pk, state=PackState.MAKING, attempts=pack.attempts)
        # One whose time came while it was made is gone: nobody would look for its file again.
        kept = own.filter(purged_at__isnull=True).update(
            state=PackState.READY,
            next_at=None,
            percent=100,
            made_at=now,
            pages=written.pages,
            statements=written.statements,
            missing=written.missing,
            size=len(written.content),
            sha256=hashlib.sha256(written.content).hexdigest(),
            path=path,
        )
        if kept:
            talk = pack.case.conversation
            events.record(talk, "pack_ready", at=now, pages=written.pages, missing=len(written.missing))
            announce(pack.tenant_id, "conversation", number=talk.number, account=talk.account_id)
    if not kept:
        default_storage.delete(path)
        return False
    log.info("evidence pack made", pack=pack.pk, pages=written.pages, missing=len(written.missing))
    return True


def _read(path: str) -> bytes:
    with default_storage.open(path, "rb") as file:
        return bytes(file.read())
