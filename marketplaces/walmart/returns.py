"""Walmart's return orders (RMAs) as records (Marketplace API v3, returns)."""

from collections.abc import Iterable
from datetime import datetime

from marketplaces.records import (
    Page,
    ReturnLineRecord,
    ReturnRecord,
    ReturnStatus,
    Strange,
    TrackingRecord,
)
from marketplaces.wire import (
    LONGEST_WORD,
    Json,
    Odd,
    flag,
    ident,
    left_out,
    moment,
    money,
    part,
    parts,
    text,
    unknown,
    whole,
    word,
)

STATUSES = {
    "INITIATED": ReturnStatus.STARTED,
    "DELIVERED": ReturnStatus.RECEIVED,
    "COMPLETED": ReturnStatus.COMPLETED,
}
# A parcel's scans say more than the status does while the return is open.
IN_TRANSIT = "RETURN_IN_TRANSIT"
RECEIVED = ("DELIVERED_AT_RETURN_CENTER", "DELIVERED_AFTER_INVOICE")
REFUNDED = ("REFUND_ISSUED", "REFUND_COMPLETED")
CANCELLED = "RETURN_CANCELLED"
OVER = (ReturnStatus.COMPLETED, ReturnStatus.CANCELLED)
ORDER = (
    ReturnStatus.UNKNOWN,
    ReturnStatus.STARTED,
    ReturnStatus.IN_TRANSIT,
    ReturnStatus.RECEIVED,
    ReturnStatus.COMPLETED,
)


def returns(values: Iterable[object]) -> Page[ReturnRecord]:
    """A page of return orders."""
    records: list[ReturnRecord] = []
    strange: list[Strange] = []
    for value in values:
        try:
            if not isinstance(value, dict):
                raise Odd("it is no object")
            records.append(one(value, strange))
        except Odd as odd:
            strange.append(left_out(value, "returnOrderId", odd, "A return"))
    return Page(tuple(records), tuple(strange))


def one(value: Json, strange: list[Strange]) -> ReturnRecord:
    """One return order; adds to `strange` what is unknown about it. Raises Odd."""
    number = ident(value, "returnOrderId")
    requested_at = moment(value, "returnOrderDate")
    if requested_at is None:
        raise Odd("returnOrderDate is missing")
    lines = parts(value, "returnOrderLines")
    if not lines:
        raise Odd("returnOrderLines are missing")
    words = [word(line, "status") for line in lines]
    for said in dict.fromkeys(words):
        if said not in STATUSES:
            strange.append(unknown("A status of a return", said, number))
    label = _label(value)
    waiting = [line for line in lines if _status(line) not in OVER and not any(_tagged([line], REFUNDED))]
    return ReturnRecord(
        external_id=number,
        order_id=ident(value, "customerOrderId"),
        modified_at=max([requested_at, *_moments(lines)]),
        # The return is as far as its slowest line.
        status=min((_status(line) for line in lines), key=_how_far),
        status_text=", ".join(dict.fromkeys(filter(None, words)))[:LONGEST_WORD],
        requested_at=requested_at,
        return_by=moment(value, "returnByDate"),
        # A line that was refunded says nothing of one that is here and waits: that one's 48 hours run.
        received_at=_received_at(lines, waiting),
        refunded_at=None if waiting else max(_tagged(lines, REFUNDED), default=None),
        carrier=word(label, "carrierName"),
        tracking_number=text(label, "trackingNo", 100),
        channel=text(part(value, "returnChannel"), "channelName", 40),
        refund_channel=next(filter(None, (word(line, "refundChannel") for line in lines)), ""),
        refund=money(value, "totalRefundAmount", amount_key="currencyAmount", currency_key="currencyUnit"),
        lines=tuple(_line(line) for line in lines),
        events=_events(lines),
    )


def _received_at(lines: list[Json], waiting: list[Json]) -> datetime | None:
    """When the first line that waits for its refund came in; where none waits, when the last one did."""
    if waiting:
        return min(_tagged(waiting, RECEIVED), default=None)
    return max(_tagged(lines, RECEIVED), default=None)


def _line(value: Json) -> ReturnLineRecord:
    item = part(value, "item")
    return ReturnLineRecord(
        external_id=ident(value, "returnOrderLineNumber"),
        sku=text(item, "sku", 100),
        title=text(item, "productName"),
        quantity=whole(part(value, "quantity"), "measurementValue", 1),
        reason=text(value, "returnReason", 100),
        purchase_order_id=text(value, "purchaseOrderId", 40),
        keep_it=flag(value, "isKeepIt"),
        status_text=word(value, "status"),
        tracking_text=text(value, "currentDeliveryStatus", 100) or _last_tag(value),
        refund_text=word(value, "currentRefundStatus"),
    )


def _events(lines: list[Json]) -> tuple[TrackingRecord, ...]:
    """Each step of the way back once, oldest first; lines that travel together name the same ones."""
    found: dict[tuple[datetime, str], TrackingRecord] = {}
    for line in lines:
        for event in parts(line, "returnTrackingDetail"):
            at, code = moment(event, "eventTime"), word(event, "eventTag")
            if at is not None and code:
                found[at, code] = TrackingRecord(at, code, text(event, "eventDescription", 200))
    return tuple(found[key] for key in sorted(found))


def _status(line: Json) -> ReturnStatus:
    found = STATUSES.get(word(line, "status"), ReturnStatus.UNKNOWN)
    tags = [word(event, "eventTag") for event in parts(line, "returnTrackingDetail")]
    if CANCELLED in tags:
        return ReturnStatus.CANCELLED
    if found is ReturnStatus.STARTED and IN_TRANSIT in tags:
        return ReturnStatus.IN_TRANSIT
    return found


def _how_far(status: ReturnStatus) -> int:
    """Cancelled lines hold nothing up."""
    return len(ORDER) if status is ReturnStatus.CANCELLED else ORDER.index(status)


def _moments(lines: list[Json]) -> Iterable[datetime]:
    for line in lines:
        told = [(line, "statusTime")]
        told += [(event, "eventTime") for event in parts(line, "returnTrackingDetail")]
        told += [(state, "statusTime") for state in parts(line, "currentTrackingStatuses")]
        yield from filter(None, (moment(value, key) for value, key in told))


def _tagged(lines: list[Json], tags: tuple[str, ...]) -> Iterable[datetime]:
    for line in lines:
        for event in parts(line, "returnTrackingDetail"):
            at = moment(event, "eventTime")
            if word(event, "eventTag") in tags and at is not None:
                yield at


def _last_tag(line: Json) -> str:
    events = parts(line, "returnTrackingDetail")
    return word(max(events, key=lambda event: whole(event, "sequenceNo")), "eventTag") if events else ""


def _label(value: Json) -> Json:
    """The first label's carrier and tracking number."""
    for group in parts(value, "returnLineGroups"):
        for label in parts(group, "labels"):
            for carrier in parts(label, "carrierInfoList"):
                return carrier
    return {}
