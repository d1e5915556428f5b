"""The photo of an answer: what is taken for one, and where it lies."""

from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile

from accounts.files import picture_type
from accounts.refusals import Refused

LARGEST = 10 * 2**20
HEAD = 16


def checked(file: "UploadedFile[Any]") -> str:
    """The type of what was handed in; raises Refused for what is no picture, or too large a one."""
    if (file.size or 0) > LARGEST:
        raise Refused(f"A photo may have {LARGEST // 2**20} MB at most. Take it smaller, then send again.")
    file.seek(0)
    kind = picture_type(file.read(HEAD))
    if kind is None:
        raise Refused("That is no photo. Send a JPEG, PNG, WebP or GIF picture.")
    return kind


def keep(tenant_id: int, file: "UploadedFile[Any]") -> str:
    """Store a photo under a name of its own, so that no other row's end takes it away; returns its path."""
    file.seek(0)
    path: str = default_storage.save(f"tenant/{tenant_id}/warehouse/{uuid4().hex}", ContentFile(file.read()))
    return path
