"""Everything the order card shows, read along with the order itself in one statement.

`parts` are annotations: on an order's own row with "pk", on a row that points to an order with its key, so
that the card costs whoever reads that row nothing more.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce, JSONObject, NullIf

from marketplaces.models import ApiStream, SellerAccount
from marketplaces.records import Fulfilment, OrderStatus
from marketplaces.types import Marketplace
from orders.goods import GivenBack, Line, Parcel, Returned, ReturnedLine, Scan, paid_back
from orders.models import (
    Order,
    OrderLine,
    PurchaseOrder,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    TrackingEvent,
)
from orders.seller_sites import page_of
from orders.way import Facts, Way, way_of
from orders.words import FULFILMENT, ORDER_STATUS, Badge, language_of, program

MOST = 100  # lines, parcels, returns and refunds each
MOST_SCANS = 50
# Asked for and not answered for so long: the card stops saying that it waits.
PATIENCE = timedelta(minutes=2)
MOMENTS = frozenset(
    (
        "at",
        "shipped_at",
        "estimated_at",
        "delivered_at",
        "requested_at",
        "return_by",
        "received_at",
        "refunded_at",
        "safe_t_at",
    )
)
MONEY = frozenset(("price", "amount", "safe_t_paid"))
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Purchase:
    """One record of the marketplace, with its lines; most orders are one."""

    number: str
    status: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Card:
    """An order as its card shows it."""

    order: Order
    account: SellerAccount
    way: Way
    purchases: list[Purchase]
    parcels: list[Parcel]
    returns: list[Returned]
    refunds: list[GivenBack]
    asking: bool
    unanswered: bool
    page: str
    # A stream that has read nothing new about the order has read that too.
    as_of: datetime | None
    returns_as_of: datetime | None

    @property
    def status(self) -> str:
        """The order's state in words."""
        return ORDER_STATUS[OrderStatus(self.order.status)]

    @property
    def badges(self) -> list[Badge]:
        """Who ships."""
        kinds = [Fulfilment(self.order.fulfilment)]
        if any(parcel.by_mcf for parcel in self.parcels) and Fulfilment.MCF not in kinds:
            kinds.append(Fulfilment.MCF)
        return [FULFILMENT[kind] for kind in kinds]

    @property
    def programs(self) -> list[str]:
        """The marketplace's programs it was sold under."""
        return [program(str(name)) for name in self.order.programs]

    @property
    def language(self) -> str:
        """The language its buyer reads; "" where nobody says."""
        return language_of(self.order.buyer_locale)

    @property
    def refunded(self) -> tuple[Decimal, str] | None:
        """All that was given back, with its currency; None where nothing was, as far as anybody has told.

        A return's record tells of it days before Amazon's Finances do.
        """
        given = [(each.amount, each.currency) for each in self.refunds]
        given = given or [(paid, back.currency) for back in self.returns if (paid := self.paid_back(back))]
        return (sum((amount for amount, _ in given), Decimal(0)), given[0][1]) if given else None

    @property
    def refunds_unread(self) -> bool:
        """Whether refunds must be asked for apart from the order, and were not yet."""
        return self.account.marketplace == Marketplace.AMAZON and self.order.refunds_as_of is None

    def is_whole_day(self, at: datetime) -> bool:
        """Whether the moment of a return says no more than the day: Amazon's report has dates."""
        return self.account.marketplace == Marketplace.AMAZON and at.astimezone(UTC).time() == time.min

    def paid_back(self, back: Returned) -> Decimal | None:
        """What the buyer got back for that return."""
        return paid_back(back.amount, back.refunded_at, self.account.marketplace)

    @property
    def first_title(self) -> str:
        """What it is about, in a few words."""
        lines = [line for purchase in self.purchases for line in purchase.lines]
        return lines[0].title if lines else self.order.item_title


def parts(order: str) -> dict[str, Subquery]:
    """Annotations that bring all a card needs along; `order` is the outer column with the order's id.

    The outer row has an `account` too.
    """
    return {
        "order_purchases": _purchases(OuterRef(order)),
        "order_lines": _lines(OuterRef(order)),
        "order_parcels": _parcels(OuterRef(order)),
        "order_returns": _returns(OuterRef(order)),
        "order_refunds": _refunds(OuterRef(order)),
        "orders_read_at": _read_at("orders"),
        "returns_read_at": _read_at("returns"),
    }


def orders_with_cards() -> QuerySet[Order]:
    """Orders with everything their cards need."""
    return Order.objects.select_related("account", "buyer").annotate(**parts("pk"))


def card_of(order: Order, row: Any, *, account: SellerAccount, now: datetime) -> Card:
    """The card of an order from the row that brought its parts."""
    lines = [_shape(Line, each) for each in row.order_lines]
    parcels = [_parcel(each) for each in row.order_parcels]
    asked = order.wanted_at if order.wanted_by_person else None
    return Card(
        order=order,
        account=account,
        way=_way(order, account, parcels, now),
        purchases=[
            Purchase(
                each["number"],
                ORDER_STATUS[OrderStatus(each["status"])],
                [line for line in lines if line.purchase == each["number"]],
            )
            for each in row.order_purchases
        ],
        parcels=parcels,
        returns=[_returned(each) for each in row.order_returns],
        refunds=[_shape(GivenBack, each) for each in row.order_refunds],
        asking=asked is not None and now - asked < PATIENCE,
        unanswered=asked is not None and now - asked >= PATIENCE,
        page=page_of(account.market, order.external_id),
        as_of=_newest(order.as_of, None if order.is_placeholder or order.fault else row.orders_read_at),
        returns_as_of=_newest(order.returns_as_of, row.returns_read_at),
    )


