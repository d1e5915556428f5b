"""From a raw mail to a conversation: read it in the bounded parser and decide what it is."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby

import structlog
from django.db import DataError, IntegrityError, models, transaction

from accounts.tenancy import tenant_tx
from inbox import clocks, events, filing, proofs
from inbox.desk import Desk, desk_for, is_history
from inbox.duplicates import duplicate_of, same_bytes
from inbox.models import ConversationKind, Direction, Message
from inbox.reading import read_bounded
from marketplaces.checks.probes import is_probe
from marketplaces.mailbox.bounded import ParseFailed
from marketplaces.mailbox.parse import PARSER_VERSION
from marketplaces.mailbox.parsed import MailContext, MailKind, ParsedMail, UnreadableMail, Verdict
from marketplaces.mailbox.rulebook import rulebook
from marketplaces.models import FolderRole, InboundRaw, RawState
from orders import account_lock

log = structlog.get_logger(__name__)

TRIES = 3
TOGETHER = 50  # as many as a poll stores at once
FILING_FAULTS = (ValueError, LookupError, ArithmeticError, DataError, IntegrityError)
OUR_COPIES = (MailKind.SENT_COPY, MailKind.CONFIRMATION)
SETBACKS = (MailKind.BOUNCE, MailKind.OPT_OUT)
NOBODY = "Sent to nobody the helpdesk knows."


def read_raw(raw_id: int, *, tenant_id: int) -> RawState | None:
    """Read one stored mail; safe to call again and from several workers.

    None when it was not new, or when the reader stumbled and will be tried again. Whatever goes wrong, the
    mail ends as a conversation a person sees.
    """
    raw = _begin(raw_id, tenant_id=tenant_id)
    if raw is None:
        return None
    if raw.attempts > TRIES:
        return _file(Reading(raw, None, "It stopped the reader several times."))
    reading = _read(raw)
    if reading.mail is not None:
        # Only stumbles of the reader count: a full disk or a lost database must not make mail unreadable.
        with tenant_tx(tenant_id):
            InboundRaw.objects.filter(pk=raw.pk).update(attempts=0)
    elif reading.may_pass and raw.attempts < TRIES:
        return None
    return _file(reading)


def read_many(raw_ids: list[int], *, tenant_id: int) -> None:
    """Read what a poll has just stored; what is left unread is read singly, with its tries counted."""
    for first in range(0, len(raw_ids), TOGETHER):
        with tenant_tx(tenant_id):
            new = InboundRaw.objects.filter(pk__in=raw_ids[first : first + TOGETHER], state=RawState.NEW)
            raws = list(new.select_related("account__tenant").order_by("account", "pk"))
        readings = [reading for raw in raws if not (reading := _read(raw)).may_pass]
        for _, of_account in groupby(readings, key=lambda reading: reading.raw.account_id):
            _file_many(list(of_account))


@dataclass(frozen=True, slots=True)
class Reading:
    """A raw mail with what the parser made of it, or why it made nothing."""

    raw: InboundRaw
    mail: ParsedMail | None
    fault: str = ""
    may_pass: bool = False


def _read(raw: InboundRaw) -> Reading:
    try:
        return Reading(raw, read_bounded(bytes(raw.content), context_of(raw)))
    except UnreadableMail as fault:
        return Reading(raw, None, str(fault))
    except ParseFailed as fault:
        # A busy machine looks like a hostile mail at first.
        return Reading(raw, None, str(fault), may_pass=True)


def context_of(raw: InboundRaw) -> MailContext:
    """What the parser must know about the mailbox."""
    account = raw.account
    own = {account.sender_address, account.imap_user, account.smtp_user}
    return MailContext(
        marketplace=account.marketplace,
        own_addresses=tuple(sorted(address for address in own if "@" in address)),
        authserv_ids=(account.authserv_id,) if account.authserv_id else (),
        folder=raw.folder,
        received_at=raw.received_at,
    )


def _begin(raw_id: int, *, tenant_id: int) -> InboundRaw | None:
    # Counted before the reading, so that a mail which kills its worker is not tried for ever.
    with tenant_tx(tenant_id):
        new = InboundRaw.objects.filter(pk=raw_id, state=RawState.NEW)
        new.update(attempts=models.F("attempts") + 1)
        return new.select_related("account__tenant").first()


def _file_many(readings: list[Reading]) -> None:
    """File mails of one account together; if one of them cannot be filed, each by itself."""
    try:
        with tenant_tx(readings[0].raw.tenant_id):
            _file_together(readings)
    except FILING_FAULTS as error:
        log.info("mails are filed one by one", count=len(readings), fault=type(error).__name__)
        for reading in readings:
            _file(reading)


def _file_together(readings: list[Reading]) -> None:
    lock_account(readings[0].raw)
    new = InboundRaw.objects.select_for_update().filter(
        pk__in=[each.raw.pk for each in readings], state=RawState.NEW
    )
    still_new = set(new.values_list("pk", flat=True))
    todo = [each for each in readings if each.raw.pk in still_new]
    for alone, run in groupby(todo, key=_stands_alone):
        if alone:
            for reading in run:
                _file_held(reading)
            continue
        mails = [(each.raw, each.mail) for each in run if each.mail is not None]
        desk = desk_for(mails)
        settled: dict[tuple[RawState, str], list[int]] = defaultdict(list)
        for raw, mail in mails:
            settled[route(desk, raw, mail)].append(raw.pk)
        desk.write()
        for (state, note), ids in settled.items():
            _settle(ids, state, note)


def _stands_alone(reading: Reading) -> bool:
    """Whether filing it looks at more than the desk does: at replies on their way, or at nothing readable."""
    return reading.mail is None or reading.mail.kind in (*OUR_COPIES, *SETBACKS)


def _file(reading: Reading) -> RawState | None:
    """File a mail in a transaction of its own; None when somebody else has."""
    with tenant_tx(reading.raw.tenant_id):
        lock_account(reading.raw)
        if not InboundRaw.objects.select_for_update().filter(pk=reading.raw.pk, state=RawState.NEW).exists():
            return None
        return _file_held(reading)


def lock_account(raw: InboundRaw) -> None:
    """One transaction files an account's mail at a time: two could open two conversations for one matter."""
    account_lock.lock_account(raw.tenant_id, raw.account_id)


