"""What an address narrows the board to, and how a table is sorted by it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reports.filters import Filters, filters_of, in_order
from reports.shapes import CaseFigures, Narrowed, Speed


def row(name: str, *, first: int | None = None, late: int = 0) -> Speed:
    return Speed(name, name, 0, 0, first, None, 0, None, None, late, 0)


ROWS = [row("Jo", first=30, late=1), row("ana", first=None, late=2), row("Mo", first=10, late=1)]


def test_an_address_comes_back_as_it_was_read() -> None:
    given = {"days": "7", "account": "3", "tag": "9", "by": "account", "sort": "-first", "compare": "1"}
    filters = filters_of(given)
    assert filters == Filters(7, 3, 9, "account", "-first", True)
    assert filters.narrowed == Narrowed(account_id=3, tag_id=9)
    assert filters.query() == "?days=7&account=3&tag=9&by=account&sort=-first&compare=1"


def test_what_is_usual_is_not_in_the_address() -> None:
    assert Filters().query() == ""
    assert Filters(days=7).query(days=30) == ""
    assert Filters(days=7).query(by="account") == "?days=7&by=account"


@pytest.mark.parametrize(
    "given",
    [
        {"days": "31"},
        {"days": "030"},
        {"account": "-1"},
        {"account": "9" * 19},
        {"tag": "²"},
        {"by": "name"},
        {"sort": "--late"},
        {"sort": "key"},
        {"compare": "yes"},
    ],
)
def test_what_is_no_narrowing_is_left_out(given: dict[str, str]) -> None:
    assert filters_of(given) == Filters()


def test_a_list_is_as_narrow_as_the_board_it_is_opened_from() -> None:
    assert Filters().list_query(due="late") == "?due=late"
    assert Filters(days=7, account=3, tag=9).list_query(due="2h") == "?tag=9&account=3&due=2h"
    assert Filters().list_query() == ""


def test_a_list_of_cases_is_as_narrow_as_the_row_it_is_opened_from() -> None:
    figures = CaseFigures(
        "chargeback", "Chargeback", "USD", 0, 0, 0, 0, 0, Decimal(0), Decimal(0), Decimal(0)
    )
    filters = Filters(days=7, account=3)
    row = "type=chargeback&currency=USD"
    assert filters.cases_query("open", figures) == f"?tab=open&account=3&{row}"
    assert filters.cases_query("opened", figures) == f"?tab=opened&account=3&{row}&days=7"
    won = filters.cases_query("decided", figures, "won")
    assert won == f"?tab=decided&account=3&outcome=won&{row}&days=7"
    assert "currency=none" in filters.cases_query("open", replace(figures, currency=""))
    assert Filters(tag=9).cases_query("open") == "?tab=open&tag=9"


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", ["ana", "Jo", "Mo"]),
        ("first", ["Mo", "Jo", "ana"]),
        ("-first", ["Jo", "Mo", "ana"]),
        ("-late", ["ana", "Jo", "Mo"]),
    ],
)
def test_rows_stand_as_asked_for_and_whoever_has_no_value_last(sort: str, names: list[str]) -> None:
    assert [each.name for each in in_order(ROWS, sort)] == names


def test_a_head_asks_for_the_largest_first_and_then_for_the_smallest() -> None:
    assert Filters().toggled("late") == "-late"
    assert Filters(sort="-late").toggled("late") == "late"
    assert Filters(sort="late").toggled("late") == "-late"
    assert Filters(sort="-late").toggled("sent") == "-sent"
