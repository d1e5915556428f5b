"""Open a case, or bring the one that is there up to date; whatever tells of it, it is opened once."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from accounts.models import Membership
from cases import life
from cases.models import Case, CaseOutcome, CaseSource, Decider, Stage
from cases.types import LOST, SELLERS, CaseType
from inbox import clocks, events
from inbox.models import Conversation, Deadline, Direction, Message
from marketplaces.models import SellerAccount
from orders.models import Order, Return

ALL = Q()


@dataclass(frozen=True, slots=True)
class Found:
    """What a source says of a case; `at` is when it began there, `stated_due` the moment the source names."""

    type: CaseType
    source: CaseSource
    source_key: str
    at: datetime
    order: Order | None = None
    order_return: Return | None = None
    mail: Message | None = None
    reference: str = ""
    amount: Decimal | None = None
    currency: str = ""
    stated_due: datetime | None = None
    stage: str = ""  # where it begins; empty: the type's first


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a case; no outcome where the source does not say, no sum where nothing was paid."""

    outcome: str
    by: Decider
    paid: Decimal | None = None


def known(account: SellerAccount, source_key: str) -> Case | None:
    """The case that this source opened before."""
    rows = Case.objects.select_related("conversation__account", "order", "deadline")
    return rows.filter(account=account, source_key=source_key).first()


def undecided(account: SellerAccount, found: Found) -> Case | None:
    """The running case about the same matter: by its number, by the return, else by the order."""
    rows = _of_type(account, found).filter(closed_at__isnull=True, outcome="", decided_at__isnull=True)
    return _about(rows, found)


def decided_before(account: SellerAccount, found: Found) -> Case | None:
    """The newest case about the same matter that is decided or put away."""
    rows = _of_type(account, found).filter(Q(closed_at__isnull=False) | Q(decided_at__isnull=False))
    # A return that began after one was decided that named none is another.
    return _about(rows.exclude(outcome=CaseOutcome.WITHDRAWN), found, unnamed=Q(decided_at__gte=found.at))


def _of_type(account: SellerAccount, found: Found) -> QuerySet[Case]:
    rows = Case.objects.filter(account=account, type=found.type.key)
    return rows.select_related("conversation__account", "order", "deadline").order_by("-opened_at", "-pk")


def _about(rows: QuerySet[Case], found: Found, *, unnamed: Q = ALL) -> Case | None:
    if found.reference and (named := rows.filter(reference=found.reference).first()):
        return named
    if found.order_return is not None:
        if (same_return := rows.filter(order_return=found.order_return).first()) is not None:
            return same_return
        # Whoever opened it by hand or from a mail named the order, and no return of it.
        rows = rows.filter(unnamed, order_return__isnull=True)
    if found.order is None:
        return None
    same = rows.filter(order=found.order)
    if found.reference:
        same = same.filter(reference="")
    return same.first()


def open_case(
    conversation: Conversation, found: Found, *, by: Membership | None = None, now: datetime
) -> Case:
    """Store a new case and begin its first stage; the caller holds the conversation and knows it is new."""
    order = found.order
    case: Case = Case(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        account_id=conversation.account_id,
        order=order,
        order_return=found.order_return,
        type=found.type.key,
        stage=found.stage or found.type.first.stage,
        stage_since=found.at,
        source=found.source,
        source_key=found.source_key[:200],
        mail=found.mail,
        reference=found.reference[:64],
        amount=found.amount,
        currency=_currency(conversation.account, found),
        opened_at=found.at,
        opened_by=by,
    )
    case.save(force_insert=True)
    life.enter(
        case,
        case.stage,
        at=found.at,
        source=found.source,
        by=by,
        stated_due=found.stated_due,
        mail=found.mail,
    )
    events.record(
        conversation, "case_opened", at=now if by else found.at, actor=by, case=case.pk, what=found.type.title
    )
    return case


def update(case: Case, found: Found, *, now: datetime) -> None:
    """A source tells more of a running case: its number, its sum, another moment to act by, a later stage.

    A mail that comes after a newer one may only fill what is empty and bring the moment forward.
    """
    overtaken = _overtaken(case, found)
    if not (overtaken and case.reference):
        case.reference = found.reference[:64] or case.reference
    if found.amount is not None and not (overtaken and case.amount is not None):
        case.amount = found.amount
        case.currency = found.currency or case.currency or _currency(case.conversation.account, found)
    case.order = case.order or found.order
    case.order_return = case.order_return or found.order_return
    case.save(update_fields=["reference", "amount", "currency", "order", "order_return"])
    moved = False
    if found.stated_due is not None and case.deadline_id is not None:
        deadline = Deadline.objects.select_related("conversation__account").get(pk=case.deadline_id)
        if not overtaken or found.stated_due < deadline.due_at:
            moved = clocks.move_stated(deadline, found.stated_due)
    elif found.stated_due is not None and case.stage in SELLERS:
        life.run(case, at=found.at, stated_due=found.stated_due, mail=found.mail)
        moved = True
    if found.stage and case.stage in SELLERS:
        # What was still to be done there was done.
        life.enter(case, found.stage, at=max(found.at, case.stage_since), source=found.source)
    life.tell(case.conversation)
    kind = "case_due_moved" if moved else "case_updated"
    events.record(case.conversation, kind, at=now, case=case.pk, what=found.type.title)


def _overtaken(case: Case, found: Found) -> bool:
    """Whether a newer mail of the kind is here already: mail does not come in the order it was written."""
    if found.mail is None:
        return False
    others = Message.objects.filter(conversation__in=(case.conversation_id, found.mail.conversation_id))
    newer = others.filter(kind=found.mail.kind, direction=Direction.IN, sent_at__gt=found.mail.sent_at)
    return newer.exists()


def decide(
    case: Case,
    decision: Decision,
    *,
    at: datetime,
    source: CaseSource,
    by: Membership | None = None,
    stated_due: datetime | None = None,
    mail: Message | None = None,
    note: str = "",
) -> None:
    """Write down how a case was decided and enter that stage; an appeal's clock runs where it was lost.

    One that was finished is open again.
    """
    case.outcome, case.decided_at, case.decided_by = decision.outcome, at, decision.by
    case.closed_at = None
    case.paid = case.paid if decision.paid is None else decision.paid
    if case.paid is not None and not case.currency:
        case.currency = currency_of(case.conversation.account, case.order)
    case.save(update_fields=["outcome", "decided_at", "decided_by", "closed_at", "paid", "currency"])
    said = CaseOutcome(decision.outcome).label.lower() if decision.outcome else "outcome not stated"
    due = stated_due if case.outcome in LOST else None
    why = f"{said}: {note}" if note else said
    life.enter(case, Stage.DECIDED, at=at, source=source, by=by, why=why, stated_due=due, mail=mail)
    events.record(case.conversation, "case_decided", at=at, actor=by, case=case.pk, what=said)


def currency_of(account: SellerAccount, order: Order | None) -> str:
    """The currency of a sum that comes without one: the order's, else that of the account's country."""
    return (order.currency if order else "") or account.site.currency


def _currency(account: SellerAccount, found: Found) -> str:
    """The sum's currency; a lone dollar sign is that of the order's country."""
    if found.amount is None:
        return ""
    return found.currency or currency_of(account, found.order)
