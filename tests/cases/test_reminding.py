"""The day of a follow-up is told once, in the history, the queue and a mail without a word of the buyer."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, SystemMail
from accounts.tenancy import tenant_tx
from cases import acts, reminding, tasks
from cases.listing import case_list
from cases.models import Case, Decider, Stage
from cases.opening import Decision
from inbox.models import Conversation, ConversationState
from inbox.queue import queue_page
from tests.cases import mails
from tests.cases.case_rows import case_on
from tests.cases.rows import only_case
from tests.cases.test_acts import held
from tests.cases.test_warehouse_asking import kinds_of
from tests.world import World, arrive

DAY = timedelta(days=1)


@pytest.fixture
def case(world: World) -> Case:
    """An A-to-z claim that is lost and to be followed up tomorrow, in a closed conversation."""
    arrive(world.amazon, mails.claim(world.amazon))
    case = only_case(world.amazon)
    now = timezone.now()
    with tenant_tx(case.tenant_id):
        acts.record_decision(held(case), Decision("won", Decider.MARKETPLACE, None), by=world.alice, now=now)
        acts.move(held(case), "follow_up", by=world.alice, now=now, due_at=now + DAY)
        Conversation.objects.filter(pk=case.conversation_id).update(
            state=ConversationState.CLOSED, closed_at=now, queue_at=None
        )
    return only_case(world.amazon)


def remind(case: Case, at: datetime) -> bool:
    return reminding.remind(case.pk, tenant_id=case.tenant_id, now=at)


def told(world: World) -> list[str]:
    with tenant_tx(world.acme.pk):
        return list(SystemMail.objects.order_by("to_address").values_list("to_address", flat=True))


def test_whoever_chose_the_day_is_told_once_and_the_row_is_in_the_queue_again(
    world: World, case: Case
) -> None:
    assert case.follow_up_at is not None
    day = case.follow_up_at
    assert not remind(case, day - timedelta(minutes=1))
    with tenant_tx(world.acme.pk):
        assert queue_page("all", membership=world.leo, now=day).rows == []
    assert remind(case, day)
    assert not remind(case, day)
    with tenant_tx(world.acme.pk):
        (row,) = queue_page("all", membership=world.leo, now=day).rows
        assert row.number == case.conversation.number
        mail = SystemMail.objects.get()
    assert mail.to_address == world.alice.user.email
    assert mail.subject == "To follow up: A-to-z claim, order 302-1234567-7654321"
    assert f"/t/acme/c/{case.conversation.number}/" in mail.text
    assert case.conversation.buyer_name not in mail.text + mail.subject
    assert kinds_of(case.conversation).count("case_follow_up") == 1


def test_the_leads_are_told_where_whoever_chose_it_is_gone(world: World, case: Case) -> None:
    with tenant_tx(world.acme.pk):
        Membership.objects.filter(pk=world.alice.pk).update(is_active=False)
    assert case.follow_up_at is not None
    assert remind(case, case.follow_up_at)
    assert told(world) == ["ada.adams@acme.example", "leo.lang@acme.example"]


def test_the_leads_are_told_where_whoever_chose_it_does_not_see_the_account(world: World, case: Case) -> None:
    with tenant_tx(world.acme.pk):
        Membership.objects.filter(pk=world.alice.pk).update(restricted=True)
    assert case.follow_up_at is not None
    assert remind(case, case.follow_up_at)
    assert told(world) == ["ada.adams@acme.example", "leo.lang@acme.example"]


def test_what_was_finished_is_not_to_be_followed_up(world: World, case: Case) -> None:
    with tenant_tx(world.acme.pk):
        acts.finish(held(case), by=world.alice, now=timezone.now())
    assert case.follow_up_at is not None
    assert not remind(case, case.follow_up_at)
    assert told(world) == []
    assert only_case(world.amazon).remind_at is None


def test_another_day_is_reminded_of_anew(world: World, case: Case) -> None:
    now = timezone.now()
    assert case.follow_up_at is not None
    assert remind(case, case.follow_up_at)
    with tenant_tx(world.acme.pk):
        acts.move(held(case), "lesson", by=world.alice, now=now)
        acts.move(held(case), "follow_up", by=world.leo, now=now, due_at=now + 3 * DAY)
    assert not remind(case, case.follow_up_at)
    assert remind(case, now + 3 * DAY)
    assert told(world) == sorted([world.alice.user.email, world.leo.user.email])


def test_the_bell_rings_for_days_that_have_come_and_for_no_others(world: World, case: Case) -> None:
    assert reminding.due() == []
    with tenant_tx(world.acme.pk):
        Case.objects.filter(pk=case.pk).update(remind_at=timezone.now() - timedelta(minutes=1))
    assert reminding.due() == [(case.tenant_id, case.pk)]
    tasks.remind(case.pk, tenant_id=case.tenant_id)
    assert reminding.due() == []
    assert told(world) == [world.alice.user.email]


def test_follow_ups_are_listed_by_their_day_and_those_without_one_last(world: World, case: Case) -> None:
    assert case.follow_up_at is not None
    sooner = case.follow_up_at - timedelta(hours=1)
    for day in (None, sooner):
        case_on(case.conversation, stage=Stage.FOLLOW_UP, follow_up_at=day)
    with tenant_tx(world.acme.pk):
        rows = case_list("follow_up", now=timezone.now()).rows
    assert [row.follow_up_at for row in rows] == [sooner, case.follow_up_at, None]
