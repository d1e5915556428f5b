"""How an order travels from the buyer's click to the door, against what was promised; pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from accounts.days import day_of
from marketplaces.records import OrderStatus, ShipmentStatus

GONE_WRONG = (ShipmentStatus.EXCEPTION, ShipmentStatus.RETURNED)


class Standing(StrEnum):
    """What a stop of the way looks like."""

    DONE = "done"
    LATE = "late"  # done, but after the promise; or the promise that was missed
    NEXT = "next"  # expected
    OPEN = "open"  # nobody knows when


@dataclass(frozen=True, slots=True)
class Stop:
    """One of the four stops; `at` is None where nobody knows."""

    name: str
    at: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Way:
    """The four stops and the one sentence they come to; `face` is "", ok, amber or red."""

    stops: tuple[Stop, Stop, Stop, Stop]
    verdict: str
    face: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an order's way; moments are UTC, `zone` is the marketplace's own clock."""

    status: str
    zone: str
    ordered_at: datetime | None
    ship_by: datetime | None
    shipped_at: datetime | None
    promised_at: datetime | None
    expected_at: datetime | None
    delivered_at: datetime | None
    parcels: tuple[str, ...]  # the status of each
    seller_ships: bool


def way_of(facts: Facts, now: datetime) -> Way:
    """Read the way; days are the marketplace's, because a promise is a day there."""
    verdict, face = _verdict(facts, now)
    shipped = facts.shipped_at is not None or facts.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
    arrived = facts.delivered_at is not None or facts.status == OrderStatus.DELIVERED
    late = _days_late(facts, now) > 0
    return Way(
        stops=(
            Stop("ordered", facts.ordered_at, Standing.DONE if facts.ordered_at else Standing.OPEN),
            _stop("shipped", facts.shipped_at, facts.ship_by, done=shipped, expected="ship by"),
            Stop("promised", facts.promised_at, _promise(facts, late=late, arrived=arrived)),
            _stop(
                "delivered",
                facts.delivered_at,
                facts.expected_at,
                done=arrived,
                expected="expected",
                late=late,
            ),
        ),
        verdict=verdict,
        face=face,
    )


def _stop(
    name: str, at: datetime | None, planned: datetime | None, *, done: bool, expected: str, late: bool = False
) -> Stop:
    if done:
        return Stop(name, at, Standing.LATE if late else Standing.DONE)
    return Stop(expected, planned, Standing.NEXT) if planned else Stop(name, None, Standing.OPEN)


def _promise(facts: Facts, *, late: bool, arrived: bool) -> Standing:
    if facts.promised_at is None:
        return Standing.OPEN
    if late:
        return Standing.LATE
    return Standing.DONE if arrived else Standing.NEXT


def _days_late(facts: Facts, now: datetime) -> int:
    """Days after the promised one: of the arrival, else of what the carrier expects, else of today."""
    if facts.promised_at is None or facts.status == OrderStatus.CANCELLED:
        return 0
    if facts.status == OrderStatus.DELIVERED and facts.delivered_at is None:
        return 0
    actual = facts.delivered_at or max(now, facts.expected_at or now)
    return (day_of(actual, facts.zone) - day_of(facts.promised_at, facts.zone)).days


def _verdict(facts: Facts, now: datetime) -> tuple[str, str]:
    if facts.status == OrderStatus.CANCELLED:
        return "Cancelled", ""
    days = _days_late(facts, now)
    if facts.delivered_at is not None or facts.status == OrderStatus.DELIVERED:
        if facts.promised_at is None or facts.delivered_at is None:
            return "Delivered", "ok"
        return (f"Delivered {_days(days)} late", "red") if days > 0 else ("Delivered on time", "ok")
    if any(status in GONE_WRONG for status in facts.parcels):
        went_back = ShipmentStatus.RETURNED in facts.parcels
        return ("Went back to the sender" if went_back else "Something went wrong on the way"), "red"
    shipped = facts.shipped_at is not None or facts.status == OrderStatus.SHIPPED
    if not shipped:
        return _to_ship(facts, now)
    if facts.status == OrderStatus.PARTLY_SHIPPED and facts.seller_ships and facts.ship_by is not None:
        rest, face = _to_ship(facts, now)
        return f"Partly shipped, the rest: {rest[:1].lower()}{rest[1:]}", face
    if facts.promised_at is None:
        return "On its way", ""
    overdue = (day_of(now, facts.zone) - day_of(facts.promised_at, facts.zone)).days
    if overdue > 0:
        return f"{_days(overdue)} late, still on its way", "red"
    if days > 0:
        return f"On its way, expected {_days(days)} late", "amber"
    return f"On its way, due {_when(facts.promised_at, facts.zone, now)}", ""


def _to_ship(facts: Facts, now: datetime) -> tuple[str, str]:
    if facts.status == OrderStatus.PENDING:
        return "Not paid yet: nothing to ship", ""
    if facts.ship_by is None or not facts.seller_ships:
        late = facts.promised_at is not None and _days_late(facts, now) > 0
        return (
            ("Not shipped yet, and the promised day has passed", "red") if late else ("Not shipped yet", "")
        )
    if facts.ship_by < now:
        return "Past its ship-by time", "red"
    when = _when(facts.ship_by, facts.zone, now)
    return f"To be shipped {when}" if when == "today" else f"To be shipped by {when}", (
        "amber" if when == "today" else ""
    )


def _when(at: datetime, zone: str, now: datetime) -> str:
    days = (day_of(at, zone) - day_of(now, zone)).days
    if days in (0, 1):
        return ("today", "tomorrow")[days]
    there = at.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
