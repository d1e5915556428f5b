"""GET /v3/insights/performance/{metric}/summary and srr/report: section 3.6 of the Walmart field notes.

Computed from this company's own log. The names of the report's columns are guessed: no page has them.
"""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from openpyxl import Workbook

from simulator import answered, clock
from simulator.accounts import SellerAccount
from simulator.api import Call, Refused
from simulator.http import Response
from simulator.orders.book import OrderBook, Window
from simulator.orders.order import Order, iso, ms
from simulator.store import Store

_DURATIONS = ("14", "30", "60", "90")
_COLUMNS = (
    "Customer Order #",
    "Message Received Date (UTC)",
    "Seller Response Date (UTC)",
    "Responded within 48 hours",
)
_EXCEL = "application/octet-stream"
_LOST = ("LOST_IN_TRANSIT", "LOST_AFTER_DELIVERY")


class Insights:
    """How Walmart rates a seller, as of now."""

    def __init__(self, store: Store, book: OrderBook) -> None:
        self._store, self._book = store, book
        # The part of the orders that went wrong; the standard; the days; whether the rate is of the others.
        self._metrics: dict[str, tuple[Callable[[Order], bool], str, int, bool]] = {
            "otd": (_late, "90% or above", 30, True),
            "vtr": (lambda order: order.parcel is not None and not order.parcel.tracking, "99%", 30, True),
            "cancellations": (lambda order: order.cancelled_by == "MERCHANT", "below 2%", 30, False),
            "returns": (lambda order: bool(order.returns), "below 6%", 60, False),
            "itemNotReceived": (_lost, "below 2%", 60, False),
            "negativeFeedback": (lambda order: False, "below 2%", 60, False),
        }

    def summary(self, call: Call) -> Response:
        """One figure; 204 where there is nothing to reckon it from."""
        _check(call)
        metric = call.parts[0]
        if metric == "srr":
            return self._answered(call)
        if metric not in self._metrics:
            raise Refused(404, "404", "Requested Performance Metrics could not be found.")
        wrong, standard, usual, of_others = self._metrics[metric]
        days = _days(call, usual)
        orders = self._orders(call.account, days)
        if not orders:
            return Response(204, b"")
        count = sum(wrong(order) for order in orders)
        rate = 100 * count / len(orders)
        return _summary(
            days,
            {"sellerAccountableRate" if of_others else "cumulativeRate": 100 - rate if of_others else rate},
            standard,
            {"ordersImpacted": count},
            good=rate <= (10 if metric == "otd" else 6 if metric == "returns" else 2),
        )

    def report(self, call: Call) -> Response:
        """The messages the response rate counts, as a workbook."""
        _check(call)
        rows = self._messages(call.account, _days(call, 30))
        if not rows:
            return Response(204, b"")
        book = Workbook(write_only=True)
        sheet = book.create_sheet("SRR")
        sheet.append(["Seller response rate"])
        sheet.append(_COLUMNS)
        for row in rows:
            moments = [
                None if at is None else f"{at:%m/%d/%Y %H:%M:%S}" for at in (row.received_at, row.answered_at)
            ]
            sheet.append([row.order_id, *moments, "Yes" if row.in_time else "No"])
        content = io.BytesIO()
        book.save(content)
        return Response(200, content.getvalue(), _EXCEL)

    def _answered(self, call: Call) -> Response:
        days = _days(call, 30)
        rows = self._messages(call.account, days)
        if not rows:
            return Response(204, b"")
        missed = sum(not row.in_time for row in rows)
        rate = 100 * (1 - missed / len(rows))
        rates = {"overallRate": rate, "sellerAccountableRate": rate}
        counts = {"impactedCustomerCount": missed, "totalCustomerCount": len(rows)}
        return _summary(days, rates, "95% or above", counts, good=rate >= 95)

    def _messages(self, account: SellerAccount, days: int) -> list[answered.Answered]:
        now = clock.now()
        return answered.messages(self._store, account, since=now - timedelta(days=days), now=now)

    def _orders(self, account: SellerAccount, days: int) -> list[Order]:
        now = clock.now()
        span = (ms(now - timedelta(days=days)), ms(now))
        return list(self._book.through(account.address, Window(("seller",), created=span)))


def _check(call: Call) -> None:
    unknown = set(call.request.query) - {"reportDuration"}
    if unknown:
        raise Refused(400, "", f"Unknown parameter: {', '.join(sorted(unknown))}.")
    if not call.request.headers.get("authorization", "").startswith("Basic "):
        raise Refused(400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", "Required header missing: Authorization")
    if call.account.market != "us":
        raise Refused(404, "404", "Requested Performance Metrics could not be found.")


def _days(call: Call, usual: int) -> int:
    given = call.request.query.get("reportDuration", str(usual))
    if given not in _DURATIONS:
        raise Refused(400, "", f"reportDuration is one of: {', '.join(_DURATIONS)}.")
    return int(given)


def _late(order: Order) -> bool:
    return (order.parcel is not None and (order.parcel.delivered_at or 0) > order.promised_by) or (
        order.status != "cancelled" and order.parcel is None and order.ship_by < ms(clock.now())
    )


def _lost(order: Order) -> bool:
    return any(back.reason in _LOST for back in order.returns)


def _summary(
    days: int, rates: dict[str, float], standard: str, counts: dict[str, int], *, good: bool
) -> Response:
    payload: dict[str, Any] = {
        "reportDuration": days,
        "updatedTimestamp": iso(ms(clock.now())),
        **{name: round(rate, 2) for name, rate in rates.items()},
        "cumulativeRateTrend": "NEUTRAL",
        **counts,
        "performanceStandard": standard,
        "performanceRiskLevel": "GOOD" if good else "URGENT",
        "recommendations": [],
    }
    return Response.json({"payload": payload, "status": "OK"})
