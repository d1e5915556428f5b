"""Mails filed together become what they would become one by one."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from accounts.tenancy import tenant_tx
from inbox import intake, policies
from inbox.evidence import gather
from inbox.models import Conversation, Deadline, Event, Message, SlaPolicy
from inbox.reading import read_bounded
from marketplaces import polling
from marketplaces.models import InboundRaw, RawState, SellerAccount
from orders.models import Buyer, BuyerIdentity, Order
from tests.world import World, make_account, walmart_mail

START = (datetime.now(UTC) - timedelta(days=10)).replace(microsecond=0)
NEWSLETTER = (
    b"From: News <news@shop.example>\r\nTo: care@acme.example\r\nSubject: Offers\r\n"
    b"Date: Sun, 01 Nov 2026 12:00:00 +0000\r\nMessage-ID: <news@shop.example>\r\n\r\nBuy more.\r\n"
)


def mails(account: SellerAccount, seed: int) -> list[bytes]:
    """Thirty mails of few buyers about few orders, some twice, some without an order, in a jumble."""
    random = Random(seed)
    found = []
    for number in range(30):
        buyer = random.randrange(6)
        mail = walmart_mail(
            account,
            text=f"Message {number}",
            order=f"20001187440{random.randrange(4):04d}",
            relay=f"{buyer:032x}",
            sent_at=START + timedelta(minutes=random.randrange(5000)),
            message_id=f"<{seed}-{number}@relay.walmart.com>",
        )
        found.append(mail)
        if random.random() < 0.2:
            found.append(random.choice(found))
        if random.random() < 0.1:
            found.append(NEWSLETTER)
    return found


def store(account: SellerAccount, contents: list[bytes]) -> list[int]:
    arrivals = [
        polling.Arrival(f"test:{uuid4()}", content, len(content), START + timedelta(days=5, seconds=number))
        for number, content in enumerate(contents)
    ]
    with tenant_tx(account.tenant_id):
        return polling.keep_all(account, arrivals, source="file", folder="inbox")


def outcome(account: SellerAccount) -> object:
    """What a person would see, told without keys."""
    with tenant_tx(account.tenant_id):
        conversations = []
        for row in Conversation.objects.filter(account=account).select_related("order", "buyer"):
            seen = Message.objects.filter(conversation=row).order_by("raw__received_at")
            due = Deadline.objects.filter(conversation=row).order_by("due_at")
            conversations.append(
                (
                    *(row.kind, row.state, row.preview, row.relay_address, row.due_at, row.queue_at),
                    *(row.last_message_at, row.order and row.order.external_id),
                    *(
                        tuple(seen.values_list("text", flat=True)),
                        tuple(due.values_list("due_at", flat=True)),
                    ),
                    tuple(
                        Event.objects.filter(conversation=row).order_by("pk").values_list("kind", flat=True)
                    ),
                )
            )
        counts = [model.objects.count() for model in (Buyer, BuyerIdentity, Order)]
        states = list(
            InboundRaw.objects.filter(account=account).order_by("pk").values_list("state", flat=True)
        )
        return sorted(conversations, key=repr), counts, states


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_is_filed_as_its_mails_would_be_one_by_one(world: World, seed: int) -> None:
    single = make_account(world.acme, "Single", "walmart-us")
    together = make_account(world.globex, "Single", "walmart-us")
    with tenant_tx(world.globex.pk):
        together.authserv_id = single.authserv_id
        together.save(update_fields=["authserv_id"])
    contents = mails(single, seed)
    for raw_id in store(single, contents):
        intake.read_raw(raw_id, tenant_id=world.acme.pk)
    intake.read_many(store(together, contents), tenant_id=world.globex.pk)
    assert outcome(together) == outcome(single)


def test_a_mail_that_cannot_be_filed_spoils_no_other_of_its_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = world.acme
    monkeypatch.setattr(policies, "promised", list)  # nothing holds where the tenant has no policy
    poison = walmart_mail(world.walmart, text="Second", relay="b" * 32, sent_at=START)
    contents = [walmart_mail(world.walmart, text="First", relay="a" * 32, order="200011874400001"), poison]
    contents += [walmart_mail(world.walmart, text="Third", relay="c" * 32, order="200011874400003")]
    with tenant_tx(tenant.pk):
        # No policy is in force for the second mail's moment.
        SlaPolicy.objects.update(valid_from=START + timedelta(days=1))
    intake.read_many(store(world.walmart, contents), tenant_id=tenant.pk)
    with tenant_tx(tenant.pk):
        assert set(InboundRaw.objects.values_list("state", flat=True)) == {"parsed", "quarantined"}
        assert Message.objects.filter(text__in=["First", "Third"]).count() == 2
        assert Conversation.objects.count() == 3


def test_old_mail_of_a_mailbox_that_was_moved_is_joined_by_its_own_moments(world: World) -> None:
    # The new server says that all of it came today.
    for days in (100, 99):
        sent_at = START - timedelta(days=days)
        mail = walmart_mail(world.walmart, text=f"{days} days ago", order="", sent_at=sent_at)
        intake.read_many(store(world.walmart, [mail]), tenant_id=world.acme.pk)
    with tenant_tx(world.acme.pk):
        assert [row.messages.count() for row in Conversation.objects.all()] == [2]


def test_mails_that_all_have_one_message_id_are_not_all_read_again_for_the_next(world: World) -> None:
    same = [walmart_mail(world.walmart, text=f"Mail {each}", message_id="<1@shop>") for each in range(12)]
    raw_ids = store(world.walmart, [*same, same[-1]])
    intake.read_many(raw_ids[:-1], tenant_id=world.acme.pk)
    with tenant_tx(world.acme.pk):
        assert Message.objects.count() == len(same)
        raw = InboundRaw.objects.select_related("account").get(pk=raw_ids[-1])
        mail = read_bounded(bytes(raw.content), intake.context_of(raw))
        assert len(gather(raw.account, [(raw, mail)]).messages["<1@shop>"]) == 10
    assert intake.read_raw(raw_ids[-1], tenant_id=world.acme.pk) == RawState.DUPLICATE
