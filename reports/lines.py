"""The line that hurts, for each country's site, read once from lines.toml; pure."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """The response rate wanted, a share of one, and its windows; `own`: the marketplace states none today."""

    line: Decimal
    windows_days: tuple[int, ...]
    own: bool
    source: str


@cache
def lines() -> dict[str, Line]:
    """By market, or by marketplace for all of its markets; raises KeyError when the file is wrong."""
    entries = tomllib.loads(Path(__file__).with_name("lines.toml").read_text("utf-8"))["line"]
    return {
        market: Line(Decimal(entry["line"]), tuple(entry["windows_days"]), entry["own"], entry["source"])
        for entry in entries
        for market in entry["markets"]
    }


def line_of(market: str, marketplace: str) -> Line:
    """The line of a country's site; raises KeyError where none is known."""
    known = lines()
    return known[market] if market in known else known[marketplace]
