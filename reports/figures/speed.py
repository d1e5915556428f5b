"""How fast buyers were answered."""

from datetime import datetime

from reports.shapes import Narrowed, Period, Speed


def by_agent(period: Period, now: datetime, narrowed: Narrowed) -> list[Speed]:
    """One entry a member who answers buyers or did so in the period."""
    return []


def by_account(period: Period, now: datetime, narrowed: Narrowed) -> list[Speed]:
    """One entry a seller account."""
    return []


def by_marketplace(period: Period, now: datetime, narrowed: Narrowed) -> list[Speed]:
    """One entry a marketplace."""
    return []
