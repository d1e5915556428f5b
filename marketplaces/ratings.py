"""How a marketplace rates a seller, in one shape for both; pure data, parsed once at the edge."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Risk(StrEnum):
    """How a marketplace takes a figure."""

    GOOD = "good"
    MONITOR = "monitor"
    URGENT = "urgent"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure by which a marketplace judges the seller; rates and standards are percentages.

    `at_least`: the standard is to be reached, else not to be exceeded. `orders` is how many orders (or
    parcels) it counts; `affected` how many of them went wrong.
    """

    metric: str
    period_days: int
    as_of: datetime
    rate: Decimal | None = None
    standard: Decimal | None = None
    at_least: bool = False
    risk: Risk = Risk.UNKNOWN
    orders: int | None = None
    affected: int | None = None


@dataclass(frozen=True, slots=True)
class ResponseRateRow:
    """One buyer's message as Walmart's response rate counts it.

    `answered_at` is None where Walmart knows of no answer; `in_time` is None where it does not say.
    """

    order_id: str
    received_at: datetime | None
    answered_at: datetime | None = None
    in_time: bool | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """How a marketplace rates the seller now.

    `responses` is None where the marketplace has no such report (Amazon), or none for this period.
    `remarks` say what could not be read; the rest holds.
    """

    figures: tuple[Figure, ...]
    responses: tuple[ResponseRateRow, ...] | None = None
    responses_period_days: int = 0
    remarks: tuple[str, ...] = ()
