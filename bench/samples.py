"""What was measured, and the figures that are printed of it."""

import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass, field

Key = tuple[str, int, int]  # what, conversations, connections
RAW = "raw SQL, "


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result; None is what does not apply."""

    what: str
    conversations: int
    connections: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    per_second: float | None = None
    statements: int | None = None
    times_raw: float | None = None
    times_smallest: float | None = None


@dataclass
class Samples:
    """Milliseconds and rates by what, size and number of connections, in the order they first came in."""

    times: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))
    rates: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))
    statements: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(
        self, what: str, conversations: int, connections: int, times: list[float], seconds: float
    ) -> None:
        """Some answers that took so many milliseconds each and so many seconds as a whole."""
        key = (what, conversations, connections)
        self.times[key] += times
        self.rates[key].append(len(times) / seconds)

    def add_rate(self, what: str, conversations: int, connections: int, count: int, seconds: float) -> None:
        """So many things in so many seconds."""
        self.rates[what, conversations, connections].append(count / seconds)

    def figures(self) -> list[Figure]:
        """Medians of everything, what belongs together side by side."""
        order = {what: place for place, (what, _, _) in enumerate(reversed(self.rates))}
        keys = sorted(self.rates, key=lambda key: (-order[key[0]], key[2], key[1]))
        return [self._figure(key) for key in keys]

    def _figure(self, key: Key) -> Figure:
        what, conversations, connections = key
        mine = self._p50(key)
        smallest = min(size for name, size, _ in self.rates if name == what)
        return Figure(
            what,
            conversations,
            connections,
            p50_ms=mine,
            p95_ms=percentile(self.times[key], 95) if mine is not None else None,
            per_second=statistics.median(self.rates[key]),
            statements=self.statements.get((what, conversations)),
            times_raw=_ratio(mine, self._p50((RAW + what, conversations, 1))) if connections == 1 else None,
            times_smallest=_ratio(mine, self._p50((what, smallest, connections)))
            if conversations > smallest
            else None,
        )

    def _p50(self, key: Key) -> float | None:
        return statistics.median(self.times[key]) if self.times.get(key) else None


def percentile(times: list[float], percent: int) -> float:
    """The time that so many of a hundred stay within."""
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0]


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


HEADS = (
    ("what", "what"),
    ("conversations", "conversations"),
    ("connections", "conn."),
    ("p50_ms", "p50 ms"),
    ("p95_ms", "p95 ms"),
    ("per_second", "per s"),
    ("statements", "statements"),
    ("times_raw", "x raw SQL"),
    ("times_smallest", "x smallest"),
)


def table(figures: list[Figure]) -> str:
    """The figures as aligned text."""
    lines = [[head for _, head in HEADS]]
    lines += [[_shown(name, asdict(figure)[name]) for name, _ in HEADS] for figure in figures]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in lines
    )


def _shown(name: str, value: str | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if name in ("conversations", "connections", "statements"):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
