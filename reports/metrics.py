"""What each figure means, read once from metrics.toml; pure."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure in words: its name, one sentence on what it is, and how it is reckoned."""

    key: str
    title: str
    definition: str
    formula: str


@cache
def metrics() -> dict[str, Metric]:
    """All of them by key, in the file's order; raises TypeError or KeyError when the file is wrong."""
    path = Path(__file__).with_name("metrics.toml")
    entries = tomllib.loads(path.read_text("utf-8"))["metric"]
    return {entry["key"]: Metric(**entry) for entry in entries}
