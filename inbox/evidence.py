"""What is known about a batch of mails of one seller account before any of it is filed.

Read with a handful of statements whatever the size of the batch; what filing makes is added, so that the
second mail of a batch finds the conversation the first one opened.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from inbox import sla
from inbox.models import Conversation, ConversationKind, Message, OutboundReply, SlaPolicy
from inbox.policies import all_policies
from marketplaces.mailbox.parsed import ParsedMail
from marketplaces.models import InboundRaw, SellerAccount
from orders.models import BuyerIdentity, Order
from orders.placeholders import known_identities, known_orders

ALIAS_DAYS = timedelta(days=30)
MOST_TWINS = 10
ASIDE = (ConversationKind.UNRECOGNISED, ConversationKind.UNVERIFIED)


@dataclass(slots=True)
class Evidence:
    """The rows that could matter to these mails; conversations are locked until the transaction ends."""

    account: SellerAccount
    conversations: list[Conversation] = field(default_factory=list)
    # The conversation each of our own Message-IDs belongs to.
    answered: dict[str, int] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    identities: dict[str, BuyerIdentity] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    without_id: list[Message] = field(default_factory=list)
    policies: list[SlaPolicy] = field(default_factory=list)


def gather(account: SellerAccount, mails: Sequence[tuple[InboundRaw, ParsedMail]]) -> Evidence:
    """Read all evidence about these mails inside the caller's transaction."""
    parsed = [mail for _, mail in mails]
    named = {part for mail in parsed for part in (*mail.in_reply_to, *mail.references)}
    replies = OutboundReply.objects.filter(account=account, message_id__in=named) if named else ()
    orders = known_orders(account, parsed)
    found = Evidence(
        account,
        answered={reply.message_id: reply.conversation_id for reply in replies},
        orders=orders,
        identities=known_identities(account, parsed),
        policies=all_policies(),
    )
    # A mail's own moment may lie long before its arrival, in a mailbox that was moved say.
    moments = [sla.started_at([mail.date, mail.relay_received], raw.received_at) for raw, mail in mails]
    found.conversations = _conversations(account, parsed, found, earliest=min(moments))
    for message in _messages(account, mails):
        remember(found, message)
    return found


def remember(evidence: Evidence, message: Message) -> None:
    """Add a message to what is known."""
    if message.message_id:
        evidence.messages[message.message_id].append(message)
    else:
        evidence.without_id.append(message)


def _conversations(
    account: SellerAccount, mails: Iterable[ParsedMail], found: Evidence, *, earliest: datetime
) -> list[Conversation]:
    cases = {mail.case_ref[:64] for mail in mails if mail.case_ref}
    aliases = {mail.relay_alias[:254] for mail in mails if mail.relay_alias}
    ways = []
    if found.answered:
        ways.append(Q(pk__in=set(found.answered.values())))
    if cases:
        ways.append(Q(case_ref__in=cases))
    if found.orders:
        ways.append(Q(order__in=list(found.orders.values())))
    if aliases:
        # The rule looks again, at each mail's own moment.
        ways.append(Q(relay_alias__in=aliases, last_message_at__gte=earliest - ALIAS_DAYS))
    if not ways:
        return []
    # Each way goes by an index of its own; joined by OR the planner would walk the table.
    known = Conversation.objects.filter(account=account).exclude(kind__in=ASIDE)
    ids = {pk for way in ways for pk in known.filter(way).values_list("pk", flat=True)}
    rows = Conversation.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    held = list(rows.select_related("order", "buyer").order_by("pk")) if ids else []
    for row in held:
        row.account = account
    return held


def _messages(account: SellerAccount, mails: Sequence[tuple[InboundRaw, ParsedMail]]) -> Iterable[Message]:
    ids = {mail.message_id[:500] for _, mail in mails if mail.message_id}
    known = Message.objects.filter(account=account).select_related("conversation").defer("html", "text")
    if ids:
        # A sender whose mails all have one Message-ID must not have them all read for each new one.
        yield from known.filter(message_id__in=ids).order_by("-pk")[: MOST_TWINS * len(ids)]
    sums = {bytes(raw.sha256) for raw, mail in mails if not mail.message_id}
    if sums:
        same = known.filter(message_id="", raw__sha256__in=sums)
        yield from same.select_related("conversation", "raw").defer("html", "text", "raw__content")
