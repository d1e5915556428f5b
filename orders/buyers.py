"""What is known of a buyer's orders and returns, over all seller accounts of the tenant, in one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from marketplaces.records import OrderStatus, ReturnStatus
from orders.models import Buyer, Order, Return
from orders.words import ORDER_STATUS, RETURN_STATUS, plain

RECENT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class BuyersOrder:
    """An order of the buyer."""

    id: int
    number: str
    account: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class BuyersReturn:
    """A return of the buyer."""

    order: int
    number: str
    at: datetime | None
    words: str
    a_to_z: bool


@dataclass(frozen=True, slots=True)
class BuyersTrade:
    """The newest orders and returns of a buyer, and how many of each in the last 90 days."""

    buyer: Buyer
    orders: list[BuyersOrder]
    returns: list[BuyersReturn]
    order_count: int
    return_count: int
    claim_count: int  # of those returns, the ones with an A-to-z claim


def trade_of(buyer_id: int, *, now: datetime, most: int) -> BuyersTrade:
    """Read it, at most so many of each; raises Buyer.DoesNotExist."""
    since = now - RECENT
    orders = Order.objects.filter(buyer=OuterRef("pk")).annotate(begun=Coalesce("ordered_at", "created_at"))
    returns = Return.objects.filter(order__buyer=OuterRef("pk"))
    recent_returns = returns.filter(requested_at__gte=since)
    row: Any = (
        Buyer.objects.annotate(
            newest_orders=ArraySubquery(
                orders.order_by("-begun", "-id").values(
                    data=JSONObject(
                        id=F("id"),
                        number=F("external_id"),
                        account=F("account__name"),
                        at=F("begun"),
                        status=F("status"),
                        placeholder=F("is_placeholder"),
                    )
                )[:most]
            ),
            newest_returns=ArraySubquery(
                returns.order_by(F("requested_at").desc(nulls_last=True), "-id").values(
                    data=JSONObject(
                        order=F("order_id"),
                        number=F("order__external_id"),
                        at=F("requested_at"),
                        status=F("status"),
                        status_text=F("status_text"),
                        a_to_z=F("a_to_z"),
                    )
                )[:most]
            ),
            order_count=_count(orders.filter(begun__gte=since)),
            return_count=_count(recent_returns),
            claim_count=_count(recent_returns.filter(a_to_z=True)),
        )
    ).get(pk=buyer_id)
    return BuyersTrade(
        buyer=row,
        orders=[_order(each) for each in row.newest_orders],
        returns=[_return(each) for each in row.newest_returns],
        order_count=row.order_count,
        return_count=row.return_count,
        claim_count=row.claim_count,
    )


def _count(rows: QuerySet[Any]) -> Subquery:
    counted = rows.order_by().annotate(number=Func(F("pk"), function="count")).values("number")
    return Subquery(counted, output_field=IntegerField())


def _order(row: dict[str, Any]) -> BuyersOrder:
    words = "not read yet" if row["placeholder"] else ORDER_STATUS[OrderStatus(row["status"])].lower()
    return BuyersOrder(row["id"], row["number"], row["account"], datetime.fromisoformat(row["at"]), words)


def _return(row: dict[str, Any]) -> BuyersReturn:
    status = ReturnStatus(row["status"])
    words = plain(row["status_text"]) if status == ReturnStatus.UNKNOWN else RETURN_STATUS[status]
    at = datetime.fromisoformat(row["at"]) if row["at"] else None
    return BuyersReturn(row["order"], row["number"], at, words or RETURN_STATUS[status], row["a_to_z"])
