"""The content of GET_V2_SELLER_PERFORMANCE_REPORT: the account's health, from its own orders."""

from collections.abc import Sequence
from typing import Any

from simulator.accounts import SellerAccount
from simulator.orders.book import OrderBook, Window
from simulator.orders.order import Order, iso
from simulator.orders.parts import DAY


def report(book: OrderBook, sellers: Sequence[SellerAccount], now: int) -> dict[str, Any]:
    """The whole report, each site by itself."""
    return {
        "accountStatuses": [
            {"marketplaceId": seller.site.marketplace_id, "status": "NORMAL"} for seller in sellers
        ],
        "performanceMetrics": [_metrics(book, seller, now) for seller in sellers],
    }


def _metrics(book: OrderBook, seller: SellerAccount, now: int) -> dict[str, Any]:
    def placed(days: int) -> list[Order]:
        return list(book.through(seller.address, Window(("seller",), created=(now - days * DAY, now))))

    two_months, month, week = placed(60), placed(30), placed(7)
    claims = sum(any(back.claim for back in order.returns) for order in two_months)
    shipped = [order for order in month if order.parcel is not None]
    late = sum(order.parcel is not None and order.parcel.shipped_at > order.ship_by for order in shipped)
    in_time = sum(
        order.parcel is not None and (order.parcel.delivered_at or now) <= order.promised_by
        for order in shipped
    )
    cancelled = sum(order.cancelled_by == "MERCHANT" for order in week)
    defects = {
        **_rated(60, now, claims, len(two_months), 0.01, "LESS_THAN"),
        "orderCount": len(two_months),
        "orderWithDefects": _count(claims),
        "claims": _count(claims),
        "chargebacks": _count(0),
        "negativeFeedback": _count(0),
    }
    return {
        "marketplaceId": seller.site.marketplace_id,
        "orderDefectRate": {
            "mfn": {**defects, "fulfillmentType": "mfn"},
            "afn": {**_rated(60, now, 0, 0, 0.01, "LESS_THAN"), **_none(), "fulfillmentType": "afn"},
        },
        "lateShipmentRate": {
            **_rated(30, now, late, len(shipped), 0.04, "LESS_THAN"),
            "orderCount": len(shipped),
            "lateShipmentCount": late,
        },
        "preFulfillmentCancellationRate": {
            **_rated(7, now, cancelled, len(week), 0.025, "LESS_THAN"),
            "orderCount": len(week),
            "cancellationCount": cancelled,
        },
        "validTrackingRate": {
            **_rated(30, now, len(shipped), len(shipped), 0.95, "GREATER_THAN"),
            "shipmentCount": len(shipped),
            "validTrackingCount": len(shipped),
        },
        "onTimeDeliveryRate": {
            **_rated(30, now, in_time, len(shipped), 0.9, "GREATER_THAN"),
            "shipmentCountWithValidTracking": len(shipped),
            "onTimeDeliveryCount": in_time,
        },
        "warningStates": [],
    }


def _rated(days: int, now: int, count: int, of: int, target: float, condition: str) -> dict[str, Any]:
    rate = count / of if of else (1.0 if condition == "GREATER_THAN" else 0.0)
    good = rate >= target if condition == "GREATER_THAN" else rate <= target
    return {
        "reportingDateRange": {"reportingDateFrom": iso(now - days * DAY), "reportingDateTo": iso(now)},
        "status": "GOOD" if good else "BAD",
        "rate": round(rate, 6),
        "targetValue": target,
        "targetCondition": condition,
    }


def _count(count: int) -> dict[str, Any]:
    return {"count": count, "status": "NONE"}


def _none() -> dict[str, Any]:
    return {
        "orderCount": 0,
        **{name: _count(0) for name in ("orderWithDefects", "claims", "chargebacks", "negativeFeedback")},
    }
