"""The rules of the figures, as tables: why something was late, spans of days, rates, percentiles."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from marketplaces.types import MARKETS
from reports.figures.percentiles import MEDIAN, P90, disc
from reports.figures.periods import before, period
from reports.figures.rates import Outcomes, projected, spare, to_recover
from reports.hours import cut
from reports.lines import line_of
from reports.metrics import metrics
from reports.tally import CaseDecided, Received, saved, tally
from reports.why import Facts, Why, why

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
DUE = START + timedelta(hours=48)
SOON, QUARTER = START + timedelta(minutes=1), START + timedelta(hours=12)

CAUSES: dict[str, tuple[Facts, Why]] = {
    "somebody had it": (Facts(START, DUE, SOON, assigned=True), Why.IDLE),
    "nobody had it": (Facts(START, DUE, SOON), Why.NOBODY_ASSIGNED),
    "the warehouse had it": (Facts(START, DUE, SOON, with_warehouse=True, assigned=True), Why.WAREHOUSE),
    "the warehouse had it and nobody else": (Facts(START, DUE, SOON, with_warehouse=True), Why.WAREHOUSE),
    "it took a quarter of the time": (Facts(START, DUE, QUARTER, assigned=True), Why.IDLE),
    "it took more than a quarter": (
        Facts(START, DUE, QUARTER + timedelta(seconds=1), assigned=True),
        Why.LATE_FROM_SYNC,
    ),
    "it came when it was late": (Facts(START, DUE, DUE + timedelta(hours=1)), Why.LATE_FROM_SYNC),
    "it came slowly and the warehouse had it": (
        Facts(START, DUE, DUE, with_warehouse=True),
        Why.LATE_FROM_SYNC,
    ),
    "a reply had bounced": (Facts(START, DUE, SOON, bounced=True, assigned=True), Why.BOUNCED),
    "a reply had bounced and all else too": (
        Facts(START, DUE, DUE, bounced=True, with_warehouse=True),
        Why.BOUNCED,
    ),
    "no message began it": (Facts(START, DUE, None, assigned=True), Why.IDLE),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_of_a_missed_deadline(name: str) -> None:
    facts, cause = CAUSES[name]
    assert why(facts) == cause


STANDINGS = {
    "answered at the last moment": (48 * 60, "replied", "in_time"),
    "answered a minute later": (48 * 60 + 1, "replied", "answered_late"),
    "answered elsewhere": (60, "answered_elsewhere", "in_time"),
    "said to need none": (60, "no_response_needed", "excluded"),
    "not a buyer's": (60, "not_buyer_message", "excluded"),
    "not answered": (None, "", "unanswered"),
}


@pytest.mark.parametrize("name", STANDINGS)
def test_how_a_message_stands_with_the_marketplace(name: str) -> None:
    minutes, outcome, standing = STANDINGS[name]
    stopped_at = None if minutes is None else START + timedelta(minutes=minutes)
    (count,) = tally([Received(1, START, timedelta(hours=48), stopped_at, outcome)]).values()
    assert getattr(count, standing) == 1
    assert count.received == (0 if standing == "excluded" else 1)


# in time, late: line -> spare, to recover
LINES = [
    (95, 5, "0.95", 0, 0),
    (96, 4, "0.95", 1, 0),  # 96 of 101 is 95.05 %, 96 of 102 is 94.1 %
    (94, 6, "0.95", 0, 20),  # 114 of 120 is 95 %
    (0, 0, "0.95", 0, 0),
    (0, 1, "0.95", 0, 19),
    (100, 0, "0.95", 5, 0),
    (9, 1, "0.90", 0, 0),
    (1000, 0, "0.90", 111, 0),
]


@pytest.mark.parametrize(("in_time", "late", "line", "left", "needed"), LINES)
def test_answers_left_and_answers_needed(in_time: int, late: int, line: str, left: int, needed: int) -> None:
    outcomes, wanted = Outcomes(in_time, late), Fraction(line)
    assert (spare(outcomes, wanted), to_recover(outcomes, wanted)) == (left, needed)


@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from(["0.80", "0.90", "0.95"]))
def test_answers_left_and_needed_are_exact(in_time: int, late: int, line: str) -> None:
    outcomes, wanted = Outcomes(in_time, late), Fraction(line)
    left, needed = spare(outcomes, wanted), to_recover(outcomes, wanted)
    assert not (left and needed)
    share = outcomes.share
    if share is None or share >= wanted:
        assert needed == 0
        if share is not None:
            assert Fraction(in_time, in_time + late + left) >= wanted
        assert Fraction(in_time, in_time + late + left + 1) < wanted
    else:
        assert Fraction(in_time + needed, in_time + late + needed) >= wanted
        assert Fraction(in_time + needed - 1, max(in_time + late + needed - 1, 1)) < wanted


def test_the_projection_counts_what_stays_what_runs_and_what_comes() -> None:
    """40 in time and 5 late stay, 5 run, 50 come; lately 9 of 10 were in time: (40 + 9/10 x 55) / 100."""
    stays, pace = Outcomes(40, 5, 5), Outcomes(18, 2, 3)
    assert projected(stays, pace, expected=Fraction(50), share=None) == Fraction(895, 1000)
    # Nothing is known of the last days: the window's own share goes on.
    assert projected(stays, Outcomes(), expected=Fraction(0), share=Fraction(1, 2)) == Fraction(425, 500)
    assert projected(Outcomes(), Outcomes(), expected=Fraction(0), share=None) is None
    assert projected(Outcomes(), pace, expected=Fraction(0), share=None) is None


def test_a_period_is_whole_days_of_the_reader_across_a_change_of_the_clocks() -> None:
    """Germany went to summer time on 29 March 2026: that day had 23 hours."""
    found = period(7, datetime(2026, 3, 30, 22, 30, tzinfo=UTC), "Europe/Berlin")  # already the 31st there
    assert found.begins_at == datetime(2026, 3, 24, 23, tzinfo=UTC)
    assert found.ends_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert found.before_begins_at == datetime(2026, 3, 17, 23, tzinfo=UTC)
    assert (before(found).begins_at, before(found).ends_at) == (found.before_begins_at, found.begins_at)


@given(st.integers(0, 600), st.integers(0, 600))
def test_a_stretch_cut_at_whole_hours_is_the_same_stretch(first: int, length: int) -> None:
    begins_at = START + timedelta(minutes=first)
    pieces = cut(begins_at, begins_at + timedelta(minutes=length))
    parts = sorted([pieces.whole, *pieces.edges])
    assert sum((end - begin for begin, end in parts), timedelta()) == timedelta(minutes=length)
    assert all(end.minute == 0 for end in pieces.whole)
    assert all(end - begin < timedelta(hours=1) for begin, end in pieces.edges)


@given(st.lists(st.integers(0, 50), max_size=30))
def test_percentiles_exceed_as_few_as_they_may(values: list[int]) -> None:
    for share in (MEDIAN, P90):
        found = disc(values, share)
        if found is None:
            assert values == []
            continue
        assert Fraction(sum(value <= found for value in values), len(values)) >= share
        assert Fraction(sum(value < found for value in values), len(values)) < share


def test_percentiles_are_postgresqls(db: None) -> None:
    values = [5, 1, 9, 9, 3, 7, 20, 2]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY v), percentile_disc(0.9) WITHIN GROUP"
            " (ORDER BY v) FROM unnest(%s::int[]) v",
            [values],
        )
        assert cursor.fetchone() == (disc(values, MEDIAN), disc(values, P90))


@pytest.mark.parametrize(
    ("outcome", "amount", "paid", "kept"),
    [
        ("won", 80, None, 80),
        ("won", None, None, 0),
        ("partly", 40, 15, 25),
        ("partly", 40, None, 0),
        ("lost", 50, 50, 0),
        ("lost", 50, 60, 0),
        ("settled", 50, 0, 0),
    ],
)
def test_what_a_decided_case_saved(outcome: str, amount: int | None, paid: int | None, kept: int) -> None:
    money = [None if each is None else Decimal(each) for each in (amount, paid)]
    assert saved(CaseDecided(1, START, "chargeback", "USD", outcome, *money)) == kept


def test_every_market_has_a_line_with_its_source() -> None:
    for market, site in MARKETS.items():
        line = line_of(market, site.marketplace)
        assert 0 < line.line < 1
        assert line.windows_days
        assert line.source


def test_the_docs_define_each_figure_as_the_tooltips_do() -> None:
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    said = " ".join(text.split())
    for metric in metrics().values():
        assert f"### {metric.title}" in text, metric.key
        assert metric.definition in said, metric.key
        assert metric.formula in said, metric.key
        assert metric.definition.count(". ") == 0, f"{metric.key}: one sentence"
