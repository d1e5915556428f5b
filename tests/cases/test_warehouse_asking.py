"""An agent asks the warehouse: the turn changes, the buyer's clock does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from cases.models import CheckState, WarehouseCheck
from cases.warehouse import asking
from inbox import actions
from inbox.models import Conversation, ConversationState, ConversationTag, Event
from inbox.queue import queue_page
from tests.cases.checks import TRACKED, answer, ask, fresh
from tests.web.conftest import Browser
from tests.world import World, conversation_of

NOW = timezone.now()


def stored(talk: Conversation) -> Conversation:
    with tenant_tx(talk.tenant_id):
        return Conversation.objects.get(pk=talk.pk)


def tags_of(talk: Conversation) -> list[str]:
    with tenant_tx(talk.tenant_id):
        return sorted(ConversationTag.objects.filter(conversation=talk).values_list("tag__name", flat=True))


def kinds_of(talk: Conversation) -> list[str]:
    with tenant_tx(talk.tenant_id):
        return list(Event.objects.filter(conversation=talk).order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_one_press_asks_and_the_conversation_waits_in_its_place(
    world: World, talk: Conversation, alice: Browser, htmx: bool
) -> None:
    response = alice.post(f"/t/acme/c/{talk.number}/checks/", {"common": "shipped"}, htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    with tenant_tx(world.acme.pk):
        check = WarehouseCheck.objects.get()
        assert (check.question, check.state) == ("Was it shipped?", CheckState.OPEN)
        assert (check.asked_by_id, check.account_id) == (world.alice.pk, talk.account_id)
        assert check.order_id == talk.order_id is not None
        assert [row.number for row in queue_page("warehouse", membership=world.alice, now=NOW).rows] == [1]
        assert [row.number for row in queue_page("all", membership=world.alice, now=NOW).rows] == [1]
    after = stored(talk)
    assert after.state == ConversationState.WAITING_WAREHOUSE
    assert (after.due_at, after.queue_at) == (talk.due_at, talk.due_at)
    assert tags_of(talk) == ["Warehouse check"]
    assert kinds_of(talk)[-1] == "check_asked"
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert "Alice Archer asked the warehouse" in page


def test_the_answers_moment_follows_from_the_buyers_clock(world: World) -> None:
    talk = conversation_of(world.walmart, sent_at=NOW - timedelta(hours=44))
    check = ask(talk, world.alice, now=NOW)
    assert check.due_at - NOW == (stored(talk).due_at - NOW) * 0.75  # type: ignore[operator]
    assert check.expires_at == stored(talk).expires_at


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"question": "  "}, "Write what the warehouse is to look for."),
        ({"question": "x" * 1001}, "A question holds 1,000 characters at most; this one has 1,001."),
        ({"question": "Is it?", "prepared_reply": "Dear {buyer}"}, "Nothing fills {buyer}."),
        ({"question": "Is it?", "prepared_reply": "x" * 10_001}, "A reply holds 10,000 characters at most"),
        ({"common": "made up"}, "Write what the warehouse is to look for."),
    ],
)
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_what_cannot_be_asked_is_refused_with_a_sentence_and_nothing_is_stored(
    world: World,
    talk: Conversation,
    alice: Browser,
    given: dict[str, str],
    sentence: str,
    htmx: bool,
) -> None:
    response = alice.post(f"/t/acme/c/{talk.number}/checks/", given, htmx=htmx)
    assert response.status_code == 409
    page = response.content.decode()
    assert sentence in page
    assert response.get("HX-Retarget") == ("#sheet" if htmx else None)
    assert given.get("question", "").strip() in page
    with tenant_tx(world.acme.pk):
        assert not WarehouseCheck.objects.exists()
    assert stored(talk).state == ConversationState.OPEN
    assert tags_of(talk) == []


def test_the_same_question_twice_is_one_and_there_are_five_at_most(world: World, talk: Conversation) -> None:
    ask(talk, world.alice)
    with pytest.raises(Refused, match="has this question already"):
        ask(talk, world.leo)
    for number in range(asking.MOST_OPEN - 1):
        ask(talk, world.alice, f"Question {number}?")
    with pytest.raises(Refused, match="Withdraw one first"):
        ask(talk, world.alice, "One more?")


def test_a_closed_conversation_is_reopened_first(world: World, talk: Conversation) -> None:
    with tenant_tx(world.acme.pk):
        actions.shut(Conversation.objects.get(pk=talk.pk), now=NOW)
    with pytest.raises(Refused, match="Reopen it first"):
        ask(talk, world.alice)


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_question_is_taken_back(world: World, talk: Conversation, alice: Browser, htmx: bool) -> None:
    first, second = ask(talk, world.alice), ask(talk, world.alice, "Is the return here?")
    for check, state, tags in (
        (first, ConversationState.WAITING_WAREHOUSE, ["Warehouse check"]),
        (second, ConversationState.OPEN, []),
    ):
        address = f"/t/acme/c/{talk.number}/checks/{check.pk}/withdrawal/"
        assert alice.post(address, htmx=htmx).status_code == (200 if htmx else 303)
        assert fresh(check).state == CheckState.WITHDRAWN
        assert stored(talk).state == state
        assert tags_of(talk) == tags
    assert kinds_of(talk).count("check_withdrawn") == 2
    again = alice.post(address, htmx=htmx)
    assert again.status_code == 409
    assert "It was withdrawn already." in again.content.decode()


def test_what_is_answered_cannot_be_taken_back(world: World, talk: Conversation, alice: Browser) -> None:
    check = answer(ask(talk, world.alice), world.wendy)
    response = alice.post(f"/t/acme/c/{talk.number}/checks/{check.pk}/withdrawal/")
    assert response.status_code == 409
    assert "The warehouse has answered it meanwhile." in response.content.decode()
    assert fresh(check).state == CheckState.ANSWERED


def test_the_form_is_a_dialog_for_htmx_and_a_page_for_the_rest(talk: Conversation, alice: Browser) -> None:
    address = f"/t/acme/c/{talk.number}/checks/asking/"
    assert alice.get(address, htmx=True).content.decode().lstrip().startswith("<dialog")
    page = alice.get(address).content.decode()
    assert "<html" in page
    for words in ("Was it shipped?", "Is the return here?", "Photo of what is on the shelf"):
        assert words in page


def test_the_slot_shows_what_waits_and_a_page_does_so_without_scripts(
    world: World, talk: Conversation, alice: Browser
) -> None:
    address = f"/t/acme/c/{talk.number}/checks/"
    assert "check-card" not in alice.get(address, htmx=True).content.decode()
    ask(talk, world.alice, prepared_reply=TRACKED)
    for htmx in (True, False):
        page = alice.get(address, htmx=htmx).content.decode()
        assert "Was it shipped?" in page
        assert "Withdraw" in page
