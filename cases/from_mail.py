"""Cases that mail opens, updates and decides, inside the transaction that files the mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.dispatch import receiver
from django.utils import timezone

from cases import life
from cases.cancelled import is_over
from cases.models import Case, CaseOutcome, CaseSource, CaseStage, Decider, Stage
from cases.opening import Decision, Found, decide, decided_before, known, open_case, undecided, update
from cases.types import SELLERS, types
from inbox import clocks, events, standing
from inbox.desk import is_history
from inbox.models import Direction, Message
from inbox.signals import mails_filed
from inbox.standing import ASIDE
from marketplaces.mailbox.parsed import Matter
from marketplaces.models import SellerAccount

log = structlog.get_logger(__name__)


@receiver(mails_filed)
def hear(
    sender: type[Message],
    *,
    account: SellerAccount,
    messages: Sequence[Message],
    again: bool,
    **kwargs: Any,
) -> None:
    """Take up what each mail says of a case; a fault costs the case, never the mail or the clock it has."""
    for message in sorted(messages, key=lambda each: each.sent_at):
        # Of a mail that was here before a case may have to go; one that is new has none.
        if message.direction != Direction.IN or (message.matter is None and not again):
            continue
        try:
            with transaction.atomic():
                take_up(account, message, now=timezone.now())
        except (OperationalError, InterfaceError):
            raise  # the database's, and so the mail's: it is filed again
        except Exception as error:
            # Only the kind of fault: its words can hold a buyer's.
            log.error("a case could not be opened", message=message.pk, fault=type(error).__name__)
            standing.refresh(message.conversation)


def take_up(account: SellerAccount, message: Message, *, now: datetime) -> Case | None:
    """The case a mail is about, opened, brought up to date or decided; None where it is about none."""
    key = f"mail:{message.pk}"
    before = known(account, key)
    matter = message.matter
    if matter is None or matter.type not in types() or message.conversation.kind in ASIDE:
        if before is not None and before.closed_at is None:
            _withdraw(before, at=now)
        return None
    if not message.filed_by_id and is_history(message.raw):
        return None
    found = _found(message, matter, key)
    if matter.step == "decided":
        return before or _decided(account, message, matter, found, now=now)
    if before is not None:
        if before.closed_at is None and before.type != matter.type:
            _withdraw(before, at=now)
        return _again(before, message, found, now=now)
    case = undecided(account, found)
    if case is None and (past := _settled_since(account, found)) is not None:
        clocks.in_place_of_reply(message)
        standing.refresh(message.conversation)
        events.record(past.conversation, "case_updated", at=now, case=past.pk, what=found.type.title)
        return past
    if case is None and matter.type == "cancel_request" and is_over(found.order):
        return None  # it came too late: nothing is to be cancelled, but its mail may want an answer
    if case is None:
        case = open_case(message.conversation, found, now=now)
        _own_clock(case, message)
        return case
    if case.conversation_id == message.conversation_id:
        case.conversation = message.conversation  # the row the batch goes on writing
    if case.stage in SELLERS:
        update(case, found, now=now)
        # A reply to the first mail may not answer this one: it keeps the clock of a message.
        # So does one whose case runs none that could take its place.
        clock = case.deadline
        if clock is not None and (not found.type.by_reply or clock.message_id == message.pk):
            clocks.in_place_of_reply(message)
    else:
        update(case, found, now=now)
        stage = found.type.first.stage
        life.enter(
            *(case, stage),
            at=found.at,
            source=CaseSource.MAIL,
            why="another mail came",
            stated_due=found.stated_due,
            mail=message,
        )
        _own_clock(case, message)
    standing.refresh(message.conversation)
    return case


def _found(message: Message, matter: Matter, key: str) -> Found:
    order = message.conversation.order
    due = message.stated_due
    if matter.type == "cancel_request" and due is None and order is not None:
        due = order.ship_by
    return Found(
        type=types()[matter.type],
        source=CaseSource.MAIL,
        source_key=key,
        at=message.sent_at,
        order=order,
        mail=message,
        reference=matter.reference,
        amount=matter.amount,
        currency=matter.currency,
        stated_due=due,
    )


def _settled_since(account: SellerAccount, found: Found) -> Case | None:
    """The case that the marketplace decided after this mail, which came late, was written.

    A person who decided it may not have known of what the mail asks: then only an older copy is passed by.
    What a reply answers asks for its own.
    """
    past = None if found.type.by_reply else decided_before(account, found)
    if past is None:
        return None
    decided = CaseStage.objects.filter(case=past, stage=Stage.DECIDED).order_by("entered_at", "pk").last()
    by_hand = decided is not None and decided.source == CaseSource.HAND
    over_at = past.opened_at if by_hand else past.decided_at or past.closed_at
    return past if over_at and found.at <= over_at else None


def _own_clock(case: Case, message: Message) -> None:
    """What the case's own clock covers needs none as a message."""
    if case.deadline_id is not None:
        clocks.in_place_of_reply(message)
        standing.refresh(message.conversation)


