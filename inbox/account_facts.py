"""What the page of a seller account shows: how it is read, and how much it brings compared with last week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from inbox.models import Message
from marketplaces.account_facts import ReadingFacts, reading_facts
from marketplaces.models import AccountFault, SellerAccount
from orders.models import Order

WEEK = timedelta(days=7)
MOST_LATELY = 12
# What a channel brings, as the index on arrivals has it.
ARRIVALS = Q(direction="in") & ~Q(kind__in=["unrecognised", "bounce"])


@dataclass(frozen=True, slots=True)
class Today:
    """How many came today until now, and on the same weekday a week ago until the same time of day."""

    today: int = 0
    week_ago: int = 0


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """Everything there is to know of how an account does."""

    reading: ReadingFacts
    messages: Today
    orders: Today
    last_message_at: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """A fault of an account, for a list over all of them."""

    account: SellerAccount
    fault: AccountFault


def lately(accounts: Sequence[SellerAccount], known: Mapping[int, ChannelFacts]) -> list[Incident]:
    """What went wrong last in these accounts, the newest first."""
    found = [
        Incident(account, fault)
        for account in accounts
        for fault in (*known[account.pk].reading.open_faults, *known[account.pk].reading.past_faults)
    ]
    found.sort(key=lambda each: each.fault.last_seen, reverse=True)
    # One key serves several streams: what is wrong with it is said once.
    once = {
        (each.account.pk, each.fault.words, each.fault.cleared_at is None): each for each in reversed(found)
    }
    return sorted(once.values(), key=lambda each: each.fault.last_seen, reverse=True)[:MOST_LATELY]


def facts(accounts: Sequence[SellerAccount], *, now: datetime, zone: str) -> dict[int, ChannelFacts]:
    """The facts of each account by its id, in nine statements however many accounts there are.

    "Today" is the reader's, in their time zone.
    """
    ids = [account.pk for account in accounts]
    spans = _spans(now, ZoneInfo(zone))
    messages = _counted(Message.objects.filter(ARRIVALS, account__in=ids), "sent_at", spans)
    orders = _counted(Order.objects.filter(account__in=ids), "ordered_at", spans)
    newest = Message.objects.filter(ARRIVALS, account=OuterRef("pk")).order_by("-sent_at")
    last = dict(
        SellerAccount.objects.filter(pk__in=ids)
        .annotate(last=Subquery(newest.values("sent_at")[:1]))
        .values_list("pk", "last")
    )
    reading = reading_facts(accounts, now=now)
    return {
        pk: ChannelFacts(reading[pk], messages.get(pk, Today()), orders.get(pk, Today()), last.get(pk))
        for pk in ids
    }


Span = tuple[datetime, datetime]


def _spans(now: datetime, zone: ZoneInfo) -> tuple[Span, Span]:
    """The reader's day until now, and a week before by the clock on the wall."""
    there = now.astimezone(zone)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    # Arithmetic on a moment with a zone goes by the wall; comparing two of them goes by UTC.
    return (midnight, there), (midnight - WEEK, there - WEEK)


def _counted(rows: QuerySet[Any], column: str, spans: tuple[Span, Span]) -> dict[int, Today]:
    today, week_ago = (Q(**{f"{column}__range": span}) for span in spans)
    counted = rows.filter(today | week_ago).values("account_id").order_by("account_id")
    counted = counted.annotate(now=Count("pk", filter=today), then=Count("pk", filter=week_ago))
    return {row["account_id"]: Today(row["now"], row["then"]) for row in counted}
