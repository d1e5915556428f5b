"""What people add to a case's evidence: a statement, a picture or a document; and take away again."""

import hashlib
from datetime import datetime
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

from accounts.models import Membership
from accounts.refusals import Refused
from cases.models import Case, EvidenceFile
from inbox import events
from marketplaces import retention
from marketplaces.mailbox.files import file_name, sniffed_type

LARGEST = 15 * 2**20
LONGEST_TEXT = 2000
MOST = 50
# What may be added: its name is only what the person calls it, its type is what its bytes say.
TYPES = {
    "image/png": "PNG picture",
    "image/jpeg": "JPEG picture",
    "image/webp": "WebP picture",
    "image/gif": "GIF picture",
    "application/pdf": "PDF",
}


def add(
    case: Case,
    *,
    by: Membership,
    key: str,
    text: str,
    file: "UploadedFile[bytes] | None",
    now: datetime,
) -> EvidenceFile:
    """Add a statement, a file, or both under a line of the checklist; raises Refused."""
    text = text.strip()
    if not text and file is None:
        raise Refused("Write what you know, or choose a file.")
    if len(text) > LONGEST_TEXT:
        raise Refused(f"A statement holds {LONGEST_TEXT:,} characters at most; this one has {len(text):,}.")
    if EvidenceFile.objects.filter(case=case, purged_at__isnull=True).count() >= MOST:
        raise Refused(f"A case holds {MOST} pieces of evidence at most. Remove one first.")
    row = EvidenceFile(
        tenant_id=case.tenant_id,
        case=case,
        account_id=case.account_id,
        key=key,
        text=text,
        added_by=by,
        added_at=now,
        expires_at=retention.written_until(case.conversation.expires_at, now=now),
    )
    if file is not None:
        _store(row, file)
    row.save(force_insert=True)
    events.record(case.conversation, "evidence_added", at=now, actor=by)
    return row


def remove(row: EvidenceFile, *, by: Membership, now: datetime) -> None:
    """Take away what a person added; what the marketplace or the mailbox brought stays. Raises Refused."""
    if row.purged_at is not None:
        raise Refused("That has been removed already.")
    forget([row], now=now)
    events.record(row.case.conversation, "evidence_removed", at=now, actor=by)


def forget(rows: list[EvidenceFile], *, now: datetime) -> None:
    """Blank the rows and remove their files; that they were there, and from whom, stays."""
    for row in rows:
        if row.path:
            default_storage.delete(row.path)
    EvidenceFile.objects.filter(pk__in=[row.pk for row in rows]).update(
        text="", name="", path="", purged_at=now
    )


def _store(row: EvidenceFile, file: "UploadedFile[bytes]") -> None:
    if (file.size or 0) > LARGEST:
        raise Refused(f"A file may have {LARGEST // 2**20} MB at most; make the picture smaller.")
    content = file.read()
    kind = sniffed_type(content, "")
    if kind not in TYPES:
        raise Refused(f"Only these can be added: {', '.join(TYPES.values())}.")
    row.name = file_name(file.name or "", kind, number=1)
    row.content_type, row.size = kind, len(content)
    row.sha256 = hashlib.sha256(content).hexdigest()
    row.path = default_storage.save(f"tenant/{row.tenant_id}/evidence/{uuid4().hex}", ContentFile(content))
