"""From a raw mail to a conversation: read it in the bounded parser and decide what it is."""

from dataclasses import dataclass

import structlog
from django.db import DataError, IntegrityError, connection, models, transaction

from accounts.tenancy import tenant_tx
from inbox import filing, proofs
from inbox.duplicates import duplicate_of
from inbox.models import ConversationKind
from inbox.reading import read_bounded
from marketplaces.mailbox.bounded import ParseFailed
from marketplaces.mailbox.parse import PARSER_VERSION
from marketplaces.mailbox.parsed import MailContext, MailKind, ParsedMail, UnreadableMail, Verdict
from marketplaces.models import FolderRole, InboundRaw, RawState

log = structlog.get_logger(__name__)

TRIES = 3
OUR_COPIES = (MailKind.SENT_COPY, MailKind.CONFIRMATION)
SETBACKS = (MailKind.BOUNCE, MailKind.OPT_OUT)


def read_raw(raw_id: int, *, tenant_id: int) -> RawState | None:
    """Read one stored mail; safe to call again and from several workers. None when it was not new.

    Whatever goes wrong, the mail ends as a conversation a person sees.
    """
    raw = _begin(raw_id, tenant_id=tenant_id)
    if raw is None:
        return None
    if raw.attempts > TRIES:
        reading = Reading(raw, None, "It stopped the reader several times.")
    else:
        reading = _read(raw)
    return _file([reading], tenant_id=tenant_id).get(raw_id)


def read_many(raw_ids: list[int], *, tenant_id: int) -> None:
    """Read what a poll has just stored, in one go; what a crash leaves unread is read singly later."""
    with tenant_tx(tenant_id):
        new = InboundRaw.objects.filter(pk__in=raw_ids, state=RawState.NEW)
        raws = list(new.select_related("account__tenant").order_by("pk"))
    _file([_read(raw) for raw in raws], tenant_id=tenant_id)


@dataclass(frozen=True, slots=True)
class Reading:
    """A raw mail with what the parser made of it, or why it made nothing."""

    raw: InboundRaw
    mail: ParsedMail | None
    fault: str = ""


def _read(raw: InboundRaw) -> Reading:
    try:
        return Reading(raw, read_bounded(bytes(raw.content), context_of(raw)))
    except (ParseFailed, UnreadableMail) as fault:
        return Reading(raw, None, str(fault))


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


def _file(readings: list[Reading], *, tenant_id: int) -> dict[int, RawState]:
    """File what was read, in order; the states of those that were still new."""
    states: dict[int, RawState] = {}
    with tenant_tx(tenant_id):
        for reading in readings:
            state = _file_one(reading)
            if state is not None:
                states[reading.raw.pk] = state
    return states


def _file_one(reading: Reading) -> RawState | None:
    raw, parsed = reading.raw, reading.mail
    # One mail of an account at a time: two at once could open two conversations for one matter.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [raw.tenant_id % 2**31, raw.account_id % 2**31]
        )
    if not InboundRaw.objects.select_for_update().filter(pk=raw.pk, state=RawState.NEW).exists():
        return None
    state, note = RawState.QUARANTINED, reading.fault
    try:
        if parsed is not None:
            with transaction.atomic():
                state, note = route(raw, parsed)
    except (ValueError, LookupError, ArithmeticError, DataError, IntegrityError) as error:
        log.exception("mail could not be filed", raw=raw.pk, fault=type(error).__name__)
        state, note = RawState.QUARANTINED, "The helpdesk could not file this mail."
    if state == RawState.QUARANTINED:
        filing.file_unreadable(raw, note)
    InboundRaw.objects.filter(pk=raw.pk).update(state=state, error=note[:500], parser_version=PARSER_VERSION)
    return state


def route(raw: InboundRaw, mail: ParsedMail) -> tuple[RawState, str]:
    """Decide what a mail is to the inbox and file it there; the state of the raw mail and a remark."""
    twin = duplicate_of(raw, mail)
    if twin is not None:
        return RawState.DUPLICATE, f"The same mail as message {twin.pk}."
    found_in_sent = raw.folder == FolderRole.SENT
    if mail.verdict == Verdict.FAIL and mail.claims_relay and not found_in_sent:
        filing.file_aside(raw, mail, ConversationKind.UNVERIFIED)
        return RawState.PARSED, "Claims to be from the marketplace and is not."
    if mail.kind in OUR_COPIES:
        # It stops a clock, so it must be beyond forging: in our own Sent folder, or vouched for.
        if found_in_sent or mail.verdict == Verdict.PASS:
            return RawState.PARSED, _own_copy(raw, mail)
        filing.file_notice(raw, mail)
        return RawState.PARSED, "A copy of an answer that nobody vouched for; no clock was stopped."
    if mail.kind in SETBACKS:
        return RawState.PARSED, _setback(raw, mail)
    if mail.kind == MailKind.UNRECOGNISED:
        filing.file_aside(raw, mail, ConversationKind.UNRECOGNISED)
    elif mail.kind in filing.WITHOUT_CLOCK:
        filing.file_notice(raw, mail)
    else:
        filing.file_buyer_mail(raw, mail)
    return RawState.PARSED, ""


def _own_copy(raw: InboundRaw, mail: ParsedMail) -> str:
    """A copy of what the seller sent: proof for our own reply, or an answer given elsewhere."""
    ids = [part for part in (mail.message_id, *mail.in_reply_to, *mail.references) if part]
    at = filing.moment_of(raw, mail)
    reply = proofs.find_reply(raw.account_id, ids) or proofs.find_reply_by_text(
        raw.account_id, mail.text, list(mail.order_ids), at
    )
    if reply is not None:
        proofs.prove_sent(reply.pk, raw.pk, at)
        return "Proof of a reply."
    message = filing.file_answer_elsewhere(raw, mail)
    return "" if message else "Sent to nobody the helpdesk knows."


def _setback(raw: InboundRaw, mail: ParsedMail) -> str:
    """A bounce or an opt-out: the reply it names did not reach the buyer."""
    ids = [*mail.in_reply_to, *mail.references]
    reason = mail.subject
    if mail.bounced is not None:
        ids = [*mail.bounced.message_ids, *ids]
        reason = mail.bounced.reason or reason
    reply = proofs.find_reply(raw.account_id, ids)
    if reply is None and mail.bounced is not None and mail.bounced.text_excerpt:
        reply = proofs.find_reply_by_text(
            raw.account_id, mail.bounced.text_excerpt, list(mail.order_ids), filing.moment_of(raw, mail)
        )
    if reply is None:
        reply = proofs.last_reply_to(raw.account_id, mail.relay_alias, list(mail.order_ids))
    if reply is None:
        filing.file_notice(raw, mail)
        return "A bounce of something the helpdesk did not send."
    proofs.prove_rejected(reply.pk, raw.pk, reason)
    filing.add_message(raw, mail, reply.conversation, filing.moment_of(raw, mail))
    return "A reply did not reach the buyer."
