"""What has passed its moment goes, with every copy of it; what names nobody stays."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default as modern
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import actions, drafts, purging, searching
from inbox.models import (
    Attachment,
    Conversation,
    Deadline,
    DoomedFile,
    Draft,
    Event,
    Message,
    OutboundReply,
)
from marketplaces.models import InboundRaw, RawState
from orders.models import Buyer, Order
from tests.orders.rows import make_order
from tests.web.conftest import Browser, alice  # noqa: F401 - a fixture
from tests.web.rows import PNG, reply_in
from tests.world import World, arrive, walmart_mail

Superuser = psycopg.Connection[tuple[object, ...]]
CANARY = "Quickenbush"
HOUR = timedelta(hours=1)


def with_file(raw: bytes) -> bytes:
    mail = message_from_bytes(raw, policy=modern)
    mail.add_attachment(PNG, maintype="image", subtype="png", filename=f"{CANARY}.png")
    return bytes(mail)


def full_conversation(world: World, *, market: str = "walmart") -> Message:
    """A buyer's mail with a file, answered, noted and drafted upon; every text of it sings."""
    account = getattr(world, market)
    raw = with_file(walmart_mail(account, text=f"It is {CANARY} here.", buyer=f"Zoe {CANARY}"))
    message = arrive(account, raw)
    assert message is not None
    talk = message.conversation
    reply_in(talk, world.alice, body=f"Dear {CANARY}", subject=f"Re: {CANARY}", peer_answer=f"250 {CANARY}")
    with tenant_tx(account.tenant_id):
        actions.add_note(talk, by=world.alice, body=f"Call {CANARY}", now=timezone.now())
        drafts.keep(talk, by=world.leo, body=f"Hello {CANARY}")
        Order.objects.update(buyer_name=f"Zoe {CANARY}", ship_to_place=CANARY, relay_address="q@x.example")
    return message


def tables_with(superuser: Superuser, word: str) -> set[str]:
    """The tables in which a word stands anywhere, search vectors and raw mail included."""
    tables = [
        str(row[0])
        for row in superuser.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id'"
            " AND table_schema = 'public'"
        ).fetchall()
    ]
    asked = "row_to_json(t)::text ILIKE %(word)s"
    found = {
        name for name in tables if _holds(superuser, f"SELECT 1 FROM {name} t WHERE {asked} LIMIT 1", word)
    }
    raw = "SELECT 1 FROM marketplaces_inboundraw WHERE encode(content, 'escape') ILIKE %(word)s LIMIT 1"
    return found | ({"raw content"} if _holds(superuser, raw, word) else set())


def _holds(superuser: Superuser, statement: str, word: str) -> bool:
    return superuser.execute(statement.encode(), {"word": f"%{word}%"}).fetchone() is not None


def later(row: Message | Order | Conversation) -> datetime:
    return row.expires_at + timedelta(seconds=1)


def files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_new_mail_with_an_old_date_is_not_deleted_unread(world: World) -> None:
    now = timezone.now()
    content = walmart_mail(world.walmart, text="Where is my lamp?", sent_at=now - timedelta(days=900))
    message = arrive(world.walmart, content)
    assert message is not None
    purging.purge(world.acme.pk, now=now + HOUR)
    with tenant_tx(world.acme.pk):
        assert Message.objects.get(pk=message.pk).text == "Where is my lamp?"
        assert Conversation.objects.get().relay_address


