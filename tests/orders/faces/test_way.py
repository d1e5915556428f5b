"""The way of an order, and where a parcel is followed: tables of cases, no database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplaces.records import Fulfilment, OrderStatus, ReturnStatus, ShipmentStatus
from marketplaces.types import MARKETS
from orders.carriers import PAGES, tracking_page
from orders.seller_sites import PAGES as SELLER_PAGES
from orders.seller_sites import page_of
from orders.way import Facts, Standing, way_of
from orders.words import FULFILMENT, ORDER_STATUS, RETURN_STATUS, SHIPMENT_STATUS

NOW = datetime(2026, 3, 10, 18, tzinfo=UTC)  # a Tuesday, ten in the morning in Los Angeles


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


ON_ITS_WAY = Facts(
    status=OrderStatus.SHIPPED,
    zone="America/Los_Angeles",
    ordered_at=day(-5),
    ship_by=day(-3),
    shipped_at=day(-4),
    promised_at=day(3),
    expected_at=None,
    delivered_at=None,
    parcels=(ShipmentStatus.IN_TRANSIT,),
    seller_ships=True,
)
TO_SHIP = replace(ON_ITS_WAY, status=OrderStatus.UNSHIPPED, shipped_at=None, ship_by=day(2), parcels=())
CASES: list[tuple[Facts, dict[str, object], str, str]] = [
    (ON_ITS_WAY, {}, "On its way, due Fri 13 Mar", ""),
    (ON_ITS_WAY, {"promised_at": day(1)}, "On its way, due tomorrow", ""),
    (ON_ITS_WAY, {"promised_at": day(0.1)}, "On its way, due today", ""),
    # The promised day lasts until midnight there.
    (ON_ITS_WAY, {"promised_at": day(-0.2)}, "On its way, due today", ""),
    (ON_ITS_WAY, {"promised_at": day(-1)}, "1 day late, still on its way", "red"),
    (ON_ITS_WAY, {"promised_at": day(-2)}, "2 days late, still on its way", "red"),
    (ON_ITS_WAY, {"promised_at": day(1), "expected_at": day(3)}, "On its way, expected 2 days late", "amber"),
    (ON_ITS_WAY, {"promised_at": None}, "On its way", ""),
    (ON_ITS_WAY, {"delivered_at": day(-1)}, "Delivered on time", "ok"),
    (ON_ITS_WAY, {"delivered_at": day(0), "promised_at": day(-2)}, "Delivered 2 days late", "red"),
    # Delivered in the evening of the promised day, after the hour the marketplace wrote.
    (ON_ITS_WAY, {"delivered_at": day(0.1), "promised_at": day(-0.3)}, "Delivered on time", "ok"),
    (ON_ITS_WAY, {"status": OrderStatus.DELIVERED, "promised_at": day(-9)}, "Delivered", "ok"),
    (ON_ITS_WAY, {"parcels": (ShipmentStatus.EXCEPTION,)}, "Something went wrong on the way", "red"),
    (ON_ITS_WAY, {"parcels": (ShipmentStatus.RETURNED,)}, "Went back to the sender", "red"),
    (ON_ITS_WAY, {"status": OrderStatus.CANCELLED, "promised_at": day(-9)}, "Cancelled", ""),
    (TO_SHIP, {}, "To be shipped by Thu 12 Mar", ""),
    (TO_SHIP, {"ship_by": day(0.1)}, "To be shipped today", "amber"),
    (TO_SHIP, {"ship_by": day(-0.1)}, "Past its ship-by time", "red"),
    (TO_SHIP, {"ship_by": day(-1), "seller_ships": False}, "Not shipped yet", ""),
    (TO_SHIP, {"status": OrderStatus.PENDING}, "Not paid yet: nothing to ship", ""),
    (
        ON_ITS_WAY,
        {"status": OrderStatus.PARTLY_SHIPPED, "ship_by": day(0.1)},
        "Partly shipped, the rest: to be shipped today",
        "amber",
    ),
]


@pytest.mark.parametrize(("facts", "change", "verdict", "face"), CASES, ids=[case[2] for case in CASES])
def test_the_way_comes_to_one_sentence(
    facts: Facts, change: dict[str, object], verdict: str, face: str
) -> None:
    way = way_of(replace(facts, **change), NOW)  # type: ignore[arg-type]
    assert (way.verdict, way.face) == (verdict, face)


def test_the_stops_say_what_is_done_what_comes_and_what_was_missed() -> None:
    def standings(facts: Facts) -> list[Standing]:
        return [stop.standing for stop in way_of(facts, NOW).stops]

    done, late, following, unknown = Standing.DONE, Standing.LATE, Standing.NEXT, Standing.OPEN
    assert standings(TO_SHIP) == [done, following, following, unknown]
    assert standings(ON_ITS_WAY) == [done, done, following, unknown]
    assert standings(replace(ON_ITS_WAY, promised_at=day(-2))) == [done, done, late, unknown]
    assert standings(replace(ON_ITS_WAY, delivered_at=day(-1))) == [done, done, done, done]
    arrived_late = replace(ON_ITS_WAY, promised_at=day(-2), delivered_at=day(0))
    assert standings(arrived_late) == [done, done, late, late]


def test_the_stop_that_comes_is_called_by_what_it_is() -> None:
    assert [stop.name for stop in way_of(TO_SHIP, NOW).stops] == [
        "ordered",
        "ship by",
        "promised",
        "delivered",
    ]
    expected = replace(ON_ITS_WAY, expected_at=day(3))
    assert way_of(expected, NOW).stops[3].name == "expected"


@pytest.mark.parametrize(
    ("carrier", "number", "given", "page"),
    [
        ("FedEx Ground", "7712 8840", "", "https://www.fedex.com/fedextrack/?trknbr=77128840"),
        ("UPS", "1Z&x=1", "", "https://www.ups.com/track?tracknum=1Z%26x%3D1"),
        ("Nobody Knows", "123", "", ""),
        ("UPS", "", "", ""),
        ("UPS", "1", "https://www.walmart.com/track/1", "https://www.walmart.com/track/1"),
        ("Nobody Knows", "1", "http://insecure.example/1", ""),
        ("Nobody Knows", "1", "javascript:alert(1)", ""),
        ("Nobody Knows", "1", "https://www.walmart.com@evil.example/", ""),
    ],
)
def test_a_parcel_is_followed_where_that_is_known(carrier: str, number: str, given: str, page: str) -> None:
    assert tracking_page(carrier, number, given) == page


def test_the_tables_are_whole_and_lead_to_https() -> None:
    assert set(SELLER_PAGES) == set(MARKETS)
    assert page_of("amazon-de", "302-1/2") == "https://sellercentral.amazon.de/orders-v3/order/302-1%2F2"
    for page in (*PAGES.values(), *SELLER_PAGES.values()):
        assert page.startswith("https://"), page
    for words, kinds in (
        (ORDER_STATUS, OrderStatus),
        (SHIPMENT_STATUS, ShipmentStatus),
        (RETURN_STATUS, ReturnStatus),
        (FULFILMENT, Fulfilment),
    ):
        assert set(words) == set(kinds)
