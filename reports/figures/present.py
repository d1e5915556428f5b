"""The figures of the present moment: each is the count of exactly the conversations behind it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.days import end_of_day
from inbox import sla
from inbox.models import Conversation, Deadline
from inbox.promises import REPLY
from reports import rows
from reports.shapes import Narrowed, NowFigure, NowFigures, Oldest

# Counting stops here: no figure may grow with the number of conversations.
MOST = 1000
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Each figure is a range of the index on the earliest due moment, counted no further than MOST.
FIGURES = """
    SELECT figure.key, counted.number, first.* FROM unnest(%(keys)s::text[], %(since)s::timestamptz[],
        %(until)s::timestamptz[], %(nobodys)s::boolean[]) AS figure(key, since, until, nobodys)
    CROSS JOIN LATERAL (SELECT count(*) AS number FROM (
        SELECT FROM inbox_conversation c WHERE <behind> LIMIT %(most)s + 1) there) counted
    LEFT JOIN LATERAL (
        SELECT c.number, c.due_at, a.name, u.name FROM inbox_conversation c
        JOIN marketplaces_selleraccount a ON a.id = c.account_id
        LEFT JOIN accounts_membership m ON m.id = c.assignee_id LEFT JOIN accounts_user u ON u.id = m.user_id
        WHERE <behind> ORDER BY c.due_at, c.id LIMIT 1) first ON true
"""
BEHIND = """
    c.due_at >= figure.since AND c.due_at < figure.until AND (NOT figure.nobodys OR c.assignee_id IS NULL)
    AND (%(account)s = 0 OR c.account_id = %(account)s)
    AND (%(tag)s = 0 OR EXISTS (SELECT FROM inbox_conversationtag t
                                WHERE t.conversation_id = c.id AND t.tag_id = %(tag)s))
"""


@dataclass(frozen=True, slots=True)
class Range:
    """Which conversations a figure counts: due in a stretch of time, of nobody where it says so."""

    since: datetime
    until: datetime
    nobodys: bool = False

    @property
    def rows(self) -> Q:
        """The same as a condition."""
        within = Q(due_at__gte=self.since, due_at__lt=self.until)
        return within & Q(assignee__isnull=True) if self.nobodys else within


def ranges(*, now: datetime, zone: str) -> dict[str, Range]:
    """What each figure counts; today is the reader's, and the 8 hours begin now as the 2 do."""
    return {
        "late": Range(BEGINNING, now),
        "under_2h": Range(now, now + sla.CRITICAL),
        "under_8h": Range(now, now + sla.CALM),
        "unassigned_today": Range(now, end_of_day(now, zone), nobodys=True),
    }


def now_figures(*, now: datetime, zone: str, narrowed: Narrowed) -> NowFigures:
    """The first row of the board, in two statements."""
    wanted = ranges(now=now, zone=zone)
    given = {
        "keys": list(wanted),
        "since": [each.since for each in wanted.values()],
        "until": [each.until for each in wanted.values()],
        "nobodys": [each.nobodys for each in wanted.values()],
        "most": MOST,
        "account": narrowed.account_id,
        "tag": narrowed.tag_id,
    }
    found = {row[0]: _figure(*row) for row in rows.read(FIGURES.replace("<behind>", BEHIND), given)}
    return NowFigures(**found, oldest=_oldest(narrowed))


def narrow(conversations: QuerySet[Conversation], narrowed: Narrowed) -> QuerySet[Conversation]:
    """Only the conversations of an account, or with a tag, where the reader has chosen one."""
    if narrowed.account_id:
        conversations = conversations.filter(account=narrowed.account_id)
    if narrowed.tag_id:
        conversations = conversations.filter(tags__tag=narrowed.tag_id)
    return conversations


def _figure(
    key: str, count: int, number: int | None, due_at: datetime | None, account: str | None, name: str | None
) -> NowFigure:
    return NowFigure(
        key=key,
        count=min(count, MOST),
        more=count > MOST,
        first_number=number or 0,
        first_due_at=due_at,
        first_account=account or "",
        first_assignee=name or "",
    )


def _oldest(narrowed: Narrowed) -> Oldest | None:
    running = Deadline.objects.filter(stopped_at__isnull=True, kind=REPLY).order_by("started_at", "id")
    if narrowed.account_id:
        running = running.filter(conversation__account=narrowed.account_id)
    if narrowed.tag_id:
        running = running.filter(conversation__tags__tag=narrowed.tag_id)
    named = running.annotate(number=F("conversation__number"), account=F("conversation__account__name"))
    first: Any = named.values("number", "started_at", "due_at", "account").first()
    return Oldest(**first) if first else None
