"""Keep the files that came with a message, under the tenant's own folder, named by their content."""

import hashlib
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from inbox.models import Attachment, DoomedFile, Message
from marketplaces.mailbox.parsed import AttachmentPart


def store_files(message: Message, parts: tuple[AttachmentPart, ...]) -> list[Attachment]:
    """Write the bytes first and the rows after, so that a crash leaves no row without its file."""
    doomed = _doomed(message.tenant_id, parts) if parts else frozenset()
    rows = [
        Attachment(
            tenant_id=message.tenant_id,
            message=message,
            name=part.name[:255] or "attachment",
            content_type=part.content_type[:100],
            size=part.size,
            content_id=part.content_id[:255],
            inline=part.inline,
            path=store(message.tenant_id, part.content, doomed=doomed),
            expires_at=message.expires_at,
        )
        for part in parts
    ]
    return list(Attachment.objects.bulk_create(rows))


def store(tenant_id: int, content: bytes, *, doomed: frozenset[str] = frozenset()) -> str:
    """Write the content where it does not lie whole yet; returns its path in the storage.

    A file at one of the `doomed` paths may be removed any moment: a second one is written.
    """
    path = path_of(tenant_id, content)
    if path in doomed:
        path = f"{path}-{uuid4().hex[:8]}"
    if default_storage.exists(path):
        if default_storage.size(path) == len(content):
            return path
        # Half a file: whoever wrote it was killed.
        default_storage.delete(path)
    default_storage.save(path, ContentFile(content))
    return path


def path_of(tenant_id: int, content: bytes) -> str:
    """Where a file of this content lies."""
    digest = hashlib.sha256(content).hexdigest()
    return f"tenant/{tenant_id}/{digest[:2]}/{digest}"


def _doomed(tenant_id: int, parts: tuple[AttachmentPart, ...]) -> frozenset[str]:
    paths = [path_of(tenant_id, part.content) for part in parts]
    return frozenset(DoomedFile.objects.filter(path__in=paths).values_list("path", flat=True))
