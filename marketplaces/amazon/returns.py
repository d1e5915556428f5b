"""Amazon's returns report as records (GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE: tab-separated text)."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation

from marketplaces.records import (
    Money,
    Oddity,
    Page,
    ReturnLineRecord,
    ReturnRecord,
    ReturnStatus,
    Strange,
)
from marketplaces.wire import (
    LARGEST_AMOUNT,
    LONGEST_ID,
    LONGEST_TEXT,
    LONGEST_WORD,
    MOST_UNITS,
    Odd,
    unknown,
    written_moment,
)

COMPULSORY = ("order id", "return request date", "return request status")
# By how a status begins, in lower case: sellers' sites write "Approved", "Pending approval" and the like.
STATUSES = (
    (("pending", "requested", "open", "new", "authori", "approved", "in progress"), ReturnStatus.STARTED),
    (("received",), ReturnStatus.RECEIVED),
    (("complete", "closed", "refunded", "resolved"), ReturnStatus.COMPLETED),
    (("cancel", "withdrawn", "declined", "denied", "rejected", "deleted"), ReturnStatus.CANCELLED),
)
DATES = ("%d-%b-%Y", "%Y-%m-%d", "%d %b %Y", "%b %d, %Y")
LONGEST_RMA = 60
Row = dict[str, str]


class NoReport(Exception):
    """What came is not this report."""


def returns(content: bytes) -> Page[ReturnRecord]:
    """The returns of a report; rows of one return (RMA) are its lines. Raises NoReport."""
    groups: dict[tuple[str, str], list[Row]] = {}
    strange: list[Strange] = []
    for number, row in _rows(content):
        if row is None:
            strange.append(Strange(Oddity.LEFT_OUT, f"Row {number} of the returns report is incomplete."))
        elif not row["order id"] or len(row["order id"]) > LONGEST_ID:
            strange.append(Strange(Oddity.LEFT_OUT, f"Row {number} of the returns report names no order."))
        else:
            # Only Amazon's own number is one of a kind; what stands in for it may be another order's too.
            other = row.get("merchant rma id") or row["return request date"]
            rma = row.get("amazon rma id") or f"{row['order id']}/{other}"
            groups.setdefault((row["order id"], rma[:LONGEST_RMA]), []).append(row)
    records: list[ReturnRecord] = []
    for (order_id, rma), rows in groups.items():
        try:
            records.append(_record(order_id, rma, rows, strange))
        except Odd as odd:
            strange.append(Strange(Oddity.LEFT_OUT, f"A return could not be read: {odd}.", order_id))
    return Page(tuple(records), tuple(strange))


def decoded(content: bytes) -> str:
    """The report's text: UTF-8, or the Windows code page older reports are written in."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _rows(content: bytes) -> Iterator[tuple[int, Row | None]]:
    lines = decoded(content).replace("\x00", "").split("\n")
    header = [name.strip().strip('"').lower() for name in lines[0].rstrip("\r").split("\t")]
    if not set(COMPULSORY) <= set(header):
        raise NoReport("The returns report does not begin with its columns.")
    for number, line in enumerate(lines[1:], start=2):
        cells = line.rstrip("\r").split("\t")
        if cells == [""]:
            continue
        whole = len(cells) == len(header)
        yield number, dict(zip(header, map(_cell, cells), strict=True)) if whole else None


def _cell(written: str) -> str:
    return written.strip().strip('"').strip()[:LONGEST_TEXT]


def _record(order_id: str, rma: str, rows: list[Row], strange: list[Strange]) -> ReturnRecord:
    first = rows[0]
    requested_at = _date(first, "return request date")
    if requested_at is None:
        raise Odd("the return request date is missing")
    received_at = max(filter(None, (_date(row, "return delivery date") for row in rows)), default=None)
    # A return of several lines has its claim on one of them.
    claim = next((row for row in rows if row.get("safet claim id") or row.get("safet claim state")), first)
    claimed_at = _date(claim, "safet claim creation time")
    said = first["return request status"][:LONGEST_WORD]
    status = _status(said)
    if status is ReturnStatus.UNKNOWN:
        strange.append(unknown("A status of a return", said, order_id))
    if status is ReturnStatus.STARTED and received_at is not None:
        status = ReturnStatus.RECEIVED
    if status is ReturnStatus.RECEIVED and all(_money(row, "refunded amount") for row in rows):
        # "Approved" stays there long after: nothing is owed for what is back and paid.
        status = ReturnStatus.COMPLETED
    return ReturnRecord(
        external_id=rma,
        order_id=order_id,
        modified_at=max(filter(None, (requested_at, received_at, claimed_at))),
        status=status,
        status_text=said,
        requested_at=requested_at,
        received_at=received_at,
        carrier=first.get("return carrier", "")[:LONGEST_WORD],
        tracking_number=first.get("tracking id", "")[:100],
        refund=_refund(rows),
        in_policy=_yes_or_no(first.get("in policy", "")),
        a_to_z=any(_yes_or_no(row.get("a-to-z claim", "")) for row in rows),
        safe_t=" ".join(filter(None, (claim.get("safet claim id"), claim.get("safet claim state"))))[:100],
        safe_t_reason=claim.get("safet action reason", "")[:100],
        safe_t_at=claimed_at,
        safe_t_paid=_money(claim, "safet claim reimbursement amount"),
        lines=tuple(_line(row, place) for place, row in enumerate(rows, start=1)),
    )


def _line(row: Row, place: int) -> ReturnLineRecord:
    asin = row.get("asin", "")
    sku = row.get("merchant sku", "")
    return ReturnLineRecord(
        # The report numbers no lines: the item tells them apart, its place two of the same item.
        external_id=f"{(sku or asin)[:34]}/{place}",
        sku=sku[:100],
        title=row.get("item name", ""),
        quantity=_count(row.get("return quantity", "")),
        reason=row.get("return reason", "")[:100],
        status_text=row["return request status"][:LONGEST_WORD],
        refund_text=row.get("resolution", "")[:LONGEST_WORD],
    )


def _status(said: str) -> ReturnStatus:
    for beginnings, status in STATUSES:
        if said.lower().startswith(beginnings):
            return status
    return ReturnStatus.UNKNOWN


def _date(row: Row, column: str) -> datetime | None:
    written = row.get(column, "")
    if not written:
        return None
    found = written_moment(written, DATES)
    if found is None:
        raise Odd(f"the {column} is no date")
    return found


def _refund(rows: list[Row]) -> Money | None:
    amounts = [found for row in rows if (found := _money(row, "refunded amount"))]
    if not amounts:
        return None
    return Money(sum((each.amount for each in amounts), Decimal()), amounts[0].currency)


def _money(row: Row, column: str) -> Money | None:
    found, currency = _amount(row.get(column, "")), row.get("currency code", "").upper()
    return Money(found, currency) if found and len(currency) == 3 and currency.isalpha() else None


def _amount(written: str) -> Decimal | None:
    """An amount with a point or, in some countries, a comma before the last two digits."""
    plain = written.replace(" ", "")
    if "," in plain and "." not in plain and len(plain) - plain.rindex(",") == 3:
        plain = plain.replace(",", ".")
    try:
        found = Decimal(plain.replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) <= LARGEST_AMOUNT else None


def _count(written: str) -> int:
    return min(int(written), MOST_UNITS) if written.isdecimal() and len(written) < 10 else 1


def _yes_or_no(written: str) -> bool | None:
    said = written.lower()
    return True if said in ("y", "yes", "true") else False if said in ("n", "no", "false") else None
