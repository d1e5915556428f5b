"""One order as the marketplace knows it.

Every moment is in milliseconds since 1970 (UTC): Walmart's API writes them so, and they compare as numbers.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulator.mistakes import Mistake

FULFILMENTS = {
    "walmart": ("seller", "wfs", "3pl"),
    "amazon": ("seller", "fba"),
}


def ms(at: datetime) -> int:
    """A moment as the orders keep it."""
    return int(at.timestamp() * 1000)


def iso(at: int) -> str:
    """A moment as Amazon's API writes it."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> int:
    """A date or a moment in ISO 8601; raises Mistake for anything else. Without an offset it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Mistake(f"{text!r} is not a date in ISO 8601.") from None
    return ms(at.replace(tzinfo=at.tzinfo or UTC))


@dataclass
class Line:
    """One article of an order; `price` is for one piece, `ref` Amazon's number of the line."""

    number: int
    ref: str
    sku: str
    title: str
    asin: str
    item_id: str
    quantity: int
    price: str
    cancelled: int = 0


@dataclass
class Parcel:
    """The parcel that carries an order; `number` is the package number of a Multi-Channel shipment."""

    carrier: str
    tracking: str
    shipped_at: int
    delivered_at: int | None = None
    number: int = 0


@dataclass
class Return:
    """One line on its way back; `reason` in the words of the marketplace, `channel` who started it."""

    id: str
    line: int
    quantity: int
    reason: str
    comment: str
    amount: str
    started_at: int
    carrier: str
    tracking: str
    received_at: int | None = None
    refunded_at: int | None = None
    channel: str = "ONLINE"
    claim: bool = False

    @property
    def status(self) -> str:
        """INITIATED, DELIVERED or COMPLETED."""
        if self.refunded_at is not None:
            return "COMPLETED"
        return "INITIATED" if self.received_at is None else "DELIVERED"


@dataclass
class Refund:
    """Money that went back to the buyer; `by` is seller or marketplace."""

    at: int
    amount: str
    reason: str
    by: str = "seller"


@dataclass
class Address:
    """Where the parcel goes."""

    street: str
    city: str
    state: str
    postal_code: str
    country: str


@dataclass
class Order:
    """One order: at Walmart one purchase order of a customer's order, at Amazon the whole of it.

    `fulfilment` is seller, wfs, 3pl, fba, or mcf for a shipment Amazon makes for another marketplace's order.
    `relay_ready_at` is when the API begins to tell the buyer's address; before, Walmart gives a placeholder.
    """

    id: str
    customer_order_id: str
    account: str
    fulfilment: str
    buyer_name: str
    relay_address: str
    address: Address
    currency: str
    language: str
    ordered_at: int
    ship_by: int
    promised_by: int
    lines: list[Line]
    status: str = "created"
    modified_at: int = 0
    speed: str = "Value"
    parcel: Parcel | None = None
    cancel_requested_at: int | None = None
    cancel_reason: str = ""
    cancelled_at: int | None = None
    cancelled_by: str = ""
    returns: list[Return] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    relay_ready_at: int = 0
    mcf_account: str = ""
    mcf_id: str = ""
    actions: list[str] = field(default_factory=list)
    story_id: str = ""

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Order":
        """Read back what `asdict` wrote."""
        parcel = facts["parcel"]
        return cls(
            **{
                **facts,
                "address": Address(**facts["address"]),
                "lines": [Line(**line) for line in facts["lines"]],
                "parcel": None if parcel is None else Parcel(**parcel),
                "returns": [Return(**one) for one in facts["returns"]],
                "refunds": [Refund(**one) for one in facts["refunds"]],
            }
        )

    @property
    def total(self) -> Decimal:
        """What the buyer paid for everything not cancelled."""
        return sum(
            (Decimal(line.price) * (line.quantity - line.cancelled) for line in self.lines), Decimal(0)
        )

    def last_event(self) -> int:
        """The moment of the newest thing that happened to it."""
        moments = [self.ordered_at, self.cancel_requested_at, self.cancelled_at]
        if self.parcel is not None:
            moments += [self.parcel.shipped_at, self.parcel.delivered_at]
        for one in self.returns:
            moments += [one.started_at, one.received_at, one.refunded_at]
        moments += [refund.at for refund in self.refunds]
        return max(at for at in moments if at is not None)

    def described(self) -> dict[str, Any]:
        """What the control API tells of it: every fact, moments in ISO 8601."""
        return _with_times(asdict(self)) | {
            "skus": [line.sku for line in self.lines],
            "carrier": self.parcel.carrier if self.parcel else "",
            "tracking": self.parcel.tracking if self.parcel else "",
            "shipped_at": iso(self.parcel.shipped_at) if self.parcel else None,
            "delivered_at": iso(self.parcel.delivered_at)
            if self.parcel and self.parcel.delivered_at
            else None,
            "modified_ms": self.modified_at,
        }


def _with_times(facts: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            told[name] = _with_times(value)
        elif isinstance(value, list):
            told[name] = [_with_times(one) if isinstance(one, dict) else one for one in value]
        elif isinstance(value, int) and (name.endswith("_at") or name in ("at", "ship_by", "promised_by")):
            told[name] = iso(value)
        else:
            told[name] = value
    return told
