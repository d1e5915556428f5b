"""listTransactions of the Finances API 2024-06-19: what an order moved, of one order only."""

from decimal import Decimal
from typing import Any

from simulator.accounts import SellerAccount
from simulator.amazon_api.asked import check_names
from simulator.api import Call, Refused
from simulator.http import Response
from simulator.orders.book import OrderBook
from simulator.orders.order import Order, Refund, iso

_KNOWN = (
    "postedAfter",
    "postedBefore",
    "marketplaceId",
    "transactionStatus",
    "relatedIdentifierName",
    "relatedIdentifierValue",
    "nextToken",
)
_FEE = Decimal("0.15")


class Finances:
    """Reads the same orders as everybody."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book

    def transactions(self, call: Call) -> Response:
        """The order's payment and its refunds; an order nobody knows has none."""
        check_names(call.request, _KNOWN)
        query = call.request.query
        if query.get("relatedIdentifierName") != "ORDER_ID" or not query.get("relatedIdentifierValue"):
            raise Refused(400, "InvalidInput", "Here transactions are listed by ORDER_ID only.")
        found: list[dict[str, Any]] = []
        for account in call.accounts:
            order = self._book.find(account.address, query["relatedIdentifierValue"])
            if order is not None and order.fulfilment != "mcf":
                found += _of(order, account)
        return Response.json({"payload": {"transactions": found}})


def _of(order: Order, account: SellerAccount) -> list[dict[str, Any]]:
    found = []
    if order.parcel is not None:
        found.append(
            _shaped(order, account, "Shipment", "Order Payment", order.total, order.parcel.shipped_at, "")
        )
    for number, refund in enumerate(order.refunds, start=1):
        found.append(_refunded(order, account, refund, number))
    return found


def _refunded(order: Order, account: SellerAccount, refund: Refund, number: int) -> dict[str, Any]:
    claim = refund.by == "marketplace"
    kind, words = ("GuaranteeClaim", "A-to-z Guarantee Claim") if claim else ("Refund", "Refund Order")
    reference = f"{order.id.replace('-', '')}R{number}"
    return _shaped(order, account, kind, words, -Decimal(refund.amount), refund.at, reference)


def _shaped(
    order: Order, account: SellerAccount, kind: str, words: str, amount: Decimal, at: int, refund_id: str
) -> dict[str, Any]:
    fee = (amount * _FEE).quantize(Decimal("0.01"))
    related = [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order.id}]
    if refund_id:
        related.append({"relatedIdentifierName": "REFUND_ID", "relatedIdentifierValue": refund_id})

    def money(value: Decimal) -> dict[str, Any]:
        return {"currencyAmount": float(value), "currencyCode": order.currency}

    return {
        "sellingPartnerMetadata": {
            "sellingPartnerId": account.api.seller_id,
            "accountType": "PAYABLE",
            "marketplaceId": account.site.marketplace_id,
        },
        "relatedIdentifiers": related,
        "transactionType": kind,
        "transactionId": f"T{refund_id or order.id.replace('-', '')}",
        "transactionStatus": "RELEASED",
        "description": words,
        "postedDate": iso(at),
        "totalAmount": money(amount - fee),
        "marketplaceDetails": {
            "marketplaceId": account.site.marketplace_id,
            "marketplaceName": account.site.site.capitalize(),
        },
        "items": [],
        "contexts": [],
        "breakdowns": [
            {"breakdownType": "Sales", "breakdownAmount": money(amount), "breakdowns": []},
            {"breakdownType": "Amazon Fees", "breakdownAmount": money(-fee), "breakdowns": []},
        ],
    }
