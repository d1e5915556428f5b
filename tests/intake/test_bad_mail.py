"""Mail that is too large, too deep, broken or empty: stored, shown, and never in anybody's way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import filing
from inbox.models import Conversation, Message
from marketplaces.models import InboundRaw
from tests.world import World, arrive, walmart_mail

HEAD = b"From: a@relay.walmart.com\r\nSubject: hello\r\n"
BAD = {
    "empty": b"",
    "only line ends": b"\r\n\r\n\r\n",
    "no headers": b"just a text without any header",
    "no Message-ID": HEAD + b"\r\nWhere is it?\r\n",
    "unknown charset": HEAD + b"Content-Type: text/plain; charset=x-klingon\r\n\r\nQapla \xff\xfe\r\n",
    "broken base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!\r\n",
    "10 000 nested tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 10_000 + b"deep",
    "10 000 nested parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)
    ),
    "NUL bytes": HEAD + b"\r\n\x00\x00where\x00 is it\x00\r\n",
    "8-bit headers": b"From: J\xf6rg <a@relay.walmart.com>\r\nSubject: \xe9\xe8\xff\r\n\r\ntext\r\n",
    "a header without end": b"Subject: " + b"x" * 300_000,
    "20 000 headers": b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\ntext",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_a_bad_mail_is_stored_and_shown(world: World, content: bytes) -> None:
    message = arrive(world.walmart, content)
    assert message is not None
    assert message.text.strip()
    with tenant_tx(world.acme.pk):
        assert bytes(InboundRaw.objects.get().content) == content
        assert InboundRaw.objects.get().state in ("parsed", "quarantined")
        assert Conversation.objects.count() == 1
    good = arrive(world.walmart, walmart_mail(world.walmart, text="a good one after it"))
    assert good is not None
    assert good.text == "a good one after it"


def test_a_mail_of_60_mb_keeps_its_beginning_and_its_clock(world: World) -> None:
    content = walmart_mail(world.walmart, text="Photos of the damage") + b"x" * 60 * 2**20
    message = arrive(world.walmart, content)
    assert message is not None
    assert message.text.startswith("Photos of the damage")
    assert message.conversation.due_at is not None
    assert any("bytes were kept" in oddity for oddity in message.oddities)


def test_an_unreadable_mail_becomes_a_conversation_with_its_clock(world: World) -> None:
    received = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    with tenant_tx(world.acme.pk):
        raw = InboundRaw.objects.create(
            account=world.walmart,
            source="file",
            source_key="x",
            sha256=b"x",
            content=b"From: Denise <abc@relay.walmart.com>\r\nSubject: Lamp\r\n\r\n",
            size=1,
            received_at=received,
            expires_at=received + timedelta(days=60),
        )
        filing.file_unreadable(raw, "It took longer than 10 s to read.")
        conversation = Conversation.objects.get()
        assert conversation.kind == "unreadable"
        assert conversation.subject == "Lamp"
        assert conversation.due_at == received + timedelta(hours=48)
        assert "one click away" in Message.objects.get().text
