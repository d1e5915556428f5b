"""What a member has been told of deadlines, newest first."""

from dataclasses import dataclass
from datetime import datetime

from accounts.cursors import cursor_after, rows_after
from accounts.models import Membership
from inbox.models import Notice

PAGE_ROWS = 50
ORDER = ("-at", "-id")


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of what a member was told."""

    rows: list[Notice]
    next_cursor: str
    unseen: bool


def notice_page(member: Membership, *, after: str = "") -> NoticePage:
    """Read a page; raises BadCursor."""
    mine = Notice.objects.filter(member=member).order_by(*ORDER)
    mine = mine.select_related("conversation__account", "conversation__order")
    rows = list(rows_after(mine, ORDER, after)[: PAGE_ROWS + 1])
    more = len(rows) > PAGE_ROWS
    unseen = Notice.objects.filter(member=member, seen_at__isnull=True).exists()
    return NoticePage(rows[:PAGE_ROWS], cursor_after(rows[PAGE_ROWS - 1], ORDER) if more else "", unseen)


def see_all(member: Membership, *, now: datetime) -> int:
    """Note that the member has seen what there is; returns how many were new."""
    return Notice.objects.filter(member=member, seen_at__isnull=True, at__lte=now).update(seen_at=now)