def _read_at(stream: str) -> Subquery:
    rows = ApiStream.objects.filter(account=OuterRef("account"), name=stream)
    return Subquery(rows.values("last_ok_at")[:1])


def _newest(*moments: datetime | None) -> datetime | None:
    return max(filter(None, moments), default=None)


def _way(order: Order, account: SellerAccount, parcels: list[Parcel], now: datetime) -> Way:
    shipped = [parcel.shipped_at for parcel in parcels if parcel.shipped_at]
    expected = [parcel.estimated_at for parcel in parcels if parcel.estimated_at and not parcel.delivered_at]
    facts = Facts(
        status=order.status,
        zone=account.site.time_zone,
        ordered_at=order.ordered_at,
        ship_by=order.ship_by,
        shipped_at=min(shipped, default=None),
        promised_at=order.deliver_by,
        expected_at=max(expected, default=None),
        delivered_at=order.delivered_at,
        parcels=tuple(parcel.status for parcel in parcels),
        seller_ships=order.fulfilment == Fulfilment.SELLER,
    )
    return way_of(facts, now)


def _parcel(row: dict[str, Any]) -> Parcel:
    return _shape(Parcel, row | {"scans": [_shape(Scan, each) for each in row["scans"]]})


def _returned(row: dict[str, Any]) -> Returned:
    steps = [_shape(Scan, {"at": each["at"], "text": each["code"], "place": ""}) for each in row["steps"]]
    lines = [ReturnedLine(**each) for each in row["lines"]]
    return _shape(Returned, row | {"lines": lines, "steps": steps[::-1]})


def _shape(shape: type[T], row: dict[str, Any]) -> T:
    """JSON knows neither moments nor money."""
    given = dict(row)
    for name in MOMENTS & given.keys():
        given[name] = datetime.fromisoformat(given[name]) if given[name] else None
    for name in MONEY & given.keys():
        given[name] = Decimal(given[name]) if given[name] is not None else None
    return shape(**given)


def _text(column: str) -> Cast:
    """Money as text: a JSON number would lose its pennies."""
    return Cast(column, TextField())


def _json(rows: QuerySet[Any], most: int = MOST, **columns: Any) -> ArraySubquery:
    return ArraySubquery(rows.values(data=JSONObject(**columns))[:most])


def _purchases(order: OuterRef) -> ArraySubquery:
    rows = PurchaseOrder.objects.filter(order=order).order_by("ordered_at", "id")
    return _json(rows, number=F("external_id"), status=F("status"))


def _lines(order: OuterRef) -> ArraySubquery:
    return _json(
        OrderLine.objects.filter(order=order).order_by(
            "purchase_order__ordered_at", "purchase_order_id", "id"
        ),
        purchase=F("purchase_order__external_id"),
        item=F("item_id"),
        image=F("item__image_path"),
        sku=F("sku"),
        title=F("title"),
        quantity=F("quantity"),
        price=_text("unit_price"),
        currency=F("currency"),
        status=F("status"),
        cancel_requested=F("cancel_requested"),
        cancel_reason=F("cancel_reason"),
    )


def _parcels(order: OuterRef) -> ArraySubquery:
    scans = TrackingEvent.objects.filter(shipment=OuterRef("pk")).order_by("-at", "-id")
    return _json(
        Shipment.objects.filter(order=order).order_by("shipped_at", "id"),
        carrier=F("carrier"),
        number=F("tracking_number"),
        given=F("tracking_url"),
        status=F("status"),
        status_text=F("status_text"),
        by_mcf=F("by_mcf"),
        shipped_at=F("shipped_at"),
        estimated_at=F("estimated_at"),
        delivered_at=F("delivered_at"),
        scans=_json(scans, MOST_SCANS, at=F("at"), text=_first("text", "code"), place=F("place")),
    )


def _returns(order: OuterRef) -> ArraySubquery:
    lines = ReturnLine.objects.filter(parent=OuterRef("pk")).order_by("id")
    return _json(
        Return.objects.filter(order=order).order_by("-requested_at", "-id"),
        number=F("external_id"),
        status=F("status"),
        status_text=F("status_text"),
        requested_at=F("requested_at"),
        return_by=F("return_by"),
        received_at=F("received_at"),
        refunded_at=F("refunded_at"),
        carrier=F("carrier"),
        tracking=F("tracking_number"),
        refund_channel=F("refund_channel"),
        amount=_text("refund_amount"),
        currency=F("currency"),
        in_policy=F("in_policy"),
        a_to_z=F("a_to_z"),
        safe_t=F("safe_t"),
        safe_t_reason=F("safe_t_reason"),
        safe_t_at=F("safe_t_at"),
        safe_t_paid=_text("safe_t_paid"),
        steps=F("events"),
        lines=_json(
            lines,
            title=F("title"),
            sku=F("sku"),
            quantity=F("quantity"),
            reason=F("reason"),
            comment=F("comment"),
            keep_it=F("keep_it"),
        ),
    )


def _refunds(order: OuterRef) -> ArraySubquery:
    return _json(
        Refund.objects.filter(order=order).order_by("-at", "-id"),
        amount=_text("amount"),
        currency=F("currency"),
        at=F("at"),
        reason=F("reason"),
        issued_by=F("issued_by"),
    )


def _first(column: str, otherwise: str) -> Coalesce:
    """The column, or the other one where it is empty."""
    return Coalesce(NullIf(column, Value("")), otherwise)
