"""Old mail that comes in late changes nothing that is open now."""

from datetime import datetime, timedelta
from email.utils import format_datetime

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, ConversationState, Deadline, Message, OutboundReply
from marketplaces.models import FolderRole
from tests.intake.test_answers import RELAY, answered, bounce, now, sent, talk
from tests.world import World, arrive, walmart_mail

__all__ = ["talk"]


def long_ago(world: World) -> datetime:
    """Before this account's clocks began."""
    return world.walmart.clocks_from - timedelta(days=40)


def test_an_old_bounce_touches_no_reply_on_its_way(world: World, talk: Conversation) -> None:
    ours = answered(world, talk)
    before = now(talk)
    arrive(world.walmart, bounce(world.walmart, ours.message_id), received_at=long_ago(world))
    with tenant_tx(talk.tenant_id):
        assert OutboundReply.objects.get(pk=ours.pk).rejected_at is None
        assert Conversation.objects.exclude(pk=talk.pk).get().state == ConversationState.CLOSED
    after = now(talk)
    assert (after.due_at, after.queue_at, after.state) == (before.due_at, before.queue_at, before.state)


def test_an_old_answer_and_its_bounce_stay_history(world: World, talk: Conversation) -> None:
    known, at = "<elsewhere@gmail.example>", long_ago(world)
    dated = f"\nDate: {format_datetime(at)}\nX-Date: ".encode()
    question = walmart_mail(world.walmart, relay="b" * 32, order="200011874400001", sent_at=at)
    answer = sent(world.walmart, f"{'b' * 32}@relay.walmart.com", Message_ID=known)
    arrive(world.walmart, question, received_at=at)
    arrive(world.walmart, answer.replace(b"\nDate: ", dated), folder=FolderRole.SENT, received_at=at)
    arrive(world.walmart, bounce(world.walmart, known), received_at=at)
    with tenant_tx(talk.tenant_id):
        assert Message.objects.filter(direction="out").count() == 1
        rest = Conversation.objects.exclude(pk=talk.pk)
        assert set(rest.values_list("state", "queue_at")) == {("closed", None)}
        assert Deadline.objects.count() == 1
    assert now(talk).due_at is not None


def test_an_old_answer_settles_nothing_that_is_open(world: World, talk: Conversation) -> None:
    at = long_ago(world)
    dated = f"\nDate: {format_datetime(at)}\nX-Date: ".encode()
    with tenant_tx(talk.tenant_id):
        # Open without a clock, as a notice of the marketplace is.
        Deadline.objects.all().delete()
        Conversation.objects.filter(pk=talk.pk).update(due_at=None, last_message_at=at)
    content = sent(world.walmart, RELAY).replace(b"\nDate: ", dated)
    arrive(world.walmart, content, folder=FolderRole.SENT, received_at=at)
    with tenant_tx(talk.tenant_id):
        assert Message.objects.filter(direction="out").count() == 1
    assert now(talk).state == ConversationState.OPEN
