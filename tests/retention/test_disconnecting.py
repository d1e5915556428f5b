"""A disconnected account reads and sends nothing, and what it brought in goes 30 days later."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import delivery, purging, replying
from inbox.actions import Refused
from inbox.models import Conversation, Event, Message, OutboundReply
from marketplaces import disconnecting, keys, polling, streams
from marketplaces.models import ApiStream, ApiToken, Credential, Health, InboundRaw, SellerAccount
from orders.models import BuyerIdentity
from tests.web.rows import reply_in
from tests.world import World, arrive, walmart_mail


def account_of(world: World) -> SellerAccount:
    return SellerAccount.objects.select_related("tenant").get(pk=world.walmart.pk)


def connected(world: World) -> Message:
    with tenant_tx(world.acme.pk):
        key = {"api_client_id": "id", "api_client_secret": "secret"}
        keys.store(account_of(world), key, now=timezone.now())
        ApiToken.objects.create(account=world.walmart)
        SellerAccount.objects.update(next_poll_at=timezone.now())
    message = arrive(world.walmart, walmart_mail(world.walmart))
    assert message is not None
    return message


def test_secrets_go_at_once_and_nothing_is_read_or_sent_any_more(world: World) -> None:
    message, now = connected(world), timezone.now()
    reply = reply_in(message.conversation, world.alice, "queued", next_at=now)
    with tenant_tx(world.acme.pk):
        preview = disconnecting.preview(account_of(world), now=now)
        assert preview.at_once == {"stored secrets": 4, "replies that have not left": 1}
        assert (
            preview.later["conversations"] == preview.later["mails"] == preview.later["orders' buyers"] == 1
        )
        assert preview.purge_at == now + timedelta(days=30)
        account = account_of(world)
        disconnecting.disconnect(account, by=world.ada, now=now)
        assert (account.health, account.next_poll_at, account.purge_at) == (
            Health.PAUSED,
            None,
            preview.purge_at,
        )
        assert not Credential.objects.filter(account=account).exists()
        assert not ApiToken.objects.filter(account=account).exists()
        assert Credential.objects.filter(account=world.amazon).count() == 2
        stopped = ApiStream.objects.filter(account=account)
        assert {(row.health, row.next_at) for row in stopped} == {(Health.PAUSED, None)}
        failed = OutboundReply.objects.get(pk=reply.pk)
        assert failed.state == "failed"
        assert failed.peer_answer == "Ada Adams disconnected Lumen US before this reply had left."
        assert Event.objects.filter(kind="reply_failed").count() == 1
        talk = Conversation.objects.select_related("account").get()
        with pytest.raises(Refused, match="Lumen US is disconnected"):
            _queue(world, talk)


def _queue(world: World, talk: Conversation) -> None:
    replying.queue_reply(
        talk,
        by=world.alice,
        body="Soon.",
        client_key=uuid4(),
        seen_message_id=None,
        then_close=False,
        now=timezone.now(),
    )


@pytest.mark.parametrize("barred", ["connecting_since", "disconnected_at"])
def test_polls_streams_and_deliveries_refuse_an_account_that_is_not_connected(
    world: World, barred: str
) -> None:
    message, now = connected(world), timezone.now()
    reply = reply_in(message.conversation, world.alice, "queued", next_at=now)
    with tenant_tx(world.acme.pk):
        SellerAccount.objects.filter(pk=world.walmart.pk).update(**{barred: now})
        stream = ApiStream.objects.filter(account=world.walmart).first()
        assert stream is not None
    assert polling.claim(world.walmart.pk, tenant_id=world.acme.pk, now=now) is None
    assert streams.claim(stream.pk, tenant_id=world.acme.pk, now=now) is None
    delivery.deliver(reply.pk, tenant_id=world.acme.pk)
    with tenant_tx(world.acme.pk):
        row = OutboundReply.objects.get(pk=reply.pk)
        assert row.attempts == 0
        assert row.state == ("queued" if barred == "connecting_since" else "failed")
        assert "Lumen US is" in row.peer_answer


def test_thirty_days_later_everything_of_it_goes_and_nothing_of_others(world: World) -> None:
    message, now = connected(world), timezone.now()
    other = arrive(world.amazon, walmart_mail(world.amazon, relay="e" * 32))
    assert other is not None
    with tenant_tx(world.acme.pk):
        disconnecting.disconnect(account_of(world), by=world.ada, now=now)
    assert purging.purge(world.acme.pk, now=now + timedelta(days=29, hours=23)) == {}
    purging.purge(world.acme.pk, now=now + timedelta(days=30))
    with tenant_tx(world.acme.pk):
        assert Message.objects.get(pk=message.pk).text == ""
        assert bytes(InboundRaw.objects.get(pk=message.raw_id).content) == b""
        assert not BuyerIdentity.objects.filter(account=world.walmart).exists()
        assert Message.objects.get(pk=other.pk).text != ""
        assert account_of(world).purged_at is not None
    assert purging.purge(world.acme.pk, now=now + timedelta(days=30, minutes=1)) == {}


def test_connecting_again_in_time_keeps_everything(world: World) -> None:
    message, now = connected(world), timezone.now()
    with tenant_tx(world.acme.pk):
        disconnecting.disconnect(account_of(world), by=world.ada, now=now)
        account = account_of(world)
        disconnecting.reconnect(account, now=now + timedelta(days=5))
        again = account_of(world)
        assert (again.disconnected_at, again.purge_at, again.health) == (None, None, Health.OK)
    purging.purge(world.acme.pk, now=now + timedelta(days=31))
    with tenant_tx(world.acme.pk):
        assert Message.objects.get(pk=message.pk).text != ""
