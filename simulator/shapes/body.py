"""MIME bodies in the encodings real senders use."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from random import Random
from typing import Literal

Form = Literal["plain", "html", "alternative"]


@dataclass(frozen=True)
class Attachment:
    """A file that comes with a mail."""

    name: str
    content_type: str
    data: bytes


def body(
    form: Form,
    text: str,
    markup: str,
    rng: Random,
    *,
    charset: str = "utf-8",
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """A body of that form; the transfer encoding is one of those that fit, chosen by `rng`."""
    message = EmailMessage(policy=SMTP)
    if form == "html":
        _set(message, markup, "html", charset, rng)
    else:
        _set(message, text, "plain", charset, rng)
    if form == "alternative":
        message.make_alternative()
        part = EmailMessage(policy=SMTP)
        _set(part, markup, "html", charset, rng)
        del part["MIME-Version"]
        message.attach(part)
    for attachment in attachments:
        maintype, _, subtype = attachment.content_type.partition("/")
        message.add_attachment(attachment.data, maintype=maintype, subtype=subtype, filename=attachment.name)
    name_boundaries(message, rng)
    return message


def name_boundaries(message: EmailMessage, rng: Random) -> None:
    """Give every multipart a boundary from `rng`, so that the same seed gives the same bytes."""
    for part in message.walk():
        if part.is_multipart():
            part.set_boundary(f"----=_Part_{rng.randrange(10**6)}_{rng.randrange(10**10)}")


def _set(message: EmailMessage, text: str, subtype: str, charset: str, rng: Random) -> None:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    if charset == "iso-2022-jp":
        choices = ["7bit"]
    elif text.isascii():
        choices = ["7bit", "quoted-printable", "base64"]
    else:
        choices = ["8bit", "quoted-printable", "base64"]
    if max((len(line) for line in text.splitlines()), default=0) > 300:
        choices = ["quoted-printable", "base64"]
    message.set_content(text, subtype=subtype, charset=charset, cte=rng.choice(choices))


def escaped(text: str) -> str:
    """Text for use in HTML."""
    return html.escape(text, quote=False)
