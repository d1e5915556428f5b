"""The prepared reply: one key sends it, the usual stops hold, and alone it leaves only where allowed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Membership
from accounts.tenancy import tenant_tx
from cases.models import WarehouseCheck
from cases.warehouse import ruling, sending
from cases.warehouse.asking import newest_of
from inbox import actions, drafts, replying
from inbox.models import Conversation, Draft, OutboundReply
from tests.cases.checks import TRACKED, answer, ask, fresh
from tests.cases.test_warehouse_asking import kinds_of
from tests.web.conftest import Browser
from tests.web.rows import reply_in
from tests.world import SEEN_ALL, World, arrive, walmart_mail

FILLED = "Your order left with UPS, tracking number 1Z999AA10."
SHIPPED = {"carrier": "UPS", "tracking": "1Z999AA10"}


def answered(talk: Conversation, world: World, prepared: str = TRACKED, **found: str) -> WarehouseCheck:
    return answer(ask(talk, world.alice, prepared_reply=prepared), world.wendy, **{**SHIPPED, **found})


def replies(talk: Conversation) -> list[tuple[str, str]]:
    with tenant_tx(talk.tenant_id):
        rows = OutboundReply.objects.filter(conversation=talk).order_by("pk").select_related("author__user")
        return [(row.author.user.name, row.body) for row in rows]


def seen(talk: Conversation) -> dict[str, int]:
    with tenant_tx(talk.tenant_id):
        newest = newest_of(talk)
    return {f"seen_{name}_id": value for name, value in newest.items()}


def address(talk: Conversation, check: WarehouseCheck, rest: str = "reply/") -> str:
    return f"/t/acme/c/{talk.number}/checks/{check.pk}/{rest}"


def allow(world: World) -> None:
    with tenant_tx(world.acme.pk):
        ruling.let_tracking_leave(True, by=world.leo, now=timezone.now())


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_one_key_puts_it_into_the_outbox_with_its_undo(
    world: World, talk: Conversation, alice: Browser, htmx: bool
) -> None:
    check = answered(talk, world)
    response = alice.post(address(talk, check), seen(talk), htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    assert replies(talk) == [("Alice Archer", FILLED)]
    if htmx:
        assert "leaves in" in response.content.decode()
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "Send this reply" not in slot
    # A double click, or a colleague's press, is the same reply.
    alice.post(address(talk, check), seen(talk), htmx=htmx)
    assert replies(talk) == [("Alice Archer", FILLED)]


def pressed(talk: Conversation, alice: Browser, **typed: str) -> WarehouseCheck:
    alice.post(f"/t/acme/c/{talk.number}/checks/", {"common": "shipped", **typed}, htmx=True)
    with tenant_tx(talk.tenant_id):
        return WarehouseCheck.objects.get()


def test_one_press_asks_and_one_key_sends_what_was_found(
    world: World, talk: Conversation, alice: Browser
) -> None:
    sheet = alice.get(f"/t/acme/c/{talk.number}/checks/asking/", htmx=True).content.decode()
    assert "Your order has left with {carrier}, tracking number {tracking}." in sheet
    check = answer(pressed(talk, alice), world.wendy, **SHIPPED)
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "Your order has left with UPS, tracking number 1Z999AA10." in slot
    assert "Send this reply" in slot
    assert "Edit first" in slot
    assert alice.post(address(talk, check), seen(talk), htmx=True).status_code == 200
    ((author, body),) = replies(talk)
    assert author == "Alice Archer"
    assert "Your order has left with UPS, tracking number 1Z999AA10." in body


def test_a_reply_somebody_wrote_goes_before_the_one_a_press_prepares(
    world: World, talk: Conversation, alice: Browser
) -> None:
    check = answer(pressed(talk, alice, prepared_reply=TRACKED), world.wendy, **SHIPPED)
    alice.post(address(talk, check), seen(talk))
    assert replies(talk) == [("Alice Archer", FILLED)]


def test_what_a_press_prepares_is_gone_where_it_would_be_untrue(
    world: World, talk: Conversation, alice: Browser
) -> None:
    check = answer(pressed(talk, alice), world.wendy, "in_stock", **SHIPPED)
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "In stock, not shipped yet" in slot
    assert "has left with" not in slot
    assert "Send this reply" not in slot
    assert alice.post(address(talk, check), seen(talk)).status_code == 409
    assert replies(talk) == []


def test_what_the_agent_types_meanwhile_stays_a_draft(
    world: World, talk: Conversation, alice: Browser
) -> None:
    check = answered(talk, world)
    with tenant_tx(world.acme.pk):
        drafts.keep(talk, by=world.alice, body="Half a sentence")
    alice.post(address(talk, check), seen(talk))
    with tenant_tx(world.acme.pk):
        assert Draft.objects.get().body == "Half a sentence"


def test_undo_lets_it_wait_again(world: World, talk: Conversation, alice: Browser) -> None:
    check = answered(talk, world)
    alice.post(address(talk, check), seen(talk))
    with tenant_tx(world.acme.pk):
        reply = OutboundReply.objects.get()
    alice.post(f"/t/acme/c/{talk.number}/replies/{reply.pk}/cancellation/")
    assert replies(talk) == []
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "Send this reply" in slot


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_thread_that_moved_stops_it_and_keeps_the_text(
    world: World, talk: Conversation, alice: Browser, htmx: bool
) -> None:
    check, looked_at = answered(talk, world), seen(talk)
    arrive(world.walmart, walmart_mail(world.walmart, text="Please cancel it!"))
    response = alice.post(address(talk, check), looked_at, htmx=htmx)
    assert response.status_code == 409
    page = response.content.decode()
    assert "A new message came in while you wrote" in page
    assert "Please cancel it!" in page
    assert FILLED in page
    assert replies(talk) == []


def test_the_guard_stops_it_and_shows_why(world: World, talk: Conversation, alice: Browser) -> None:
    check = answered(talk, world, "Sent: {tracking}. Call us at (555) 123-4567.")
    response = alice.post(address(talk, check), seen(talk))
    assert response.status_code == 409
    assert "Blocked: phone number" in response.content.decode()
    assert replies(talk) == []


def test_a_hole_that_was_not_filled_never_leaves(world: World, talk: Conversation, alice: Browser) -> None:
    check = answered(talk, world, tracking="")
    response = alice.post(address(talk, check), seen(talk))
    assert response.status_code == 409
    assert "The answer did not fill {tracking}." in response.content.decode()
    assert replies(talk) == []


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_it_is_taken_into_the_composer_above_what_was_typed(
    world: World, talk: Conversation, alice: Browser, htmx: bool
) -> None:
    check = answered(talk, world)
    with tenant_tx(world.acme.pk):
        drafts.keep(talk, by=world.alice, body="And sorry again.")
    response = alice.post(address(talk, check, "reply/editing/"), htmx=htmx)
    assert response.status_code == (200 if htmx else 303)
    with tenant_tx(world.acme.pk):
        assert Draft.objects.get().body == f"{FILLED}\n\nAnd sorry again."
    assert "check_reply_taken" in kinds_of(talk)
    assert alice.post(address(talk, check), seen(talk)).status_code == 409
    assert replies(talk) == []


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_it_is_thrown_away_once(world: World, talk: Conversation, alice: Browser, htmx: bool) -> None:
    check = answered(talk, world)
    for status in ((200 if htmx else 303), 409):
        assert alice.post(address(talk, check, "reply/cancellation/"), htmx=htmx).status_code == status
    assert kinds_of(talk).count("check_reply_dropped") == 1
    assert fresh(check).prepared_settled_at is not None


def test_a_reply_written_since_stands_in_its_place(world: World, talk: Conversation, alice: Browser) -> None:
    answered(talk, world)
    reply_in(talk, world.leo, queued_at=timezone.now() + timedelta(seconds=1))
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "Send this reply" not in slot


def test_unless_it_is_allowed_nothing_leaves_by_itself(world: World, talk: Conversation) -> None:
    answered(talk, world)
    assert replies(talk) == []


def test_where_it_is_allowed_a_tracking_update_leaves_under_the_askers_name(
    world: World, talk: Conversation, alice: Browser
) -> None:
    allow(world)
    with tenant_tx(world.acme.pk):
        drafts.keep(talk, by=world.alice, body="Half a sentence")
    answered(talk, world)
    assert replies(talk) == [("Alice Archer", FILLED)]
    assert "check_reply_left" in kinds_of(talk)
    slot = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "Send this reply" not in slot
    with tenant_tx(world.acme.pk):
        assert Draft.objects.get().body == "Half a sentence"
        reply = OutboundReply.objects.get()
    with tenant_tx(world.acme.pk):
        # The undo time holds for it as well.
        replying.undo_reply(reply, by=world.alice, now=timezone.now())
    assert replies(talk) == []


@pytest.mark.parametrize(
    ("prepared", "found"),
    [
        pytest.param(TRACKED, {"value": "in_stock"}, id="not shipped"),
        pytest.param(TRACKED, {"tracking": ""}, id="no number"),
        pytest.param(TRACKED, {"carrier": ""}, id="a hole is left"),
        pytest.param(TRACKED, {"note": "The box was wet."}, id="the warehouse has more to say"),
        pytest.param("{tracking}: {note}", {"note": "ok"}, id="it would tell free words"),
        pytest.param("It is on its way.", {}, id="it tells no number"),
        pytest.param("{tracking}, call (555) 123-4567", {}, id="the guard says no"),
    ],
)
def test_whatever_is_no_pure_tracking_update_waits_for_the_agent(
    world: World, talk: Conversation, prepared: str, found: dict[str, str]
) -> None:
    allow(world)
    check = answered(talk, world, prepared, **found)
    assert replies(talk) == []
    assert "check_reply_left" not in kinds_of(talk)
    assert sending.waiting(fresh(check))


def test_it_waits_where_the_thread_has_moved_since_it_was_prepared(world: World, talk: Conversation) -> None:
    allow(world)
    check = ask(talk, world.alice, prepared_reply=TRACKED)
    arrive(world.walmart, walmart_mail(world.walmart, text="Please cancel it!"))
    answer(check, world.wendy, **SHIPPED)
    assert replies(talk) == []


def test_it_waits_where_somebody_has_answered_meanwhile(world: World, talk: Conversation) -> None:
    allow(world)
    check = ask(talk, world.alice, prepared_reply=TRACKED)
    reply_in(talk, world.alice, body="By hand.")
    answer(check, world.wendy, **SHIPPED)
    assert replies(talk) == [("Alice Archer", "By hand.")]


def test_it_waits_where_the_asker_has_settled_the_clock_meanwhile(world: World, talk: Conversation) -> None:
    allow(world)
    check = ask(talk, world.alice, prepared_reply=TRACKED)
    with tenant_tx(world.acme.pk):
        row = Conversation.objects.select_related("account", "order").get(pk=talk.pk)
        actions.settle_clock(
            row, by=world.alice, outcome="answered_elsewhere", seen_message_id=SEEN_ALL, now=timezone.now()
        )
    answer(check, world.wendy, **SHIPPED)
    assert replies(talk) == []
    assert sending.waiting(fresh(check))


def test_it_waits_where_the_asker_is_no_agent_any_more(world: World, talk: Conversation) -> None:
    allow(world)
    check = ask(talk, world.alice, prepared_reply=TRACKED)
    Membership.objects.filter(pk=world.alice.pk).update(is_active=False)
    answer(check, world.wendy, **SHIPPED)
    assert replies(talk) == []


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_lead_lets_them_leave_and_that_is_written_down(
    world: World, leo: Browser, alice: Browser, htmx: bool
) -> None:
    assert "leave by themselves" not in alice.get("/t/acme/warehouse/").content.decode()
    assert "Let them leave by themselves" in leo.get("/t/acme/warehouse/").content.decode()
    assert alice.post("/t/acme/warehouse/rule/", {"allowed": "1"}, htmx=htmx).status_code == 403
    for allowed in ("1", "1", ""):
        response = leo.post("/t/acme/warehouse/rule/", {"allowed": allowed}, htmx=htmx)
        assert response.status_code == (200 if htmx else 303)
        with tenant_tx(world.acme.pk):
            assert ruling.tracking_leaves() is bool(allowed)
    with tenant_tx(world.acme.pk):
        lines = AuditEntry.objects.filter(action="warehouse_rule_changed").order_by("pk")
        assert [(line.actor_id, line.details) for line in lines] == [
            (world.leo.pk, {"allowed": True}),
            (world.leo.pk, {"allowed": False}),
        ]
    with tenant_tx(world.globex.pk):
        assert not ruling.tracking_leaves()
