"""Cases that the marketplaces' own data opens and ends, inside the transaction that stores the data."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.dispatch import receiver

from cases import life
from cases.cancelled import ended
from cases.models import Case, CaseOutcome, CaseSource, CaseStage, Decider, Stage, WarehouseCheck
from cases.opening import Decision, Found, decide, decided_before, known, open_case, undecided, update
from cases.talks import hold_talks, talk_of
from cases.types import types
from inbox import events
from inbox.models import Conversation, ConversationState
from marketplaces.models import SellerAccount
from marketplaces.records import Fulfilment, OrderStatus, ReturnStatus
from marketplaces.types import Marketplace
from orders.goods import paid_back
from orders.merging import order_merged
from orders.models import Order, OrderLine, Refund, Return, ReturnLine
from orders.signals import orders_stored, refunds_stored, returns_stored

log = structlog.get_logger(__name__)

# Who ships answers for the return, so there is nothing for the seller to do (facts of WFS and FBA).
OTHERS_ANSWER = (Fulfilment.WFS, Fulfilment.FBA)
# Walmart refunded, not the seller. That these values mean so is inferred from their names, not documented.
BY_WALMART = ("WALMART_TRIGGERED_REFUND", "WALMART_SETTLED_REFUND")
CUSTOMER_CARE = "CUSTOMER_CARE"
NOT_RECEIVED = ("LOST_IN_TRANSIT", "LOST_AFTER_DELIVERY")
STILL_TO_SHIP = (OrderStatus.PENDING, OrderStatus.UNSHIPPED, OrderStatus.PARTLY_SHIPPED)
# Amazon does not pay a SAFE-T claim. The words of the report's state are not documented: inferred too.
DENIED = ("denied", "rejected", "declined")
RUNNING = Q(closed_at__isnull=True, outcome="")
OVER = (ReturnStatus.COMPLETED, ReturnStatus.CANCELLED)
# What waits for the goods, and what waits for the money.
UNTIL_IT_ARRIVES = ("return_request", "return_open")
OF_RETURNS = (*UNTIL_IT_ARRIVES, "return_received")


@receiver(returns_stored)
def hear_returns(
    sender: type[Return], *, account: SellerAccount, returns: Sequence[Return], now: datetime, **kwargs: Any
) -> None:
    """Open what these returns ask of the seller and end what they have settled."""
    reasons: dict[int, list[str]] = defaultdict(list)
    lines = ReturnLine.objects.filter(parent__in=[row.pk for row in returns])
    for parent_id, reason in lines.values_list("parent_id", "reason"):
        reasons[parent_id].append(reason.upper().replace(" ", "_"))
    hold_talks([row.order_id for row in returns])
    for row in returns:
        with _harmless("return"):
            _end_of_return(account, row, now=now)
            for found in _of_return(account, row, reasons[row.pk], now=now):
                if found.at >= account.clocks_from:
                    _take_up(account, found, now=now)
            # After it was taken up: claimed and answered is often told in one row.
            _answer_to_safe_t(account, row, now=now)
    # The refund may have been told of before the return that it is for.
    _end_refunded([row.order_id for row in returns])


@receiver(orders_stored)
def hear_orders(
    sender: type[Order], *, account: SellerAccount, orders: Collection[int], now: datetime, **kwargs: Any
) -> None:
    """Open what buyers want cancelled before it ships, and end it when it was cancelled or has left."""
    # What a mail or a person told of, the order's own lines may not say, or may say no longer.
    told = Case.objects.filter(RUNNING, account=account, order__in=list(orders), type="cancel_request")
    lines = OrderLine.objects.filter(order__in=list(orders))
    by_order: dict[int, list[OrderLine]] = defaultdict(list)
    for line in lines.filter(Q(cancel_requested=True) | Q(order__in=told.values("order"))).select_related(
        "order"
    ):
        by_order[line.order_id].append(line)
    # A return told of before its order was taken for the seller's own.
    theirs = Case.objects.filter(RUNNING, account=account, order__in=list(orders), source=CaseSource.API)
    theirs = theirs.filter(order__fulfilment__in=OTHERS_ANSWER, order_return__isnull=False)
    hold_talks({*by_order, *theirs.values_list("order_id", flat=True)})
    for case in theirs.select_related("conversation__account").order_by("pk"):
        with _harmless("order"):
            _settle(case, "the marketplace ships it", at=now, outcome=CaseOutcome.WITHDRAWN)
    for of_order in by_order.values():
        order = of_order[0].order
        asked = [line for line in of_order if line.cancel_requested]
        with _harmless("order"):
            if any(line.status in STILL_TO_SHIP for line in asked):
                # What must still ship is no history, however long ago it was ordered.
                since = order.ship_by or order.ordered_at or now
                if since >= account.clocks_from and order.fulfilment not in OTHERS_ANSWER:
                    _take_up(account, _cancel(account, order, now=now), now=now)
            elif why := ended(asked or of_order):
                for case in _running(account, order, ("cancel_request",)):
                    _settle(case, why, at=now)


@receiver(refunds_stored)
def hear_refunds(sender: type[Refund], *, orders: Sequence[Order], **kwargs: Any) -> None:
    """End what waits for a refund of a return that is here."""
    _end_refunded([order.pk for order in orders])


def _end_refunded(orders: Collection[int]) -> None:
    """End returns that are here once refunds made since then reach their sum.

    A refund names no return: where several of an order wait, each one's own record must tell.
    """
    waiting = Case.objects.filter(RUNNING, order__in=orders, type="return_received")
    # By conversation, as whoever holds several of them does.
    rows = waiting.select_related("conversation__account", "order_return").order_by("conversation_id")
    of_order = Counter(row.order_id for row in rows)
    for case in rows:
        if of_order[case.order_id] > 1:
            continue
        with _harmless("refund"):
            made = Refund.objects.filter(order=case.order_id, at__gte=case.opened_at).order_by("at")
            _settle_if_paid(case, list(made))


def _settle_if_paid(case: Case, refunds: Sequence[Refund]) -> None:
    # What ended another return of the order was no refund of this one.
    others = Case.objects.filter(order=case.order_id, type="return_received", decided_at__gte=case.opened_at)
    used = others.exclude(pk=case.pk).aggregate(sum=Sum("paid"))["sum"] or Decimal()
    paid = sum((refund.amount for refund in refunds), Decimal()) - used
    if paid <= 0 or (case.amount is not None and paid < case.amount):
        return
    case.paid, case.currency = paid, refunds[-1].currency
    case.save(update_fields=["paid", "currency"])
    _settle(case, "refunded", at=max(refunds[-1].at or case.stage_since, case.stage_since))


@receiver(order_merged)
def follow(sender: type[Order], *, placeholder: Order, order: Order, **kwargs: Any) -> None:
    """Hang the placeholder's cases and checks on the order, in the transaction that removes it."""
    Case.objects.filter(order=placeholder).update(order=order)
    WarehouseCheck.objects.filter(order=placeholder).update(order=order)


