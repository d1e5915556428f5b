"""The response rate of each seller account in its marketplace's own definition."""

from collections.abc import Sequence
from datetime import datetime

from reports.shapes import Narrowed, Rate


def rates(*, now: datetime, zone: str, narrowed: Narrowed, days: Sequence[int] | None = None) -> list[Rate]:
    """One entry an account and window of days; `days` chooses among the marketplace's windows."""
    return []
