"""How far the history of seller accounts has come, as a page shows it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from marketplaces.models import MAIL, UNDER_WAY, Backfill, BackfillState
from marketplaces.types import STREAM_TITLES

# What one of each is called: "4,120 mails".
NOUNS = {MAIL: "mails", "orders": "orders", "returns": "returns", "fulfilments": "parcels"}


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of the fragment. `percent` is 100 only at the end; `minutes_left` is None until known."""

    id: int
    stream: str
    title: str
    state: BackfillState
    percent: int
    count: str
    since: datetime
    reached: datetime | None
    next_at: datetime | None
    reason: str
    clamped: str
    minutes_left: int | None
    finished_at: datetime | None

    @property
    def under_way(self) -> bool:
        """Whether more is to come."""
        return self.state in UNDER_WAY


def progress(account_ids: Collection[int], *, now: datetime) -> dict[int, list[Progress]]:
    """The newest backfill of each stream of these accounts, in one statement; mail first."""
    rows = Backfill.objects.filter(account__in=account_ids)
    newest = rows.order_by("account", "stream", "-asked_at", "-pk").distinct("account", "stream")
    found: defaultdict[int, list[Progress]] = defaultdict(list)
    for row in sorted(newest, key=lambda row: (row.stream != MAIL, row.pk)):
        found[row.account_id].append(_progress(row, now))
    return dict(found)


def under_way(found: list[Progress]) -> bool:
    """Whether the fragment has to look again."""
    return any(each.under_way for each in found)


def _progress(row: Backfill, now: datetime) -> Progress:
    done = row.done + row.part_done
    share = _share(row, done)
    noun = NOUNS[row.stream] if done != 1 or row.stream == MAIL else NOUNS[row.stream].removesuffix("s")
    of = f" of {max(row.estimated, done):,}" if row.stream == MAIL and row.estimated is not None else ""
    return Progress(
        id=row.pk,
        stream=row.stream,
        title="Mail" if row.stream == MAIL else STREAM_TITLES[row.stream],
        state=BackfillState(row.state),
        percent=100 if row.state == BackfillState.DONE else min(99, int(share * 100)),
        count=f"{done:,}{of} {noun}",
        since=row.since,
        reached=row.reached,
        next_at=row.next_at if row.state == BackfillState.WAITING else None,
        reason=row.reason,
        clamped=row.clamped,
        minutes_left=_minutes_left(row, share, now),
        finished_at=row.finished_at,
    )


def _share(row: Backfill, done: int) -> float:
    """Mails are counted before they are fetched; of records only the time they span is known."""
    if row.stream == MAIL and row.estimated:
        return min(1.0, done / row.estimated)
    return (row.until - (row.reached or row.until)) / (row.until - row.since)


def _minutes_left(row: Backfill, share: float, now: datetime) -> int | None:
    if row.began_at is None or share < 0.02 or row.state not in UNDER_WAY:
        return None
    return max(1, round((now - row.began_at).total_seconds() / 60 * (1 - share) / share))