def _of_return(account: SellerAccount, row: Return, reasons: list[str], *, now: datetime) -> Iterator[Found]:
    """Everything a return asks of the seller, each with the moment it began."""
    if row.order.fulfilment in OTHERS_ANSWER:
        return
    amazon = account.marketplace == Marketplace.AMAZON
    if row.received_at and not row.refunded_at and row.status not in OVER:
        yield _found("return_received", row, "received", row.received_at)
    elif row.status in (ReturnStatus.STARTED, ReturnStatus.IN_TRANSIT) and not row.refunded_at:
        yield _found("return_open", row, "open", row.requested_at or row.modified_at)
    if amazon and row.a_to_z and row.modified_at >= account.clocks_from:
        # The report says that there is a claim and not since when: its clock begins as we learn of it.
        yield _found("atoz_claim", row, "a_to_z", now)
    if amazon and row.safe_t:
        yield _found("safe_t", row, "safe_t", row.safe_t_at or row.modified_at, stage="review")
    if not amazon and row.refunded_at:
        if any(lost in reason for reason in reasons for lost in NOT_RECEIVED):
            yield _found("item_not_received", row, "not_received", row.refunded_at)
        elif row.refund_channel in BY_WALMART or row.channel == CUSTOMER_CARE:
            yield _found("walmart_refund", row, "by_marketplace", row.refunded_at)


def _found(key: str, row: Return, fact: str, at: datetime, *, stage: str = "") -> Found:
    is_safe_t = key == "safe_t"
    return Found(
        type=types()[key],
        source=CaseSource.API,
        source_key=f"return:{row.external_id}:{fact}",
        at=at,
        order=row.order,
        order_return=row,
        reference=row.safe_t.partition(" ")[0] if is_safe_t else "",
        amount=row.refund_amount,
        currency=row.currency,
        stage=stage,
    )


def _cancel(account: SellerAccount, order: Order, *, now: datetime) -> Found:
    source_key = f"order:{order.external_id}:cancel"
    # What it asked before is cancelled or has left, so now it asks for something else.
    over = Exists(_decided().filter(source=CaseSource.API))
    before = Case.objects.filter(over, account=account, type="cancel_request", order=order).count()
    return Found(
        type=types()["cancel_request"],
        source=CaseSource.API,
        source_key=f"{source_key}:{before}" if before else source_key,
        at=now,
        order=order,
        amount=order.total,
        currency=order.currency,
        stated_due=order.ship_by,
    )


