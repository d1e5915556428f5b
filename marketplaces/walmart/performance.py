"""Walmart's performance summaries as figures (Insights API, GET /v3/insights/performance/{metric}/summary).

Walmart has not unified them: the rate is called cumulativeRate, overallRate or sellerAccountableRate, the
standard is a sentence ("90% or above") or a number, and older names stand beside newer ones. Rates are
percentages.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from marketplaces.ratings import Figure, Risk
from marketplaces.wire import Json, Odd, amount, moment, part, text, whole, word


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: Walmart's word for it in the path, its usual span, and how its standard is meant.

    `standard` is what was published in January 2026; it holds only where an answer states none.
    """

    path: str
    days: int
    standard: Decimal
    at_least: bool = False


METRICS = {
    "response_rate": Metric("srr", 30, Decimal(95), at_least=True),
    "on_time_delivery": Metric("otd", 30, Decimal(90), at_least=True),
    "valid_tracking": Metric("vtr", 30, Decimal(99), at_least=True),
    "cancellations": Metric("cancellations", 30, Decimal(2)),
    "returns": Metric("returns", 60, Decimal(6)),
    "item_not_received": Metric("itemNotReceived", 60, Decimal(2)),
    "negative_feedback": Metric("negativeFeedback", 60, Decimal(2)),
}
# What the published standard applies to comes first: the part the seller answers for.
RATES = ("sellerAccountableRate", "cumulativeRate", "overallRate")
STANDARDS = ("performanceStandard", "standard", "recommendedRate")
RISKS = {
    "good": Risk.GOOD,
    "meets standard": Risk.GOOD,
    "monitor": Risk.MONITOR,
    "urgent": Risk.URGENT,
    "urgent review": Risk.URGENT,
}
AFFECTED = ("ordersImpacted", "impactedOrderCount", "impactedCustomerCount")
COUNTED = ("totalOrders", "totalOrderCount", "orderCount", "totalCustomerCount")
NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,6})?")
OLDEST = timedelta(days=30)


def figure(name: str, value: Json, *, now: datetime) -> Figure:
    """The figure in a summary; raises Odd for what is none."""
    metric, payload = METRICS[name], part(value, "payload") or value
    found = [amount(payload, key) for key in RATES if payload.get(key) is not None]
    if not found:
        raise Odd("the rate is missing")
    rate, stated = found[0], _standard(payload)
    if metric.at_least and 0 < rate <= 1 and (stated is None or stated > 1):
        # Nobody answers one message in a hundred: this is 0.97 for 97 %.
        rate *= 100
    if not 0 <= rate <= 100:
        raise Odd("the rate is no percentage")
    as_of = moment(payload, "updatedTimestamp") or now
    return Figure(
        metric=name,
        period_days=whole(payload, "reportDuration", metric.days) or metric.days,
        # A moment to come, or one long gone, is a mistake of the answer; the day it was read is true.
        as_of=as_of if now - OLDEST <= as_of <= now + timedelta(days=1) else now,
        rate=rate,
        standard=metric.standard if stated is None else stated,
        at_least=metric.at_least,
        risk=_risk(payload),
        orders=_count(payload, COUNTED),
        affected=_count(payload, AFFECTED),
    )


def _standard(payload: Json) -> Decimal | None:
    """The percentage in "90% or above", "<= 2 %", "0.95" or 95; None where there is none."""
    for key in STANDARDS:
        said = NUMBER.search(text(payload, key))
        if said:
            number = Decimal(said.group())
            # The line of a rate that must be reached is never 1 %, so 0.95 is a share.
            return number * 100 if number < 1 and "%" not in text(payload, key) else number
    return None


def _risk(payload: Json) -> Risk:
    said = word(payload, "performanceRiskLevel") or word(payload, "riskLevel")
    return RISKS.get(said.lower().replace("_", " "), Risk.UNKNOWN)


def _count(payload: Json, names: tuple[str, ...]) -> int | None:
    return next((whole(payload, name) for name in names if payload.get(name) is not None), None)
