"""Wait for what another process does, looking again and again."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 90.0
LOOK_EVERY_SECONDS = 0.2


def until(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds at last; fails when it finds nothing for too long."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < ends, f"{what} did not come through"
        time.sleep(LOOK_EVERY_SECONDS)
