"""Files that came with a mail: never shown by the browser as anything but a picture."""

from django.core import signing
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.files import PRIVATE_SECONDS, open_stored, picture_type, serve, serve_picture
from accounts.middleware import TenantRequest
from accounts.tenancy import tenant_tx
from inbox.models import Attachment

SALT = "inbox.picture"


@needs("converse")
@require_GET
def attachment(request: TenantRequest, slug: str, file_id: int) -> FileResponse:
    """A file to be kept; a picture says so, because a page shows it small."""
    file = get_object_or_404(Attachment, pk=file_id)
    content = open_stored(file.path)
    kind = picture_type(content.read(16)) or "application/octet-stream"
    content.seek(0)
    return serve(content, kind, name=file.name or "file", as_attachment=True)


@require_GET
def picture(request: HttpRequest, token: str) -> FileResponse:
    """A picture inside a formatted mail, for whoever holds the short-lived address.

    The mail's frame has no origin, so it sends no cookie; the signature stands in for the sign-in.
    """
    try:
        named = signing.loads(token, salt=SALT, max_age=PRIVATE_SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    with tenant_tx(named["t"]):
        file = get_object_or_404(Attachment, pk=named["a"])
    return serve_picture(file.path, name=file.name or "picture")


def picture_token(file: Attachment) -> str:
    """A signed name for a file that opens it for ten minutes."""
    return signing.dumps({"t": file.tenant_id, "a": file.pk}, salt=SALT)
