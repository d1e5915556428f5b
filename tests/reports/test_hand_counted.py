"""Every figure of a month that was counted by hand; the month is the table in march.py."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import tenant_tx
from inbox.models import Conversation, ConversationTag, Tag
from reports import checking, rolling
from reports.figures.cases import case_figures
from reports.figures.causes import causes
from reports.figures.load import load
from reports.figures.periods import period
from reports.figures.present import now_figures
from reports.figures.rates import rates
from reports.figures.speed import by_account, by_agent, by_marketplace
from reports.shapes import CaseFigures, Narrowed, Rate, Speed
from tests.reports.march import NOW, ZONE, moment, write_march
from tests.world import World

ALL = Narrowed()
MARCH = period(31, NOW, ZONE)
Found = TypeVar("Found")
HOUR = 3600


@pytest.fixture
def march(world: World) -> dict[int, int]:
    """The month, counted by the roll-ups; the conversations' numbers by line."""
    numbers = write_march(world)
    rolling.roll_all(world.acme.pk)
    return numbers


def seen(world: World, figure: Callable[[], Found]) -> Found:
    """A figure as somebody of acme sees it who sees all seller accounts."""
    with tenant_tx(world.acme.pk):
        return figure()


def test_the_response_rates_are_what_the_marketplaces_would_count(
    world: World, march: dict[int, int]
) -> None:
    found = seen(world, lambda: rates(now=NOW, zone=ZONE, narrowed=ALL))

    def counted(rate: Rate) -> tuple[object, ...]:
        outcomes = (rate.received, rate.in_time, rate.late, rate.running, rate.excluded)
        return (rate.account, rate.window_days, *outcomes, rate.rate, rate.spare, rate.to_recover)

    assert [counted(rate) for rate in found] == [
        # account, days, received, in time, late, running, not counted, rate, spare, to recover
        ("Lumen DE", 7, 5, 2, 1, 2, 0, Decimal("0.6667"), 0, 7),
        ("Lumen DE", 30, 6, 3, 1, 2, 1, Decimal("0.7500"), 0, 6),
        ("Lumen DE", 90, 9, 4, 3, 2, 1, Decimal("0.5714"), 0, 23),
        ("Lumen US", 30, 12, 3, 6, 3, 1, Decimal("0.3333"), 0, 111),
    ]
    assert [(rate.line, rate.line_is_own) for rate in found[-2:]] == [
        (Decimal("0.90"), True),
        (Decimal("0.95"), False),
    ]
    assert {rate.period_end for rate in found} == {date(2026, 3, 31)}
    assert {rate.official for rate in found} == {None}


def test_a_rate_over_another_window_or_account_only(world: World, march: dict[int, int]) -> None:
    found = seen(world, lambda: rates(now=NOW, zone=ZONE, narrowed=ALL, days=[90]))
    assert [(rate.account, rate.window_days) for rate in found] == [("Lumen DE", 90)]
    only = Narrowed(account_id=world.walmart.pk)
    found = seen(world, lambda: rates(now=NOW, zone=ZONE, narrowed=only))
    assert [(rate.account, rate.window_days) for rate in found] == [("Lumen US", 30)]


def test_the_present_moment_is_counted_with_what_is_first(world: World, march: dict[int, int]) -> None:
    found = seen(world, lambda: now_figures(now=NOW, zone=ZONE, narrowed=ALL))
    assert [(each.count, each.first_number) for each in (found.late, found.under_2h, found.under_8h)] == [
        (2, march[28]),
        (2, march[30]),
        (3, march[30]),
    ]
    assert found.under_2h.first_assignee == "Alice Archer"
    assert found.under_2h.first_account == "Lumen US"
    today = found.unassigned_today
    assert (today.count, today.first_number, today.first_due_at) == (1, march[31], moment("03-31 21:30"))
    assert found.oldest is not None
    assert (found.oldest.number, found.oldest.started_at) == (march[28], moment("01-12 08:00"))
    only = seen(
        world, lambda: now_figures(now=NOW, zone=ZONE, narrowed=Narrowed(account_id=world.walmart.pk))
    )
    assert (only.late.count, only.under_2h.count, only.unassigned_today.count) == (1, 1, 0)
    assert only.oldest is not None
    assert only.oldest.number == march[8]


def test_the_next_two_days_hour_by_hour(world: World, march: dict[int, int]) -> None:
    hours = seen(world, lambda: load(now=NOW, zone=ZONE, narrowed=ALL))
    assert len(hours) == 48
    assert [(hour.begins_at, hour.count, hour.critical, hour.cases) for hour in hours if hour.count] == [
        (moment("03-31 21:00"), 2, 2, 0),
        (moment("03-31 23:00"), 1, 0, 0),
        (moment("04-01 10:00"), 1, 0, 0),
        (moment("04-01 12:00"), 1, 0, 0),
    ]


def test_missed_deadlines_by_cause_beside_the_month_before(world: World, march: dict[int, int]) -> None:
    found = seen(world, lambda: causes(MARCH, ALL))
    assert [(each.key, each.count, each.before) for each in found] == [
        ("late_from_sync", 1, 0),
        ("nobody_assigned", 1, 0),
        ("warehouse", 1, 0),
        ("bounced", 1, 0),
        ("idle", 3, 1),
    ]


def speed(each: Speed) -> tuple[object, ...]:
    first, resolution = (each.first_median, each.first_p90), (each.resolution_median, each.resolution_p90)
    return (each.name, each.open, each.sent, *first, each.resolved, *resolution, each.late, each.reopened)


