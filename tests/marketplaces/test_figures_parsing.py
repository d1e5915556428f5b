"""Figures, workbooks and transactions as marketplaces write them, and as nobody should; no database."""

import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook

from marketplaces.amazon import finances
from marketplaces.amazon import performance as health
from marketplaces.ratings import Risk
from marketplaces.walmart import responses
from marketplaces.walmart.performance import figure
from marketplaces.wire import Odd

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
GERMANY = "A1PA6795UKMFR9"


def summary(**payload: Any) -> dict[str, Any]:
    return {"payload": {"reportDuration": 30, "updatedTimestamp": "2026-11-24T06:30:45Z", **payload}}


@pytest.mark.parametrize(
    ("metric", "payload", "rate", "standard", "risk"),
    [
        ("response_rate", {"overallRate": Decimal("97.5")}, "97.5", "95", Risk.UNKNOWN),
        (
            "response_rate",
            {"overallRate": 0, "sellerAccountableRate": Decimal("96.8")},
            "96.8",
            "95",
            Risk.UNKNOWN,
        ),
        ("response_rate", {"cumulativeRate": Decimal("0.97")}, "97", "95", Risk.UNKNOWN),
        ("response_rate", {"overallRate": 99, "standard": "95% or above"}, "99", "95", Risk.UNKNOWN),
        ("response_rate", {"overallRate": 99, "performanceStandard": "0.95"}, "99", "95", Risk.UNKNOWN),
        (
            "on_time_delivery",
            {"overallRate": 88, "performanceStandard": ">= 92.5 %"},
            "88",
            "92.5",
            Risk.UNKNOWN,
        ),
        (
            "returns",
            {"cumulativeRate": Decimal("0.8"), "performanceRiskLevel": "GOOD"},
            "0.8",
            "6",
            Risk.GOOD,
        ),
        ("cancellations", {"cumulativeRate": 3, "riskLevel": "Urgent"}, "3", "2", Risk.URGENT),
        ("cancellations", {"cumulativeRate": 1, "riskLevel": "Meets standard"}, "1", "2", Risk.GOOD),
        (
            "cancellations",
            {"cumulativeRate": "1", "performanceRiskLevel": "NEW_WORD"},
            "1",
            "2",
            Risk.UNKNOWN,
        ),
    ],
)
def test_a_summary_is_read_however_walmart_names_its_parts(
    metric: str, payload: dict[str, Any], rate: str, standard: str, risk: Risk
) -> None:
    found = figure(metric, summary(**payload), now=NOW)
    assert (found.rate, found.standard, found.risk) == (Decimal(rate), Decimal(standard), risk)
    assert found.as_of == datetime(2026, 11, 24, 6, 30, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    "payload",
    [{}, {"overallRate": "many"}, {"overallRate": -1}, {"overallRate": 101}, {"overallRate": {"of": 1}}],
)
def test_a_summary_without_a_rate_is_odd(payload: dict[str, Any]) -> None:
    with pytest.raises(Odd):
        figure("response_rate", summary(**payload), now=NOW)


def test_a_moment_that_cannot_be_is_the_day_it_was_read() -> None:
    for written in ("2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z", None):
        assert figure("returns", summary(cumulativeRate=1, updatedTimestamp=written), now=NOW).as_of == NOW


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("titles", "row"),
    [
        (
            ["Sales Order #", "Message received date", "Response date", "Within 48 hours"],
            ["200011874402913", "11/20/2026 08:00:00", "11/20/2026 09:30:00", "Yes"],
        ),
        (
            ["PO Number", "Customer Order No.", "Received at", "Replied at", "On time?"],
            ["1019283746501", 200011874402913, datetime(2026, 11, 20, 8), "2026-11-20T10:30:00+01:00", True],
        ),
        (
            ["Order ID", "Responded within 48 hrs", "Seller Response Timestamp", "Inquiry Date"],
            ["2000118-74402913", "y", "2026-11-20 09:30:00", "2026-11-20 08:00:00"],
        ),
    ],
)
def test_the_columns_of_a_report_are_found_by_their_titles(titles: list[str], row: list[Any]) -> None:
    rows, unread = responses.rows(workbook(["Seller response rate"], [], titles, row, [None], ["Total", 1]))
    assert unread == 1
    assert [each.order_id for each in rows] == ["200011874402913"]
    assert rows[0].received_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert rows[0].answered_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert rows[0].in_time is True


def test_what_a_row_does_not_say_is_not_made_up() -> None:
    titles = ["Order", "Message date", "Response date", "Within 48 hours"]
    rows, unread = responses.rows(
        workbook(
            titles, ["200011874402913", "soon", None, "perhaps"], [2.000118744029135e17, None, None, None]
        )
    )
    assert unread == 1
    assert (rows[0].received_at, rows[0].answered_at, rows[0].in_time) == (None, None, None)


