"""The roll-ups are what the raw rows come to, whatever changed them and in whatever order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO
from threading import Thread

import psycopg
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from cases.models import Case, WarehouseCheck
from inbox.models import Conversation, Deadline, OutboundReply
from marketplaces.models import AccountAccess
from marketplaces.outbox import in_every_tenant
from reports import checking, rolling, tasks
from reports.figures.periods import period
from reports.figures.rates import rates
from reports.figures.speed import by_agent
from reports.models import CaseHour, DirtyHour, HourFigures
from reports.shapes import Narrowed
from tests.reports.rows import Desk
from tests.world import World

BEGUN = datetime(2026, 3, 2, 10, 20, tzinfo=UTC)
NOW = BEGUN + timedelta(days=4)
Superuser = psycopg.Connection[tuple[object, ...]]


def check(world: World) -> list[checking.Difference]:
    return checking.check(world.acme.pk, now=NOW, days=6)


class Acts:
    """What can happen to a few conversations, at a moment each; every act is one of the product's writes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desks = [Desk(world.walmart), Desk(world.amazon)]
        self.talks = [desk.conversation(BEGUN) for desk in self.desks for _ in range(2)]
        self.members = [world.alice, world.leo]
        self.kinds: list[Callable[[Conversation, Desk, datetime, Membership], object]] = [
            lambda talk, desk, at, who: desk.message(talk, at),
            lambda talk, desk, at, who: desk.message(talk, at, arrived_at=at + timedelta(hours=20)),
            self.answer,
            self.bounce,
            self.breach,
            lambda talk, desk, at, who: Deadline.objects.filter(conversation=talk, stopped_at=None).update(
                stopped_at=at, outcome="no_response_needed", stopped_by=who
            ),
            lambda talk, desk, at, who: desk.assign(talk, who, at),
            lambda talk, desk, at, who: desk.assign(talk, None, at),
            lambda talk, desk, at, who: desk.close(talk, at, who),
            lambda talk, desk, at, who: desk.reopen(talk, at),
            lambda talk, desk, at, who: desk.reopen(talk, at, "reopened"),
            lambda talk, desk, at, who: desk.check(talk, who, at),
            lambda talk, desk, at, who: WarehouseCheck.objects.filter(conversation=talk).update(
                state="answered", answered_at=at
            ),
            lambda talk, desk, at, who: desk.case(talk, "chargeback", at, amount=20, currency="USD"),
            lambda talk, desk, at, who: Case.objects.filter(conversation=talk).update(
                decided_at=at, outcome="partly", paid=5
            ),
            lambda talk, desk, at, who: Deadline.objects.filter(conversation=talk, stopped_at=None).update(
                due_at=at + timedelta(hours=1)
            ),
        ]

    def answer(self, talk: Conversation, desk: Desk, at: datetime, who: Membership) -> None:
        reply = desk.reply(talk, who, at)
        running = Deadline.objects.filter(conversation=talk, stopped_at=None)
        for deadline in running.filter(due_at__lt=at):
            Deadline.objects.filter(pk=deadline.pk).update(breached_at=deadline.due_at)
        running.update(stopped_at=at, outcome="replied", stopped_by_reply=reply, stopped_by=who)

    def bounce(self, talk: Conversation, desk: Desk, at: datetime, who: Membership) -> None:
        replies = OutboundReply.objects.filter(conversation=talk)
        replies.update(rejected_at=at)
        Deadline.objects.filter(stopped_by_reply__in=replies).update(
            stopped_at=None, stopped_by_reply=None, stopped_by=None, outcome=""
        )

    def breach(self, talk: Conversation, desk: Desk, at: datetime, who: Membership) -> None:
        for deadline in Deadline.objects.filter(conversation=talk, stopped_at=None, due_at__lte=at):
            Deadline.objects.filter(pk=deadline.pk).update(breached_at=deadline.due_at)

    def do(self, kind: int, talk: int, minutes: int, who: int) -> None:
        """One of them."""
        chosen = self.talks[talk % len(self.talks)]
        desk = self.desks[0 if chosen.account_id == self.world.walmart.pk else 1]
        self.kinds[kind % len(self.kinds)](
            chosen, desk, BEGUN + timedelta(minutes=minutes), self.members[who % 2]
        )


