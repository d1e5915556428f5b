"""People are told of a deadline once when it comes near and once when it has passed, and nobody else is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module

import psycopg
import pytest
from django.utils import timezone

from accounts.models import Membership, SystemMail
from accounts.tenancy import tenant_tx
from inbox import clocks, warning
from inbox.models import Conversation, Deadline, Event, Notice, Outcome, SlaPolicy, Told
from inbox.recomputing import recompute
from inbox.sweep import Sweeper
from marketplaces.models import AccountAccess
from tests.world import World, arrive, conversation_of, make_member, walmart_mail

NOW = timezone.now().replace(microsecond=0)
Tell = Callable[[datetime], int]


@pytest.fixture
def talk(world: World) -> Conversation:
    """A conversation whose Walmart clock began an hour ago."""
    return conversation_of(world.walmart, sent_at=NOW - timedelta(hours=1))


@pytest.fixture
def tell(world: World) -> Tell:
    """Tell of all that is due at a moment, as the sweeper does."""

    def at(moment: datetime) -> int:
        with tenant_tx(world.acme.pk):
            ids = list(Deadline.objects.values_list("pk", flat=True))
        return warning.tell(ids, tenant_id=world.acme.pk, now=moment)

    return at


def told(world: World) -> list[tuple[str, str]]:
    with tenant_tx(world.acme.pk):
        rows = Notice.objects.order_by("at", "pk").values_list("member__user__name", "kind")
        return [(str(name).split()[0], str(kind)) for name, kind in rows]


def mails(world: World) -> list[tuple[str, str]]:
    with tenant_tx(world.acme.pk):
        return list(SystemMail.objects.order_by("pk").values_list("to_address", "subject"))


def assign(world: World, talk: Conversation, to: Membership) -> None:
    with tenant_tx(world.acme.pk):
        Conversation.objects.filter(pk=talk.pk).update(assignee=to)


def test_nobody_is_told_before_the_moment(world: World, talk: Conversation, tell: Tell) -> None:
    assert tell(NOW + timedelta(hours=42, minutes=59)) == 0
    assert told(world) == []


def test_the_admins_are_told_where_no_lead_sees_the_account(
    world: World, talk: Conversation, tell: Tell
) -> None:
    Membership.objects.filter(pk=world.leo.pk).update(restricted=True)
    with tenant_tx(world.acme.pk):
        AccountAccess.objects.create(membership=world.leo, account=world.amazon)
    assert tell(NOW + timedelta(hours=47)) == 1
    assert told(world) == [("Ada", "late")]


def test_the_assignee_is_told_once_four_hours_before_and_the_leads_once_it_is_late(
    world: World, talk: Conversation, tell: Tell
) -> None:
    assign(world, talk, world.alice)
    near, late = NOW + timedelta(hours=43), NOW + timedelta(hours=47)
    assert [tell(near), tell(near), tell(late), tell(late)] == [1, 0, 1, 0]
    assert told(world) == [("Alice", "warning"), ("Leo", "late")]
    assert mails(world) == [
        (world.alice.user.email, "Deadlines: 1 due soon"),
        (world.leo.user.email, "Deadlines: 1 late"),
    ]
    with tenant_tx(world.acme.pk):
        kinds = (
            Event.objects.filter(kind__in=["warned", "escalated"]).order_by("at").values_list("kind", "data")
        )
        assert list(kinds) == [
            ("warned", {"rule": "Walmart 48 h", "names": "Alice Archer"}),
            ("escalated", {"rule": "Walmart 48 h", "names": "Leo Lang"}),
        ]


def test_the_leads_are_told_of_what_nobody_has(world: World, talk: Conversation, tell: Tell) -> None:
    tell(NOW + timedelta(hours=44))
    assert told(world) == [("Leo", "warning")]


def test_without_a_lead_the_admins_are_told(world: World, talk: Conversation, tell: Tell) -> None:
    Membership.objects.filter(pk=world.leo.pk).update(is_active=False)
    tell(NOW + timedelta(hours=44))
    assert told(world) == [("Ada", "warning")]


def test_whoever_has_left_or_does_not_see_the_account_is_not_told(
    world: World, talk: Conversation, tell: Tell
) -> None:
    assign(world, talk, world.alice)
    Membership.objects.filter(pk=world.alice.pk).update(is_active=False)
    blind = make_member(world.acme, "Lily Long", "lead")  # type: ignore[arg-type]
    Membership.objects.filter(pk=blind.pk).update(restricted=True)
    with tenant_tx(world.acme.pk):
        AccountAccess.objects.create(membership=blind, account=world.amazon)
    tell(NOW + timedelta(hours=44))
    assert told(world) == [("Leo", "warning")]


def test_a_clock_that_was_stopped_meanwhile_is_not_told_of(
    world: World, talk: Conversation, tell: Tell
) -> None:
    with tenant_tx(world.acme.pk):
        clocks.stop_by_person(talk, by=world.alice, outcome=Outcome.ANSWERED_ELSEWHERE, at=NOW)
    assert tell(NOW + timedelta(hours=50)) == 0
    assert told(world) == []
    assert mails(world) == []


def test_several_at_once_are_one_mail_for_each_person(world: World, talk: Conversation, tell: Tell) -> None:
    for number in range(3):
        sent_at = NOW - timedelta(hours=number)
        conversation_of(world.walmart, relay=f"{number:032x}", order=f"2000{number:011d}", sent_at=sent_at)
    assert tell(NOW + timedelta(hours=46, minutes=30)) == 4
    assert mails(world) == [(world.leo.user.email, "Deadlines: 1 late and 3 due soon")]
    with tenant_tx(world.acme.pk):
        text = SystemMail.objects.get().text
        assert all(f"/t/acme/c/{number}/" in text for number in range(1, 5))
        assert "Denise" not in text


def test_what_arrives_late_is_told_of_as_late_only(world: World, tell: Tell) -> None:
    conversation_of(world.walmart, sent_at=NOW - timedelta(hours=60))
    assert tell(NOW) == 1
    assert told(world) == [("Leo", "late")]


@pytest.mark.parametrize(
    ("who", "names"),
    [
        (Told.ASSIGNEE, ["Alice"]),
        (Told.ASSIGNEE_AND_LEADS, ["Alice", "Leo"]),
        (Told.LEADS, ["Leo"]),
    ],
)
def test_the_policy_says_who_is_told_and_when(world: World, tell: Tell, who: str, names: list[str]) -> None:
    with tenant_tx(world.acme.pk):
        SlaPolicy.objects.filter(marketplace="walmart").update(told=who, warn_minutes=600)
    assign(world, conversation_of(world.walmart, sent_at=NOW), world.alice)
    assert tell(NOW + timedelta(hours=37, minutes=59)) == 0
    tell(NOW + timedelta(hours=38))
    assert [name for name, _ in told(world)] == names


def test_no_warning_is_wanted_and_lateness_is_told_all_the_same(world: World, tell: Tell) -> None:
    with tenant_tx(world.acme.pk):
        SlaPolicy.objects.filter(marketplace="walmart").update(warn_minutes=0)
    conversation_of(world.walmart, sent_at=NOW)
    assert tell(NOW + timedelta(hours=47, minutes=59)) == 0
    tell(NOW + timedelta(hours=48))
    assert told(world) == [("Leo", "late")]


def test_a_clock_that_runs_again_after_its_warning_is_not_warned_of_twice(
    world: World, talk: Conversation, tell: Tell
) -> None:
    near = NOW + timedelta(hours=44)
    tell(near)
    with tenant_tx(world.acme.pk):
        Deadline.objects.update(stopped_at=near)
    assert tell(NOW + timedelta(hours=48)) == 0
    with tenant_tx(world.acme.pk):
        Deadline.objects.update(stopped_at=None)
    tell(NOW + timedelta(hours=46))
    tell(NOW + timedelta(hours=48))
    assert told(world) == [("Leo", "warning"), ("Leo", "late")]


def test_bringing_deadlines_in_line_does_not_warn_a_second_time(
    world: World, talk: Conversation, tell: Tell
) -> None:
    near = NOW + timedelta(hours=44)
    tell(near)
    with tenant_tx(world.acme.pk):
        SlaPolicy.objects.filter(marketplace="walmart").update(target_minutes=60, warn_minutes=600)
    recompute(world.acme.pk, now=near)
    assert tell(near) == 0
    assert told(world) == [("Leo", "warning")]


def test_the_sweeper_tells_in_every_tenant_what_is_due(world: World, sweeper: Sweeper) -> None:
    arrive(world.walmart, walmart_mail(world.walmart, sent_at=NOW - timedelta(hours=45)))
    arrive(world.foreign, walmart_mail(world.foreign, sent_at=NOW - timedelta(hours=1)))
    sweeper.sweep()
    assert told(world) == [("Leo", "warning")]
    with tenant_tx(world.globex.pk):
        assert not Notice.objects.exists()


def test_a_deadline_that_ran_before_anybody_was_told_is_told_of_too(
    world: World, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    talk = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        Deadline.objects.update(tell_at=None)
    fill = import_module("inbox.migrations.0014_running_deadlines_are_told").FILL
    with superuser.transaction():
        superuser.execute("SET LOCAL ROLE hd_owner")
        superuser.execute(fill)
    with tenant_tx(world.acme.pk):
        deadline = Deadline.objects.get(conversation=talk)
    assert deadline.tell_at == deadline.due_at - timedelta(hours=4)
    forced = superuser.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'inbox_deadline'")
    assert forced.fetchone() == (True,)
