"""Files that came with a mail: never shown by the browser as anything but a picture."""

from typing import IO

from django.core import signing
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from accounts.tenancy import tenant_tx
from inbox.models import Attachment

SALT = "inbox.picture"
TOKEN_SECONDS = 600
POLICY = "default-src 'none'; sandbox"


@needs("converse")
@require_GET
def attachment(request: TenantRequest, slug: str, file_id: int) -> FileResponse:
    """A file to be kept; a picture says so, because a page shows it small."""
    file = get_object_or_404(Attachment, pk=file_id)
    content = _open(file)
    kind = picture_type(content.read(16)) or "application/octet-stream"
    content.seek(0)
    return _serve(content, kind, name=file.name or "file", as_attachment=True)


@require_GET
def picture(request: HttpRequest, token: str) -> FileResponse:
    """A picture inside a formatted mail, for whoever holds the short-lived address.

    The mail's frame has no origin, so it sends no cookie; the signature stands in for the sign-in.
    """
    try:
        named = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    with tenant_tx(named["t"]):
        file = get_object_or_404(Attachment, pk=named["a"])
    content = _open(file)
    kind = picture_type(content.read(16))
    if kind is None:
        content.close()
        raise Http404
    content.seek(0)
    return _serve(content, kind, name=file.name or "picture", as_attachment=False)


def picture_token(file: Attachment) -> str:
    """A signed name for a file that opens it for ten minutes."""
    return signing.dumps({"t": file.tenant_id, "a": file.pk}, salt=SALT)


def picture_type(head: bytes) -> str | None:
    """The type of a picture by its first 16 bytes; None for anything that is not one a browser may show."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def _open(file: Attachment) -> IO[bytes]:
    try:
        return default_storage.open(file.path, "rb")
    except (FileNotFoundError, ValueError) as error:
        raise Http404 from error


def _serve(content: IO[bytes], kind: str, *, name: str, as_attachment: bool) -> FileResponse:
    response = FileResponse(content, as_attachment=as_attachment, filename=name, content_type=kind)
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = f"private, max-age={TOKEN_SECONDS}"
    return response