def packed(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
BOOK = workbook(["Order"], ["200011874402913"])


def with_part(name: str, content: bytes) -> bytes:
    """A good workbook with one of its parts exchanged."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    return packed(**(parts | {name: content}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>Sorry</body></html>",
        b"PK\x03\x04 and nothing more",
        BOOK[: len(BOOK) // 2],
        packed(nothing=b"of use"),
        packed(bomb=b"0" * (responses.LARGEST_UNPACKED + 1)),
        packed(**{f"part{number}": b"" for number in range(responses.MOST_PARTS + 1)}),
        b"x" * (responses.LARGEST + 1),
        with_part("xl/worksheets/sheet1.xml", ENTITIES),
        with_part("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>"),
        with_part("xl/workbook.xml", b"no xml"),
        workbook(["Name", "Rate"], ["x", 1]),
        workbook(),
    ],
)
def test_what_is_no_report_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(responses.NoReport, match=r"^The response-rate report .*\.$"):
        responses.rows(content)


def rated(rate: float, **more: Any) -> dict[str, Any]:
    span = {"reportingDateFrom": "2026-10-25T00:00Z", "reportingDateTo": "2026-11-24T00:00Z"}
    return {
        "reportingDateRange": span,
        "rate": rate,
        "targetValue": 0.04,
        "targetCondition": "LESS_THAN",
        "status": "GOOD",
        **more,
    }


def account(**metrics: Any) -> bytes:
    site = {"marketplaceId": GERMANY, **metrics}
    other = {"marketplaceId": "ATVPDKIKX0DER", "lateShipmentRate": rated(0.9)}
    status = {"marketplaceId": GERMANY, "status": "AT_RISK"}
    return json.dumps({"accountStatuses": [status], "performanceMetrics": [other, site]}).encode()


def test_amazons_shares_become_percentages_of_this_site_alone() -> None:
    late = rated(0.0320397, orderCount=870669, lateShipmentCount=27896)
    found, remarks = health.figures(account(lateShipmentRate=late), GERMANY, now=NOW)
    assert remarks == ()
    assert [(each.metric, each.rate) for each in found] == [
        ("late_shipment", Decimal("3.20397")),
        ("account_status", None),
    ]
    assert (found[0].standard, found[0].period_days, found[0].risk) == (Decimal(4), 30, Risk.GOOD)
    assert (found[0].orders, found[0].affected) == (870669, 27896)
    assert found[1].risk is Risk.MONITOR


@pytest.mark.parametrize(
    "name", ["preFulfillmentCancellationRate", "prefulfillmentCancelRate", "preFulfillmentCancelRate"]
)
def test_both_spellings_are_read(name: str) -> None:
    found, _ = health.figures(account(**{name: rated(0.01)}), GERMANY, now=NOW)
    assert found[0].metric == "cancellations"


def test_one_odd_figure_leaves_the_others() -> None:
    content = account(lateShipmentRate=rated(7), validTrackingRate=rated(0.99), orderDefectRate="none")
    found, remarks = health.figures(content, GERMANY, now=NOW)
    assert [each.metric for each in found] == ["valid_tracking", "account_status"]
    assert remarks == ("The figure late shipment could not be read: the rate is no share.",)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"performanceMetrics": 1}', b"{}"])
def test_what_is_no_account_health_is_refused(content: bytes) -> None:
    with pytest.raises(health.NoReport):
        health.figures(content, GERMANY, now=NOW)


ORDER = "306-1234567-1234567"


def posted(**facts: Any) -> dict[str, Any]:
    return {
        "relatedIdentifiers": [
            {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": ORDER},
            {"relatedIdentifierName": "REFUND_ID", "relatedIdentifierValue": "R-1"},
        ],
        "transactionType": "Refund",
        "transactionId": "T-1",
        "description": "Refund Order",
        "postedDate": "2026-11-20T08:00:00Z",
        "totalAmount": {"currencyAmount": Decimal("-8.50"), "currencyCode": "EUR"},
        **facts,
    }


def breakdown(kind: str, amount: str) -> dict[str, Any]:
    return {
        "breakdownType": kind,
        "breakdownAmount": {"currencyAmount": Decimal(amount), "currencyCode": "EUR"},
    }


SPLIT = [breakdown("Sales", "-10.00"), breakdown("Amazon Fees", "1.50")]


@pytest.mark.parametrize(
    ("facts", "amount", "by"),
    [
        ({}, "8.50", ""),
        ({"breakdowns": SPLIT}, "10.00", ""),
        ({"breakdowns": {"breakdowns": SPLIT}}, "10.00", ""),
        ({"transactionType": "GuaranteeClaim", "description": "A-to-z Guarantee"}, "8.50", "marketplace"),
        ({"transactionType": "Chargeback", "description": ""}, "8.50", "marketplace"),
    ],
)
def test_a_refund_is_what_the_buyer_got(facts: dict[str, Any], amount: str, by: str) -> None:
    (found,) = finances.refunds([posted(**facts)], ORDER)
    assert (found.external_id, found.amount.amount, found.issued_by) == ("R-1", Decimal(amount), by)


def test_a_refund_told_twice_is_one_and_what_is_none_is_left_out() -> None:
    again = posted(transactionId="T-2", transactionStatus="DEFERRED_RELEASED")
    payment = posted(transactionType="Shipment", description="Order Payment")
    other = posted(relatedIdentifiers=[{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "1"}])
    back = posted(totalAmount={"currencyAmount": 3, "currencyCode": "EUR"})
    odd = posted(totalAmount={"currencyAmount": "much", "currencyCode": "EUR"})
    found = finances.refunds([posted(), again, payment, other, back, odd, None, "x"], ORDER)
    assert [each.external_id for each in found] == ["R-1"]
