"""The warehouse answers: once, with a photo that is one, and the agent has it at once."""

import threading

import pytest
from django.core.files.storage import default_storage
from django.db import connections

from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from cases.models import CheckAnswer, CheckState, WarehouseCheck
from cases.warehouse import photos
from inbox.models import Conversation, ConversationState
from tests.cases.checks import TRACKED, answer, ask, fresh, holding_reply_leaves, photo
from tests.cases.test_warehouse_asking import kinds_of, stored, tags_of
from tests.web.conftest import Browser
from tests.web.rows import PNG
from tests.world import World

GIVEN = {"answer": "shipped", "carrier": " UPS ", "tracking": "1Z999AA10\n", "note": "Left at the dock."}


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_the_answer_is_with_the_agent_at_once(
    world: World, talk: Conversation, alice: Browser, wendy: Browser, htmx: bool
) -> None:
    check = ask(talk, world.alice, prepared_reply=TRACKED)
    response = wendy.post(f"/t/acme/warehouse/{check.pk}/answer/", GIVEN | {"photo": photo()}, htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    if htmx:
        assert "Your answer is with the agent." in response.content.decode()
        assert response["HX-Push-Url"] == "/t/acme/warehouse/"
    after = fresh(check)
    assert (after.state, after.answer) == (CheckState.ANSWERED, "shipped")
    assert (after.carrier, after.tracking_number, after.note) == ("UPS", "1Z999AA10", "Left at the dock.")
    assert after.answered_by_id == world.wendy.pk
    assert after.prepared_reply == "Your order left with UPS, tracking number 1Z999AA10."
    assert stored(talk).state == ConversationState.OPEN
    assert tags_of(talk) == []
    assert kinds_of(talk)[-1] == "check_answered"
    page = alice.get(f"/t/acme/c/{talk.number}/").content.decode()
    assert "Wendy Ware answered for the warehouse: Shipped" in page
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    for words in ("1Z999AA10", "Left at the dock.", "Send this reply", f"/warehouse/{check.pk}/photo/"):
        assert words in slot
    shown = alice.get(f"/t/acme/warehouse/{check.pk}/photo/")
    assert (shown.getvalue(), shown["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in shown["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Choose what you found."),
        ({"answer": "burnt"}, "Choose what you found."),
        ({"answer": "other"}, "Write a note that says what you found."),
        ({"answer": "shipped", "carrier": "x" * 61}, "The carrier holds 60 characters at most"),
        ({"answer": "shipped", "tracking": "x" * 101}, "The tracking number holds 100 characters at most"),
        ({"answer": "other", "note": "x" * 2001}, "The note holds 2,000 characters at most"),
        ({"answer": "shipped", "photo": b"%PDF-1.7 not a picture"}, "That is no photo."),
        ({"answer": "shipped", "photo": b""}, "That is no photo."),
        ({"answer": "shipped", "photo": b"<svg onload=alert(1)>"}, "That is no photo."),
    ],
)
@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_what_is_no_answer_is_refused_with_a_sentence_and_keeps_what_was_typed(
    world: World,
    talk: Conversation,
    wendy: Browser,
    given: dict[str, str | bytes],
    sentence: str,
    htmx: bool,
) -> None:
    check = ask(talk, world.alice)
    sent = {key: photo(each) if isinstance(each, bytes) else each for key, each in given.items()}
    typed = {"note": "typed before", **sent} if given.get("answer") == "shipped" else sent
    response = wendy.post(f"/t/acme/warehouse/{check.pk}/answer/", typed, htmx=htmx)
    assert response.status_code == 409
    page = response.content.decode()
    assert sentence in page
    assert ("<html" in page) is not htmx
    if typed.get("note") == "typed before":
        assert "typed before" in page
    assert fresh(check).state == CheckState.OPEN
    assert fresh(check).photo_path == ""
    assert stored(talk).state == ConversationState.WAITING_WAREHOUSE


def test_a_photo_may_be_so_large_and_no_larger(
    world: World, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ask(talk, world.alice)
    with pytest.raises(Refused, match="10 MB at most"):
        answer(check, world.wendy, photo=photo(PNG + bytes(photos.LARGEST)))
    assert fresh(check).state == CheckState.OPEN
    kept = answer(check, world.wendy, photo=photo(PNG + bytes(1000)))
    assert default_storage.size(kept.photo_path) == len(PNG) + 1000
    assert kept.photo_path.startswith(f"tenant/{world.acme.pk}/warehouse/")


def test_answering_twice_is_refused_and_says_who_was_first(
    world: World, talk: Conversation, wendy: Browser
) -> None:
    check = answer(ask(talk, world.alice), world.leo, "in_stock")
    response = wendy.post(f"/t/acme/warehouse/{check.pk}/answer/", GIVEN)
    assert response.status_code == 409
    assert "Leo Lang has answered it meanwhile." in response.content.decode()
    assert fresh(check).answer == CheckAnswer.IN_STOCK


def test_a_withdrawn_question_cannot_be_answered(
    world: World, talk: Conversation, alice: Browser, wendy: Browser
) -> None:
    check = ask(talk, world.alice)
    alice.post(f"/t/acme/c/{talk.number}/checks/{check.pk}/withdrawal/")
    response = wendy.post(f"/t/acme/warehouse/{check.pk}/answer/", GIVEN)
    assert response.status_code == 409
    assert "The question was withdrawn." in response.content.decode()
    assert fresh(check).state == CheckState.WITHDRAWN


def test_of_two_who_answer_at_once_the_database_takes_one(world: World, talk: Conversation) -> None:
    check, barrier = ask(talk, world.alice), threading.Barrier(2)
    results: list[str] = []

    def go(value: str) -> None:
        try:
            barrier.wait(10)
            answer(check, world.wendy, value, photo=photo(PNG + value.encode()))
            results.append(value)
        except Refused as refused:
            results.append(str(refused))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(value,)) for value in ("in_stock", "out_of_stock")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    won = fresh(check).answer
    assert sorted(results) == sorted([won, "Wendy Ware has answered it meanwhile."])
    assert kinds_of(talk).count("check_answered") == 1
    # The loser's photo was never stored.
    assert len(default_storage.listdir(f"tenant/{world.acme.pk}/warehouse")[1]) == 1


def test_one_of_two_answers_leaves_the_turn_with_the_warehouse(world: World, talk: Conversation) -> None:
    first, second = ask(talk, world.alice), ask(talk, world.alice, "Is the return here?")
    answer(first, world.wendy)
    assert stored(talk).state == ConversationState.WAITING_WAREHOUSE
    assert tags_of(talk) == ["Warehouse check"]
    answer(second, world.wendy, "return_in")
    assert stored(talk).state == ConversationState.OPEN
    assert tags_of(talk) == []


@pytest.mark.parametrize("then_close", [False, True], ids=["reply", "reply and close"])
def test_the_answer_brings_back_a_conversation_whose_holding_reply_has_left(
    world: World, talk: Conversation, then_close: bool
) -> None:
    check = ask(talk, world.alice, prepared_reply=TRACKED)
    holding_reply_leaves(talk, world.alice, then_close=then_close)
    assert stored(talk).queue_at is None
    answer(check, world.wendy, carrier="UPS", tracking="1Z999AA10")
    after = stored(talk)
    assert (after.state, after.closed_at) == (ConversationState.OPEN, None)
    assert after.queue_at is not None
    assert tags_of(talk) == []


@pytest.mark.parametrize("then_close", [False, True], ids=["reply", "reply and close"])
def test_a_question_taken_back_leaves_the_turn_where_the_reply_has_put_it(
    world: World, talk: Conversation, alice: Browser, then_close: bool
) -> None:
    check = ask(talk, world.alice)
    holding_reply_leaves(talk, world.alice, then_close=then_close)
    before = stored(talk).state
    alice.post(f"/t/acme/c/{talk.number}/checks/{check.pk}/withdrawal/")
    assert fresh(check).state == CheckState.WITHDRAWN
    assert stored(talk).state == before


def test_an_answer_that_fills_not_every_hole_shows_what_is_missing(
    world: World, talk: Conversation, alice: Browser
) -> None:
    answer(ask(talk, world.alice, prepared_reply=TRACKED), world.wendy, "shipped", carrier="UPS")
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "<mark>{tracking}</mark>" in slot
    assert "Send this reply" not in slot
    assert "Edit first" in slot


def test_the_neighbour_and_the_stranger_answer_nothing(world: World, talk: Conversation) -> None:
    check = ask(talk, world.alice)
    with pytest.raises(WarehouseCheck.DoesNotExist), tenant_tx(world.globex.pk):
        WarehouseCheck.objects.get(pk=check.pk)
