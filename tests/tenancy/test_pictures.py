"""A picture's address opens one file for ten minutes, and nobody can make or change one."""

import time
from collections.abc import Callable
from http import HTTPStatus

import pytest
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from accounts.tenancy import tenant_tx
from inbox.models import Attachment
from inbox.views.files import SALT, picture_token
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.walk import Answer, ask
from tests.web.rows import PNG
from tests.world import World


@pytest.fixture
def their_picture(world: World, next_door: Neighbours) -> Attachment:
    """A picture that came to globex."""
    with tenant_tx(world.globex.pk):
        file: Attachment = Attachment.objects.get(pk=next_door.theirs["file_id"])
    return file


@pytest.fixture
def look(next_door: Neighbours) -> Callable[[str], Answer]:
    """Ask for a picture by a token as somebody who is not signed in."""

    def at(token: str) -> Answer:
        return ask(Client(), "GET", reverse("picture", kwargs={"token": token}))

    return at


def test_the_right_address_shows_it(their_picture: Attachment, look: Callable[[str], Answer]) -> None:
    answer = look(picture_token(their_picture))
    assert answer.status == HTTPStatus.OK
    assert answer.content.startswith(PNG)


def test_an_address_of_ones_own_making_shows_nothing(
    their_picture: Attachment, next_door: Neighbours, look: Callable[[str], Answer]
) -> None:
    named = {"t": their_picture.tenant_id, "a": their_picture.pk}
    good = picture_token(their_picture)
    payload, stamp, signature = good.split(":")
    ours = picture_token(Attachment(tenant_id=named["t"], pk=next_door.ours["file_id"]))
    forged = {
        "another key": signing.dumps(named, key="not the key", salt=SALT),
        "another salt": signing.dumps(named, salt="accounts.invitation"),
        "no signature": f"{payload}:{stamp}",
        "an empty signature": f"{payload}:{stamp}:",
        "one letter changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "another's payload": f"{ours.split(':')[0]}:{stamp}:{signature}",
        "a later stamp": f"{payload}:{stamp[:-1]}{'1' if stamp[-1] != '1' else '2'}:{signature}",
        "nonsense": "%00",
    }
    for how, token in forged.items():
        answer = look(token)
        assert answer.status == HTTPStatus.NOT_FOUND, how
        assert PNG not in answer.content, how
        assert next_door.heard_in(answer.everything) == [], how


def test_an_address_is_good_for_ten_minutes(
    their_picture: Attachment, next_door: Neighbours, look: Callable[[str], Answer]
) -> None:
    fresh, old = (_signed_ago(their_picture, seconds) for seconds in (590, 610))
    assert look(fresh).status == HTTPStatus.OK
    assert look(old).status == HTTPStatus.NOT_FOUND
    assert next_door.heard_in(look(old).everything) == []


def test_a_file_is_not_found_under_another_tenant(
    world: World, their_picture: Attachment, look: Callable[[str], Answer]
) -> None:
    # A token that names acme and globex's file can only come of a fault of ours; the database still says no.
    mixed = Attachment(tenant_id=world.acme.pk, pk=their_picture.pk)
    assert look(picture_token(mixed)).status == HTTPStatus.NOT_FOUND


def test_a_file_that_is_no_picture_is_not_shown_without_signing_in(
    world: World, their_picture: Attachment, look: Callable[[str], Answer]
) -> None:
    path = default_storage.save("page", ContentFile(b"<script>alert(1)</script>"))
    with tenant_tx(world.globex.pk):
        Attachment.objects.filter(pk=their_picture.pk).update(path=path, content_type="image/png")
    assert look(picture_token(their_picture)).status == HTTPStatus.NOT_FOUND


def _signed_ago(file: Attachment, seconds: int) -> str:
    """A good address that was made some time ago; a timestamp signature signs "payload:moment in base 62"."""
    payload = picture_token(file).split(":")[0]
    moment = signing.b62_encode(int(time.time()) - seconds)
    return signing.Signer(salt=SALT).sign(f"{payload}:{moment}")
