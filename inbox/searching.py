"""Find conversations and orders by words, names and numbers; ranked, with what matched marked."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.access import may
from accounts.models import Membership
from inbox.models import ConversationState
from inbox.queue import Row, rows_by_id

PAGE_ROWS = 20
MOST_PAGES = 5
LONGEST = 200
MOST_WORDS = 12
LONGEST_WORD = 60
SHORTEST = 2
# What is known by its last digits: so many of them, or the half of all orders would be found.
DIGITS = 5
SHORTEST_NAME = 4
# Private use: no mail means anything by these.
MARK, UNMARK = "\ue000", "\ue001"

WORD = re.compile(r"[^\W_]+")
PIECE = re.compile(r'"([^"]*)"?|(\S+)')
FILTER = re.compile(r'\b(in|account):("[^"]*"|\S+)', re.IGNORECASE)
STATES = {
    "open": [
        ConversationState.OPEN,
        ConversationState.WAITING_BUYER,
        ConversationState.WAITING_WAREHOUSE,
        ConversationState.SNOOZED,
    ],
    "waiting": [ConversationState.WAITING_BUYER],
    "closed": [ConversationState.CLOSED],
}


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, as the database is asked for it; `complaint` says why it cannot be asked."""

    text: str = ""
    words: str = ""  # for to_tsquery
    whole: str = ""  # tsqueries of a number as a whole, and of how it begins or ends
    part: str = ""
    compact: str = ""
    states: tuple[str, ...] = ()
    account: str = ""
    filters: tuple[str, ...] = ()
    complaint: str = ""

    @property
    def asks(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.words or self.part) and not self.complaint


@dataclass(frozen=True, slots=True)
class Piece:
    """A bit of a snippet, marked where it matched."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation (`row`) or an order without one, and what matched."""

    what: str
    snippet: list[Piece]
    row: Row | None = None
    order_id: int = 0
    order_number: str = ""
    buyer_name: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what was found, best first; `hidden` where only the filters kept it from being found."""

    query: Query
    page: int
    conversations: list[Found] = field(default_factory=list)
    orders: list[Found] = field(default_factory=list)
    more: bool = False
    hidden: bool = False


STATEMENT = """
    SELECT f.conversation_id, f.order_id, f.kind,
           ts_headline('public.helpdesk', translate(left(CASE f.kind
               WHEN 'message' THEN
                   (SELECT text FROM inbox_message WHERE tenant_id = %(tenant)s AND id = f.source_id)
               WHEN 'note' THEN
                   (SELECT body FROM inbox_note WHERE tenant_id = %(tenant)s AND id = f.source_id)
               WHEN 'reply' THEN
                   (SELECT body FROM inbox_outboundreply WHERE tenant_id = %(tenant)s AND id = f.source_id)
               WHEN 'talk' THEN
                   (SELECT buyer_name || '. ' || subject FROM inbox_conversation
                    WHERE tenant_id = %(tenant)s AND id = f.conversation_id)
               END, 20000), %(marks)s, ''), to_tsquery('public.helpdesk', %(words)s), %(options)s),
           CASE f.kind WHEN 'order' THEN
               (SELECT json_build_object('number', o.external_id, 'buyer', o.buyer_name, 'parts',
                   (SELECT json_agg(json_build_array(what, name)) FROM (
                        SELECT 'Order' AS what, o.external_id AS name
                        UNION ALL (SELECT 'Purchase order', external_id FROM orders_purchaseorder
                                   WHERE tenant_id = %(tenant)s AND order_id = o.id LIMIT 20)
                        UNION ALL (SELECT 'Tracking number', tracking_number FROM orders_shipment
                                   WHERE tenant_id = %(tenant)s AND order_id = o.id LIMIT 20)
                        UNION ALL (SELECT 'SKU', sku FROM orders_orderline
                                   WHERE tenant_id = %(tenant)s AND order_id = o.id LIMIT 20)
                        UNION ALL SELECT 'Item number', o.item_id
                        UNION ALL SELECT 'Buyer', o.buyer_name
                        UNION ALL (SELECT 'Item', title FROM orders_orderline
                                   WHERE tenant_id = %(tenant)s AND order_id = o.id LIMIT 20)
                        UNION ALL SELECT 'Item', o.item_title) parts WHERE name <> ''))
                FROM orders_order o WHERE o.tenant_id = %(tenant)s AND o.id = f.source_id)
           END
    FROM search_conversations(%(words)s, %(whole)s, %(part)s, %(texts)s, %(states)s,
             CASE WHEN %(account)s <> '' THEN
                 ARRAY(SELECT id FROM marketplaces_selleraccount
                       WHERE tenant_id = %(tenant)s AND starts_with(lower(name), %(account)s))
             END, %(now)s, %(skip)s, %(most)s) WITH ORDINALITY AS f
    ORDER BY f.ordinality