US = (4, 9, 49 * HOUR, 72 * HOUR, 3, 50 * HOUR, 307_800, 6, 1)
DE = (4, 4, 2 * HOUR, 25 * HOUR, 1, HOUR, HOUR, 1, 1)


def test_people_accounts_and_marketplaces(world: World, march: dict[int, int]) -> None:
    # name, open, sent, first response median and p90, resolved, its median and p90, late, reopened
    assert [speed(each) for each in seen(world, lambda: by_agent(MARCH, NOW, ALL))] == [
        ("Ada Adams", 0, 0, None, None, 0, None, None, 0, 0),
        ("Alice Archer", 2, 8, 32_460, 53 * HOUR, 2, HOUR, 3 * HOUR, 4, 1),
        ("Leo Lang", 1, 5, 47 * HOUR, 72 * HOUR, 2, 50 * HOUR, 307_800, 2, 1),
        ("Nobody", 5, 0, None, None, 0, None, None, 1, 0),
    ]
    assert [speed(each) for each in seen(world, lambda: by_account(MARCH, NOW, ALL))] == [
        ("Lumen DE", *DE),
        ("Lumen US", *US),
    ]
    assert [speed(each) for each in seen(world, lambda: by_marketplace(MARCH, NOW, ALL))] == [
        ("Amazon", *DE),
        ("Walmart", *US),
    ]


def test_cases_by_type_and_currency(world: World, march: dict[int, int]) -> None:
    def counted(each: CaseFigures) -> tuple[object, ...]:
        counts = (each.opened, each.open_now, each.won, each.partly, each.lost)
        return (each.type, each.currency, *counts, int(each.at_stake), int(each.paid), int(each.saved))

    # type, currency, opened, open now, won, partly, lost, at stake, paid, saved
    assert sorted(counted(each) for each in seen(world, lambda: case_figures(MARCH, ALL))) == [
        ("atoz_claim", "EUR", 2, 0, 0, 1, 1, 90, 65, 25),
        ("chargeback", "EUR", 2, 1, 1, 0, 0, 100, 0, 80),
        ("walmart_refund", "USD", 0, 0, 0, 0, 1, 0, 30, 0),
    ]


def test_a_tag_narrows_every_figure_of_the_period(world: World, march: dict[int, int]) -> None:
    with tenant_tx(world.acme.pk):
        tag = Tag.objects.create(tenant=world.acme, name="Damaged", key="damaged", colour="red")
        for talk in Conversation.objects.filter(number__in=[march[3], march[8], march[24]]):
            ConversationTag.objects.create(tenant=world.acme, conversation=talk, tag=tag, put_at=NOW)
    only = Narrowed(tag_id=tag.pk)
    assert [each.count for each in seen(world, lambda: causes(MARCH, only))] == [0, 0, 0, 0, 2]
    agents = {each.name: each for each in seen(world, lambda: by_agent(MARCH, NOW, only))}
    assert (agents["Alice Archer"].sent, agents["Alice Archer"].late) == (2, 1)
    assert (agents["Leo Lang"].resolved, agents["Leo Lang"].late, agents["Leo Lang"].open) == (1, 1, 1)
    found = seen(world, lambda: now_figures(now=NOW, zone=ZONE, narrowed=only))
    assert (found.late.count, found.late.first_number) == (1, march[8])


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Pacific/Chatham"])
def test_a_zone_off_by_part_of_an_hour_is_as_exact(world: World, march: dict[int, int], zone: str) -> None:
    span = period(31, NOW, zone)
    assert span.begins_at.minute in (30, 15)
    tag = Narrowed()
    # The recount from raw rows knows no hours at all.
    found = seen(world, lambda: by_account(span, NOW, tag))
    with tenant_tx(world.acme.pk):
        everything = Tag.objects.create(tenant=world.acme, name="All", key="all", colour="red")
        for talk in Conversation.objects.all():
            ConversationTag.objects.create(tenant=world.acme, conversation=talk, tag=everything, put_at=NOW)
    assert found == seen(world, lambda: by_account(span, NOW, Narrowed(tag_id=everything.pk)))


def test_the_neighbour_sees_nothing_of_it(world: World, march: dict[int, int]) -> None:
    with tenant_tx(world.globex.pk):
        assert sum(each.count for each in causes(MARCH, ALL)) == 0
        assert [each.received for each in rates(now=NOW, zone=ZONE, narrowed=ALL)] == [0, 0, 0]
        assert now_figures(now=NOW, zone=ZONE, narrowed=ALL).oldest is None
        assert case_figures(MARCH, ALL) == []
        assert [each.sent for each in by_account(MARCH, NOW, ALL)] == [0]
        assert [each.name for each in by_agent(MARCH, NOW, ALL)] == ["Gus Grant"]


def test_the_check_finds_the_month_in_order(world: World, march: dict[int, int]) -> None:
    assert checking.check(world.acme.pk, now=NOW, days=92) == []


def test_the_figures_take_as_many_statements_as_they_say(world: World, march: dict[int, int]) -> None:
    def statements(figure: Callable[[], object]) -> int:
        with (
            tenant_tx(world.acme.pk),
            CaptureQueriesContext(
                connection,
            ) as captured,
        ):
            figure()
        return len(captured)

    assert statements(lambda: now_figures(now=NOW, zone=ZONE, narrowed=ALL)) == 2
    assert statements(lambda: load(now=NOW, zone=ZONE, narrowed=ALL)) == 1
    assert statements(lambda: causes(MARCH, ALL)) == 2
    assert statements(lambda: by_agent(MARCH, NOW, ALL)) == 4
    assert statements(lambda: case_figures(MARCH, ALL)) == 2
    assert statements(lambda: rates(now=NOW, zone=ZONE, narrowed=ALL)) <= 7
