"""What arrives becomes conversations with the right clocks."""

from datetime import timedelta

from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, Deadline, Message
from tests.world import World, arrive, walmart_mail


def test_a_buyers_mail_opens_a_conversation_with_its_clock(world: World) -> None:
    sent = timezone.now().replace(microsecond=0) - timedelta(hours=3)
    message = arrive(world.walmart, walmart_mail(world.walmart, text="The lamp is broken", sent_at=sent))
    assert message is not None
    assert message.text == "The lamp is broken"
    with tenant_tx(world.acme.pk):
        conversation = Conversation.objects.select_related("order", "buyer").get()
        deadline = Deadline.objects.get()
    assert conversation.due_at == sent + timedelta(hours=48)
    assert conversation.queue_at == conversation.due_at
    assert conversation.buyer_name == "Denise Kowalczyk"
    assert conversation.order is not None
    assert conversation.order.external_id == "200011874402913"
    assert deadline.rule == "Walmart 48 h"


def test_a_second_message_never_moves_the_due_moment(world: World) -> None:
    sent = timezone.now().replace(microsecond=0) - timedelta(hours=3)
    arrive(world.walmart, walmart_mail(world.walmart, sent_at=sent))
    arrive(world.walmart, walmart_mail(world.walmart, text="Hello??", sent_at=sent + timedelta(hours=2)))
    with tenant_tx(world.acme.pk):
        conversation = Conversation.objects.get()
        assert conversation.due_at == sent + timedelta(hours=48)
        assert Message.objects.count() == 2
        assert Deadline.objects.count() == 2