"""
OPTIONS = f"StartSel={MARK}, StopSel={UNMARK}, MaxFragments=1, MaxWords=22, MinWords=8, FragmentDelimiter=…"
KINDS = {"message": "Message", "note": "Note", "reply": "Reply", "talk": "Buyer and subject"}


def parse(typed: str) -> Query:
    """Turn what was typed into what is asked; whatever it is, the answer is a query or a sentence."""
    text = " ".join("".join(each if each.isprintable() else " " for each in typed[: LONGEST + 1]).split())
    if len(typed) > LONGEST:
        return Query(text[:LONGEST], complaint=f"Search for {LONGEST} characters at most.")
    text = unicodedata.normalize("NFC", text)
    states: list[str] = []
    filters, account = [], ""
    for match in FILTER.finditer(text):
        name, value = match[1].lower(), match[2].strip('"').lower()
        if name == "in" and value not in STATES:
            return Query(text, complaint=f"“in:” is followed by {', '.join(STATES)}.")
        if name == "in":
            states += STATES[value]
        else:
            account = value
        filters.append(match[0])
    rest = FILTER.sub(" ", text)
    words = _words(rest, open_end=not rest.endswith('"'))
    whole, part, compact = _names(rest)
    asked = Query(text, words, whole, part, compact, tuple(states), account, tuple(filters))
    letters = sum(len(word) for word in WORD.findall(rest))
    if rest.strip() and letters < SHORTEST:
        return Query(text, filters=asked.filters, complaint="Type at least two letters or digits.")
    return asked


def search(query: Query, *, membership: Membership, now: datetime, page: int = 1) -> Results:
    """A page of what matches; without messages and notes for whoever does not answer buyers."""
    if not query.asks:
        return Results(query, page)
    found = _ask(query, membership=membership, now=now, page=page)
    if not found and query.filters and page == 1:
        bare = Query(query.text, query.words, query.whole, query.part, query.compact)
        return Results(query, page, hidden=bool(_ask(bare, membership=membership, now=now, page=1)))
    shown = found[:PAGE_ROWS]
    rows = rows_by_id([each[0] for each in shown if each[0]], now=now)
    results = Results(query, page, more=len(found) > PAGE_ROWS and page < MOST_PAGES)
    for conversation_id, order_id, kind, headline, order in shown:
        what, snippet = _of_order(query, order) if order else (KINDS.get(kind, ""), _pieces(headline or ""))
        if conversation_id in rows:
            results.conversations.append(Found(what, snippet, row=rows[conversation_id]))
        elif order_id and order:
            results.orders.append(
                Found(
                    what,
                    snippet,
                    order_id=order_id,
                    order_number=order["number"],
                    buyer_name=order["buyer"],
                )
            )
    return results


def order_ids(query: Query, *, membership: Membership, now: datetime) -> list[int]:
    """The orders that match by a number, an article or a buyer, best first; none where nothing is asked."""
    found = _ask(query, membership=membership, now=now, page=1, texts=False) if query.asks else []
    return list(dict.fromkeys(order_id for _, order_id, _, _, _ in found if order_id))


def _ask(
    query: Query, *, membership: Membership, now: datetime, page: int, texts: bool | None = None
) -> list[Any]:
    named: dict[str, Any] = {
        "tenant": membership.tenant_id,
        "words": query.words,
        "whole": query.whole,
        "part": query.part,
        "texts": may(membership, "converse") if texts is None else texts,
        "states": list(query.states) or None,
        "account": query.account,
        "now": now,
        "skip": (page - 1) * PAGE_ROWS,
        "most": PAGE_ROWS + 1,
        "marks": MARK + UNMARK,
        "options": OPTIONS,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, named)
        return list(cursor.fetchall())


def _words(text: str, *, open_end: bool) -> str:
    """All words must be there; those in quotes side by side; the last one may still be typed."""
    parts = []
    for match in PIECE.finditer(text):
        words = [word[:LONGEST_WORD] for word in WORD.findall(match[1] if match[2] is None else match[2])]
        if words:
            parts.append([f"'{word}'" for word in words])
    parts = parts[:MOST_WORDS]
    if parts and open_end:
        parts[-1][-1] += ":*"
    return " & ".join(f"({' <-> '.join(words)})" for words in parts)


def _names(text: str) -> tuple[str, str, str]:
    """The numbers in it, all of it joined and each word: as a whole, by their beginning and by their end."""
    joined = _compact(text)
    each = [_compact(word) for word in text.split()]
    numbers = [
        name
        for name in dict.fromkeys([joined, *each])
        if SHORTEST_NAME <= len(name) <= LONGEST_WORD and re.search(r"\d", name)
    ]
    whole = [f"'id/{name}'" for name in numbers]
    begins = [f"'id/{name}':*" for name in numbers if len(name) >= DIGITS]
    ends = [f"'di/{name[::-1]}':*" for name in numbers if len(name) >= DIGITS and name.isdigit()]
    return " | ".join(whole), " | ".join([*whole, *begins, *ends]), joined


def _compact(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _pieces(marked: str) -> list[Piece]:
    """A headline of the database as pieces; its white space is one space."""
    pieces = []
    for part in re.split(f"({MARK}[^{UNMARK}]*{UNMARK})", " ".join(marked.split())):
        if part:
            pieces.append(Piece(part.strip(MARK + UNMARK), part.startswith(MARK)))
    return pieces


def _of_order(query: Query, order: dict[str, Any]) -> tuple[str, list[Piece]]:
    """Which of an order's names matched, marked; its number where none can be told."""
    sought = [_compact(word) for word in (query.text, *query.text.split())]
    sought = [each for each in dict.fromkeys(sought) if len(each) >= SHORTEST_NAME and re.search(r"\d", each)]
    for what, name in order["parts"]:
        compact = _compact(name)
        if any(compact.startswith(each) or (each.isdigit() and compact.endswith(each)) for each in sought):
            return what, [Piece(name, marked=True)]
    words = [word.lower() for word in WORD.findall(query.text)]
    for what, name in order["parts"]:
        pieces = [Piece(part, part.lower().startswith(tuple(words))) for part in re.split(r"([^\W_]+)", name)]
        if any(piece.marked for piece in pieces):
            return what, [piece for piece in pieces if piece.text]
    return "Order", [Piece(order["number"], marked=False)]
