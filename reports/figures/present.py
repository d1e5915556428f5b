"""The figures of the present moment: each is the count of exactly the conversations behind it."""

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from inbox import sla
from inbox.models import Conversation, Deadline
from inbox.promises import REPLY
from reports.figures.periods import end_of_day
from reports.shapes import Narrowed, NowFigure, NowFigures, Oldest

# Counting stops here: no figure may grow with the number of conversations.
MOST = 1000


def behind(key: str, *, now: datetime, zone: str) -> Q:
    """Which conversations a figure counts, as a range of the index on their due moment.

    late: its moment has passed; under_2h and under_8h: it comes within that time, the 8 hours begin now as
    well; unassigned_today: it still comes today, the reader's today, and nobody is assigned. Raises KeyError.
    """
    return {
        "late": Q(due_at__lt=now),
        "under_2h": Q(due_at__gte=now, due_at__lt=now + sla.CRITICAL),
        "under_8h": Q(due_at__gte=now, due_at__lt=now + sla.CALM),
        "unassigned_today": Q(due_at__gte=now, due_at__lt=end_of_day(now, zone), assignee__isnull=True),
    }[key]


def now_figures(*, now: datetime, zone: str, narrowed: Narrowed) -> NowFigures:
    """The first row of the board, in two statements a figure and one for the oldest message."""

    def figure(key: str) -> NowFigure:
        rows = narrow(Conversation.objects.filter(behind(key, now=now, zone=zone)), narrowed)
        return _figure(key, rows)

    return NowFigures(
        late=figure("late"),
        under_2h=figure("under_2h"),
        under_8h=figure("under_8h"),
        unassigned_today=figure("unassigned_today"),
        oldest=_oldest(narrowed),
    )


def narrow(rows: QuerySet[Conversation], narrowed: Narrowed) -> QuerySet[Conversation]:
    """Only the conversations of an account, or with a tag, where the reader has chosen one."""
    if narrowed.account_id:
        rows = rows.filter(account=narrowed.account_id)
    if narrowed.tag_id:
        rows = rows.filter(tags__tag=narrowed.tag_id)
    return rows


def _figure(key: str, rows: QuerySet[Conversation]) -> NowFigure:
    first: Any = (
        rows.order_by("due_at", "id")
        .values_list("number", "due_at", "account__name", "assignee__user__name", named=True)
        .first()
    )
    if first is None:
        return NowFigure(key=key, count=0, more=False)
    count = rows.order_by().values("pk")[: MOST + 1].aggregate(count=Count("pk"))["count"]
    return NowFigure(
        key=key,
        count=min(count, MOST),
        more=count > MOST,
        first_number=first.number,
        first_due_at=first.due_at,
        first_account=first.account__name,
        first_assignee=first.assignee__user__name or "",
    )


def _oldest(narrowed: Narrowed) -> Oldest | None:
    rows = Deadline.objects.filter(stopped_at__isnull=True, kind=REPLY).order_by("started_at", "id")
    if narrowed.account_id:
        rows = rows.filter(conversation__account=narrowed.account_id)
    if narrowed.tag_id:
        rows = rows.filter(conversation__tags__tag=narrowed.tag_id)
    found: Any = rows.annotate(number=F("conversation__number"), account=F("conversation__account__name"))
    first = found.values("number", "started_at", "due_at", "account").first()
    return Oldest(**first) if first else None
