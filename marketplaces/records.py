"""What the marketplaces' APIs tell us, in one shape for both; pure data, parsed once at the edge.

Moments are UTC-aware, money is Decimal with its currency. A text nobody here knows stays as the marketplace
wrote it: `status_text` always holds the original word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class OrderStatus(StrEnum):
    """How far an order, or a part of it, has come."""

    PENDING = "pending"
    UNSHIPPED = "unshipped"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Fulfilment(StrEnum):
    """Who ships an order."""

    SELLER = "seller"
    WFS = "wfs"  # Walmart Fulfillment Services
    FBA = "fba"  # Fulfilment by Amazon
    THIRD_PARTY = "third_party"  # Walmart's 3PLFulfilled
    MCF = "mcf"  # shipped by Amazon for an order made elsewhere


class ShipmentStatus(StrEnum):
    """Where a parcel is."""

    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class ReturnStatus(StrEnum):
    """How far a return has come."""

    STARTED = "started"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class LineRecord:
    """One line of an order. `item_id` is the ASIN at Amazon, empty at Walmart where no API names one."""

    external_id: str
    sku: str
    title: str
    quantity: int
    item_id: str = ""
    unit_price: Money | None = None
    image_url: str = ""
    status: OrderStatus = OrderStatus.UNKNOWN
    status_text: str = ""
    cancel_requested: bool = False
    cancel_reason: str = ""


@dataclass(frozen=True, slots=True)
class TrackingRecord:
    """One scan of a parcel."""

    at: datetime
    code: str
    text: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    """A parcel. `external_id` tells it from the order's others: its tracking number where it has one."""

    external_id: str
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    status: ShipmentStatus = ShipmentStatus.UNKNOWN
    status_text: str = ""
    shipped_at: datetime | None = None
    estimated_at: datetime | None = None
    delivered_at: datetime | None = None
    events: tuple[TrackingRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """Money given back; `external_id` is stable for the same refund read again."""

    external_id: str
    amount: Money
    at: datetime | None = None
    reason: str = ""
    issued_by: str = ""  # seller, marketplace, or empty where the source does not say


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """The marketplace's own record: at Amazon the order, at Walmart one purchase order of a customer's order.

    `order_id` is the number the buyer knows, `external_id` the record's own (the same at Amazon).
    `modified_at` decides which of two versions is the newer; where the source has no such moment (Walmart)
    it is the latest moment any part of the record names.
    """

    order_id: str
    external_id: str
    ordered_at: datetime
    modified_at: datetime
    status: OrderStatus
    status_text: str
    fulfilment: Fulfilment
    lines: tuple[LineRecord, ...]
    relay_address: str = ""  # empty where the marketplace gives none, or only its placeholder
    buyer_name: str = ""
    ship_to_place: str = ""  # town, state and postal code; never the street
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    total: Money | None = None
    programs: tuple[str, ...] = ()
    shipments: tuple[ShipmentRecord, ...] = ()
    refunds: tuple[RefundRecord, ...] = ()
    marketplace_id: str = ""  # Amazon's site id, to refuse what is not this account's


@dataclass(frozen=True, slots=True)
class ReturnLineRecord:
    """One line of a return, with the words the source has for each of its three progresses."""

    external_id: str
    sku: str = ""
    title: str = ""
    quantity: int = 1
    reason: str = ""
    comment: str = ""
    purchase_order_id: str = ""
    keep_it: bool = False
    status_text: str = ""
    tracking_text: str = ""
    refund_text: str = ""


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """A return (RMA) of an order, which may not be here yet."""

    external_id: str
    order_id: str
    modified_at: datetime
    status: ReturnStatus
    status_text: str
    requested_at: datetime | None = None
    return_by: datetime | None = None
    received_at: datetime | None = None
    refunded_at: datetime | None = None
    carrier: str = ""
    tracking_number: str = ""
    channel: str = ""  # where the buyer started it
    refund_channel: str = ""  # who refunds
    refund: Money | None = None
    in_policy: bool | None = None
    a_to_z: bool = False
    safe_t: str = ""  # the seller's claim to be paid back by Amazon: its number and state
    safe_t_reason: str = ""
    safe_t_at: datetime | None = None
    safe_t_paid: Money | None = None
    lines: tuple[ReturnLineRecord, ...] = ()
    events: tuple[TrackingRecord, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class FulfilmentRecord:
    """An order Amazon ships for another channel (MCF); `order_id` is the number shown on its packing slip."""

    external_id: str
    order_id: str
    modified_at: datetime
    status_text: str
    shipments: tuple[ShipmentRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A kind of message the marketplace lets the seller begin for one order."""

    name: str
    longest: int  # characters


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a connection test found: a sentence for people, and what the key may not do.

    `missing`: what reading needs and the key may not, in words; `advised`: what would only be a help, such as
    figures. `covers_site` is whether the key is good for the account's own site. `seller_id` and
    `seller_name` are empty where no answer names them. `scopes` is what the marketplace calls its rights
    (Walmart: full_access, view_only, no_access by resource). `newest_order` is an order that could be read.
    `clock_ahead` is how far the marketplace's clock (the Date of its answer) is ahead of ours, to within a
    second.
    """

    summary: str
    missing: tuple[str, ...] = ()
    advised: tuple[str, ...] = ()
    covers_site: bool = True
    seller_id: str = ""
    seller_name: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None
    newest_order: str = ""
    server_time: datetime | None = None
    clock_ahead: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """How many orders a window holds, or nearly so, and how many seconds the limits let reading them take."""

    orders: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Subscription:
    """A kind of event the marketplace tells us of, and where it sends it."""

    event: str
    external_id: str
    url: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """A span of modification moments to read, both inclusive."""

    since: datetime
    until: datetime


class Oddity(StrEnum):
    """What is odd about a record."""

    UNKNOWN_VALUE = "unknown_value"  # kept: a word we do not know stands beside UNKNOWN
    LEFT_OUT = "left_out"  # not among the records: something compulsory is missing or of the wrong type
    FOREIGN = "foreign"  # not among the records: it belongs to another account or site


@dataclass(frozen=True, slots=True)
class Strange:
    """Something in an answer that could not be read as it should; `text` names no buyer.

    `external_id` is the number of the order or return where the record has one, so that it can be asked for
    again by itself.
    """

    oddity: Oddity
    text: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and what was strange about it."""

    records: tuple[T, ...]
    strange: tuple[Strange, ...] = ()