def _take_up(account: SellerAccount, found: Found, *, now: datetime) -> Case | None:
    if known(account, found.source_key) is not None:
        return None
    if found.type.key == "atoz_claim" and _claimed(account, found.order).exists():
        return None  # the mail about the claim was here first
    case = undecided(account, found)
    if case is not None:
        update(case, found, now=now)
        return case
    past = decided_before(account, found)
    if past is not None and not (found.type.key == "cancel_request" and _ended_by_itself(past)):
        # A mail or a person was here first, and it is over; it stands for one return only.
        if past.order_return_id is None and found.order_return is not None:
            past.order_return = found.order_return
            past.save(update_fields=["order_return"])
        return None
    talk = talk_of(account, found.order, about=found.type.title, at=found.at)
    case = open_case(talk, found, now=now)
    if found.type.first.stage == "buyer" and talk.case_label == found.type.label:
        _with_the_buyer(talk)
    return case


def _claimed(account: SellerAccount, order: Order | None) -> QuerySet[Case]:
    """The order's claims, without those whose mail turned out to be none: nobody decided about them."""
    none_after_all = Q(outcome=CaseOutcome.WITHDRAWN) & ~Exists(_decided())
    return Case.objects.filter(account=account, type="atoz_claim", order=order).exclude(none_after_all)


def _decided() -> QuerySet[CaseStage]:
    """The decisions about each case of an outer query."""
    return CaseStage.objects.filter(case=OuterRef("pk"), stage=Stage.DECIDED)


def _ended_by_itself(case: Case) -> bool:
    decided = CaseStage.objects.filter(case=case, stage=Stage.DECIDED).order_by("entered_at", "pk").last()
    return decided is not None and decided.source == CaseSource.API


def _with_the_buyer(talk: Conversation) -> None:
    """A conversation opened for what the buyer does next waits for the buyer."""
    if talk.state == ConversationState.OPEN and talk.due_at is None and not talk.messages.exists():
        talk.state = ConversationState.WAITING_BUYER
        talk.save(update_fields=["state"])
        life.tell(talk)


def _end_of_return(account: SellerAccount, row: Return, *, now: datetime) -> None:
    for case in _running(account, row.order, OF_RETURNS, row=row):
        if row.status == ReturnStatus.CANCELLED:
            _settle(case, "the return was cancelled", at=now, outcome=CaseOutcome.WITHDRAWN)
        elif row.refunded_at or row.status == ReturnStatus.COMPLETED:
            paid = paid_back(row.refund_amount, row.refunded_at, account.marketplace)
            case.paid = paid if case.paid is None else case.paid
            case.currency = case.currency or row.currency
            case.save(update_fields=["paid", "currency"])
            why = "refunded" if row.refunded_at or paid else "the return was completed"
            _settle(case, why, at=max(row.refunded_at or now, case.stage_since))
        elif case.type in UNTIL_IT_ARRIVES and row.received_at:
            _settle(case, "the return arrived", at=max(row.received_at, case.stage_since))


def _answer_to_safe_t(account: SellerAccount, row: Return, *, now: datetime) -> None:
    """Amazon has paid what the seller claimed, or has said that it will not."""
    denied = any(word in row.safe_t.lower() for word in DENIED)
    if not row.safe_t or not (row.safe_t_paid or denied):
        return
    cases = _running(account, row.order, ("safe_t",), row=row)
    if row.safe_t_paid:
        # Paid after all: it was denied before, and the seller appealed.
        lost = Case.objects.filter(type="safe_t", order_return=row.pk, outcome=CaseOutcome.LOST)
        cases += lost.select_related("conversation__account", "order_return")
    for case in cases:
        if row.safe_t_paid:
            case.amount, case.currency = row.safe_t_paid, row.currency or case.currency
            case.save(update_fields=["amount", "currency"])
        outcome = CaseOutcome.WON if row.safe_t_paid else CaseOutcome.LOST
        decide(case, Decision(outcome, Decider.MARKETPLACE), at=now, source=CaseSource.API)


def _running(
    account: SellerAccount, order: Order, keys: Sequence[str], *, row: Return | None = None
) -> list[Case]:
    cases = Case.objects.filter(RUNNING, account=account, order=order, type__in=keys)
    if row is not None:
        # What a person or a mail opened names no return: it is about this one where the order has no other.
        others = Return.objects.filter(order=order).exclude(pk=row.pk)
        told_at = row.refunded_at or row.received_at or row.modified_at
        unnamed = Q(order_return__isnull=True, opened_at__lte=told_at)
        cases = cases.filter(Q(order_return=row.pk) | unnamed & ~Exists(others))
    return list(cases.select_related("conversation__account", "order_return"))


def _settle(case: Case, why: str, *, at: datetime, outcome: str = CaseOutcome.SETTLED) -> None:
    """The data shows that nothing is left to do: the case ends by itself."""
    decide(case, Decision(outcome, Decider.SELLER), at=at, source=CaseSource.API)
    life.finish(case, at=at)
    events.record(case.conversation, "case_ended", at=at, case=case.pk, why=why)


@contextmanager
def _harmless(about: str) -> Iterator[None]:
    """A savepoint whose fault costs the case and not the data; a lost database is everybody's."""
    try:
        with transaction.atomic():
            yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as fault:
        log.error("a case could not be opened", about=about, fault=type(fault).__name__)
