"""Read, from the raw rows, what the figures are counted from: every kind of fact in one statement."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from marketplaces.types import FACTS, MARKETS
from reports import rows
from reports.tally import (
    NOT_COUNTED,
    Answered,
    CameBack,
    CaseDecided,
    CaseFact,
    CaseOpened,
    Fact,
    Missed,
    Received,
    Resolved,
    Sent,
)
from reports.why import Facts


class Span(NamedTuple):
    """A stretch of time of one seller account; its end is not part of it."""

    account_id: int
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts are wanted: those of these spans, of conversations with a tag where one is named."""

    spans: Sequence[Span]
    tag_id: int = 0

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, each of which begins with its account and moment; none without a span.

        The moments are written out, stretch by stretch, so that the planner knows how few rows they hold: of
        a join with a list of spans it would expect a ninth of the table and read all of it.
        """
        if not self.spans:
            return []
        given: dict[str, Any] = {
            "accounts": sorted({span.account_id for span in self.spans}),
            "tag": self.tag_id,
            "not_counted": list(NOT_COUNTED),
            "closers": list(CLOSERS),
            "put_away": [*CLOSERS, "history"],
        }
        stretches = self._stretches()
        for number, (begins_at, ends_at) in enumerate(stretches):
            given |= {f"begins{number}": begins_at, f"ends{number}": ends_at}
        words = statement.replace("<assignee>", ASSIGNEE).replace("<tagged>", TAGGED if self.tag_id else "")
        for moment in MOMENTS:
            within = " OR ".join(
                f"{moment} >= %(begins{number})s AND {moment} < %(ends{number})s"
                for number in range(len(stretches))
            )
            words = words.replace(f"<within {moment}>", f"({within})")
            words = words.replace(f"<assigned {moment}>", ASSIGNED.replace("<moment>", moment))
        own = {account_id: self._of(account_id) for account_id in given["accounts"]}
        return [row for row in rows.read(words, given) if _holds(own[row[0]], row[1])]

    def _stretches(self) -> list[tuple[datetime, datetime]]:
        """The spans of all accounts together, those that touch made one."""
        joined: list[tuple[datetime, datetime]] = []
        for begins_at, ends_at in sorted({(span.begins_at, span.ends_at) for span in self.spans}):
            if joined and begins_at <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], ends_at))
            else:
                joined.append((begins_at, ends_at))
        return joined

    def _of(self, account_id: int) -> list[tuple[datetime, datetime]]:
        return sorted((span.begins_at, span.ends_at) for span in self.spans if span.account_id == account_id)


def _holds(spans: Sequence[tuple[datetime, datetime]], at: datetime) -> bool:
    """Whether one of an account's spans, which do not overlap, holds a moment."""
    after = bisect_right(spans, at, key=lambda span: span[0])
    return after > 0 and at < spans[after - 1][1]


MOMENTS = (
    *("d.started_at", "d.stopped_at", "d.due_at", "r.handed_at", "c.closed_at", "b.at", "k.opened_at"),
    "k.decided_at",
)
TAGGED = (
    " AND EXISTS (SELECT FROM inbox_conversationtag t WHERE t.conversation_id = c.id AND t.tag_id = %(tag)s)"
)
CLOSERS = (
    *("closed", "closed_after_reply", "settled_no_response_needed", "settled_answered_elsewhere"),
    "settled_not_buyer_message",
)

# Who was assigned at a moment: what was said last, or whoever then wrote to the buyer unassigned.
ASSIGNED = """
    LEFT JOIN LATERAL (
        SELECT e.at, e.id, e.kind, (e.data->>'member')::bigint AS member_id FROM inbox_event e
        WHERE e.conversation_id = c.id AND e.at <= <moment>
        AND e.kind IN ('assigned', 'unassigned', 'handed_back')
        ORDER BY e.at DESC, e.id DESC LIMIT 1) said ON true
    LEFT JOIN LATERAL (
        SELECT e.actor_id FROM inbox_event e
        WHERE e.conversation_id = c.id AND e.at <= <moment> AND e.kind IN ('reply_queued', 'wrote_first')
        AND e.actor_id IS NOT NULL AND said.kind IS DISTINCT FROM 'assigned'
        AND (said.at IS NULL OR (e.at, e.id) > (said.at, said.id))
        ORDER BY e.at, e.id LIMIT 1) wrote ON true
"""
ASSIGNEE = "CASE WHEN said.kind = 'assigned' THEN said.member_id ELSE wrote.actor_id END"