def test_nothing_that_names_the_buyer_is_left_and_the_clock_is(
    world: World,
    superuser: Superuser,
    alice: Browser,  # noqa: F811
) -> None:
    message = full_conversation(world)
    talk = message.conversation
    with tenant_tx(world.acme.pk):
        end = later(Conversation.objects.get(pk=talk.pk))
    assert not purging.purge(world.acme.pk, now=message.expires_at - HOUR)
    before = tables_with(superuser, CANARY)
    assert {"inbox_message", "inbox_searchdocument", "raw content", "orders_buyer", "inbox_draft"} <= before
    assert len(files()) == 1
    gone = purging.purge(world.acme.pk, now=end)
    assert gone["messages"] == gone["replies"] == gone["notes"] == gone["drafts"] == gone["orders"] == 1
    assert tables_with(superuser, CANARY) == set()
    assert purging.purge(world.acme.pk, now=end + HOUR) == {"files": 1}
    assert files() == []
    assert purging.purge(world.acme.pk, now=end + 2 * HOUR) == {}
    with tenant_tx(world.acme.pk):
        deadline = Deadline.objects.get()
        assert (deadline.message_id, deadline.stopped_at) == (message.pk, None)
        kept = Conversation.objects.get(pk=talk.pk)
        assert (kept.buyer_name, kept.relay_alias, kept.due_at) == ("", "", deadline.due_at)
        assert kept.buyer is not None
        assert kept.buyer.name == ""
        assert OutboundReply.objects.get().state == "sent"
        assert Event.objects.filter(kind="noted").exists()
        found = searching.search(searching.parse(CANARY), membership=world.alice, now=end)
        assert found.conversations == []
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert "The texts of this conversation were deleted on" in page
    assert "as your organization's term for Walmart says" in page


def test_a_mail_whose_text_is_gone_is_known_when_it_is_fetched_again(world: World) -> None:
    raw = walmart_mail(world.walmart)
    message = arrive(world.walmart, raw)
    assert message is not None
    purging.purge(world.acme.pk, now=later(message))
    with tenant_tx(world.acme.pk):
        received_at = InboundRaw.objects.get().received_at
    assert arrive(world.walmart, raw, received_at=received_at) is None
    with tenant_tx(world.acme.pk):
        assert [each.state for each in InboundRaw.objects.order_by("pk")] == [
            RawState.PARSED,
            RawState.DUPLICATE,
        ]
        assert Deadline.objects.count() == 1


def test_a_new_mail_brings_a_conversation_back_with_new_texts_only(world: World) -> None:
    message = arrive(world.walmart, walmart_mail(world.walmart))
    assert message is not None
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(case_ref="A" * 32)
    purging.purge(world.acme.pk, now=later(message))
    again = walmart_mail(world.walmart, text="Still nothing.").replace(
        b"RefID: ", b"RefID: " + b"A" * 32 + b"\r\n"
    )
    second = arrive(world.walmart, again)
    assert second is not None
    assert second.conversation_id == message.conversation_id
    talk = second.conversation
    assert (talk.purged_at, talk.buyer_name, talk.preview) == (None, "Denise Kowalczyk", "Still nothing.")


def test_at_amazon_delivery_ends_what_came_in_before_it(world: World) -> None:
    order = make_order(world.amazon, external_id="302-1234567-7654321")
    mail = walmart_mail(world.amazon, order=order.external_id)
    early = arrive(world.amazon, mail.replace(b"relay.walmart.com", b"marketplace.amazon.de"))
    assert early is not None
    now = timezone.now() + timedelta(days=31)
    with tenant_tx(world.acme.pk):
        Order.objects.filter(pk=order.pk).update(
            delivered_at=now - timedelta(days=30, hours=1), expires_at=now - HOUR
        )
        late = Message.objects.get(pk=early.pk)
        late.pk, late.raw = None, InboundRaw.objects.create(
            account=world.amazon, source="file", source_key="late", sha256=b"x" * 32, content=b"x", size=1,
            received_at=now, expires_at=now + timedelta(days=60),
        )  # fmt: skip
        late.sent_at, late.expires_at = now - timedelta(minutes=5), now + timedelta(days=60)
        late.save()
        Conversation.objects.update(expires_at=late.expires_at)
    assert early.expires_at > now
    purging.purge(world.acme.pk, now=now)
    with tenant_tx(world.acme.pk):
        assert Message.objects.get(pk=early.pk).text == ""
        assert bytes(InboundRaw.objects.get(pk=early.raw_id).content) == b""
        assert Message.objects.get(pk=late.pk).text != ""
        assert Conversation.objects.get().purged_at is None