def test_roll_ups_equal_the_recount_after_any_order_of_events(world: World) -> None:
    act = st.tuples(st.integers(0, 15), st.integers(0, 3), st.integers(0, 5000), st.integers(0, 1))

    # What one example has left behind the next one finds: there is nothing to make smaller.
    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(act, st.booleans()), min_size=3, max_size=25))
    def holds(steps: list[tuple[tuple[int, int, int, int], bool]]) -> None:
        with tenant_tx(world.acme.pk):
            acts = Acts(world)
        for step, rolled in steps:
            with tenant_tx(world.acme.pk):
                acts.do(*step)
            if rolled:
                rolling.roll(world.acme.pk)
        rolling.roll_all(world.acme.pk)
        with tenant_tx(world.acme.pk):
            assert not DirtyHour.objects.exists()
        assert check(world) == []

    holds()


def test_a_roll_up_that_is_wrong_is_found_named_and_mended(world: World) -> None:
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        desk.answer(desk.message(desk.conversation(BEGUN), BEGUN), world.alice, BEGUN + timedelta(hours=1))
    rolling.roll_all(world.acme.pk)
    with tenant_tx(world.acme.pk):
        HourFigures.objects.filter(member=world.alice).update(sent=7)
    (found,) = check(world)
    assert (found.account_id, found.whose, found.figure) == (world.walmart.pk, str(world.alice.pk), "sent")
    assert (found.hour, found.rolled, found.recounted) == (BEGUN.replace(hour=11, minute=0), 7, 1)
    assert len(checking.check(world.acme.pk, now=NOW, days=6, mend=True)) == 1
    assert check(world) == []


def marked(world: World, hour: datetime) -> bool:
    """Whether an hour of acme's Walmart account waits to be counted; afterwards nothing does."""
    with tenant_tx(world.acme.pk):
        found = DirtyHour.objects.filter(
            account=world.walmart, hour=hour.replace(minute=0, second=0, microsecond=0)
        )
        is_there = found.exists()
        DirtyHour.objects.all().delete()
    return is_there


def test_bulk_statements_and_sql_by_hand_mark_the_hours_they_touch(
    world: World, superuser: Superuser
) -> None:
    later = BEGUN + timedelta(hours=5)
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        talk = desk.conversation(BEGUN)
        deadline = desk.message(talk, BEGUN)
        desk.breach(deadline)
        reply = desk.reply(talk, world.alice, BEGUN)
        check_ = desk.check(talk, world.alice, BEGUN)
        case = desk.case(talk, "chargeback", BEGUN)
    due_at = deadline.due_at
    assert marked(world, BEGUN)
    for statement, hour in (
        ("UPDATE inbox_deadline SET stopped_at = now(), outcome = 'answered_elsewhere'", BEGUN),
        ("UPDATE inbox_deadline SET outcome = 'not_buyer_message'", due_at),
        ("UPDATE inbox_deadline SET started_at = started_at + interval '5 hours'", BEGUN),
        ("UPDATE inbox_deadline SET started_at = started_at + interval '0 hours', rule = 'other'", None),
        ("UPDATE inbox_outboundreply SET handed_at = handed_at + interval '5 hours'", BEGUN),
        ("UPDATE inbox_outboundreply SET rejected_at = now()", later),
        ("UPDATE inbox_outboundreply SET rejected_at = now() - interval '1 hour'", due_at),
        ("UPDATE inbox_outboundreply SET attempts = attempts + 1", None),
        ("UPDATE inbox_conversation SET state = 'closed', closed_at = started_at FROM (SELECT max(due_at)"
         " AS started_at FROM inbox_deadline) d", due_at),
        ("UPDATE inbox_conversation SET subject = 'other'", None),
        ("UPDATE inbox_conversation SET state = 'open', closed_at = NULL", due_at),
        ("UPDATE cases_case SET decided_at = opened_at + interval '5 hours'", later),
        ("UPDATE cases_case SET amount = 3", BEGUN),
        ("UPDATE cases_case SET lesson = 'Pack better'", None),
        ("UPDATE cases_warehousecheck SET state = 'answered', answered_at = now()", due_at),
        ("UPDATE cases_warehousecheck SET note = 'On the shelf'", None),
        ("DELETE FROM cases_warehousecheck", due_at),
        ("DELETE FROM cases_case", BEGUN),
    ):  # fmt: skip
        superuser.execute(statement)
        with tenant_tx(world.acme.pk):
            nothing = not DirtyHour.objects.exists()
        assert nothing if hour is None else marked(world, hour), statement
    for kind, hour in (("assigned", due_at), ("returned", BEGUN), ("closed", None), ("noted", None)):
        with tenant_tx(world.acme.pk):
            desk.event(talk, kind, BEGUN)
        if kind == "noted":
            with tenant_tx(world.acme.pk):
                assert not DirtyHour.objects.exists()
        elif hour is not None:
            assert marked(world, hour), kind
        else:
            marked(world, BEGUN)
    assert {reply.pk, check_.pk, case.pk}


