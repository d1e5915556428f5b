"""Customer Care and the buyer of one order are two who wait; what reaches one answers the other nothing."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import proofs, replying
from inbox.models import Conversation, Message, OutboundReply
from marketplaces.outbox import OutboxState
from tests.cases import mails
from tests.cases.rows import clocks_of
from tests.world import World, arrive, walmart_mail

ORDER = "200011874402913"


def from_care(world: World, text: str) -> Message:
    """Customer Care writes and wants the answer itself, not through the buyer's relay."""
    content = mails.customer_care(world.walmart, text, order=ORDER)
    relay = next(line for line in content.split(b"\r\n") if line.startswith(b"Reply-To:"))
    message = arrive(world.walmart, content.replace(relay + b"\r\n", b""))
    assert message is not None
    return message


def answer(world: World, message: Message) -> str:
    """A reply in the message's conversation that leaves; where it goes."""
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        talk = Conversation.objects.select_related("account", "order").get(pk=message.conversation_id)
        reply = replying.queue_reply(
            talk,
            by=world.alice,
            body="It arrives on Monday.",
            client_key=uuid4(),
            seen_message_id=None,
            then_close=False,
            now=now,
        )
        OutboundReply.objects.filter(pk=reply.pk).update(state=OutboxState.SENT, handed_at=now)
        proofs.left(proofs.lock(reply.pk), at=now)
    return reply.to_address


def running(message: Message) -> list[str]:
    return [kind for kind, runs, _ in clocks_of(message.conversation) if runs]


def test_each_is_answered_where_they_wrote_and_keeps_their_own_clock(world: World) -> None:
    hours = timedelta(hours=1)
    asked = arrive(
        world.walmart, walmart_mail(world.walmart, order=ORDER, sent_at=timezone.now() - 2 * hours)
    )
    care = from_care(world, "Where is it?")
    assert asked is not None
    assert (running(asked), running(care)) == (["reply"], ["escalation"])
    assert answer(world, care) == "customercare@walmart.com"
    assert (running(asked), running(care)) == (["reply"], [])
    again = from_care(world, "And now?")
    assert again.conversation_id == care.conversation_id
    assert "relay.walmart.com" in answer(world, asked)
    assert running(asked) == []
    assert running(care) != []