def test_a_buyer_stays_while_an_order_of_theirs_does(world: World) -> None:
    message = arrive(world.walmart, walmart_mail(world.walmart))
    assert message is not None
    with tenant_tx(world.acme.pk):
        buyer = Buyer.objects.get()
        until = buyer.expires_at + timedelta(days=100)
        Order.objects.update(expires_at=until)
    purging.purge(world.acme.pk, now=later(message))
    with tenant_tx(world.acme.pk):
        assert (Buyer.objects.get().name, Buyer.objects.get().expires_at) == (buyer.name, until)
        assert Buyer.objects.get().identities.exists()
    purging.purge(world.acme.pk, now=until)
    with tenant_tx(world.acme.pk):
        assert Buyer.objects.get().name == ""
        assert not Buyer.objects.get().identities.exists()


def test_a_reply_that_still_waits_fails_with_a_sentence(world: World) -> None:
    message = arrive(world.walmart, walmart_mail(world.walmart))
    assert message is not None
    waiting = reply_in(message.conversation, world.alice, "queued")
    moving = reply_in(message.conversation, world.alice, "handing")
    purging.purge(world.acme.pk, now=later(message))
    with tenant_tx(world.acme.pk):
        failed = OutboundReply.objects.get(pk=waiting.pk)
        assert (failed.state, failed.body) == ("failed", "")
        assert "had to be deleted before it could leave" in failed.peer_answer
        assert OutboundReply.objects.get(pk=moving.pk).body != ""
        assert Conversation.objects.get().needs_settling


def test_a_file_survives_while_another_mail_has_it_and_no_crash_leaves_it_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = arrive(world.walmart, with_file(walmart_mail(world.walmart)))
    other = arrive(
        world.walmart, with_file(walmart_mail(world.walmart, order="200011874402914", relay="f" * 32))
    )
    assert first is not None
    assert other is not None
    with tenant_tx(world.acme.pk):
        Message.objects.filter(pk=first.pk).update(expires_at=first.expires_at - timedelta(days=9))
    end = later(first) - timedelta(days=9)
    purging.purge(world.acme.pk, now=end)
    purging.purge(world.acme.pk, now=end + HOUR)
    assert len(files()) == 1
    end = later(other)
    purging.purge(world.acme.pk, now=end)
    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "delete", _no_disk)
        with pytest.raises(OSError, match="gone"):
            purging.purge(world.acme.pk, now=end + HOUR)
    with tenant_tx(world.acme.pk):
        assert (Attachment.objects.count(), DoomedFile.objects.count()) == (0, 1)
    # Its content comes in again in the very quarter of an hour in which the old file waits to be removed.
    third = arrive(world.walmart, with_file(walmart_mail(world.walmart, relay="d" * 32)))
    assert third is not None
    assert len(files()) == 2
    with tenant_tx(world.acme.pk):
        Message.objects.filter(pk=third.pk).update(expires_at=end + timedelta(days=1))
    purging.purge(world.acme.pk, now=end + 2 * HOUR)
    [kept] = files()
    with tenant_tx(world.acme.pk):
        assert str(kept).endswith(Attachment.objects.get(message=third).path)


def _no_disk(path: str) -> None:
    raise OSError("gone")


def test_it_goes_on_in_batches_and_never_into_another_organization(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)
    for number in range(5):
        arrive(
            world.walmart,
            walmart_mail(world.walmart, order=f"20001187440290{number}", relay=f"{number:032x}"),
        )
    theirs = arrive(world.foreign, walmart_mail(world.foreign))
    assert theirs is not None
    end = timezone.now() + timedelta(days=400)
    assert purging.due(world.acme.pk, now=end)["messages"] == 5
    assert purging.purge(world.acme.pk, now=end)["messages"] == 5
    assert purging.due(world.acme.pk, now=end) == {}
    with tenant_tx(world.globex.pk):
        assert Message.objects.get().text != ""


def test_the_command_counts_before_it_deletes(world: World) -> None:
    message = full_conversation(world)
    with tenant_tx(world.acme.pk):
        Draft.objects.update(expires_at=message.sent_at)
    said = StringIO()
    call_command("purge", "--tenant", "acme", "--dry-run", stdout=said)
    call_command("purge", stdout=said)
    assert said.getvalue() == "acme: 1 drafts due.\nacme: 1 drafts deleted.\nglobex: nothing deleted.\n"
