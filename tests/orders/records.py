"""Records as an adapter would return them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketplaces.records import (
    Fulfilment,
    LineRecord,
    Money,
    OrderRecord,
    OrderStatus,
    RefundRecord,
    ReturnLineRecord,
    ReturnRecord,
    ReturnStatus,
    ShipmentRecord,
    ShipmentStatus,
    TrackingRecord,
)

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
RELAY = "0123456789abcdef0123456789abcdef@relay.walmart.com"


def usd(amount: str) -> Money:
    """An amount in dollars."""
    return Money(Decimal(amount), "USD")


def line(external_id: str = "1", **facts: Any) -> LineRecord:
    """One lamp, unshipped."""
    lamp = LineRecord(
        external_id,
        "LMP-ARC-01",
        "Arched floor lamp",
        1,
        unit_price=usd("89.90"),
        status=OrderStatus.UNSHIPPED,
    )
    return replace(lamp, **facts)


def order(**facts: Any) -> OrderRecord:
    """An order of one lamp, as it was when it was new."""
    record = OrderRecord(
        order_id="200011874402913",
        external_id="108810001",
        ordered_at=START,
        modified_at=START,
        status=OrderStatus.UNSHIPPED,
        status_text="Created",
        fulfilment=Fulfilment.SELLER,
        lines=(line(),),
        relay_address=RELAY,
        buyer_name="Denise Kowalczyk",
        ship_by=START + timedelta(days=2),
        deliver_by=START + timedelta(days=6),
        total=usd("89.90"),
    )
    return replace(record, **facts)


def parcel(external_id: str = "1Z999", *, scans: int = 0, **facts: Any) -> ShipmentRecord:
    """A parcel on its way, with that many scans."""
    events = tuple(TrackingRecord(START + timedelta(hours=n), f"scan-{n}", "Scanned") for n in range(scans))
    record = ShipmentRecord(
        external_id,
        carrier="UPS",
        tracking_number=external_id,
        status=ShipmentStatus.IN_TRANSIT,
        shipped_at=START + timedelta(days=1),
        events=events,
    )
    return replace(record, **facts)


def refund(external_id: str = "R1", amount: str = "10.00") -> RefundRecord:
    """Money given back."""
    return RefundRecord(external_id, usd(amount), START + timedelta(days=9), "damaged")


def returned(**facts: Any) -> ReturnRecord:
    """A return that was just begun."""
    record = ReturnRecord(
        external_id="RMA-1",
        order_id="200011874402913",
        modified_at=START + timedelta(days=8),
        status=ReturnStatus.STARTED,
        status_text="INITIATED",
        requested_at=START + timedelta(days=8),
        lines=(ReturnLineRecord("1", sku="LMP-ARC-01", reason="DAMAGED"),),
    )
    return replace(record, **facts)
