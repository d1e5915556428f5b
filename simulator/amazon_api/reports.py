"""The Reports API 2021-06-30, with two reports: returns by return date, and the account's health."""

import gzip
import itertools
import json
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator import clock
from simulator.accounts import SellerAccount
from simulator.amazon_api import health
from simulator.amazon_api.asked import check_names
from simulator.api import Call, Refused
from simulator.http import Response
from simulator.mistakes import Mistake
from simulator.orders.book import OrderBook, Window
from simulator.orders.order import Order, Return, iso, moment, ms
from simulator.orders.parts import DAY

RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
HEALTH = "GET_V2_SELLER_PERFORMANCE_REPORT"
_LINK_LIFE = 300
_SPAN = 60 * DAY
_FILTERS = (
    "reportTypes",
    "processingStatuses",
    "marketplaceIds",
    "pageSize",
    "createdSince",
    "createdUntil",
    "nextToken",
)
_KNOWN = {"reportOptions", "reportType", "dataStartTime", "dataEndTime", "marketplaceIds"}


@dataclass
class _Report:
    """One report; each look at it takes it a step further."""

    id: str
    kind: str
    account: str
    sites: list[str]
    begins: int
    ends: int
    asked_at: int
    sellers: tuple[SellerAccount, ...]
    looks: int = 0
    content: bytes = b""
    finished_at: int = 0

    @property
    def status(self) -> str:
        """Its processingStatus; a report without data is cancelled."""
        if self.looks < 3:
            return ("IN_QUEUE", "IN_QUEUE", "IN_PROGRESS")[self.looks]
        return "DONE" if self.content else "CANCELLED"


class Reports:
    """Reports live as long as the process."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._numbers = itertools.count(50001)
        self._reports: dict[str, _Report] = {}
        self._links: dict[str, tuple[bytes, float]] = {}

    def create(self, call: Call) -> Response:
        """Ask for a report."""
        try:
            asked = call.request.json()
            sites = asked.get("marketplaceIds")
            if set(asked) - _KNOWN or not isinstance(sites, list) or not sites:
                raise Refused(400, "InvalidInput", "A report needs reportType and marketplaceIds.")
            if asked.get("reportType") not in (RETURNS, HEALTH):
                raise Refused(400, "InvalidInput", f"The only reports here are {RETURNS} and {HEALTH}.")
            now = ms(clock.now())
            ends = moment(asked["dataEndTime"]) if "dataEndTime" in asked else now
            begins = moment(asked["dataStartTime"]) if "dataStartTime" in asked else ends - 30 * DAY
        except (Mistake, TypeError) as error:
            raise Refused(400, "InvalidInput", str(error)) from None
        if not 0 <= ends - begins <= _SPAN:
            raise Refused(400, "InvalidInput", "This report covers at most 60 days.")
        sellers = tuple(account for account in call.accounts if account.site.marketplace_id in sites)
        if not sellers:
            raise Refused(400, "InvalidInput", "The seller takes no part in these marketplaces.")
        report = _Report(
            id=str(next(self._numbers)),
            kind=asked["reportType"],
            account=call.account.api.seller_id,
            sites=[str(site) for site in sites],
            begins=begins,
            ends=ends,
            asked_at=now,
            sellers=sellers,
        )
        self._reports[report.id] = report
        return Response.json({"reportId": report.id}, 202)

    def listed(self, call: Call) -> Response:
        """The seller's reports of some kinds, newest first, on one page."""
        check_names(call.request, _FILTERS)
        kinds = call.request.all("reportTypes")
        if not kinds:
            raise Refused(400, "InvalidInput", "Name the reportTypes.")
        found = [
            _shaped(report)
            for report in reversed(self._reports.values())
            if report.kind in kinds and report.account == call.account.api.seller_id
        ]
        return Response.json({"reports": found[: int(call.request.query.get("pageSize") or 10)]})

    def show(self, call: Call) -> Response:
        """How far a report is: queued, in progress, done, from look to look."""
        check_names(call.request, ())
        report = self._reports.get(call.parts[0])
        if report is None or report.account != call.account.api.seller_id:
            raise Refused(404, "NotFound", f"Report {call.parts[0]} was not found.")
        if report.looks < 3:
            report.looks += 1
            if report.looks == 3:
                report.finished_at = ms(clock.now())
                report.content = self._health(report) if report.kind == HEALTH else self._returns(report)
        return Response.json(_shaped(report))

    def document(self, call: Call) -> Response:
        """Where the report's file is, for five minutes; every second one is compressed."""
        check_names(call.request, ("enableContentEncodingUrlHeader",))
        report = self._reports.get(call.parts[0].rpartition(".")[2])
        if report is None or report.status != "DONE" or report.account != call.account.api.seller_id:
            raise Refused(404, "NotFound", f"Document {call.parts[0]} was not found.")
        content = report.content
        compressed = int(report.id) % 2 == 0
        key = secrets.token_urlsafe(32)
        self._links[key] = (gzip.compress(content) if compressed else content, time.time() + _LINK_LIFE)
        shape = {"reportDocumentId": call.parts[0], "url": f"{call.request.base_url}/documents/{key}"}
        if compressed:
            shape["compressionAlgorithm"] = "GZIP"
        return Response.json(shape)

    def file(self, call: Call) -> Response:
        """The file itself; the link is all the permission there is."""
        content, until = self._links.get(call.parts[0], (b"", 0.0))
        if time.time() > until:
            raise Refused(403, "AccessDenied", "Request has expired")
        return Response(200, content, "text/plain; charset=UTF-8")

    def _health(self, report: _Report) -> bytes:
        return json.dumps(health.report(self._book, report.sellers, report.finished_at)).encode()

    def _returns(self, report: _Report) -> bytes:
        """The flat file; nothing at all where nothing comes back."""
        found = [
            (back.started_at, _row(order, back))
            for account in report.sellers
            for order in self._book.through(account.address, Window(("seller",), with_returns=True))
            for back in order.returns
            if report.begins <= back.started_at <= report.ends
        ]
        if not found:
            return b""
        return "\n".join(["\t".join(_COLUMNS), *(row for _, row in sorted(found)), ""]).encode()


