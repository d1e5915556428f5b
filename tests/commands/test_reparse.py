"""After a change of rules the archive is read again: shown first, written mail by mail, nothing doubled."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import clocks, reparsing, standing
from inbox.models import Conversation, Deadline, Event, Message, Outcome
from inbox.reparsing import Which
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.models import InboundRaw
from tests.web.rows import reply_in
from tests.world import World, arrive, walmart_mail


def reparse(*options: str) -> str:
    out = StringIO()
    call_command("reparse", "--tenant", "acme", *options, stdout=out)
    return out.getvalue()


def as_read_before(message: Message, *, conversation: dict[str, Any] | None = None, **columns: Any) -> None:
    """Bring a message to what older rules had made of it: with no clock where they saw none."""
    with tenant_tx(message.tenant_id):
        InboundRaw.objects.filter(pk=message.raw_id).update(rules="older", parser_version=1)
        Message.objects.filter(pk=message.pk).update(**columns)
        Conversation.objects.filter(pk=message.conversation_id).update(**(conversation or {}))
        if columns.get("kind") in ("notice", "unrecognised"):
            Deadline.objects.filter(message=message).delete()
            standing.refresh(Conversation.objects.get(pk=message.conversation_id))


def buyers_mail(world: World, **facts: Any) -> Message:
    message = arrive(world.walmart, walmart_mail(world.walmart, **facts))
    assert message is not None
    return message


def test_a_notice_that_is_a_buyers_message_gets_the_clock_of_its_own_moment(world: World) -> None:
    sent = timezone.now().replace(microsecond=0) - timedelta(hours=5)
    message = buyers_mail(world, text="Zoe Quickenbush asks.", sent_at=sent)
    unlinked = {"kind": "notice", "order": None, "relay_alias": "", "buyer": None}
    as_read_before(message, kind="notice", text="All of it", conversation=unlinked)
    shown = reparse()
    assert "kind notice -> buyer_message, order - -> 200011874402913, alias - -> 0123" in shown
    assert "text changed" in shown
    assert "Quickenbush" not in shown
    assert "Nothing was written" in shown
    with tenant_tx(world.acme.pk):
        assert Message.objects.get().kind == "notice"
        assert not Deadline.objects.exists()
    assert "1 with another kind" in reparse("--write")
    with tenant_tx(world.acme.pk):
        talk = Conversation.objects.select_related("order").get()
        assert talk.order is not None
        assert (talk.kind, talk.order.external_id) == ("buyer", "200011874402913")
        assert (talk.due_at, talk.preview) == (sent + timedelta(hours=48), "Zoe Quickenbush asks.")
        assert Deadline.objects.get().started_at == sent
        assert Event.objects.filter(kind="reread").count() == 1
        assert InboundRaw.objects.get().rules == rulebook().mark
    assert reparse("--write") == "0 mails read again. Written.\n"
    assert reparse("--again") == "1 mails read again. Nothing was written; --write does it.\n"


def test_a_mail_that_is_no_buyers_after_all_has_its_clock_stopped(world: World) -> None:
    raw = b"From: news@walmart.com\r\nSubject: Holiday selling\r\n\r\nSell more.\r\n"
    message = arrive(world.walmart, raw)
    assert message is not None
    as_read_before(message, kind="buyer_message", conversation={"kind": "buyer"})
    with tenant_tx(world.acme.pk):
        clocks.start(Message.objects.select_related("conversation__account").get())
    assert "kind buyer_message -> notice" in reparse("--write", "--kind", "buyer_message")
    with tenant_tx(world.acme.pk):
        deadline = Deadline.objects.get()
        assert (deadline.outcome, deadline.stopped_by) == (Outcome.NOT_BUYER_MESSAGE, None)
        talk = Conversation.objects.get()
        assert (talk.kind, talk.due_at) == ("notice", None)


def test_what_somebody_has_dealt_with_is_left_and_said(world: World) -> None:
    answered, filed = buyers_mail(world), buyers_mail(world, order="200011874402914", relay="b" * 32)
    as_read_before(answered, kind="notice")
    reply_in(answered.conversation, world.alice)
    as_read_before(filed, kind="notice", filed_by=world.alice)
    said = reparse("--write")
    assert (
        f"#{answered.conversation.number} (raw mail {answered.raw_id}): left: its conversation was answered"
        in said
    )
    assert f"#{filed.conversation.number} (raw mail {filed.raw_id}): left: a person has filed it" in said
    assert "2 left as they are" in said
    with tenant_tx(world.acme.pk):
        assert not Deadline.objects.exists()
    # Left is not forgotten: it is said again.
    assert "2 left as they are" in reparse("--write")


def test_a_mail_moves_to_the_conversation_it_belongs_to(world: World) -> None:
    first = buyers_mail(world, text="First.")
    second = buyers_mail(world, text="Second.", relay="c" * 32, order="200011874402914")
    raw = walmart_mail(world.walmart, text="Second.")
    with tenant_tx(world.acme.pk):
        InboundRaw.objects.filter(pk=second.raw_id).update(content=raw)
    alone = {"kind": "unrecognised", "order": None, "relay_alias": "", "relay_address": "", "buyer": None}
    as_read_before(second, kind="unrecognised", conversation=alone)
    assert f"goes to #{first.conversation.number}" in reparse()
    reparse("--write")
    with tenant_tx(world.acme.pk):
        moved = Message.objects.get(pk=second.pk)
        assert moved.conversation_id == first.conversation_id
        assert Deadline.objects.get(message=moved).conversation_id == first.conversation_id
        emptied = Conversation.objects.get(pk=second.conversation_id)
        assert (emptied.state, emptied.due_at) == ("closed", None)
        assert Conversation.objects.get(pk=first.conversation_id).preview == "Second."
        assert Message.objects.count() == 2
        assert Deadline.objects.count() == 2


def test_a_mail_whose_sender_is_not_proved_stays_apart_from_buyers_and_orders(world: World) -> None:
    real = buyers_mail(world)
    forged = (
        walmart_mail(world.walmart, text="Sign in here.")
        .replace(b"spf=pass", b"spf=fail")
        .replace(b"dkim=pass", b"dkim=fail")
        .replace(b"dmarc=pass", b"dmarc=fail")
    )
    message = arrive(world.walmart, forged)
    assert message is not None
    assert message.conversation.kind == "unverified"
    assert message.conversation_id != real.conversation_id
    assert reparse("--again", "--write") == "2 mails read again. Written.\n"
    with tenant_tx(world.acme.pk):
        talk = Conversation.objects.get(pk=message.conversation_id)
        assert (talk.kind, talk.order, talk.buyer) == ("unverified", None, None)
        assert Message.objects.get(pk=message.pk).conversation_id == talk.pk


def test_a_run_that_was_killed_goes_on_where_it_ended(world: World) -> None:
    for number in range(3):
        as_read_before(
            buyers_mail(world, order=f"20001187440291{number}", relay=f"{number:032x}"), kind="notice"
        )
    run = reparsing.reread(world.acme.pk, Which(), write=True, now=timezone.now())
    assert next(run).changes
    del run
    with tenant_tx(world.acme.pk):
        assert Deadline.objects.count() == 1
    assert "2 mails read again, 2 with another kind" in reparse("--write")
    with tenant_tx(world.acme.pk):
        assert Deadline.objects.count() == 3
        assert Event.objects.filter(kind="reread").count() == 3


def test_a_date_that_is_none_is_named(world: World) -> None:
    with pytest.raises(CommandError, match="--since: write a date like"):
        reparse("--since", "yesterday")
