"""Holes of a prepared reply: filled, left to be seen, or refused as unknown."""

import pytest

from cases.warehouse.holes import fill, holes_in, only_tells_tracking, unknown_holes

VALUES = {"carrier": "UPS", "tracking": "1Z999", "answer": "Shipped", "note": ""}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("It left with {carrier}, {tracking}.", "It left with UPS, 1Z999."),
        ("{ Tracking } and {TRACKING}", "1Z999 and 1Z999"),
        ("The note: {note}", "The note: {note}"),
        ("{other} stays, {{carrier}} has one brace", "{other} stays, {UPS} has one brace"),
        ("No hole at all", "No hole at all"),
    ],
)
def test_a_hole_with_a_value_is_filled_and_any_other_stays(text: str, filled: str) -> None:
    assert fill(text, VALUES) == filled


def test_what_an_answer_cannot_fill_is_named() -> None:
    assert unknown_holes("{carrier} {buyer} {price}") == ["buyer", "price"]
    assert holes_in("{note}, {Note}") == ["note"]


@pytest.mark.parametrize(
    ("text", "pure"),
    [
        ("Sent with {carrier}: {tracking}", True),
        ("{tracking}", True),
        ("Sent with {carrier}", False),
        ("{tracking} {note}", False),
        ("It is on its way.", False),
    ],
)
def test_a_pure_tracking_update_names_the_number_and_no_free_words(text: str, pure: bool) -> None:
    assert only_tells_tracking(text) is pure
