"""Stored files on their way to a browser, which may show them as nothing but pictures."""

from typing import IO

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404

PRIVATE_SECONDS = 600
POLICY = "default-src 'none'; sandbox"


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


def open_stored(path: str) -> IO[bytes]:
    """A file of the file storage; raises Http404 where there is none."""
    try:
        return default_storage.open(path, "rb")
    except (FileNotFoundError, ValueError) as error:
        raise Http404 from error


def serve(content: IO[bytes], kind: str, *, name: str, as_attachment: bool) -> FileResponse:
    """Answer with a file that can run nothing, whatever its bytes are."""
    response = FileResponse(content, as_attachment=as_attachment, filename=name, content_type=kind)
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = f"private, max-age={PRIVATE_SECONDS}"
    return response


def serve_picture(path: str, *, name: str) -> FileResponse:
    """Show a stored picture; raises Http404 for what is not there, or is no picture."""
    content = open_stored(path)
    kind = picture_type(content.read(16))
    if kind is None:
        content.close()
        raise Http404
    content.seek(0)
    return serve(content, kind, name=name, as_attachment=False)
