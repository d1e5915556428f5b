"""The rows of one tenant as lines for COPY: most conversations closed, some hundreds with a running clock."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

NULL = "\\N"
YEARS = timedelta(days=730)
CHUNK = 2_000
SKUS = 200
NAMES = ("Denise Kowalczyk", "Marcus Webb", "Priya Raman", "Jonas Berg", "Aiko Tanaka", "Luz Ortega")
TEXTS = (
    "Hi, my order was to arrive last week and the tracking has not moved since. Where is it?",
    "The shade came with a dent on one side. Can you send me a new one, or should I return it all?",
    "I have ordered two by mistake, please cancel one of them before it ships.",
    "Does this lamp take an E27 bulb with 12 W? The page does not say it anywhere that I can find.",
    "Thank you, that worked.",
)
COLUMNS: dict[str, str] = {
    "orders.Item": "id tenant_id account_id sku item_id title",
    "orders.Buyer": "id tenant_id name created_at expires_at",
    "orders.BuyerIdentity": "id tenant_id buyer_id account_id relay_alias expires_at",
    "orders.Order": "id tenant_id account_id buyer_id external_id is_placeholder item_title status fulfilment"
    " buyer_name ordered_at ship_by deliver_by delivered_at total currency as_of created_at expires_at",
    "orders.PurchaseOrder": "id tenant_id order_id account_id external_id modified_at status fulfilment"
    " ordered_at total currency seen_at fingerprint",
    "orders.OrderLine": "id tenant_id order_id purchase_order_id item_id external_id sku title quantity"
    " unit_price currency status",
    "orders.Shipment": "id tenant_id order_id purchase_order_id external_id carrier tracking_number status"
    " shipped_at estimated_at delivered_at",
    "orders.TrackingEvent": "id tenant_id shipment_id at code text place",
    "inbox.Conversation": "id tenant_id number account_id kind state buyer_id order_id assignee_id subject"
    " buyer_name preview relay_address relay_alias last_message_at last_message_is_buyers due_at"
    " needs_settling queue_at created_at closed_at expires_at",
    "marketplaces.InboundRaw": "id tenant_id account_id source source_key sha256 content size received_at"
    " stored_at state parser_version expires_at",
    "inbox.Message": "id tenant_id conversation_id account_id raw_id direction kind from_name from_address"
    " subject message_id text full_text sent_at created_at expires_at",
    "inbox.OutboundReply": "id tenant_id conversation_id account_id author_id body subject from_address"
    " to_address message_id state client_key attempts queued_at next_at handed_at settled_at confirmed_at"
    " expires_at",
    "inbox.Deadline": "id tenant_id conversation_id message_id started_at due_at rule stopped_at outcome"
    " stopped_by_reply_id",
    "inbox.Event": "id tenant_id conversation_id at actor_id kind data",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A seller account to hang rows on."""

    id: int
    marketplace: str
    hours: int
    rule: str
    address: str
    relay_domain: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: `first` is below every id of this tenant's rows, in all tables."""

    tenant_id: int
    conversations: int
    messages: int
    accounts: tuple[Account, ...]
    members: tuple[int, ...]
    first: int
    now: datetime

    @property
    def waiting_for_us(self) -> int:
        """How many conversations stand in the queue: 3 of 100, at least 300."""
        return min(max(300, self.conversations * 3 // 100), self.conversations * 2 // 3)


Lines = dict[str, list[str]]


def items(plan: Plan) -> Lines:
    """What the accounts sell."""
    return {
        "orders.Item": [
            f"{_item(plan, place, sku)}\t{plan.tenant_id}\t{account.id}\tLAMP-{sku:04d}\tB0{sku:08d}"
            f"\tArched floor lamp, model {sku}\n"
            for place, account in enumerate(plan.accounts)
            for sku in range(SKUS)
        ]
    }


def chunks(plan: Plan) -> Iterator[Lines]:
    """All conversations, oldest first, with everything that hangs on them, some thousands at a time."""
    rng = Random(plan.conversations)  # the same rows in every run
    recent = range(max(0, plan.conversations - plan.waiting_for_us * 3), plan.conversations)
    queued = set(rng.sample(recent, min(plan.waiting_for_us, len(recent))))
    for begin in range(0, plan.conversations, CHUNK):
        lines: Lines = defaultdict(list)
        for number in range(begin, min(begin + CHUNK, plan.conversations)):
            _conversation(plan, number, number in queued, rng, lines)
        yield lines


def _item(plan: Plan, place: int, sku: int) -> int:
    return plan.first + place * SKUS + sku + 1


def _t(moment: datetime) -> str:
    return moment.isoformat()


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation being written; `clock` says whether its newest message still waits for an answer."""

    plan: Plan
    number: int
    account: Account
    name: str
    relay: str
    kind: str
    clock: bool
    sent: list[datetime]

    @property
    def pk(self) -> int:
        """Its id, and that of its order and its reply."""
        return self.plan.first + self.number + 1

    @property
    def first_message(self) -> int:
        """The id before that of its first message, raw mail and deadline."""
        return self.plan.first + self.number * self.plan.messages


def _conversation(plan: Plan, number: int, queued: bool, rng: Random, lines: Lines) -> None:
    tenant, place = plan.tenant_id, number % len(plan.accounts)
    account = plan.accounts[place]
    opened = plan.now - YEARS * (1 - number / plan.conversations) - timedelta(days=3)
    sent = [opened + timedelta(hours=5 * step) for step in range(plan.messages)]
    if queued:
        # The newest came so recently that its clock still runs, or ran out a few hours ago.
        left = timedelta(minutes=rng.randint(-360, account.hours * 60))
        newest = plan.now - timedelta(hours=account.hours) + left
        sent = [newest - timedelta(hours=5 * (plan.messages - 1 - step)) for step in range(plan.messages)]
    kind, state, draw = "buyer", "closed", rng.random()
    clock = queued and draw < 0.95
    if queued:
        state, kind = "open", "buyer" if clock else "notice"
    elif draw < 0.03:
        state = "waiting_buyer"
    elif draw < 0.033:
        state, kind = "open", rng.choice(("unrecognised", "unverified"))
    relay = f"{plan.first + number + 1:032x}@{account.relay_domain}"
    talk = Talk(plan, number, account, NAMES[number % len(NAMES)], relay, kind, clock, sent)
    buyer = plan.first + number // 2 + 1
    last = sent[-1]
    expires = _t(last + timedelta(days=365))
    order = _order(talk, place, opened, buyer, rng, lines) if kind == "buyer" else NULL
    if number % 2 == 0:
        lines["orders.Buyer"].append(f"{buyer}\t{tenant}\t{talk.name}\t{_t(opened)}\t{expires}\n")
        alias = f"{buyer}\t{tenant}\t{buyer}\t{account.id}\t{relay}\t{expires}\n"
        lines["orders.BuyerIdentity"].append(alias)
    due = _t(last + timedelta(hours=account.hours)) if clock else NULL
    queue_at = due if clock else "9999-01-01T00:00:00+00:00" if queued else NULL
    assignee = rng.choice(plan.members) if rng.random() < 0.3 else NULL
    text = TEXTS[number % len(TEXTS)]
    closed_at = _t(last + timedelta(hours=3)) if state == "closed" else NULL
    lines["inbox.Conversation"].append(
        f"{talk.pk}\t{tenant}\t{number + 1}\t{account.id}\t{kind}\t{state}\t{buyer}\t{order}\t{assignee}"
        f"\tQuestion about your order\t{talk.name}\t{text[:120]}\t{relay}\t{relay}\t{_t(last)}"
        f"\t{'t' if state == 'open' else 'f'}\t{due}\tf\t{queue_at}\t{_t(opened)}\t{closed_at}\t{expires}\n"
    )
    _messages(talk, lines)
    if kind == "buyer":
        _reply(talk, rng.choice(plan.members), lines)
        _deadlines(talk, lines)
    event = plan.first + 3 * number
    lines["inbox.Event"].append(
        f'{event + 1}\t{tenant}\t{talk.pk}\t{_t(sent[0])}\t{NULL}\topened\t{{"reason": "A buyer wrote"}}\n'
    )
    if state == "closed":
        actor = plan.members[number % len(plan.members)]
        lines["inbox.Event"].append(f"{event + 2}\t{tenant}\t{talk.pk}\t{closed_at}\t{actor}\tclosed\t{{}}\n")


def _messages(talk: Talk, lines: Lines) -> None:
    tenant, account, name = talk.plan.tenant_id, talk.account, talk.name
    for step, moment in enumerate(talk.sent):
        message, at = talk.first_message + step + 1, _t(moment)
        expires = _t(moment + timedelta(days=365))
        text = TEXTS[(talk.number + step) % len(TEXTS)]
        out = _written_elsewhere(talk, step)
        direction, mail_kind = ("out", "sent_copy") if out else ("in", "buyer_message")
        if talk.kind != "buyer" and not out:
            mail_kind = "notice" if talk.kind == "notice" else "unrecognised"
        sender = account.address if out else talk.relay
        lines["marketplaces.InboundRaw"].append(
            f"{message}\t{tenant}\t{account.id}\tbench\t{message}\t\\\\x{message:064x}"
            f"\t\\\\x{text.encode().hex()}\t{len(text)}\t{at}\t{at}\tparsed\t1\t{expires}\n"
        )
        lines["inbox.Message"].append(
            f"{message}\t{tenant}\t{talk.pk}\t{account.id}\t{message}\t{direction}\t{mail_kind}\t{name}\t{sender}"
            f"\tQuestion about your order\t<{message:x}@relay.example.com>\t{text}"
            f"\tHello,\\n{name} wants to connect with you.\\n{text}\\nThank you\t{at}\t{at}\t{expires}\n"
        )


def _written_elsewhere(talk: Talk, step: int) -> bool:
    """Every third message was found in Sent; the newest is always the buyer's."""
    return step % 3 == 1 and step + 1 < len(talk.sent)


def _deadlines(talk: Talk, lines: Lines) -> None:
    allowance = timedelta(hours=talk.account.hours)
    answered = 0 if talk.clock else len(talk.sent) - 1  # by the one reply written here
    for step, moment in enumerate(talk.sent):
        if _written_elsewhere(talk, step):
            continue
        stopped, outcome, by = _t(moment + timedelta(hours=3)), "answered_elsewhere", NULL
        if talk.clock and step + 1 == len(talk.sent):
            stopped, outcome = NULL, ""
        elif step == answered:
            outcome, by = "replied", str(talk.pk)
        message = talk.first_message + step + 1
        lines["inbox.Deadline"].append(
            f"{message}\t{talk.plan.tenant_id}\t{talk.pk}\t{message}\t{_t(moment)}\t{_t(moment + allowance)}"
            f"\t{talk.account.rule}\t{stopped}\t{outcome}\t{by}\n"
        )


def _reply(talk: Talk, author: int, lines: Lines) -> None:
    left = _t((talk.sent[0] if talk.clock else talk.sent[-1]) + timedelta(hours=3))
    lines["inbox.OutboundReply"].append(
        f"{talk.pk}\t{talk.plan.tenant_id}\t{talk.pk}\t{talk.account.id}\t{author}"
        "\tHello, we have looked into it and the parcel is on its way again; it arrives on Thursday."
        f"\tRe: Question about your order\t{talk.account.address}\t{talk.relay}"
        f"\t<r{talk.pk:x}@helpdesk.example>\tsent\t00000000-0000-4000-8000-{talk.pk:012x}\t1\t{left}\t{left}\t{left}\t{left}\t{left}"
        f"\t{_t(talk.sent[-1] + timedelta(days=365))}\n"
    )


def _order(talk: Talk, place: int, opened: datetime, buyer: int, rng: Random, lines: Lines) -> str:
    plan, number, pk = talk.plan, talk.number, talk.pk
    tenant, account, name = plan.tenant_id, talk.account, talk.name
    ordered = opened - timedelta(days=5)
    # Of the newest some are still to be shipped, and a few of those are past their moment.
    unshipped = number > plan.conversations - 200 and number % 3 == 0
    delivered = _t(ordered + timedelta(days=4))
    leaves = plan.now + timedelta(hours=rng.randint(-8, 60)) if unshipped else ordered + timedelta(days=2)
    ship_by = _t(leaves)
    status = "unshipped" if unshipped else "delivered"
    made, expires = _t(ordered), _t(opened + timedelta(days=365))
    lines["orders.Order"].append(
        f"{pk}\t{tenant}\t{account.id}\t{buyer}\t2000{pk:011d}\tf\tArched floor lamp\t{status}\tseller"
        f"\t{name}\t{made}\t{ship_by}\t{_t(ordered + timedelta(days=6))}\t{NULL if unshipped else delivered}"
        f"\t89.00\tUSD\t{made}\t{made}\t{expires}\n"
    )
    lines["orders.PurchaseOrder"].append(
        f"{pk}\t{tenant}\t{pk}\t{account.id}\t1000{pk:011d}\t{made}\t{status}\tseller\t{made}\t89.00\tUSD"
        f"\t{made}\t{pk:032x}\n"
    )
    for line in range(1 + number % 2):
        sku = (number + line) % SKUS
        lines["orders.OrderLine"].append(
            f"{plan.first + 2 * number + line + 1}\t{tenant}\t{pk}\t{pk}\t{_item(plan, place, sku)}"
            f"\t{line + 1}\tLAMP-{sku:04d}\tArched floor lamp, model {sku}\t1\t44.50\tUSD\t{status}\n"
        )
    if not unshipped:
        shipped = _t(ordered + timedelta(days=1))
        lines["orders.Shipment"].append(
            f"{pk}\t{tenant}\t{pk}\t{pk}\t1Z{pk:016d}\tUPS\t1Z{pk:016d}\tdelivered\t{shipped}\t{NULL}"
            f"\t{delivered}\n"
        )
        for scan, (code, text, at) in enumerate(
            (("DP", "Departed the facility", shipped), ("DL", "Delivered", delivered))
        ):
            lines["orders.TrackingEvent"].append(
                f"{plan.first + 2 * number + scan + 1}\t{tenant}\t{pk}\t{at}\t{code}\t{text}\tOhio, US\n"
            )
    return str(pk)


def moment_now() -> datetime:
    """The present, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