def _file_held(reading: Reading) -> RawState:
    raw, parsed = reading.raw, reading.mail
    state, note = RawState.QUARANTINED, reading.fault
    if parsed is not None:
        state, note = _routed(raw, parsed)
    if state == RawState.QUARANTINED:
        if twin := same_bytes(raw):
            state, note = RawState.DUPLICATE, f"The same mail as message {twin.pk}."
        else:
            filing.file_unreadable(raw, note)
    _settle([raw.pk], state, note)
    return state


def _routed(raw: InboundRaw, mail: ParsedMail) -> tuple[RawState, str]:
    """Route a mail by itself; what cannot be filed is quarantined and leaves nothing half done."""
    for last in (False, True):
        try:
            with transaction.atomic():
                desk = desk_for([(raw, mail)])
                settled = route(desk, raw, mail)
                desk.write()
            return settled
        except FILING_FAULTS as error:
            # An order that came from the marketplace in the same moment is there at the second look.
            if last or not isinstance(error, IntegrityError):
                log.exception("mail could not be filed", raw=raw.pk, fault=type(error).__name__)
                break
    return RawState.QUARANTINED, "The helpdesk could not file this mail."


def _settle(raw_ids: list[int], state: RawState, note: str) -> None:
    rows = InboundRaw.objects.filter(pk__in=raw_ids)
    rows.update(state=state, error=note[:500], parser_version=PARSER_VERSION, rules=rulebook().mark)


def route(desk: Desk, raw: InboundRaw, mail: ParsedMail) -> tuple[RawState, str]:
    """Decide what a mail is to the inbox and file it on the desk; the state of the raw mail and a remark."""
    if is_probe(raw.account, (mail.message_id, *(mail.bounced.message_ids if mail.bounced else ()))):
        return RawState.PARSED, "A test mail of the helpdesk's own."
    twin = duplicate_of(desk.evidence, raw, mail)
    if twin is not None:
        desk.write()  # a twin of the same batch has no number yet
        return RawState.DUPLICATE, f"The same mail as message {twin.pk}."
    found_in_sent = raw.folder == FolderRole.SENT
    if mail.verdict == Verdict.FAIL and mail.claims_relay and not found_in_sent:
        filing.file_aside(desk, raw, mail, ConversationKind.UNVERIFIED)
        return RawState.PARSED, "Claims to be from the marketplace and is not."
    if mail.kind in OUR_COPIES:
        # It stops a clock, so it must be beyond forging: in our own Sent folder, or vouched for.
        if found_in_sent or mail.verdict == Verdict.PASS:
            return RawState.PARSED, _own_copy(desk, raw, mail)
        filing.file_notice(desk, raw, mail)
        return RawState.PARSED, "A copy of an answer that nobody vouched for; no clock was stopped."
    if mail.kind in SETBACKS:
        return RawState.PARSED, _setback(desk, raw, mail)
    if mail.kind == MailKind.UNRECOGNISED:
        filing.file_aside(desk, raw, mail, ConversationKind.UNRECOGNISED)
    elif mail.kind in filing.WITHOUT_CLOCK:
        filing.file_notice(desk, raw, mail)
    else:
        filing.file_buyer_mail(desk, raw, mail)
    return RawState.PARSED, ""


