"""Files that came with mail, as they lie in the storage."""

from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import Settings

from inbox import attaching


def test_half_a_file_is_written_anew(tmp_path: Path, settings: Settings) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    path = attaching.store(7, b"a whole photo")
    default_storage.delete(path)
    default_storage.save(path, ContentFile(b"a who"))
    assert attaching.store(7, b"a whole photo") == path
    with default_storage.open(path) as file:
        assert file.read() == b"a whole photo"


def test_the_same_content_is_one_file(tmp_path: Path, settings: Settings) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    assert attaching.store(7, b"a photo") == attaching.store(7, b"a photo")
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 1