def test_hours_are_taken_by_one_worker_and_none_is_lost_while_others_write(world: World) -> None:
    """Messages come in and are answered in five threads while three count; then everything agrees."""
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        talks = [desk.conversation(BEGUN) for _ in range(5)]
    done: list[int] = []

    def write(talk: Conversation) -> None:
        for number in range(12):
            at = BEGUN + timedelta(minutes=7 * number)
            with tenant_tx(world.acme.pk):
                deadline = desk.message(talk, at)
            with tenant_tx(world.acme.pk):
                desk.answer(deadline, world.alice, at + timedelta(minutes=30))
        done.append(talk.pk)
        connection.close()

    def count() -> None:
        while len(done) < len(talks):
            rolling.roll(world.acme.pk, most=3)
        connection.close()

    threads = [Thread(target=write, args=[talk]) for talk in talks] + [Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rolling.roll_all(world.acme.pk)
    assert check(world) == []
    with tenant_tx(world.acme.pk):
        assert sum(HourFigures.objects.values_list("in_time", flat=True)) == 60


def test_a_mark_that_was_not_committed_when_hours_were_taken_is_left_for_the_next(
    world: World, superuser: Superuser
) -> None:
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        deadline = desk.message(desk.conversation(BEGUN), BEGUN)
    rolling.roll_all(world.acme.pk)
    with superuser.transaction():
        superuser.execute("UPDATE inbox_deadline SET stopped_at = started_at, outcome = 'answered_elsewhere'")
        assert rolling.roll(world.acme.pk) == 0
        with tenant_tx(world.acme.pk):
            assert HourFigures.objects.get().unanswered == 1
    assert rolling.roll(world.acme.pk) == 1
    with tenant_tx(world.acme.pk):
        assert HourFigures.objects.get().in_time == 1
    assert deadline.pk


def test_while_one_counts_another_leaves_the_hours_to_them(world: World, superuser: Superuser) -> None:
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        desk.message(desk.conversation(BEGUN), BEGUN)
    with superuser.transaction():
        superuser.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('reports.rolling', %s))", [world.acme.pk]
        )
        assert rolling.roll(world.acme.pk) == 0
    assert rolling.roll(world.acme.pk) == 1


