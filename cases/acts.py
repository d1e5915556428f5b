"""What a person does to a case; each act leaves an audit entry in its own transaction.

The caller holds the conversation's row, so that nothing half done is ever seen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from accounts.models import Membership
from accounts.refusals import Refused
from cases import life
from cases.models import Case, CaseOutcome, CaseSource, Decider, Stage
from cases.opening import Decision, Found, decide, known, open_case, undecided
from cases.talks import talk_of
from cases.types import LOST, SELLERS, CaseType, type_of, types
from inbox import events
from inbox.models import Conversation
from marketplaces import retention
from marketplaces.mailbox.details import numbers_in
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.models import SellerAccount
from orders.models import Order
from orders.placeholders import order_numbered

LONGEST_NOTE = 200
# No marketplace gives more; a typing error could otherwise stand at the end of the calendar.
FURTHEST = timedelta(days=2 * 365)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case somebody opens by hand; only the type must be known."""

    type: str
    reference: str = ""
    amount: Decimal | None = None
    currency: str = ""
    due_at: datetime | None = None
    form_key: UUID | None = None  # which sheet it was written on, so that a second press is known

    def source_key(self, about: str = "") -> str:
        """What names the case once: the same sheet with the same things written on it."""
        if self.form_key is None:
            return f"hand:{uuid4()}"
        written = (self.type, about, self.reference.strip(), str(self.amount), str(self.due_at))
        return f"hand:{uuid5(self.form_key, chr(10).join(written))}"


def open_by_hand(
    conversation: Conversation, wanted: Wanted, *, by: Membership, now: datetime, source_key: str = ""
) -> Case:
    """Open a case on a conversation; raises Refused."""
    kind = types().get(wanted.type)
    account = conversation.account
    if kind is None or account.marketplace not in kind.marketplaces:
        raise Refused(f"{account.facts.name} has no such case. Choose one of the list.")
    _ahead(wanted.due_at, now=now)
    found = Found(
        type=kind,
        source=CaseSource.HAND,
        source_key=source_key or wanted.source_key(),
        at=now,
        order=conversation.order,
        reference=wanted.reference.strip(),
        amount=wanted.amount,
        currency=wanted.currency,
        stated_due=wanted.due_at,
    )
    if undecided(account, found) is not None or _stands_here(conversation, found):
        raise Refused(f"There is an open case “{kind.title}” about this already. Go on with that one.")
    return open_case(conversation, found, by=by, now=now)


def open_about(account: SellerAccount, number: str, wanted: Wanted, *, by: Membership, now: datetime) -> Case:
    """Open a case about an order, or about none, where no conversation is chosen; raises Refused.

    A second press of the same sheet finds the case of the first.
    """
    source_key = wanted.source_key(f"{account.pk} {number.strip()}")
    try:
        with transaction.atomic():
            return known(account, source_key) or _open_about(
                account, number.strip(), wanted, source_key, by=by, now=now
            )
    except IntegrityError:  # both at once, and the other one was first
        first = known(account, source_key)
        if first is None:
            raise
        return first


def _open_about(
    account: SellerAccount, number: str, wanted: Wanted, source_key: str, *, by: Membership, now: datetime
) -> Case:
    kind = types().get(wanted.type)
    title = kind.title if kind else ""
    order = _order(account, number, now=now) if number else None
    talk = talk_of(account, order, about=title, at=now)
    return open_by_hand(talk, wanted, by=by, now=now, source_key=source_key)


def _stands_here(conversation: Conversation, found: Found) -> bool:
    """Whether such a case runs on the conversation already; two with numbers of their own are two."""
    running = Case.objects.filter(conversation=conversation, type=found.type.key, closed_at__isnull=True)
    running = running.filter(outcome="", decided_at__isnull=True)
    if found.reference:
        running = running.filter(reference__in=("", found.reference))
    return running.exists()


def done_there(case: Case, *, by: Membership, note: str, now: datetime) -> None:
    """Record that the seller did at the marketplace's site what this stage asks for; raises Refused."""
    _still_open(case, by=by)
    _undecided(case, by=by)
    if case.stage not in SELLERS:
        raise Refused("It is not your turn in this case: nothing was recorded.")
    stage = type_of(case.type).after_acting
    if stage == Stage.DECIDED:
        settled = Decision(CaseOutcome.SETTLED, Decider.SELLER)
        decide(*(case, settled), at=now, source=CaseSource.HAND, by=by, note=_note(note))
    else:
        life.enter(case, stage, at=now, source=CaseSource.HAND, by=by, why=_note(note))
    events.record(case.conversation, "case_done_there", at=now, actor=by, case=case.pk)


