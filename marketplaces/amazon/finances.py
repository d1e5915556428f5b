"""Money given back on an order, as records (Finances API, version 2024-06-19, listTransactions).

Why not the older listFinancialEventsByOrderId: by its own words it leaves out what Amazon still holds back
(deferred), and its refunds have no number of their own, by which one read again could be known.
"""

from collections.abc import Iterable
from decimal import Decimal

from marketplaces.records import Money, RefundRecord
from marketplaces.wire import Json, Odd, moment, money, part, parts, text, word

# By what the type or the description speaks of; who gives the money when it is not the seller's own choice.
KINDS = (
    ("guarantee", "marketplace"),
    ("a-to-z", "marketplace"),
    ("chargeback", "marketplace"),
    ("refund", ""),
)
FEES = ("fee", "commission", "expense")


def refunds(values: Iterable[object], order_id: str) -> list[RefundRecord]:
    """The refunds among an order's transactions; one that cannot be read is left out.

    Amazon posts a deferred refund once more when it is released: that is the same refund.
    """
    found: dict[str, RefundRecord] = {}
    for value in values:
        try:
            if isinstance(value, dict) and (record := _refund(value, order_id)):
                found[record.external_id] = record
        except Odd:
            continue
    return list(found.values())


def seller_of(values: Iterable[object]) -> str:
    """The number of the seller, whom transactions name and no other answer does."""
    for value in values:
        try:
            if isinstance(value, dict) and (
                found := text(part(value, "sellingPartnerMetadata"), "sellingPartnerId", 64)
            ):
                return found
        except Odd:
            continue
    return ""


def _refund(value: Json, order_id: str) -> RefundRecord | None:
    said = f"{word(value, 'transactionType')} {text(value, 'description')}".lower()
    by = next((who for sign, who in KINDS if sign in said), None)
    related = _related(value)
    if by is None or related.get("ORDER_ID", order_id) != order_id:
        return None
    total = money(value, "totalAmount", amount_key="currencyAmount", currency_key="currencyCode")
    given = _given(value) or total
    number = related.get("REFUND_ID") or text(value, "transactionId", 90)
    if given is None or not number or given.amount >= 0:
        return None  # a refund taken back, or nothing given
    return RefundRecord(
        external_id=number[:100],
        amount=Money(abs(given.amount), given.currency),
        at=moment(value, "postedDate"),
        reason=text(value, "description", 100) or text(value, "transactionType", 100),
        issued_by=by,
    )


def _related(value: Json) -> dict[str, str]:
    return {
        word(each, "relatedIdentifierName"): text(each, "relatedIdentifierValue", 90)
        for each in parts(value, "relatedIdentifiers")
    }


def _given(value: Json) -> Money | None:
    """What the buyer got: the total without the fees Amazon gives back to the seller; None if not told."""
    listed = value.get("breakdowns")
    # The model says a list, its own example an object with a list inside.
    breakdowns = parts(listed, "breakdowns") if isinstance(listed, dict) else parts(value, "breakdowns")
    amounts = [
        found
        for each in breakdowns
        if not any(sign in word(each, "breakdownType").lower() for sign in FEES)
        and (
            found := money(each, "breakdownAmount", amount_key="currencyAmount", currency_key="currencyCode")
        )
    ]
    if not amounts or len({each.currency for each in amounts}) != 1:
        return None
    return Money(sum((each.amount for each in amounts), Decimal()), amounts[0].currency)
