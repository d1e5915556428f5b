"""The roll-ups are what the raw rows come to, whatever changed them and in whatever order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from cases.models import Case, WarehouseCheck
from inbox.models import Conversation, Deadline, OutboundReply
from reports import checking, rolling
from reports.models import DirtyHour
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

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
        database=None,
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
