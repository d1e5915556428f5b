"""A late answer: told once, in the history, in the queue and by mail, without a word of the buyer."""

from datetime import datetime, timedelta

import psycopg
import pytest
from django.utils import timezone

from accounts.models import SystemMail
from accounts.tenancy import tenant_tx
from cases import tasks
from cases.models import CheckState, WarehouseCheck
from cases.warehouse import late as warehouse_late
from inbox.models import Conversation, ConversationState
from inbox.queue import queue_page
from marketplaces import seeing
from tests.cases.checks import answer, ask, fresh, holding_reply_leaves
from tests.cases.test_warehouse_asking import kinds_of, stored, tags_of
from tests.web.conftest import Browser
from tests.world import World, conversation_of

MINUTE = timedelta(minutes=1)
WORDS = "Is Denise Kowalczyk's lamp there?"


@pytest.fixture
def check(world: World, talk: Conversation) -> WarehouseCheck:
    return ask(talk, world.alice, WORDS)


def escalate(check: WarehouseCheck, at: datetime) -> bool:
    return warehouse_late.escalate(check.pk, tenant_id=check.tenant_id, now=at)


def mails(world: World) -> list[SystemMail]:
    with tenant_tx(world.acme.pk):
        return list(SystemMail.objects.order_by("to_address"))


def test_before_its_moment_nobody_is_told(world: World, check: WarehouseCheck) -> None:
    assert not escalate(check, check.due_at - MINUTE)
    assert fresh(check).escalated_at is None
    assert mails(world) == []


def test_after_it_the_leads_are_told_once_and_the_row_is_the_agents_again(
    world: World, talk: Conversation, check: WarehouseCheck
) -> None:
    late = check.due_at + MINUTE
    assert escalate(check, late)
    assert not escalate(check, late + MINUTE)
    after = fresh(check)
    assert (after.state, after.escalated_at) == (CheckState.OPEN, late)
    assert kinds_of(talk).count("check_late") == 1
    assert stored(talk).state == ConversationState.OPEN
    assert tags_of(talk) == ["Warehouse check", "Warehouse is late"]
    with tenant_tx(world.acme.pk):
        (row,) = queue_page("all", membership=world.leo, now=late).rows
        assert [tag.name for tag in row.tags] == ["Warehouse check", "Warehouse is late"]
    told = mails(world)
    assert [mail.to_address for mail in told] == ["ada.adams@acme.example", "leo.lang@acme.example"]
    for mail in told:
        assert mail.subject == "The warehouse is late: order 200011874402913"
        assert f"/t/acme/c/{talk.number}/" in mail.text
        assert "Denise" not in mail.text + mail.subject
        assert "lamp" not in mail.text


def test_a_late_answer_still_counts_and_takes_the_marks_off(
    world: World, talk: Conversation, check: WarehouseCheck, alice: Browser
) -> None:
    escalate(check, check.due_at)
    page = alice.get(f"/t/acme/c/{talk.number}/checks/", htmx=True).content.decode()
    assert "late, leads told" in page
    answer(check, world.wendy, "in_stock")
    assert fresh(check).state == CheckState.ANSWERED
    assert tags_of(talk) == []


def test_what_is_answered_or_withdrawn_is_not_late(world: World, talk: Conversation) -> None:
    check = answer(ask(talk, world.alice), world.wendy)
    assert not escalate(check, check.due_at + MINUTE)
    assert mails(world) == []


@pytest.mark.parametrize("then_close", [False, True], ids=["reply", "reply and close"])
def test_it_brings_back_a_conversation_whose_holding_reply_has_left(
    world: World, talk: Conversation, check: WarehouseCheck, then_close: bool
) -> None:
    holding_reply_leaves(talk, world.alice, then_close=then_close)
    assert stored(talk).queue_at is None
    assert escalate(check, check.due_at)
    after = stored(talk)
    assert (after.state, after.closed_at) == (ConversationState.OPEN, None)
    assert after.queue_at is not None
    assert fresh(check).state == CheckState.OPEN
    assert kinds_of(talk)[-1] == "check_late"
    assert [mail.to_address for mail in mails(world)] == ["ada.adams@acme.example", "leo.lang@acme.example"]


def test_a_lead_who_does_not_see_the_account_is_not_told(world: World, check: WarehouseCheck) -> None:
    with tenant_tx(world.acme.pk):
        seeing.choose(world.leo, [world.amazon], by=world.ada, now=timezone.now())
    escalate(check, check.due_at)
    assert [mail.to_address for mail in mails(world)] == ["ada.adams@acme.example"]


def test_the_bell_finds_what_is_late_in_every_tenant_and_nothing_else(
    world: World,
    check: WarehouseCheck,
    talk: Conversation,
    superuser: psycopg.Connection[tuple[object, ...]],
) -> None:
    foreign = ask(conversation_of(world.foreign, relay="f" * 32, order="200011874402999"), world.gus)
    told = ask(talk, world.alice, "Told already?")
    done = answer(ask(talk, world.alice, "Answered?"), world.wendy)
    ask(talk, world.alice, "Not late?")
    late = [each.pk for each in (check, foreign, told, done)]
    superuser.execute(
        "UPDATE cases_warehousecheck SET due_at = now() - interval '1 minute' WHERE id = ANY(%s)", [late]
    )
    with tenant_tx(world.acme.pk):
        WarehouseCheck.objects.filter(pk=told.pk).update(escalated_at=timezone.now())
    assert sorted(warehouse_late.due()) == sorted([(world.acme.pk, check.pk), (world.globex.pk, foreign.pk)])
    for tenant_id, check_id in warehouse_late.due():
        tasks.escalate_check.run(check_id, tenant_id=tenant_id)
    assert warehouse_late.due() == []
    assert fresh(foreign).escalated_at is not None
