"""A reply is stopped by what its author has not seen: at the database, before anything leaves."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from inbox import actions
from inbox.models import Conversation, Draft, OutboundReply
from tests.web.conftest import Browser, browser_of
from tests.web.rows import reply_in
from tests.world import SEEN_ALL, World, arrive, walmart_mail

Address = Callable[[str], str]
SEEN = ("seen_message_id", "seen_reply_id", "seen_event_id")


def form_of(browser: Browser, page: str) -> dict[str, Any]:
    """What the composer of a page would send besides its text."""
    content = browser.get(page).content.decode()
    seen = {name: content.partition(f'name="{name}" value="')[2].partition('"')[0] for name in SEEN}
    assert all(seen.values())
    return {**seen, "client_key": uuid4(), "then_close": "0", "body": "It is lost."}


def act_on(talk: Conversation, act: Callable[[Conversation], object]) -> None:
    with tenant_tx(talk.tenant_id):
        act(Conversation.objects.select_related("account", "order").get(pk=talk.pk))


def sent(talk: Conversation) -> list[str]:
    with tenant_tx(talk.tenant_id):
        return list(OutboundReply.objects.filter(conversation=talk).values_list("body", flat=True))


@pytest.mark.parametrize("htmx", [True, False])
def test_everything_that_is_new_stands_above_the_text(
    alice: Browser, world: World, talk: Conversation, address: Address, htmx: bool
) -> None:
    form = form_of(alice, address(""))
    arrive(world.walmart, walmart_mail(world.walmart, text="Never mind, cancel it"))
    reply_in(talk, world.leo, "queued", body="We cancel it.")
    act_on(talk, lambda row: actions.assign(row, by=world.leo, assignee=world.ada, now=timezone.now()))
    answer = alice.post(address("replies/"), form, htmx=htmx)
    assert answer.status_code == 409
    page = answer.content.decode()
    news = page.partition("data-moved")[2].partition("</textarea>")[0]
    for said in ("Leo Lang has answered meanwhile", "Never mind, cancel it", "We cancel it.", "Ada Adams"):
        assert said in news
    for button in (">Review<", ">Send anyway<", ">Discard<"):
        assert button in news
    assert "It is lost.</textarea>" in news + "</textarea>"
    assert sent(talk) == ["We cancel it."]
    with tenant_tx(talk.tenant_id):
        assert Draft.objects.get(author=world.alice).body == "It is lost."


def test_what_was_shown_does_not_stop_it_again(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    form = form_of(alice, address("")) | {"then_close": "1"}
    act_on(talk, lambda row: actions.assign(row, by=world.leo, assignee=world.ada, now=timezone.now()))
    answer = alice.post(address("replies/"), form, htmx=True)
    assert answer.status_code == 409
    content = answer.content.decode()
    again = {name: content.partition(f'name="{name}" value="')[2].partition('"')[0] for name in SEEN}
    # "Send anyway" is the button that was pressed.
    assert 'name="then_close" value="1">Send anyway' in content
    assert alice.post(address("replies/"), form | again, htmx=True).status_code == 200
    assert sent(talk) == ["It is lost."]


def test_an_act_of_ones_own_and_what_makes_one_responsible_stop_nothing(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    form = form_of(alice, address(""))
    act_on(talk, lambda row: actions.assign(row, by=world.alice, assignee=world.ada, now=timezone.now()))
    act_on(talk, lambda row: actions.assign(row, by=world.leo, assignee=world.alice, now=timezone.now()))
    act_on(talk, lambda row: actions.add_note(row, by=world.leo, body="Hm.", now=timezone.now()))
    assert alice.post(address("replies/"), form, htmx=True).status_code == 200


def test_what_somebody_else_settled_or_closed_stops_it(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    form = form_of(alice, address(""))
    act_on(
        talk,
        lambda row: actions.settle_clock(
            row, by=world.leo, outcome="answered_elsewhere", seen_message_id=SEEN_ALL, now=timezone.now()
        ),
    )
    answer = alice.post(address("replies/"), form, htmx=True)
    assert answer.status_code == 409
    assert "Leo Lang: answered elsewhere, clock stopped while you wrote" in answer.content.decode()
    assert sent(talk) == []
    # A page that does not say what it has seen, such as one from before an update, is not stopped by this.
    assert alice.post(address("replies/"), form | {"seen_event_id": ""}, htmx=True).status_code == 200


def at_once(*presses: Callable[[], int]) -> list[int]:
    """Do these in threads that begin together; their results."""
    gate, results = threading.Barrier(len(presses)), []

    def run(press: Callable[[], int]) -> None:
        gate.wait(20)
        try:
            results.append(press())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(press,)) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(results)


def presser(who: Membership, path: str, form: dict[str, Any]) -> Callable[[], int]:
    browser = browser_of(who)
    return lambda: int(browser.post(path, form, htmx=True).status_code)


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_press_send_at_once_one_is_stopped(
    alice: Browser, world: World, talk: Conversation, address: Address, round_: int
) -> None:
    path, form = address("replies/"), form_of(alice, address(""))
    presses = [
        presser(who, path, form | {"client_key": uuid4(), "body": f"{who.user.name} answers."})
        for who in (world.alice, world.leo, world.ada)
    ]
    assert at_once(*presses) == [200, 409, 409]
    assert len(sent(talk)) == 1


def test_a_double_click_is_one_reply(
    alice: Browser, world: World, talk: Conversation, address: Address
) -> None:
    path, form = address("replies/"), form_of(alice, address(""))
    key: UUID = form["client_key"]
    assert at_once(*[presser(world.alice, path, form) for _ in range(3)]) == [200, 200, 200]
    with tenant_tx(talk.tenant_id):
        assert [reply.client_key for reply in OutboundReply.objects.all()] == [key]