def move(
    case: Case,
    stage: str,
    *,
    by: Membership,
    now: datetime,
    note: str = "",
    due_at: datetime | None = None,
) -> None:
    """Put a case into another stage, with a moment to act by where one is known; raises Refused."""
    _still_open(case, by=by)
    kind = type_of(case.type)
    if stage not in Stage.values or not (kind.has(stage) or stage == Stage.ESCALATED):
        raise Refused(f"A case of the type “{kind.title}” has no such stage.")
    if stage == case.stage:
        raise Refused(f"It stands in “{case.get_stage_display()}” already.")
    if stage == Stage.DECIDED:
        raise Refused("Say how it was decided: choose an outcome.")
    _ahead(due_at, now=now)
    before_decision = stage not in (Stage.FOLLOW_UP, Stage.LESSON)
    if not before_decision and case.stage in SELLERS and case.decided_at is None:
        raise Refused("It is your turn in this case. Do what it asks or record the decision; then follow up.")
    if case.outcome and before_decision:
        _appeal(case, kind, stage, by=by)
    life.enter(case, stage, at=now, source=CaseSource.HAND, by=by, why=_note(note), stated_due=due_at)
    if stage == Stage.FOLLOW_UP:
        case.follow_up_at = case.remind_at = due_at
        case.save(update_fields=["follow_up_at", "remind_at"])
    what = case.get_stage_display().lower()
    events.record(case.conversation, "case_moved", at=now, actor=by, case=case.pk, what=what)


def record_decision(
    case: Case, decision: Decision, *, by: Membership, now: datetime, currency: str = ""
) -> None:
    """Write down what came of a case, the money and who decided; raises Refused when that was done before."""
    _still_open(case, by=by)
    _undecided(case, by=by)
    if decision.outcome not in CaseOutcome.values:
        raise Refused("Choose an outcome.")
    if decision.paid is not None and decision.paid < 0:
        raise Refused("What you paid cannot be less than nothing.")
    if decision.paid is not None:
        case.currency = case.currency or currency
    decide(case, decision, at=now, source=CaseSource.HAND, by=by)


def write_lesson(case: Case, lesson: str, *, by: Membership, now: datetime) -> None:
    """Keep what would have avoided it; raises Refused where nothing was written or decided."""
    _still_open(case, by=by)
    lesson = lesson.strip()
    if not lesson:
        raise Refused("Write something first.")
    if not case.outcome:
        raise Refused("Record the decision first; then the lesson.")
    case.lesson = lesson[:1000]
    case.save(update_fields=["lesson"])
    if case.stage != Stage.LESSON:
        life.enter(case, Stage.LESSON, at=now, source=CaseSource.HAND, by=by)
    events.record(case.conversation, "case_lesson", at=now, actor=by, case=case.pk)


def finish(case: Case, *, by: Membership, now: datetime) -> None:
    """Put a decided case away; raises Refused while it is not decided."""
    _still_open(case, by=by)
    if not case.outcome:
        raise Refused("Record the decision first; then finish the case.")
    life.finish(case, at=now, by=by)
    events.record(case.conversation, "case_finished", at=now, actor=by, case=case.pk)


def _order(account: SellerAccount, number: str, *, now: datetime) -> Order:
    found = numbers_in(number, rulebook().marketplaces[account.marketplace])
    if len(found) != 1:
        raise Refused(f"“{number[:40]}” is no order number of {account.facts.name}.")
    days = account.tenant.walmart_retention_days
    expires_at = retention.expires_at(account.marketplace, now, walmart_days=days)
    return order_numbered(account, found[0], expires_at=expires_at, now=now)


def _ahead(moment: datetime | None, *, now: datetime) -> None:
    if moment is not None and moment <= now:
        raise Refused("That moment has passed. Enter a later one, or leave it empty.")
    if moment is not None and moment > now + FURTHEST:
        raise Refused("That moment is more than two years ahead. Look at the year again, or leave it empty.")


def _still_open(case: Case, *, by: Membership) -> None:
    if case.closed_at is not None:
        raise Refused(f"This case was finished on {_day(case.closed_at, by)}: nothing was changed.")


def _undecided(case: Case, *, by: Membership) -> None:
    if case.outcome and case.decided_at is not None:
        said, day = case.get_outcome_display().lower(), _day(case.decided_at, by)
        raise Refused(f"This case was decided ({said}) on {day}: nothing was changed.")


def _day(moment: datetime, reader: Membership) -> str:
    """The day by the clock of whoever reads it."""
    return f"{moment.astimezone(ZoneInfo(reader.time_zone)):%d %b %Y}"


def _appeal(case: Case, kind: CaseType, stage: str, *, by: Membership) -> None:
    """A lost case goes back under review where its type knows an appeal; any other decision stands."""
    if not (kind.appeals and case.outcome in LOST and stage == Stage.REVIEW):
        _undecided(case, by=by)
    case.outcome, case.decided_at, case.decided_by = "", None, ""
    case.save(update_fields=["outcome", "decided_at", "decided_by"])


def _note(note: str) -> str:
    return " ".join(note.split())[:LONGEST_NOTE]
