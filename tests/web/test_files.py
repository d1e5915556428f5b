"""Mail as it was formatted, its pictures and files: shown without any power, served without any doubt."""

import pytest
from django.core import signing
from django.test import Client

from accounts.files import picture_type
from accounts.tenancy import tenant_tx
from inbox.models import Conversation
from inbox.views.files import SALT, picture_token
from inbox.views.originals import split_mail, with_pictures
from tests.web.conftest import Browser, browser_of
from tests.web.rows import PNG, file_in, only_message
from tests.world import World


def body(response: object) -> bytes:
    streamed = getattr(response, "streaming", False)
    return b"".join(response.streaming_content) if streamed else response.content  # type: ignore[attr-defined]


def test_the_frame_can_do_nothing(alice: Browser, talk: Conversation) -> None:
    message = only_message(talk, html='<p>Hi <b>there</b><img src="cid:lamp@x"></p>')
    file = file_in(message, content_id="<lamp@x>", inline=True)
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert '<template><iframe class="formatted" sandbox="" ' in page
    response = alice.get(f"/t/acme/c/{talk.number}/messages/{message.pk}/body/")
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self'; frame-ancestors 'self'")
    shown = response.content.decode()
    assert "<b>there</b>" in shown
    assert "cid:" not in shown
    address = shown.partition('<img src="')[2].partition('"')[0]
    picture = Client().get(address)
    assert picture["Content-Type"] == "image/png"
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert body(picture) == PNG
    assert file.tenant_id == talk.tenant_id


def test_other_pages_cannot_be_framed(alice: Browser, talk: Conversation) -> None:
    response = alice.get(f"/t/acme/c/{talk.number}/")
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("token", ["nonsense", "a:b:c", ""])
def test_a_picture_needs_our_signature(world: World, token: str) -> None:
    assert Client().get(f"/pictures/{token}/").status_code == 404


def test_a_picture_of_another_tenant_is_not_found_by_a_mixed_up_signature(
    world: World, talk: Conversation
) -> None:
    file = file_in(only_message(talk))
    mixed = signing.dumps({"t": world.globex.pk, "a": file.pk}, salt=SALT)
    assert Client().get(f"/pictures/{mixed}/").status_code == 404


def test_a_signed_address_serves_pictures_only(world: World, talk: Conversation) -> None:
    page = file_in(only_message(talk), b"<script>alert(1)</script>", content_type="image/png")
    assert Client().get(f"/pictures/{picture_token(page)}/").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"<html>", "application/octet-stream"),
        (b"<svg onload=x>", "application/octet-stream"),
    ],
)
def test_a_file_is_always_kept_never_opened(
    alice: Browser, talk: Conversation, content: bytes, kind: str
) -> None:
    file = file_in(only_message(talk), content, name="röntgen.png", content_type="image/png")
    response = alice.get(f"/t/acme/files/{file.pk}/")
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert body(response) == content


def test_a_file_that_is_gone_is_not_found(alice: Browser, talk: Conversation) -> None:
    file = file_in(only_message(talk))
    with tenant_tx(talk.tenant_id):
        type(file).objects.filter(pk=file.pk).update(path="nowhere/at-all")
    assert alice.get(f"/t/acme/files/{file.pk}/").status_code == 404


def test_a_neighbours_file_is_not_found(world: World, talk: Conversation) -> None:
    file = file_in(only_message(talk))
    assert browser_of(world.gus).get(f"/t/globex/files/{file.pk}/").status_code == 404


def test_the_original_is_shown_and_can_be_kept(alice: Browser, talk: Conversation) -> None:
    path = f"/t/acme/c/{talk.number}/messages/{only_message(talk).pk}/source"
    page = alice.get(f"{path}/").content.decode()
    assert "Authentication-Results: mx.acme.example" in page
    assert "Sales Order ID" in page
    kept = alice.get(f"{path}.eml")
    assert kept["Content-Disposition"].startswith("attachment;")
    assert b"\r\n\r\nHi Lumen US" in kept.content


def test_a_huge_original_is_cut_and_says_so(alice: Browser, world: World, talk: Conversation) -> None:
    with tenant_tx(world.acme.pk):
        message = only_message(talk)
        raw = message.raw
        raw.content = b"Subject: x\r\n\r\n" + b"x" * (2 * 2**20)
        raw.save()
    response = alice.get(f"/t/acme/c/{talk.number}/messages/{message.pk}/source/")
    assert "Only the first 1.0 MB are shown" in response.content.decode()
    assert len(response.content) < 1.2 * 2**20


def test_bytes_of_any_kind_can_be_shown() -> None:
    assert split_mail(b"Subject: \xe9\r\nX: \x00\x1b[0m\r\n\r\nbody\r\n") == (
        "Subject: é\nX: ��[0m",
        "body\n",
    )
    assert split_mail(b"no body at all") == ("no body at all", "")


def test_pictures_that_did_not_come_stay_empty() -> None:
    known = {"a b": "/pictures/x/"}
    assert with_pictures('<img src="cid:a%20b">', known) == '<img src="/pictures/x/">'
    assert with_pictures('<img src="cid:other">', known) == '<img alt="Picture missing">'


def test_types_are_told_by_content() -> None:
    assert picture_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert picture_type(b"GIF89a......") == "image/gif"
    assert picture_type(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "image/webp"
    assert picture_type(b"RIFF\x00\x00\x00\x00WAVEfmt ") is None
    assert picture_type(b"") is None
