"""A mail as it came: formatted in a frame that can do nothing, or as its bytes."""

import html
import re
import secrets
from typing import Any
from urllib.parse import unquote

from django.db.models import BinaryField, F
from django.db.models.functions import Length, Substr
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.models import Message
from inbox.views.files import picture_token
from inbox.views.frame import answer, frame
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.mailbox.scrub import scrubbed

SHOWN = 2**20  # bytes of an original that are put on a page
FRAME_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; frame-ancestors 'self'; form-action 'none'"
)
CID = re.compile(r"""\bsrc="cid:([^"]*)\"""")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@needs("converse")
@require_GET
@xframe_options_sameorigin
def message_body(request: TenantRequest, slug: str, number: int, message_id: int) -> HttpResponse:
    """The sanitised HTML of a mail, to be shown in a frame with an empty sandbox."""
    message = get_object_or_404(Message, pk=message_id, conversation__number=number)
    pictures = {
        file.content_id.strip("<>"): reverse("picture", kwargs={"token": picture_token(file)})
        for file in message.attachments.all()
        if file.content_id
    }
    response = answer(request, "inbox/message_body.html", {"html": with_pictures(message.html, pictures)})
    response["Content-Security-Policy"] = FRAME_POLICY
    return response


@needs("converse")
@require_GET
def message_source(request: TenantRequest, slug: str, number: int, message_id: int) -> HttpResponse:
    """Headers and content of a mail as text, up to a limit."""
    found = Message.objects.filter(pk=message_id, conversation__number=number)
    head = Substr(F("raw__content"), 1, SHOWN, output_field=BinaryField())
    start, size = get_object_or_404(found.values_list(head, Length("raw__content")))
    headers, content = split_mail(bytes(start))
    context: dict[str, Any] = {"message_id": message_id, "number": number, "size": size, "limit": SHOWN}
    context |= {"headers": headers, "content": content, "cut": size > SHOWN}
    return answer(
        request, "inbox/message_source.html", context | frame(request, place="", now=timezone.now())
    )


@needs("converse")
@require_GET
def message_raw(request: TenantRequest, slug: str, number: int, message_id: int) -> HttpResponse:
    """The bytes of a mail, to be kept as a file."""
    found = Message.objects.select_related("raw").filter(conversation__number=number)
    message = get_object_or_404(found, pk=message_id)
    response = HttpResponse(bytes(message.raw.content), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="message-{message.pk}.eml"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@needs("converse")
@require_GET
def message_sample(request: TenantRequest, slug: str, number: int, message_id: int) -> HttpResponse:
    """The mail with names, addresses, numbers and words replaced, to be attached to a bug report."""
    found = Message.objects.select_related("raw", "account").filter(conversation__number=number)
    message = get_object_or_404(found, pk=message_id, purged_at=None)
    content = scrubbed(
        bytes(message.raw.content),
        rulebook(),
        message.account.marketplace,
        secret=secrets.token_bytes(32),
    )
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="sample-{message.kind}.eml"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def with_pictures(body: str, pictures: dict[str, str]) -> str:
    """Give the mail's own pictures their addresses; one that did not come with it stays empty."""

    def address(match: re.Match[str]) -> str:
        found = pictures.get(unquote(html.unescape(match[1])))
        return f'src="{html.escape(found)}"' if found else 'alt="Picture missing"'

    return CID.sub(address, body)


def split_mail(raw: bytes) -> tuple[str, str]:
    """Headers and content of a mail as text that can be shown, whatever its bytes are."""
    text = CONTROLS.sub("\N{REPLACEMENT CHARACTER}", decoded(raw).replace("\r\n", "\n").replace("\r", "\n"))
    headers, _, content = text.partition("\n\n")
    return headers, content


def decoded(raw: bytes) -> str:
    """Bytes as UTF-8, or byte by byte where they are not."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
