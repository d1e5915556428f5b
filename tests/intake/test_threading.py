"""Which conversation a mail joins; a wrong one would show a buyer's words to another."""

from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import uuid4

from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, ConversationState, Event, OutboundReply
from inbox.replying import queue_reply
from marketplaces.models import SellerAccount
from tests.world import World, arrive, walmart_mail

ALIAS, OTHER_ALIAS = "a" * 32, "b" * 32
ORDER, OTHER_ORDER = "200011874402913", "200099998888777"


def numbers(account: SellerAccount) -> list[int]:
    with tenant_tx(account.tenant_id):
        return sorted(Conversation.objects.values_list("number", flat=True))


def joined(account: SellerAccount, first: bytes, second: bytes) -> bool:
    one, two = arrive(account, first), arrive(account, second)
    assert one is not None
    assert two is not None
    return one.conversation.pk == two.conversation.pk


def plain_reply(account: SellerAccount, *, relay: str, subject: str = "Re: hello", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"Denise <{relay}@relay.walmart.com>"
    mail["To"] = account.sender_address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = f"<{uuid4()}@relay.walmart.com>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Any news?\n")
    return bytes(mail)


def answered(world: World) -> OutboundReply:
    with tenant_tx(world.acme.pk):
        return queue_reply(
            Conversation.objects.get(),
            by=world.alice,
            body="It is on its way.",
            client_key=uuid4(),
            seen_message_id=None,
            then_close=False,
            now=timezone.now(),
        )


def test_same_order_and_alias_is_one_conversation(world: World) -> None:
    first = walmart_mail(world.walmart, relay=ALIAS, order=ORDER)
    second = walmart_mail(world.walmart, relay=ALIAS, order=ORDER, text="Hello??")
    assert joined(world.walmart, first, second)


def test_a_reply_to_our_own_mail_joins_by_message_id(world: World) -> None:
    first = arrive(world.walmart, walmart_mail(world.walmart, relay=ALIAS))
    assert first is not None
    reply = answered(world)
    second = arrive(world.walmart, plain_reply(world.walmart, relay=ALIAS, In_Reply_To=reply.message_id))
    assert second is not None
    assert second.conversation.pk == first.conversation.pk


def test_our_message_id_from_another_buyer_does_not_join(world: World) -> None:
    first = arrive(world.walmart, walmart_mail(world.walmart, relay=ALIAS))
    assert first is not None
    reply = answered(world)
    arrive(world.walmart, plain_reply(world.walmart, relay=OTHER_ALIAS, In_Reply_To=reply.message_id))
    assert numbers(world.walmart) == [1, 2]


def test_the_alias_alone_joins_within_thirty_days(world: World) -> None:
    assert joined(
        world.walmart, walmart_mail(world.walmart, relay=ALIAS), plain_reply(world.walmart, relay=ALIAS)
    )


def test_the_alias_alone_does_not_join_after_thirty_days(world: World) -> None:
    old = timezone.now() - timedelta(days=31)
    content = walmart_mail(world.walmart, relay=ALIAS, sent_at=old)
    assert not joined(world.walmart, content, plain_reply(world.walmart, relay=ALIAS))


def test_another_order_of_the_same_buyer_is_another_conversation(world: World) -> None:
    assert not joined(
        world.walmart,
        walmart_mail(world.walmart, relay=ALIAS, order=ORDER),
        walmart_mail(world.walmart, relay=ALIAS, order=OTHER_ORDER),
    )


def test_the_same_order_from_another_alias_does_not_join(world: World) -> None:
    assert not joined(
        world.walmart,
        walmart_mail(world.walmart, relay=ALIAS, order=ORDER),
        walmart_mail(world.walmart, relay=OTHER_ALIAS, order=ORDER),
    )


def test_the_same_subject_never_joins(world: World) -> None:
    assert not joined(
        world.walmart,
        walmart_mail(world.walmart, relay=ALIAS, order=ORDER, subject="Refund"),
        walmart_mail(world.walmart, relay=OTHER_ALIAS, order=OTHER_ORDER, subject="Refund"),
    )


def test_two_candidates_are_flagged_and_not_guessed(world: World) -> None:
    arrive(world.walmart, walmart_mail(world.walmart, relay=ALIAS, order=ORDER))
    arrive(world.walmart, walmart_mail(world.walmart, relay=ALIAS, order=OTHER_ORDER))
    third = arrive(world.walmart, plain_reply(world.walmart, relay=ALIAS))
    assert third is not None
    assert third.conversation.possibly_same_as == "#1, #2"
    with tenant_tx(world.acme.pk):
        assert Event.objects.filter(kind="possibly_same").count() == 3
        assert third.conversation.due_at is not None


def test_forged_relay_mail_never_joins(world: World) -> None:
    arrive(world.walmart, walmart_mail(world.walmart, relay=ALIAS, order=ORDER))
    forged = (
        walmart_mail(world.walmart, relay=ALIAS, order=ORDER, text="Refund to my new card")
        .replace(b"dkim=pass", b"dkim=fail")
        .replace(b"dmarc=pass", b"dmarc=fail")
    )
    message = arrive(world.walmart, forged)
    assert message is not None
    assert message.conversation.kind == "unverified"
    assert message.conversation.due_at is None
    assert numbers(world.walmart) == [1, 2]


def test_a_closed_conversation_comes_back_with_a_new_clock(world: World) -> None:
    first = arrive(world.walmart, walmart_mail(world.walmart, relay=ALIAS))
    assert first is not None
    with tenant_tx(world.acme.pk):
        Conversation.objects.update(state=ConversationState.CLOSED, closed_at=timezone.now())
    sent = timezone.now().replace(microsecond=0)
    second = arrive(
        world.walmart, walmart_mail(world.walmart, relay=ALIAS, text="Still broken", sent_at=sent)
    )
    assert second is not None
    assert second.conversation.pk == first.conversation.pk
    assert second.conversation.state == ConversationState.OPEN
    assert second.conversation.preview == "Still broken"


def test_mail_from_before_the_clocks_began_comes_in_closed(world: World) -> None:
    old = timezone.now() - timedelta(days=40)
    message = arrive(world.walmart, walmart_mail(world.walmart, sent_at=old), received_at=old)
    assert message is not None
    assert message.conversation.state == ConversationState.CLOSED
    assert message.conversation.due_at is None
    assert message.conversation.queue_at is None


def test_two_different_mails_with_one_message_id_are_both_kept(world: World) -> None:
    same = "<same@relay.walmart.com>"
    assert joined(
        world.walmart,
        walmart_mail(world.walmart, text="one", message_id=same),
        walmart_mail(world.walmart, text="two", message_id=same),
    )
    with tenant_tx(world.acme.pk):
        texts = [
            (message.text, "Another, different mail has the same Message-ID." in message.oddities)
            for message in Conversation.objects.get().messages.order_by("pk")
        ]
    assert texts == [("one", False), ("two", True)]
