"""Names and types of attached files, as far as they can be believed."""

import re

import filetype  # type: ignore[import-untyped]

from marketplaces.mailbox.charsets import clean

MAX_NAME = 150
# What a file must be able to be called; the two-sided controls make "gpj.exe" read as "exe.jpg".
FORBIDDEN = re.compile('[<>:"|?*\x00-\x1f\u200b-\u200f\u202a-\u202e\u2066-\u2069]')
EXTENSIONS = {
    "message/rfc822": "eml",
    "text/rfc822-headers": "eml",
    "text/plain": "txt",
    "text/html": "html",
    "text/csv": "csv",
    "text/calendar": "ics",
    "application/pdf": "pdf",
    "application/ms-tnef": "dat",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "application/zip": "zip",
}
OFFICE = "application/vnd.openxmlformats-officedocument."


def sniffed_type(content: bytes, declared: str) -> str:
    """Return the type the bytes show, else the declared one unless the bytes would have shown it."""
    kind = filetype.guess(content[:8192])
    if kind is not None:
        found = str(kind.mime)
        # An office file is a zip; the narrower claim is kept where the bytes agree with it.
        if found == "application/zip" and declared.startswith(OFFICE):
            return declared[:100]
        return found
    if declared.startswith(("image/", "video/", "audio/")) or declared in ("", "application/pdf"):
        return "application/octet-stream"
    return declared[:100] if re.fullmatch(r"[\w.+-]+/[\w.+-]+", declared) else "application/octet-stream"


def file_name(name: str, content_type: str, *, number: int) -> str:
    """Return a name without path, control or direction characters; `part-3.jpg` where there was none."""
    name = re.split(r"[/\\]", clean(name))[-1]
    name = " ".join(FORBIDDEN.sub("", name).split()).strip(". ")
    if not name:
        extension = EXTENSIONS.get(content_type, "")
        return f"part-{number}.{extension}" if extension else f"part-{number}"
    if len(name) > MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        extension = extension[:10] if dot else ""
        name = f"{(stem or name)[: MAX_NAME - 11]}.{extension}" if extension else name[:MAX_NAME]
    return name