def test_a_restricted_member_marks_and_sees_hours_of_their_accounts_only(world: World) -> None:
    with tenant_tx(world.acme.pk):
        AccountAccess.objects.create(tenant=world.acme, membership=world.leo, account=world.walmart)
        for account in (world.walmart, world.amazon):
            desk = Desk(account)
            deadline = desk.message(desk.conversation(BEGUN), BEGUN)
            desk.answer(deadline, world.alice, BEGUN + timedelta(minutes=5))
    rolling.roll_all(world.acme.pk)
    with tenant_tx(world.acme.pk, member_id=world.leo.pk):
        Deadline.objects.update(stopped_at=BEGUN + timedelta(hours=3))
        assert {row.account_id for row in DirtyHour.objects.all()} == {world.walmart.pk}
        assert {row.account_id for row in HourFigures.objects.all()} == {world.walmart.pk}
        assert [each.account for each in rates(now=NOW, zone="UTC", narrowed=Narrowed())] == ["Lumen US"]
        (agent,) = [
            each
            for each in by_agent(period(7, NOW, "UTC"), NOW, Narrowed())
            if each.key == str(world.alice.pk)
        ]
        assert agent.sent == 1
    rolling.roll_all(world.acme.pk)
    assert check(world) == []


def test_each_organization_counts_its_own(world: World) -> None:
    with tenant_tx(world.globex.pk):
        desk = Desk(world.foreign)
        desk.message(desk.conversation(BEGUN), BEGUN)
    assert rolling.roll_all(world.acme.pk) == 0
    assert in_every_tenant(tasks.MARKED) == [(world.globex.pk,)]
    assert rolling.roll_all(world.globex.pk) == 1
    assert in_every_tenant(tasks.MARKED) == []
    with tenant_tx(world.acme.pk):
        assert not HourFigures.objects.exists()
        assert not CaseHour.objects.exists()


def test_the_command_prints_each_difference_and_mends(world: World) -> None:
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        desk.message(desk.conversation(now), now - timedelta(hours=3))
    said = StringIO()
    call_command("check_figures", "--tenant", "acme", "--days", "2", stdout=said)
    assert said.getvalue() == "acme: every figure agrees (1 hours were waiting and are counted).\n"
    with tenant_tx(world.acme.pk):
        HourFigures.objects.update(received=5)
    said = StringIO()
    call_command("check_figures", "--days", "2", "--mend", stdout=said)
    first, second, third = said.getvalue().splitlines()
    assert first.startswith(f"acme: seller account {world.walmart.pk}, ")
    assert first.endswith("nobody, received: 5 rolled up, 1 counted")
    assert second.startswith("acme: 1 figures differ; counted again")
    assert third.startswith("globex: every figure agrees")
    said = StringIO()
    call_command("check_figures", "--tenant", "acme", "--days", "2", stdout=said)
    assert "every figure agrees" in said.getvalue()


def test_what_was_there_before_the_roll_ups_were_is_counted(world: World, superuser: Superuser) -> None:
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        deadline = desk.message(desk.conversation(BEGUN), BEGUN)
        desk.answer(deadline, world.alice, BEGUN + timedelta(hours=1))
        DirtyHour.objects.all().delete()
    migration = import_module("reports.migrations.0002_dirty_hours")
    marks = [migration.marking(hours, table) for table, (_, hours) in migration.WATCHED.items()]
    with superuser.transaction():
        superuser.execute("SET LOCAL ROLE hd_owner")
        superuser.execute(migration.as_owner("; ".join(marks)))
    forced = superuser.execute(
        "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname = ANY (%s)",
        [[*migration.WATCHED, "reports_dirtyhour"]],
    ).fetchone()
    assert forced == (True,)
    tasks.roll_up.run(tenant_id=world.acme.pk)
    with tenant_tx(world.acme.pk):
        assert sorted(HourFigures.objects.values_list("hour__hour", "in_time", "sent")) == [
            (10, 1, 0),
            (11, 0, 1),
        ]


def test_the_nightly_check_says_in_the_log_that_figures_differ(world: World) -> None:
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        desk = Desk(world.walmart)
        desk.message(desk.conversation(now), now)
    rolling.roll_all(world.acme.pk)
    with capture_logs() as lines:
        tasks.check_figures.run(tenant_id=world.acme.pk)
    assert lines == []
    with tenant_tx(world.acme.pk):
        HourFigures.objects.update(unanswered=3)
    with capture_logs() as lines:
        tasks.check_figures.run(tenant_id=world.acme.pk)
    (line,) = lines
    assert (line["event"], line["tenant"], line["differences"]) == ("roll-ups differ", world.acme.pk, 1)