RECEIVED = """
    SELECT c.account_id, d.started_at, a.market, d.stopped_at, d.outcome FROM inbox_deadline d
    JOIN inbox_conversation c ON c.id = d.conversation_id
    JOIN marketplaces_selleraccount a ON a.id = c.account_id
    WHERE <within d.started_at> AND c.account_id = ANY (%(accounts)s)
    AND d.kind = 'reply' AND d.message_id IS NOT NULL<tagged>
"""
ANSWERED = """
    SELECT c.account_id, d.stopped_at, r.author_id, d.started_at FROM inbox_deadline d
    JOIN inbox_conversation c ON c.id = d.conversation_id
    JOIN inbox_outboundreply r ON r.id = d.stopped_by_reply_id
    WHERE <within d.stopped_at> AND c.account_id = ANY (%(accounts)s) AND d.kind = 'reply'
    AND d.stopped_by_reply_id IS NOT NULL<tagged>
"""
SENT = """
    SELECT r.account_id, r.handed_at, r.author_id FROM inbox_outboundreply r
    JOIN inbox_conversation c ON c.id = r.conversation_id
    WHERE <within r.handed_at> AND r.account_id = ANY (%(accounts)s)
    AND r.state = 'sent' AND r.rejected_at IS NULL<tagged>
"""
MISSED = """
    SELECT c.account_id, d.due_at, <assignee>, d.started_at, m.created_at,
           EXISTS (SELECT FROM inbox_outboundreply r WHERE r.conversation_id = c.id
                   AND r.rejected_at > d.started_at AND r.rejected_at <= d.due_at),
           EXISTS (SELECT FROM cases_warehousecheck w
                   WHERE w.conversation_id = c.id AND w.asked_at <= d.due_at
                   AND CASE WHEN w.state = 'open' THEN true ELSE w.answered_at > d.due_at END),
           said.kind = 'assigned' OR wrote.actor_id IS NOT NULL
    FROM inbox_deadline d
    JOIN inbox_conversation c ON c.id = d.conversation_id
    LEFT JOIN inbox_message m ON m.id = d.message_id
    <assigned d.due_at>
    WHERE <within d.due_at> AND c.account_id = ANY (%(accounts)s) AND d.breached_at IS NOT NULL
    AND NOT d.outcome = ANY (%(not_counted)s)<tagged>
"""
RESOLVED = """
    SELECT c.account_id, c.closed_at, shut.member_id, begun.at FROM inbox_conversation c
    JOIN LATERAL (
        SELECT min(d.started_at) AS at FROM inbox_deadline d
        WHERE d.conversation_id = c.id AND d.outcome <> 'not_buyer_message') begun ON begun.at <= c.closed_at
    LEFT JOIN LATERAL (
        SELECT coalesce(e.actor_id, (SELECT r.author_id FROM inbox_outboundreply r
                                     WHERE r.id = (e.data->>'reply')::bigint)) AS member_id
        FROM inbox_event e
        WHERE e.conversation_id = c.id AND e.at <= c.closed_at AND e.kind = ANY (%(closers)s)
        ORDER BY e.at DESC, e.id DESC LIMIT 1) shut ON true
    WHERE <within c.closed_at> AND c.account_id = ANY (%(accounts)s) AND c.state = 'closed'<tagged>
"""
# A buyer also "returns" to a conversation that only waited for them; that is no reopening.
CAME_BACK = """
    SELECT c.account_id, b.at, <assignee> FROM inbox_event b
    JOIN inbox_conversation c ON c.id = b.conversation_id
    JOIN LATERAL (
        SELECT e.kind FROM inbox_event e
        WHERE e.conversation_id = c.id AND (e.at, e.id) < (b.at, b.id)
        AND (e.kind = ANY (%(put_away)s) OR e.kind IN ('reopened', 'returned'))
        ORDER BY e.at DESC, e.id DESC LIMIT 1) former ON former.kind = ANY (%(put_away)s)
    <assigned b.at>
    WHERE <within b.at> AND c.account_id = ANY (%(accounts)s) AND b.kind IN ('reopened', 'returned')<tagged>
"""
OPENED = """
    SELECT k.account_id, k.opened_at, k.type, k.currency, k.amount FROM cases_case k
    JOIN inbox_conversation c ON c.id = k.conversation_id
    WHERE <within k.opened_at> AND k.account_id = ANY (%(accounts)s)<tagged>
"""
DECIDED = """
    SELECT k.account_id, k.decided_at, k.type, k.currency, k.outcome, k.amount, k.paid FROM cases_case k
    JOIN inbox_conversation c ON c.id = k.conversation_id
    WHERE <within k.decided_at> AND k.account_id = ANY (%(accounts)s)<tagged>
"""
ALLOWED = {market: timedelta(hours=FACTS[site.marketplace].reply_hours) for market, site in MARKETS.items()}


def received(wanted: Wanted) -> Iterator[Received]:
    """The buyers' messages that reached the marketplace in the spans."""
    for account_id, at, market, stopped_at, outcome in wanted.read(RECEIVED):
        yield Received(account_id, at, ALLOWED[market], stopped_at, outcome)


def all_facts(wanted: Wanted) -> Iterator[Fact]:
    """Everything of the spans but what cases did."""
    yield from received(wanted)
    yield from (Answered(*row) for row in wanted.read(ANSWERED))
    yield from (Sent(*row) for row in wanted.read(SENT))
    yield from missed(wanted)
    yield from (Resolved(*row) for row in wanted.read(RESOLVED))
    yield from (CameBack(*row) for row in wanted.read(CAME_BACK))


def missed(wanted: Wanted) -> Iterator[Missed]:
    """The deadlines that came due in the spans and passed with the clock running."""
    for account_id, due_at, member_id, started_at, *facts in wanted.read(MISSED):
        yield Missed(account_id, due_at, member_id, Facts(started_at, due_at, *facts))


def case_facts(wanted: Wanted) -> Iterator[CaseFact]:
    """What cases did in the spans."""
    yield from (CaseOpened(*row) for row in wanted.read(OPENED))
    yield from (CaseDecided(*row) for row in wanted.read(DECIDED))