def _shaped(report: _Report) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "reportId": report.id,
        "reportType": report.kind,
        "marketplaceIds": report.sites,
        "dataStartTime": iso(report.begins),
        "dataEndTime": iso(report.ends),
        "createdTime": iso(report.asked_at),
        "processingStatus": report.status,
    }
    if report.looks >= 2:
        shape["processingStartTime"] = iso(report.asked_at)
    if report.finished_at:
        shape["processingEndTime"] = iso(report.finished_at)
    if report.status == "DONE":
        shape["reportDocumentId"] = f"amzn1.spdoc.1.4.{report.id}"
    return shape


def _day(at: int | None) -> str:
    return "" if at is None else datetime.fromisoformat(iso(at)).strftime("%d-%b-%Y")


def _cells(order: Order, back: Return) -> dict[str, str]:
    line = next(line for line in order.lines if line.number == back.line)
    cost = "7.95"
    # Where Amazon itself gave the money back, the seller has asked for it.
    decided = next((refund for refund in order.refunds if refund.by == "marketplace"), None)
    return {
        "Order ID": order.id,
        "Order date": _day(order.ordered_at),
        "Return request date": _day(back.started_at),
        "Return request status": "Completed" if back.refunded_at else "Approved",
        "Amazon RMA ID": back.id,
        "Merchant RMA ID": "",
        "Label type": "AmazonPrePaidLabel",
        "Label cost": cost,
        "Currency code": order.currency,
        "Return carrier": back.carrier,
        "Tracking ID": back.tracking,
        "Label to be paid by": "Seller" if "Defective" in back.reason else "Customer",
        "A-to-Z Claim": "Y" if back.claim else "N",
        "Is prime": "N",
        "ASIN": line.asin,
        "Merchant SKU": line.sku,
        "Item Name": line.title,
        "Return quantity": str(back.quantity),
        "Return Reason": back.reason,
        "In policy": "Y",
        "Return type": "C-Returns",
        "Resolution": "StandardRefund",
        "Invoice number": "",
        "Return delivery date": _day(back.received_at),
        "Order Amount": str(order.total),
        "Order quantity": str(line.quantity),
        "SafeT Action reason": "Item not as it was sent" if decided else "",
        "SafeT claim id": f"{back.id[1:9]}-T" if decided else "",
        "SafeT claim state": "Granted" if decided else "",
        "SafeT claim creation time": _day(decided.at) if decided else "",
        "SafeT claim reimbursement amount": decided.amount if decided else "",
        "Refunded Amount": back.amount if back.refunded_at else "",
    }


_COLUMNS = (
    "Order ID",
    "Order date",
    "Return request date",
    "Return request status",
    "Amazon RMA ID",
    "Merchant RMA ID",
    "Label type",
    "Label cost",
    "Currency code",
    "Return carrier",
    "Tracking ID",
    "Label to be paid by",
    "A-to-Z Claim",
    "Is prime",
    "ASIN",
    "Merchant SKU",
    "Item Name",
    "Return quantity",
    "Return Reason",
    "In policy",
    "Return type",
    "Resolution",
    "Invoice number",
    "Return delivery date",
    "Order Amount",
    "Order quantity",
    "SafeT Action reason",
    "SafeT claim id",
    "SafeT claim state",
    "SafeT claim creation time",
    "SafeT claim reimbursement amount",
    "Refunded Amount",
)


def _row(order: Order, back: Return) -> str:
    cells = _cells(order, back)
    return "\t".join(cells[name].replace("\t", " ") for name in _COLUMNS)
