"""What is found by which words, in which order, and what is shown of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox import actions
from inbox.models import Conversation, Message, Note, SearchDocument
from inbox.searching import Found, Results
from marketplaces.outbox import OutboxState
from orders.models import Order, OrderLine, Shipment
from tests.orders.rows import make_order
from tests.search.conftest import Search
from tests.web.rows import reply_in
from tests.world import World, arrive, conversation_of, walmart_mail

NOW = timezone.now()


def numbers(results: Results) -> list[int]:
    return [found.row.number for found in results.conversations if found.row]


def said(found: Found) -> str:
    return "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in found.snippet)


def other(world: World, number: int = 9, **mail: object) -> Conversation:
    return conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", **mail)


def test_a_word_of_a_message_is_found_and_marked(world: World, find: Search) -> None:
    talk = conversation_of(world.walmart, text="The lamp arrived with a shattered glass shade.")
    other(world)
    results = find("shattered")
    assert numbers(results) == [talk.number]
    assert results.conversations[0].what == "Message"
    assert "[shattered]" in said(results.conversations[0])


@pytest.mark.parametrize(
    "typed",
    ["shat", "SHATTERED", "glass shat", '"glass shade"', "Denise shat", "with-a shattered", "“shattered"],
)
def test_a_word_is_found_while_it_is_typed_and_however(world: World, find: Search, typed: str) -> None:
    talk = conversation_of(world.walmart, text="The lamp arrived with a shattered glass shade.")
    assert numbers(find(typed)) == [talk.number]


@pytest.mark.parametrize("typed", ["hattered", '"shade glass"', "shattered chair", '"shat"'])
def test_what_is_not_there_is_not_found(world: World, find: Search, typed: str) -> None:
    conversation_of(world.walmart, text="The lamp arrived with a shattered glass shade.")
    assert find(typed).conversations == []


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Où est mon colis? Il est cassé.", "ou casse"),
        ("Die Straße ist falsch, sagt Müller", "strasse muller"),
        ("Die Strasse ist falsch", "Straße"),
        ("Посылка не пришла", "посылк"),
        ("write to me.please@shop-mail.example", "please shop mail"),
    ],
)
def test_accents_and_marks_between_letters_do_not_matter(
    world: World, find: Search, text: str, typed: str
) -> None:
    assert numbers(find(typed)) == []
    talk = conversation_of(world.walmart, text=text)
    assert numbers(find(typed)) == [talk.number]


def test_notes_replies_buyers_and_subjects_are_found(world: World, find: Search) -> None:
    talk = conversation_of(world.walmart, buyer="Zoë Quartz", subject="Peculiar subject")
    with tenant_tx(world.acme.pk):
        actions.add_note(talk, by=world.alice, body="The carrier confessed.", now=NOW)
    reply_in(talk, world.alice, OutboxState.SENT, body="We dispatched a replacement.")
    found = {
        typed: find(typed).conversations for typed in ("confessed", "dispatched", "zoe quartz", "peculiar")
    }
    assert {
        typed: [(each.what, each.row and each.row.number) for each in hits] for typed, hits in found.items()
    } == {
        "confessed": [("Note", talk.number)],
        "dispatched": [("Reply", talk.number)],
        "zoe quartz": [("Buyer and subject", talk.number)],
        "peculiar": [("Buyer and subject", talk.number)],
    }
    assert said(found["zoe quartz"][0]).startswith("[Zoë] [Quartz]")


@pytest.mark.parametrize(
    "typed",
    ["114-3941689-8772232", "1143941689 8772232", "11439416898772232", "8772232", "72232", "114-3941689"],
)
def test_an_order_is_found_by_its_number_however_it_is_typed(world: World, find: Search, typed: str) -> None:
    order = make_order(world.amazon, external_id="114-3941689-8772232")
    results = find(typed)
    assert [found.order_id for found in results.orders] == [order.pk]
    assert said(results.orders[0]) == "[114-3941689-8772232]"


def test_four_digits_are_no_number_of_an_order(world: World, find: Search) -> None:
    make_order(world.amazon, external_id="114-3941689-8772232")
    assert find("2232").orders == []


def test_a_conversation_is_found_by_its_orders_parts(world: World, find: Search) -> None:
    talk = conversation_of(world.walmart, order="200011874402913")
    make_order(
        world.walmart,
        external_id="200011874402913",
        lines=[{"sku": "ARC-LAMP-07B", "title": "Wobbly arc lamp"}],
        shipments=[{"tracking_number": "1Z 999 AA1 01 2345 6784"}],
    )
    for typed, what, marked in (
        ("200011874402913", "Order", "[200011874402913]"),
        ("1z999aa10123456784", "Tracking number", "[1Z 999 AA1 01 2345 6784]"),
        ("arc-lamp-07b", "SKU", "[ARC-LAMP-07B]"),
        ("wobbly", "Item", "[Wobbly] arc lamp"),
    ):
        results = find(typed)
        assert numbers(results) == [talk.number], typed
        assert results.orders == [], typed
        assert (results.conversations[0].what, said(results.conversations[0])) == (what, marked), typed


def test_an_order_nobody_wrote_about_is_found_by_numbers_and_not_by_words(world: World, find: Search) -> None:
    order = make_order(world.walmart, external_id="200011874402913", lines=[{"title": "Wobbly lamp"}])
    assert find("wobbly").orders == []
    (found,) = find("02913").orders
    assert (found.order_id, found.order_number) == (order.pk, "200011874402913")


def test_documents_follow_what_they_are_of(world: World, find: Search) -> None:
    talk = conversation_of(world.walmart, text="first words", order="200011874402913")
    order = make_order(
        world.walmart, external_id="200011874402913", shipments=[{"tracking_number": "771288401296"}]
    )
    with tenant_tx(world.acme.pk):
        Message.objects.filter(conversation=talk).update(text="second words")
        Conversation.objects.filter(pk=talk.pk).update(buyer_name="Renamed Person")
        Shipment.objects.filter(order=order).update(tracking_number="999999000001")
        OrderLine.objects.filter(order=order).delete()
    sought = ("first", "second", "renamed", "771288401296", "999999000001")
    found = {typed for typed in sought if numbers(find(typed))}
    assert found == {"second", "renamed", "999999000001"}
    assert numbers(find("arched lamp")) == [talk.number]  # the mail's own title stays
    with tenant_tx(world.acme.pk):
        note = actions.add_note(talk, by=world.alice, body="soon gone", now=NOW)
    assert numbers(find("soon gone")) == [talk.number]
    with tenant_tx(world.acme.pk):
        talk.events.filter(note=note).delete()
        Note.objects.filter(pk=note.pk).delete()
    assert numbers(find("soon gone")) == []


def test_documents_expire_with_their_source(world: World) -> None:
    talk = conversation_of(world.walmart)
    later = NOW + timedelta(days=400)
    with tenant_tx(world.acme.pk):
        message = Message.objects.get(conversation=talk)
        kept = {doc.kind: doc.expires_at for doc in SearchDocument.objects.filter(conversation=talk)}
        assert kept == {"message": message.expires_at, "talk": talk.expires_at}
        Conversation.objects.filter(pk=talk.pk).update(expires_at=later)
        Message.objects.filter(pk=message.pk).update(expires_at=later)
        assert {doc.expires_at for doc in SearchDocument.objects.filter(conversation=talk)} == {later}
        order = Order.objects.get()
        assert SearchDocument.objects.get(order=order).expires_at == order.expires_at


def test_a_number_as_a_whole_comes_before_its_end_and_that_before_words(world: World, find: Search) -> None:
    words = other(world, 1, text="Is 8772232 my number?")
    end = other(world, 2)
    whole = other(world, 3)
    with tenant_tx(world.acme.pk):
        Order.objects.filter(conversations=end).update(external_id="114-3941689-8772232")
        Order.objects.filter(conversations=whole).update(external_id="8772232")
    assert numbers(find("8772232")) == [whole.number, end.number, words.number]


def test_of_two_alike_the_newer_comes_first(world: World, find: Search) -> None:
    old = other(world, 1, text="a shattered shade", sent_at=NOW - timedelta(days=20))
    new = other(world, 2, text="a shattered shade", sent_at=NOW - timedelta(hours=1))
    assert numbers(find("shattered")) == [new.number, old.number]


def test_a_conversation_is_found_once_however_often_it_matches(world: World, find: Search) -> None:
    talk = conversation_of(world.walmart, text="shattered shade")
    arrive(world.walmart, walmart_mail(world.walmart, text="still shattered, completely shattered"))
    assert numbers(find("shattered")) == [talk.number]


def test_filters_narrow_and_say_when_they_hide(world: World, find: Search) -> None:
    talk = conversation_of(world.walmart, text="a shattered shade")
    assert numbers(find("shattered in:open")) == [talk.number]
    assert numbers(find('shattered account:"lumen US"')) == [talk.number]
    for typed in (
        "shattered in:closed",
        "account:Globex shattered",
        'in:closed account:"Lumen US" shattered',
    ):
        results = find(typed)
        assert results.conversations == []
        assert results.hidden
    assert not find("absent in:closed").hidden
    assert find("shattered in:nowhere").query.complaint


def test_pages_follow_each_other_and_end(world: World, find: Search) -> None:
    made = {other(world, number, text="a shattered shade").number for number in range(1, 24)}
    first, second = find("shattered"), find("shattered", page=2)
    assert (len(first.conversations), first.more) == (20, True)
    assert (len(second.conversations), second.more) == (3, False)
    assert set(numbers(first) + numbers(second)) == made


def test_the_warehouse_finds_orders_and_no_words_of_buyers(world: World, find: Search) -> None:
    conversation_of(world.walmart, text="a shattered shade", order="200011874402913")
    assert find("shattered", by=world.wendy).orders == []
    results = find("200011874402913", by=world.wendy)
    assert results.conversations == []
    assert [found.order_number for found in results.orders] == ["200011874402913"]


def test_marks_cannot_be_brought_in_by_a_mail(world: World, find: Search) -> None:
    conversation_of(world.walmart, text="\ue000evil\ue001 shattered & broken")
    (found,) = find("shattered").conversations
    assert [piece.text for piece in found.snippet if piece.marked] == ["shattered"]
    assert said(found) == "evil [shattered] & broken"
