"""Reads what a control request asks for; raises Mistake with a sentence when it makes no sense."""

from datetime import UTC, datetime
from typing import Any

from simulator.mistakes import Mistake


def number(value: Any, name: str) -> float:
    """A number from 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise Mistake(f"{name} is a number from 0.")
    return number


def whole(value: Any, name: str) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mistake(f"{name} is a whole number.")
    return value


def minutes(asked: dict[str, Any], name: str) -> float | None:
    """A number of minutes, None when nothing is said."""
    return None if asked.get(name) is None else number(asked[name], name)


def moment(value: str) -> datetime:
    """A moment in ISO 8601, UTC unless it says otherwise."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise Mistake("at is a moment in ISO 8601.") from None
    return at.replace(tzinfo=at.tzinfo or UTC)