def _again(case: Case, message: Message, found: Found, *, now: datetime) -> Case:
    """The same mail is filed again as what it was: a case that was withdrawn with its filing goes on."""
    case.conversation = message.conversation
    if case.outcome == CaseOutcome.WITHDRAWN and case.closed_at is not None:
        case.outcome, case.closed_at, case.decided_at, case.decided_by = "", None, None, ""
        case.type = found.type.key
        case.save(update_fields=["outcome", "closed_at", "decided_at", "decided_by", "type"])
        stage = found.type.first.stage
        due, at = found.stated_due, message.sent_at
        life.enter(case, stage, at=at, source=CaseSource.MAIL, stated_due=due, mail=message)
        events.record(case.conversation, "case_opened", at=now, case=case.pk, what=found.type.title)
    if case.stage not in SELLERS:
        # It has been acted on since: the mail it came from asks for no reply beside it.
        clocks.in_place_of_reply(message)
        standing.refresh(message.conversation)
    _own_clock(case, message)
    return case


def _decided(
    account: SellerAccount, message: Message, matter: Matter, found: Found, *, now: datetime
) -> Case | None:
    if not message.vouched and not message.filed_by_id:
        # It stops a clock, so it must be beyond forging.
        events.record(message.conversation, "case_decision_unproven", at=found.at, what=found.type.title)
        return None
    case = undecided(account, found)
    if case is None and (past := decided_before(account, found)) is not None:
        return _decided_again(past, message, matter, found, now=now)
    if case is None:
        case = open_case(
            message.conversation,
            Found(
                type=found.type,
                source=found.source,
                source_key=found.source_key,
                at=found.at,
                order=found.order,
                reference=found.reference,
                amount=found.amount,
                currency=found.currency,
                stage="review",
            ),
            now=now,
        )
    elif case.conversation_id == message.conversation_id:
        case.conversation = message.conversation
    _decide(case, message, matter, found)
    return case


def _decided_again(case: Case, message: Message, matter: Matter, found: Found, *, now: datetime) -> Case:
    """The marketplace tells of what is known, or has changed its mind; its word beats what a person noted."""
    if case.conversation_id == message.conversation_id:
        case.conversation = message.conversation
    told = CaseStage.objects.filter(case=case, stage=Stage.DECIDED, source=CaseSource.MAIL)
    overtaken = told.filter(entered_at__gt=found.at)
    if not matter.outcome or matter.outcome == case.outcome or overtaken.exists():
        events.record(case.conversation, "case_updated", at=now, case=case.pk, what=found.type.title)
        return case
    _decide(case, message, matter, found)
    return case


def _decide(case: Case, message: Message, matter: Matter, found: Found) -> None:
    paid = matter.amount if matter.outcome == CaseOutcome.LOST else None
    if paid is not None:
        case.currency = case.currency or matter.currency
    decision = Decision(matter.outcome, Decider.MARKETPLACE, paid)
    decide(*(case, decision), at=found.at, source=CaseSource.MAIL, stated_due=found.stated_due, mail=message)


def _withdraw(case: Case, *, at: datetime) -> None:
    """The mail that opened it turned out to be something else."""
    case.outcome, case.decided_at, case.decided_by = CaseOutcome.WITHDRAWN, at, Decider.SELLER
    case.save(update_fields=["outcome", "decided_at", "decided_by"])
    life.finish(case, at=at)
    events.record(case.conversation, "case_withdrawn", at=at, case=case.pk)
