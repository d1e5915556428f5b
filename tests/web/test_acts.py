"""Each act, with and without htmx: what it changes, what it answers, and that nothing typed is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from inbox.models import (
    Conversation,
    ConversationState,
    Deadline,
    Draft,
    Message,
    Note,
    OutboundReply,
    Outcome,
)
from tests.web.conftest import Browser
from tests.web.rows import reply_in
from tests.world import SEEN_ALL, World, arrive, conversation_of, walmart_mail

Address = Callable[[str], str]
both_ways = pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])


def typed(body: str = "It left yesterday.", **fields: object) -> dict[str, object]:
    return {"body": body, "client_key": uuid4(), "seen_message_id": "", "then_close": "0", **fields}


def settling(outcome: str, seen: object = SEEN_ALL) -> dict[str, object]:
    return {"outcome": outcome, "seen_message_id": seen}


def state_of(talk: Conversation) -> Conversation:
    with tenant_tx(talk.tenant_id):
        return Conversation.objects.select_related("assignee").get(pk=talk.pk)


def running_in(talk: Conversation) -> int:
    with tenant_tx(talk.tenant_id):
        return Deadline.objects.filter(conversation=talk, stopped_at=None).count()


def seen_by_the_menu(response: Any) -> str:
    """The newest message of a page, as its menu names it when a clock is stopped."""
    menu = response.content.decode().partition('value="answered_elsewhere"')[2]
    return str(menu.partition('name="seen_message_id" value="')[2].partition('"')[0])


def replies_of(talk: Conversation) -> list[OutboundReply]:
    with tenant_tx(talk.tenant_id):
        return list(OutboundReply.objects.filter(conversation=talk))


def settled(response: object, talk: Conversation, *, htmx: bool) -> str:
    """The answer to an act that was done: the pane for htmx, else back to the conversation."""
    if htmx:
        assert response.status_code == 200  # type: ignore[attr-defined]
        assert "queue:refresh" in response["HX-Trigger"]  # type: ignore[index]
        assert response["HX-Push-Url"] == f"/t/acme/c/{talk.number}/"  # type: ignore[index]
    else:
        assert response.status_code == 303  # type: ignore[attr-defined]
        assert response["Location"] == f"/t/acme/c/{talk.number}/"  # type: ignore[index]
    return response.content.decode()  # type: ignore[attr-defined,no-any-return]


@both_ways
def test_a_reply_waits_and_can_be_taken_back(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    page = settled(alice.post(address("replies/"), typed(), htmx=htmx), talk, htmx=htmx)
    [reply] = replies_of(talk)
    assert reply.body == "It left yesterday."
    if htmx:
        assert "Reply to Denise Kowalczyk leaves in" in page
        assert f"replies/{reply.pk}/cancellation/" in page
    undone = alice.post(address(f"replies/{reply.pk}/cancellation/"), htmx=htmx)
    settled(undone, talk, htmx=htmx)
    assert replies_of(talk) == []
    assert "It left yesterday.</textarea>" in alice.get(address("")).content.decode()


@both_ways
def test_the_same_press_twice_is_one_reply(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    form = typed()
    for _ in range(2):
        settled(alice.post(address("replies/"), form, htmx=htmx), talk, htmx=htmx)
    assert len(replies_of(talk)) == 1


@both_ways
def test_send_and_close_goes_on_to_the_next(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    following = conversation_of(world.walmart, relay="f" * 32, order="200011874409999")
    response = alice.post(address("replies/"), typed(then_close="1"), htmx=htmx)
    [reply] = replies_of(talk)
    assert reply.then_close
    if htmx:
        assert response["HX-Push-Url"] == f"/t/acme/c/{following.number}/"
        assert f'data-number="{following.number}"' in response.content.decode()
        assert "leaves in" in response.content.decode()
    else:
        # Without scripts the Undo stands in the conversation itself, so one stays there.
        assert response["Location"] == address("")


def test_the_last_one_of_a_view_leaves_an_empty_pane(alice: Browser, address: Address) -> None:
    response = alice.post(address("replies/"), typed(then_close="1"), htmx=True)
    assert response["HX-Push-Url"] == "/t/acme/queue/all/"
    assert "That was the last one in Due soon." in response.content.decode()


@both_ways
def test_an_empty_reply_is_an_error_at_its_field(alice: Browser, address: Address, htmx: bool) -> None:
    response = alice.post(address("replies/"), typed(body="  "), htmx=htmx)
    assert response.status_code in (409, 422)
    assert 'id="reply-error"' in response.content.decode()
    assert "Write something first." in response.content.decode()


@both_ways
def test_a_form_without_its_key_says_what_to_do_and_keeps_the_text(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    response = alice.post(address("replies/"), typed(client_key="nonsense", body="A long answer"), htmx=htmx)
    assert response.status_code == 422
    assert "A long answer</textarea>" in response.content.decode()
    assert "too old" in response.content.decode()
    assert replies_of(talk) == []


@both_ways
def test_a_blocked_reply_names_the_rule_and_keeps_the_text(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    body = "Write to me at bob@example.com please"
    response = alice.post(address("replies/"), typed(body=body), htmx=htmx)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Blocked: mail address." in page
    assert "<mark>bob@example.com</mark>" in page
    assert f"{body}</textarea>" in page
    assert ("<html" in page) is not htmx
    assert replies_of(talk) == []


@both_ways
def test_a_thread_that_moved_keeps_the_text_and_shows_what_came(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    seen = (
        alice.get(address(""))
        .content.decode()
        .partition('name="seen_message_id" value="')[2]
        .partition('"')[0]
    )
    arrive(world.walmart, walmart_mail(world.walmart, text="Never mind, it is here!"))
    response = alice.post(address("replies/"), typed(body="It is lost", seen_message_id=seen), htmx=htmx)
    assert response.status_code == 409
    assert "Never mind, it is here!" in response.content.decode()
    assert "A new message came in" in response.content.decode()
    assert "It is lost</textarea>" in response.content.decode()
    assert replies_of(talk) == []


def test_undo_that_comes_too_late_says_so(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    reply = reply_in(talk, world.alice, "leased")
    response = alice.post(address(f"replies/{reply.pk}/cancellation/"), htmx=True)
    assert response.status_code == 409
    assert "Too late to undo" in response.content.decode()


@both_ways
def test_the_courtesy_reply_answers_with_one_press(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    response = alice.post(address("courtesy/"), {"client_key": uuid4(), "seen_message_id": ""}, htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    [reply] = replies_of(talk)
    assert reply.then_close


@both_ways
def test_a_note_stays_in_the_building(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    settled(alice.post(address("notes/"), {"body": "She is a regular."}, htmx=htmx), talk, htmx=htmx)
    with tenant_tx(talk.tenant_id):
        assert Note.objects.get(conversation=talk).body == "She is a regular."
    assert "note, only your team sees this" in alice.get(address("")).content.decode()
    assert replies_of(talk) == []


@both_ways
def test_an_empty_note_is_an_error_on_the_note(alice: Browser, address: Address, htmx: bool) -> None:
    response = alice.post(address("notes/"), {"body": ""}, htmx=htmx)
    assert response.status_code == 422
    page = response.content.decode()
    assert 'id="note-error"' in page
    assert 'value="note" checked' in page


@both_ways
def test_assigning_and_taking_it_back(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    settled(alice.post(address("assignment/"), {"assignee": world.leo.pk}, htmx=htmx), talk, htmx=htmx)
    assert state_of(talk).assignee == world.leo
    settled(alice.post(address("assignment/"), {"assignee": ""}, htmx=htmx), talk, htmx=htmx)
    assert state_of(talk).assignee is None


def test_only_those_who_answer_can_be_chosen(alice: Browser, world: World, address: Address) -> None:
    for htmx in (True, False):
        page = alice.get(address("assignment/"), htmx=htmx).content.decode()
        assert page.index(">You<") < page.index("Ada Adams") < page.index("Leo Lang")
        assert "Wendy" not in page
    refused = alice.post(address("assignment/"), {"assignee": world.wendy.pk}, htmx=True)
    assert refused.status_code == 409
    assert "cannot answer buyers" in refused.content.decode()
    assert alice.post(address("assignment/"), {"assignee": world.gus.pk}).status_code == 404
    assert alice.post(address("assignment/"), {"assignee": "me"}).status_code == 422


@both_ways
def test_closing_is_refused_while_a_clock_runs(
    alice: Browser, talk: Conversation, address: Address, htmx: bool
) -> None:
    response = alice.post(address("closure/"), htmx=htmx)
    assert response.status_code == 409
    page = response.content.decode()
    assert 'role="alert"' in page
    assert "The clock is running." in page
    assert state_of(talk).state == ConversationState.OPEN


@both_ways
@pytest.mark.parametrize("outcome", [Outcome.ANSWERED_ELSEWHERE, Outcome.NOT_BUYER_MESSAGE])
def test_a_clock_is_settled_and_the_next_conversation_opens(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool, outcome: str
) -> None:
    following = conversation_of(world.walmart, relay="f" * 32, order="200011874409999")
    response = alice.post(address("settlement/"), settling(outcome), htmx=htmx)
    with tenant_tx(talk.tenant_id):
        assert Deadline.objects.get(conversation=talk).outcome == outcome
    assert state_of(talk).state == ConversationState.CLOSED
    assert response["HX-Push-Url" if htmx else "Location"] == f"/t/acme/c/{following.number}/"


def test_walmart_offers_no_way_around_an_answer(alice: Browser, talk: Conversation, address: Address) -> None:
    assert "No response needed" not in alice.get(address("")).content.decode()
    response = alice.post(address("settlement/"), settling("no_response_needed"), htmx=True)
    assert response.status_code == 409
    assert "wants every message answered" in response.content.decode()
    assert alice.post(address("settlement/"), settling("bored")).status_code == 409


@both_ways
def test_settling_is_stopped_by_a_message_nobody_has_seen(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    shown = seen_by_the_menu(alice.get(address("")))
    arrive(world.walmart, walmart_mail(world.walmart, text="And cancel the second lamp!"))
    response = alice.post(address("settlement/"), settling("answered_elsewhere", shown), htmx=htmx)
    page = response.content.decode()
    assert response.status_code == 409
    assert "A new message came in. Read it, then press again." in page
    assert "And cancel the second lamp!" in page
    assert running_in(talk) == 2
    assert state_of(talk).state == ConversationState.OPEN
    again = settling("answered_elsewhere", seen_by_the_menu(response))
    assert alice.post(address("settlement/"), again, htmx=htmx).status_code in (200, 303)
    assert running_in(talk) == 0
    assert state_of(talk).state == ConversationState.CLOSED


@both_ways
@pytest.mark.parametrize("seen", [{}, {"seen_message_id": ""}, {"seen_message_id": "all"}])
def test_a_page_that_does_not_say_what_was_seen_settles_nothing(
    alice: Browser, talk: Conversation, address: Address, htmx: bool, seen: dict[str, str]
) -> None:
    response = alice.post(address("settlement/"), {"outcome": "answered_elsewhere", **seen}, htmx=htmx)
    assert response.status_code == 422
    page = response.content.decode()
    assert "This page is too old. Look at what stands here now, then press again." in page
    assert running_in(talk) == 1


@both_ways
def test_the_courtesy_reply_is_stopped_by_a_message_nobody_has_seen(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    shown = seen_by_the_menu(alice.get(address("")))
    arrive(world.walmart, walmart_mail(world.walmart, text="And cancel the second lamp!"))
    form = {"client_key": uuid4(), "seen_message_id": shown}
    response = alice.post(address("courtesy/"), form, htmx=htmx)
    assert response.status_code == 409
    assert "And cancel the second lamp!" in response.content.decode()
    assert replies_of(talk) == []


@both_ways
def test_closing_and_reopening(alice: Browser, talk: Conversation, address: Address, htmx: bool) -> None:
    alice.post(address("settlement/"), settling("answered_elsewhere"))
    settled(alice.post(address("reopening/"), htmx=htmx), talk, htmx=htmx)
    assert state_of(talk).state == ConversationState.OPEN
    response = alice.post(address("closure/"), htmx=htmx)
    assert state_of(talk).state == ConversationState.CLOSED
    assert response["HX-Push-Url" if htmx else "Location"] == "/t/acme/queue/all/"


@both_ways
def test_unrecognised_mail_is_filed_and_gets_its_clock(alice: Browser, world: World, htmx: bool) -> None:
    message = arrive(world.walmart, b"From: a@b.example\r\nSubject: My order\r\n\r\nWhere is it?\r\n")
    assert message is not None
    talk = message.conversation
    response = alice.post(f"/t/acme/c/{talk.number}/recognition/", htmx=htmx)
    settled(response, talk, htmx=htmx)
    with tenant_tx(talk.tenant_id):
        assert Deadline.objects.filter(conversation=talk, stopped_at=None).exists()


@both_ways
def test_a_half_understood_mail_is_filed_by_one_key_and_filed_again(
    alice: Browser, world: World, htmx: bool
) -> None:
    text = "Hello,\r\nthe return of 302-1234567-7654321 is on its way."
    head = "From: order-update@amazon.de\r\nSubject: Something new\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000"
    message = arrive(world.amazon, f"{head}\r\n\r\n{text}\r\n".encode())
    assert message is not None
    talk, here = message.conversation, f"/t/acme/c/{message.conversation.number}"
    why = "Looks like a return request: sender order-update@amazon.de, but the subject is none we know."
    assert f"{here}/" in alice.get("/t/acme/queue/all/").content.decode()
    page = alice.get(f"{here}/").content.decode()
    assert why in page
    assert 'data-hotkey="f"' in page
    sheet = alice.get(f"{here}/recognition/", htmx=htmx).content.decode()
    assert why in sheet
    assert 'value="return_request" autofocus' in sheet
    assert 'value="302-1234567-7654321" selected' in sheet
    with tenant_tx(talk.tenant_id):
        assert not Deadline.objects.exists()
    form = {"kind": "return_request", "order": "302-1234567-7654321"}
    # The sheet was about another mail than the one that wants filing by now.
    other = form | {"message_id": str(message.pk - 1)}
    assert alice.post(f"{here}/recognition/", other, htmx=htmx).status_code == 409
    assert f'name="message_id" value="{message.pk}"' in sheet
    form |= {"message_id": str(message.pk)}
    settled(alice.post(f"{here}/recognition/", form, htmx=htmx), talk, htmx=htmx)
    with tenant_tx(talk.tenant_id):
        filed = Conversation.objects.select_related("order").get(pk=talk.pk)
        clock = Deadline.objects.get(message=message)
        assert filed.order is not None
        assert (filed.kind, filed.order.external_id) == ("buyer", "302-1234567-7654321")
        assert (clock.started_at, clock.stopped_at) == (message.sent_at, None)
    settled(alice.post(f"{here}/recognition/", {"kind": "unrecognised"}, htmx=htmx), talk, htmx=htmx)
    with tenant_tx(talk.tenant_id):
        assert Deadline.objects.get().outcome == Outcome.NOT_BUYER_MESSAGE
    assert state_of(talk).kind == "unrecognised"
    settled(alice.post(f"{here}/recognition/", {"kind": "claim"}, htmx=htmx), talk, htmx=htmx)
    with tenant_tx(talk.tenant_id):
        clock = Deadline.objects.get(stopped_at__isnull=True)
        assert (clock.kind, clock.started_at, clock.outcome) == ("atoz_claim", message.sent_at, "")
    assert why not in alice.get(f"{here}/").content.decode()
    for wrong in ({"kind": "bounce"}, {"kind": "claim", "order": "999-9999999-9999999"}):
        assert alice.post(f"{here}/recognition/", wrong, htmx=htmx).status_code == 409


def test_customer_service_writing_for_a_buyer_shows_reason_and_details_apart(
    alice: Browser, world: World
) -> None:
    text = (
        "Siamo stati contattati da un cliente.\r\nOrdine #: 302-1234567-7654321\r\n"
        "Motivo: Articolo danneggiato\r\nDettagli: Il bicchiere e rotto.\r\n"
    )
    message = arrive(world.amazon, f"From: cs@amazon.it\r\nSubject: x\r\n\r\n{text}".encode())
    assert message is not None
    page = alice.get(f"/t/acme/c/{message.conversation.number}/").content.decode()
    assert '<dt>Reason</dt><dd dir="auto">Articolo danneggiato</dd>' in page
    assert '<dt>Details</dt><dd class="text" dir="auto">Il bicchiere e rotto.</dd>' in page
    with tenant_tx(world.acme.pk):
        assert Deadline.objects.get(message=message).rule == "Amazon 24 h"


def test_a_scrubbed_sample_is_a_file_without_the_buyer(alice: Browser, talk: Conversation) -> None:
    with tenant_tx(talk.tenant_id):
        message = Message.objects.get(conversation=talk)
    answer = alice.get(f"/t/acme/c/{talk.number}/messages/{message.pk}/sample.eml")
    assert answer["Content-Disposition"] == 'attachment; filename="sample-buyer_message.eml"'
    assert b"@relay.walmart.com" in answer.content
    assert b"Sales Order ID" in answer.content
    assert b"Denise" not in answer.content
    assert b"200011874402913" not in answer.content


@both_ways
def test_a_reply_that_may_have_left_is_settled_by_a_person(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    handed = timezone.now() - timedelta(minutes=5)
    reply = reply_in(talk, world.leo, "unknown", handed_at=handed)
    response = alice.post(address(f"replies/{reply.pk}/settlement/"), {"decision": "arrived"}, htmx=htmx)
    settled(response, talk, htmx=htmx)
    [reply] = replies_of(talk)
    assert (reply.decision, reply.state) == ("arrived", "sent")
    again = alice.post(address(f"replies/{reply.pk}/settlement/"), {"decision": "arrived"}, htmx=htmx)
    assert again.status_code == 409


@both_ways
def test_the_text_of_a_refused_reply_can_be_edited(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    reply = reply_in(talk, world.leo, "failed", peer_answer="552 no", body="With the wrong file.")
    response = alice.post(address(f"replies/{reply.pk}/settlement/"), {"decision": "edit"}, htmx=htmx)
    if not htmx:
        assert response.status_code == 303
        response = alice.get(response["Location"])
    assert "With the wrong file.</textarea>" in response.content.decode()
    assert replies_of(talk)[0].decision == "discard"


def test_a_draft_fills_the_composer_of_its_author_only(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    with tenant_tx(talk.tenant_id):
        Draft.objects.create(
            conversation=talk, author=world.leo, body="Leo's words", expires_at=talk.expires_at
        )
    assert "Leo&#39;s words" not in alice.get(address("")).content.decode()


def test_the_list_one_came_from_is_remembered(alice: Browser, talk: Conversation, address: Address) -> None:
    page = alice.get(address("?view=unassigned")).content.decode()
    assert f"{address('closure/')}?view=unassigned" in page
    assert 'href="/t/acme/queue/unassigned/" aria-current="page"' in page
    assert alice.get(address("?view=nonsense")).status_code == 200


def test_an_act_must_be_posted(alice: Browser, address: Address) -> None:
    for name in ("replies", "courtesy", "notes", "closure", "reopening", "settlement"):
        assert alice.get(address(f"{name}/")).status_code == 405
