"""What an order consists of, as its card shows it: articles, parcels, returns, refunds; pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from marketplaces.records import OrderStatus, ReturnStatus, ShipmentStatus
from marketplaces.types import Marketplace
from orders.carriers import tracking_page
from orders.words import ISSUERS, ORDER_STATUS, REFUND_CHANNELS, RETURN_STATUS, SHIPMENT_STATUS, plain


@dataclass(frozen=True, slots=True)
class Line:
    """An article of the order."""

    purchase: str
    item: int
    image: str
    sku: str
    title: str
    quantity: int
    price: Decimal | None
    currency: str
    status: str
    cancel_requested: bool
    cancel_reason: str

    @property
    def words(self) -> str:
        """Its state in words."""
        return ORDER_STATUS[OrderStatus(self.status)]


@dataclass(frozen=True, slots=True)
class Scan:
    """Where a parcel was seen."""

    at: datetime
    text: str
    place: str

    @property
    def words(self) -> str:
        """What was seen, for people."""
        return plain(self.text)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of the order."""

    carrier: str
    number: str
    given: str
    status: str
    status_text: str
    by_mcf: bool
    shipped_at: datetime | None
    estimated_at: datetime | None
    delivered_at: datetime | None
    scans: list[Scan]

    @property
    def words(self) -> str:
        """Its state in words; the marketplace's own word where we know none."""
        return SHIPMENT_STATUS[ShipmentStatus(self.status)] or plain(self.status_text)

    @property
    def page(self) -> str:
        """Where it can be followed; "" where nobody knows."""
        return tracking_page(self.carrier, self.number, self.given)


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """An article that comes back, in the buyer's words why."""

    title: str
    sku: str
    quantity: int
    reason: str
    comment: str
    keep_it: bool

    @property
    def words(self) -> str:
        """Why it comes back."""
        return plain(self.reason)


@dataclass(frozen=True, slots=True)
class Returned:
    """A return of the order."""

    number: str
    status: str
    status_text: str
    requested_at: datetime | None
    return_by: datetime | None
    received_at: datetime | None
    refunded_at: datetime | None
    carrier: str
    tracking: str
    refund_channel: str
    amount: Decimal | None
    currency: str
    in_policy: bool | None
    a_to_z: bool
    safe_t: str
    safe_t_reason: str
    safe_t_at: datetime | None
    safe_t_paid: Decimal | None
    lines: list[ReturnedLine]
    steps: list[Scan]

    @property
    def words(self) -> str:
        """Its state in words."""
        known = RETURN_STATUS[ReturnStatus(self.status)]
        return plain(self.status_text) or known if self.status == ReturnStatus.UNKNOWN else known

    @property
    def refunds(self) -> str:
        """Who gives the money back; "" where the source does not say."""
        return REFUND_CHANNELS.get(self.refund_channel) or plain(self.refund_channel)

    @property
    def page(self) -> str:
        """Where the parcel on its way back can be followed."""
        return tracking_page(self.carrier, self.tracking)


def paid_back(amount: Decimal | None, refunded_at: datetime | None, by: Marketplace) -> Decimal | None:
    """What the buyer got back for a return; None as long as nobody says that it was paid.

    Walmart names the sum from the start, and a moment once it is paid (`totalRefundAmount`). Amazon's report
    names the sum only of what is paid, and no moment ("Refunded Amount").
    """
    return amount if refunded_at is not None or by == Marketplace.AMAZON else None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Money given back."""

    amount: Decimal
    currency: str
    at: datetime | None
    reason: str
    issued_by: str

    @property
    def by(self) -> str:
        """Who gave it; "" where the source does not say."""
        return ISSUERS.get(self.issued_by, "")

    @property
    def words(self) -> str:
        """Why it was given."""
        return plain(self.reason)
