"""The response rate of each seller account in its marketplace's own definition.

A message counts in the window it was received in, and is in time when it was answered within the
marketplace's own hours, whatever our policies say. While its time runs it is neither in time nor late.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from accounts.days import end_of_month
from marketplaces.models import CONNECTED, SellerAccount
from reports import facts, rows
from reports.facts import ALLOWED, Span, Wanted
from reports.figures.official import official_rates
from reports.hours import cut
from reports.lines import line_of
from reports.shapes import Narrowed, OfficialRate, Rate
from reports.tally import Count, tally

PACE = timedelta(days=7)  # how the rest of the month is expected to go
PLACES = Decimal("0.0001")
SUMS = """
    SELECT piece.at, h.account_id, sum(received), sum(in_time), sum(answered_late), sum(unanswered),
           sum(excluded)
    FROM unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS piece(begins, ends, at)
    JOIN reports_hourfigures h ON h.hour >= piece.begins AND h.hour < piece.ends
    WHERE h.member_id IS NULL AND h.account_id = ANY (%(accounts)s)
    GROUP BY piece.at, h.account_id
"""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Messages of a stretch of time by how they stand now."""

    in_time: int = 0
    late: int = 0
    running: int = 0
    excluded: int = 0

    @property
    def known(self) -> int:
        """Those whose outcome is known."""
        return self.in_time + self.late

    @property
    def share(self) -> Fraction | None:
        """The rate; None where no outcome is known."""
        return Fraction(self.in_time, self.known) if self.known else None


@dataclass(frozen=True, slots=True)
class Stretches:
    """The messages of an account between moments that matter, each stretch from one to the next."""

    moments: tuple[datetime, ...]
    counts: tuple[Count, ...]
    runs_since: datetime  # a message received earlier and not answered is late

    def between(self, begins_at: datetime, ends_at: datetime) -> Outcomes:
        """What was received between two of the moments."""
        in_time = late = running = excluded = 0
        for (begins, ends), count in zip(pairwise(self.moments), self.counts, strict=True):
            if begins >= begins_at and ends <= ends_at:
                in_time += count.in_time
                excluded += count.excluded
                late += count.answered_late
                if begins >= self.runs_since:
                    running += count.unanswered
                else:
                    late += count.unanswered
        return Outcomes(in_time, late, running, excluded)


def rates(*, now: datetime, zone: str, narrowed: Narrowed, days: Sequence[int] | None = None) -> list[Rate]:
    """One entry an account and window of days; `days` chooses among the marketplace's windows.

    A tag does not narrow it: no marketplace counts by our tags.
    """
    accounts = [
        account
        for account in SellerAccount.objects.filter(CONNECTED).order_by("name")
        if narrowed.account_id in (0, account.pk)
    ]
    if not accounts:
        return []
    month_ends = end_of_month(now, zone)
    windows = {account.pk: line_of(account.market, account.marketplace) for account in accounts}
    spans = {day for line in windows.values() for day in line.windows_days}
    moments = _moments(accounts, spans, now=now, month_ends_at=month_ends[1])
    counts = _counts(moments, [account.pk for account in accounts])
    official = official_rates(accounts)
    return [
        _rate(
            account,
            Stretches(moments, counts[account.pk], now - ALLOWED[account.market]),
            window,
            now=now,
            month_ends=month_ends,
            official=official.get((account.pk, window)),
        )
        for account in accounts
        for window in windows[account.pk].windows_days
        if days is None or window in days
    ]


def spare(outcomes: Outcomes, line: Fraction) -> int:
    """How many answers in a row may still be late before the rate falls below the line."""
    return max(0, floor(outcomes.in_time / line) - outcomes.known)


def to_recover(outcomes: Outcomes, line: Fraction) -> int:
    """How many answers in a row must be in time until the rate is at the line."""
    return max(0, ceil((line * outcomes.known - outcomes.in_time) / (1 - line)))


def projected(
    stays: Outcomes, pace: Outcomes, *, expected: Fraction, share: Fraction | None
) -> Fraction | None:
    """The rate at the month's end: what stays in the window, and what still comes as in the last days.

    `stays` was received in the window the month ends with; `expected` messages still come into it. Where the
    last days' outcomes are not known, the window's own `share` stands in for theirs.
    """
    goes_on = pace.share if pace.share is not None else share
    open_ = stays.running + expected
    total = stays.known + open_
    if goes_on is None or not total:
        return None
    return (stays.in_time + goes_on * open_) / total


def _rate(
    account: SellerAccount,
    messages: Stretches,
    window: int,
    *,
    now: datetime,
    month_ends: tuple[date, datetime],
    official: OfficialRate | None,
) -> Rate:
    last_day, month_ends_at = month_ends
    line = line_of(account.market, account.marketplace)
    wanted = Fraction(line.line)
    outcomes = messages.between(now - timedelta(days=window), now)
    stays_since = min(month_ends_at - timedelta(days=window), now)
    pace = messages.between(now - PACE, now)
    coming = month_ends_at - max(now, month_ends_at - timedelta(days=window))
    foreseen = projected(
        messages.between(stays_since, now),
        pace,
        expected=(pace.known + pace.running)
        * Fraction(coming / timedelta(seconds=1))
        / Fraction(PACE.total_seconds()),
        share=outcomes.share,
    )
    return Rate(
        account_id=account.pk,
        account=account.name,
        marketplace=account.marketplace.value,
        letter=account.facts.letter,
        window_days=window,
        received=outcomes.known + outcomes.running,
        in_time=outcomes.in_time,
        late=outcomes.late,
        running=outcomes.running,
        excluded=outcomes.excluded,
        rate=_decimal(outcomes.share),
        line=line.line,
        line_is_own=line.own,
        projected=_decimal(foreseen),
        period_end=last_day,
        spare=spare(outcomes, wanted),
        to_recover=to_recover(outcomes, wanted),
        official=official,
    )


def _moments(
    accounts: Sequence[SellerAccount], windows: set[int], *, now: datetime, month_ends_at: datetime
) -> tuple[datetime, ...]:
    """Every moment that a window, the pace or a marketplace's time begins or ends at, up to now."""
    days = [timedelta(days=window) for window in windows]
    wanted = {now, now - PACE}
    wanted |= {now - each for each in days} | {month_ends_at - each for each in days}
    wanted |= {now - ALLOWED[account.market] for account in accounts}
    return tuple(sorted(moment for moment in wanted if moment <= now))


def _counts(moments: tuple[datetime, ...], accounts: list[int]) -> dict[int, tuple[Count, ...]]:
    """The messages of each account by stretch: whole hours from the roll-ups, the rest from the raw rows."""
    found: defaultdict[int, list[Count]] = defaultdict(lambda: [Count() for _ in moments[1:]])
    pieces = [cut(*stretch) for stretch in pairwise(moments)]
    given = {
        "begins": [piece.whole[0] for piece in pieces],
        "ends": [piece.whole[1] for piece in pieces],
        "accounts": accounts,
    }
    for at, account_id, *sums in rows.read(SUMS, given):
        found[account_id][at - 1].add(Count(*sums))
    spans = [Span(pk, *edge) for pk in accounts for piece in pieces for edge in piece.edges]
    for fact in facts.received(Wanted(spans)):
        stretch = bisect_right(moments, fact.at) - 1
        for count in tally([fact]).values():
            found[fact.account_id][stretch].add(count)
    return {pk: tuple(found[pk]) for pk in accounts}


def _decimal(share: Fraction | None) -> Decimal | None:
    return None if share is None else (Decimal(share.numerator) / share.denominator).quantize(PLACES)