def _own_copy(desk: Desk, raw: InboundRaw, mail: ParsedMail) -> str:
    """A copy of what the seller sent: proof for our own reply, or an answer given elsewhere."""
    if is_history(raw):
        # Whatever it repeats was not written here.
        message = filing.file_answer_elsewhere(desk, raw, mail)
        return "" if message else NOBODY
    # A mail in Sent proves itself alone: an answer written elsewhere names our earlier replies too.
    ids, sent_to = [part for part in (mail.message_id,) if part], None
    if raw.folder == FolderRole.SENT:
        # One text goes to many buyers, and says nothing about those it was not sent to.
        sent_to = mail.to
    else:
        ids += [*mail.in_reply_to, *mail.references]
    at = filing.moment_of(raw, mail)
    reply = proofs.find_reply(raw.account_id, ids) or proofs.find_reply_by_text(
        raw.account_id, mail.text, list(mail.order_ids), at, sent_to=sent_to
    )
    if reply is not None:
        proofs.prove_sent(reply.pk, raw.pk, at)
        return "Proof of a reply."
    message = filing.file_answer_elsewhere(desk, raw, mail)
    return "" if message else NOBODY


def _setback(desk: Desk, raw: InboundRaw, mail: ParsedMail) -> str:
    """A bounce or an opt-out: what it names did not reach the buyer."""
    if is_history(raw):
        # No reply that is on its way, and no clock that runs, is older than the account's first moment.
        filing.file_notice(desk, raw, mail)
        return "Something sent before the account's clocks began did not reach its reader."
    at = filing.moment_of(raw, mail)
    bounced = mail.bounced
    named = [*(bounced.message_ids if bounced else ())], [*mail.in_reply_to], [*mail.references[-1:]]
    reply = next((found for ids in named if ids and (found := proofs.find_reply(raw.account_id, ids))), None)
    if reply is None and bounced is not None and bounced.text_excerpt:
        reply = proofs.find_reply_by_text(raw.account_id, bounced.text_excerpt, list(mail.order_ids), at)
    if reply is None and (elsewhere := _answer_elsewhere(raw, [part for ids in named for part in ids])):
        return _elsewhere_failed(desk, raw, mail, elsewhere)
    if reply is None:
        reply = proofs.last_reply_to(raw.account_id, mail.relay_alias, list(mail.order_ids))
    if reply is None:
        filing.file_notice(desk, raw, mail)
        return "A bounce of something the helpdesk did not send."
    if bounced is not None and not bounced.permanent:
        # "Delivery delayed, no need to send again": sending again would be the buyer's second copy.
        conversation = filing.held(reply.conversation)
        filing.add_message(desk, raw, mail, conversation, at)
        events.record(conversation, "reply_delayed", at=at, reply=reply.pk)
        return "A reply is delayed on its way."
    proofs.prove_rejected(reply.pk, raw.pk, (bounced.reason if bounced else "") or mail.subject)
    filing.add_message(desk, raw, mail, filing.held(reply.conversation), at)
    return "A reply did not reach the buyer."


def _answer_elsewhere(raw: InboundRaw, message_ids: list[str]) -> Message | None:
    """The mail found in Sent that a bounce names."""
    out = Message.objects.filter(account_id=raw.account_id, direction=Direction.OUT)
    return out.filter(message_id__in=message_ids).select_related("conversation").order_by("-pk").first()


def _elsewhere_failed(desk: Desk, raw: InboundRaw, mail: ParsedMail, answer: Message) -> str:
    at = filing.moment_of(raw, mail)
    conversation = filing.held(answer.conversation)
    conversation.open_again()
    conversation.save(update_fields=["state", "closed_at"])
    clocks.restart_by_message(answer)
    reason = (mail.bounced.reason if mail.bounced else "") or mail.subject
    events.record(conversation, "elsewhere_rejected", at=at, message=answer.pk, reason=reason)
    filing.add_message(desk, raw, mail, filing.held(conversation), at)
    return "An answer given elsewhere did not reach the buyer."
