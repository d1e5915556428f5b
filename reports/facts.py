"""Read, from the raw rows, what the figures are counted from: every kind of fact in one statement."""

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
        """The rows of a statement that says where spans and tag belong; none where there is no span."""
        if not self.spans:
            return []
        tagged = " AND EXISTS (SELECT FROM inbox_conversationtag t WHERE t.conversation_id = c.id"
        given = {
            "accounts": [span.account_id for span in self.spans],
            "begins": [span.begins_at for span in self.spans],
            "ends": [span.ends_at for span in self.spans],
            "tag": self.tag_id,
            "not_counted": list(NOT_COUNTED),
            "closers": list(CLOSERS),
            "put_away": [*CLOSERS, "history"],
        }
        words = statement.replace("<spans>", SPANS).replace("<assignee>", ASSIGNEE)
        for moment in ("d.due_at", "b.at"):
            words = words.replace(f"<assigned {moment}>", ASSIGNED.replace("<moment>", moment))
        words = words.replace("<tagged>", f"{tagged} AND t.tag_id = %(tag)s)" if self.tag_id else "")
        return rows.read(words, given)


SPANS = (
    "unnest(%(accounts)s::bigint[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])"
    " AS span(account_id, begins_at, ends_at)"
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
    SELECT c.account_id, d.started_at, a.market, d.stopped_at, d.outcome FROM <spans>
    JOIN inbox_deadline d ON d.started_at >= span.begins_at AND d.started_at < span.ends_at
    JOIN inbox_conversation c ON c.id = d.conversation_id AND c.account_id = span.account_id
    JOIN marketplaces_selleraccount a ON a.id = c.account_id
    WHERE d.kind = 'reply' AND d.message_id IS NOT NULL<tagged>
"""
ANSWERED = """
    SELECT c.account_id, d.stopped_at, r.author_id, d.started_at FROM <spans>
    JOIN inbox_deadline d ON d.stopped_at >= span.begins_at AND d.stopped_at < span.ends_at
    JOIN inbox_conversation c ON c.id = d.conversation_id AND c.account_id = span.account_id
    JOIN inbox_outboundreply r ON r.id = d.stopped_by_reply_id
    WHERE d.kind = 'reply' AND d.stopped_by_reply_id IS NOT NULL<tagged>
"""
SENT = """
    SELECT r.account_id, r.handed_at, r.author_id FROM <spans>
    JOIN inbox_outboundreply r
      ON r.account_id = span.account_id AND r.handed_at >= span.begins_at AND r.handed_at < span.ends_at
    JOIN inbox_conversation c ON c.id = r.conversation_id
    WHERE r.state = 'sent' AND r.rejected_at IS NULL<tagged>
"""
MISSED = """
    SELECT c.account_id, d.due_at, <assignee>, d.started_at, m.created_at,
           EXISTS (SELECT FROM inbox_outboundreply r WHERE r.conversation_id = c.id
                   AND r.rejected_at > d.started_at AND r.rejected_at <= d.due_at),
           EXISTS (SELECT FROM cases_warehousecheck w
                   WHERE w.conversation_id = c.id AND w.asked_at <= d.due_at
                   AND CASE WHEN w.state = 'open' THEN true ELSE w.answered_at > d.due_at END),
           said.kind = 'assigned' OR wrote.actor_id IS NOT NULL
    FROM <spans>
    JOIN inbox_deadline d ON d.due_at >= span.begins_at AND d.due_at < span.ends_at
    JOIN inbox_conversation c ON c.id = d.conversation_id AND c.account_id = span.account_id
    LEFT JOIN inbox_message m ON m.id = d.message_id
    <assigned d.due_at>
    WHERE d.breached_at IS NOT NULL AND NOT d.outcome = ANY (%(not_counted)s)<tagged>
"""
RESOLVED = """
    SELECT c.account_id, c.closed_at, shut.member_id, begun.at FROM <spans>
    JOIN inbox_conversation c
      ON c.account_id = span.account_id AND c.closed_at >= span.begins_at AND c.closed_at < span.ends_at
    JOIN LATERAL (
        SELECT min(d.started_at) AS at FROM inbox_deadline d
        WHERE d.conversation_id = c.id AND d.outcome <> 'not_buyer_message') begun ON begun.at <= c.closed_at
    LEFT JOIN LATERAL (
        SELECT coalesce(e.actor_id, (SELECT r.author_id FROM inbox_outboundreply r
                                     WHERE r.id = (e.data->>'reply')::bigint)) AS member_id
        FROM inbox_event e
        WHERE e.conversation_id = c.id AND e.at <= c.closed_at AND e.kind = ANY (%(closers)s)
        ORDER BY e.at DESC, e.id DESC LIMIT 1) shut ON true
    WHERE c.state = 'closed'<tagged>
"""
# A buyer also "returns" to a conversation that only waited for them; that is no reopening.
CAME_BACK = """
    SELECT c.account_id, b.at, <assignee> FROM <spans>
    JOIN inbox_event b ON b.at >= span.begins_at AND b.at < span.ends_at
    JOIN inbox_conversation c ON c.id = b.conversation_id AND c.account_id = span.account_id
    JOIN LATERAL (
        SELECT e.kind FROM inbox_event e
        WHERE e.conversation_id = c.id AND (e.at, e.id) < (b.at, b.id)
        AND (e.kind = ANY (%(put_away)s) OR e.kind IN ('reopened', 'returned'))
        ORDER BY e.at DESC, e.id DESC LIMIT 1) former ON former.kind = ANY (%(put_away)s)
    <assigned b.at>
    WHERE b.kind IN ('reopened', 'returned')<tagged>
"""
OPENED = """
    SELECT k.account_id, k.opened_at, k.type, k.currency, k.amount FROM <spans>
    JOIN cases_case k
      ON k.account_id = span.account_id AND k.opened_at >= span.begins_at AND k.opened_at < span.ends_at
    JOIN inbox_conversation c ON c.id = k.conversation_id
    WHERE true<tagged>
"""
DECIDED = """
    SELECT k.account_id, k.decided_at, k.type, k.currency, k.outcome, k.amount, k.paid FROM <spans>
    JOIN cases_case k
      ON k.account_id = span.account_id AND k.decided_at >= span.begins_at AND k.decided_at < span.ends_at
    JOIN inbox_conversation c ON c.id = k.conversation_id
    WHERE true<tagged>
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
