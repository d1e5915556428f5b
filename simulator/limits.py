"""How often an operation may be called: token buckets, enforced only when switched on."""

import time
from collections.abc import Mapping
from typing import Any

from simulator.mistakes import Mistake


class Bucket:
    """Holds up to `burst` calls and gets `rate` more each second."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self._level, self._seen = float(burst), time.monotonic()

    @property
    def level(self) -> int:
        """How many calls may be made at once now."""
        passed = time.monotonic() - self._seen
        return int(min(self.burst, self._level + passed * self.rate))

    @property
    def seconds_to_next(self) -> float:
        """When the next call is added, at most."""
        return 1 / self.rate

    def take(self) -> bool:
        """Use one call up; False when there is none."""
        now = time.monotonic()
        self._level = min(self.burst, self._level + (now - self._seen) * self.rate)
        self._seen = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Limits:
    """The buckets of every operation and account.

    `lag_seconds`: Amazon's order search knows a change only so long after it happened.
    """

    def __init__(self) -> None:
        self.on = False
        self.lag_seconds = 0.0
        self._rates: dict[str, tuple[float, int]] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def change(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Switch on or off, or set other rates; all buckets are full again."""
        unknown = set(facts) - {"on", "rates", "lag_seconds"}
        if unknown:
            raise Mistake(f"limits have no {', '.join(sorted(unknown))}.")
        if not isinstance(facts.get("on", False), bool):
            raise Mistake("on is true or false.")
        lag = facts.get("lag_seconds", 0)
        if isinstance(lag, bool) or not isinstance(lag, int | float) or lag < 0:
            raise Mistake("lag_seconds is a number from 0.")
        rates = facts.get("rates") or {}
        try:
            read = {str(name): (float(rate), int(burst)) for name, (rate, burst) in rates.items()}
        except (AttributeError, TypeError, ValueError):
            read = {"": (0.0, 0)}
        if any(rate <= 0 or burst < 1 for rate, burst in read.values()):
            raise Mistake(
                'rates names operations: {"getOrder": [0.5, 30]} is one each two seconds, 30 at once.'
            )
        self.on, self.lag_seconds = (
            facts.get("on", self.on),
            float(facts.get("lag_seconds", self.lag_seconds)),
        )
        self._rates.update(read)
        self._buckets.clear()
        return {"on": self.on, "lag_seconds": self.lag_seconds, "rates": self._rates}

    def bucket(self, operation: str, account: str, rate: float, burst: int) -> Bucket:
        """The bucket of an operation for one account."""
        key = (operation, account)
        if key not in self._buckets:
            self._buckets[key] = Bucket(*self._rates.get(operation, (rate, burst)))
        return self._buckets[key]
