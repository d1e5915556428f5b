"""What leaves: hand one reply over to the seller's own mail server, and write down how that went.

The steps are committed one by one and none is open while the network is used: the lease; `handing`, before
the line that makes the server responsible; and what came of it, together with the clocks it stops.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from inbox import events, forgetting, messaging, standing
from inbox.messaging import Door, Letter
from inbox.models import OutboundReply, ReplyAttempt, ReplyChannel
from inbox.proofs import left, lock
from marketplaces import credentials, faults, health, mail_login, outbox
from marketplaces.mailbox import imap
from marketplaces.mailbox.compose import CannotCompose, OutgoingMail, compose
from marketplaces.mailbox.smtp import (
    Accepted,
    Answer,
    AuthRefused,
    NotHanded,
    Refused,
    Silent,
    SmtpServer,
    hand_over,
)
from marketplaces.models import Health
from marketplaces.outbox import MOVING, OutboxState, one_line
from marketplaces.registry import adapter

log = structlog.get_logger(__name__)

# Why a reply may not leave now; the sentence stands beside it on the screen.
WAITS = {
    Health.AUTH_FAILED: "The mailbox refuses the sign-in; an admin must mend the account.",
    Health.REVOKED: "The consent to the mailbox was taken back; an admin must connect it again.",
    Health.PAUSED: "The account is paused; an admin must resume it.",
}
# A person has written it and waits: it may use what tasks leave over of the API's limits.
API = partial(adapter, interactive=True)
LOOK_AGAIN = timedelta(seconds=60)
BEHIND_UNKNOWN = "The reply before it may not have left; somebody must decide about that one first."
# The database is away, as against: it answers and something is wrong.
LOST = (OperationalError, InterfaceError)
# A server's answer is worth some patience with a database that is just being restarted.
PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0)
RESULTS: dict[type, str] = {
    Accepted: "accepted",
    Refused: "refused",
    AuthRefused: "auth_refused",
    NotHanded: "not_handed",
    Silent: "silent",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that is needed to hand a reply over, so that no transaction stays open for it."""

    content: bytes
    server: SmtpServer


def deliver(reply_id: int, *, tenant_id: int, door: Door = API) -> None:
    """Try once to hand a reply over if it is due and nothing stands before it; may be called at any time.

    `door` opens the API of a seller account, for what leaves by the marketplace's messaging.
    """
    if connection.in_atomic_block:
        raise RuntimeError("no transaction may be open around a delivery: its steps are committed one by one")
    with tenant_tx(tenant_id):
        reply = _take(reply_id)
    if reply is None:
        return
    # Only now, with the lease committed: whatever breaks on this reply has been counted as a try.
    parcel = _pack_message(reply) if reply.channel == ReplyChannel.MESSAGING else _pack(reply)
    answer = _hand_over(reply, parcel, door) if isinstance(parcel, Parcel | Letter) else parcel
    _keep(reply, answer)
    if isinstance(answer, Accepted) and isinstance(parcel, Parcel):
        _file_copy(reply, parcel.content)


def expire(reply_id: int, *, tenant_id: int) -> None:
    """See to a reply whose sender died: it is queued again, or it is unknown and a person must look at it."""
    with tenant_tx(tenant_id):
        conversation = lock(reply_id).conversation
        state = outbox.expire(OutboundReply, reply_id, deadline=conversation.due_at)
        if state is None:
            return
        reply = OutboundReply.objects.get(pk=reply_id)
        reply.conversation = conversation
        _note(reply, "lease_ended", reply.peer_answer)
        _tell(reply, state, reply.peer_answer)


def _take(reply_id: int) -> OutboundReply | None:
    """Lease the reply if its account may send and every reply before it is final."""
    reply: OutboundReply | None = (
        OutboundReply.objects.select_related("account", "conversation").filter(pk=reply_id).first()
    )
    if reply is None:
        return None
    if reply.account.disconnected_at is not None:
        forgetting.fail_unsent(reply, reply.account.barred, now=timezone.now())
        return None
    if why := _waits_for(reply):
        if outbox.postpone(OutboundReply, reply.pk, LOOK_AGAIN, why) and reply.peer_answer != why:
            events.record(reply.conversation, "reply_waits", at=timezone.now(), reply=reply.pk, reason=why)
        return None
    doubtful = Q(state=OutboxState.UNKNOWN, decided_at__isnull=True)
    free = ~Q(_has_former(Q(state__in=MOVING) | doubtful))
    leased = outbox.lease(OutboundReply, reply.pk, ready=free, with_=("account", "account__tenant"))
    if leased is None:
        behind = OutboundReply.objects.filter(_has_former(doubtful), pk=reply.pk, state=OutboxState.QUEUED)
        if behind.exclude(peer_answer=BEHIND_UNKNOWN).update(peer_answer=BEHIND_UNKNOWN):
            at = timezone.now()
            events.record(reply.conversation, "reply_waits", at=at, reply=reply.pk, reason=BEHIND_UNKNOWN)
    else:
        announce(reply.tenant_id, "conversation", number=reply.conversation.number, account=reply.account_id)
    return leased


def _waits_for(reply: OutboundReply) -> str:
    """Why the account may not send this now; a mailbox that lets nobody in does not hold up the API."""
    if reply.account.barred:
        return reply.account.barred
    state = Health(reply.account.health)
    by_api = reply.channel == ReplyChannel.MESSAGING and state in health.SHUT
    return "" if by_api else WAITS.get(state, "")


def _has_former(in_the_way: Q) -> Exists:
    """Whether an earlier reply of the conversation is in such a state.

    One that is sent again stands in the place of the reply it replaces.
    """
    place = Coalesce("replaces_id", "pk")
    formers = OutboundReply.objects.alias(place=place).filter(
        in_the_way,
        conversation_id=OuterRef("conversation_id"),
        place__lt=Coalesce(OuterRef("replaces_id"), OuterRef("pk")),
    )
    return Exists(formers)


def _pack_message(reply: OutboundReply) -> Letter | Answer:
    with tenant_tx(reply.tenant_id):
        return messaging.pack(reply)


def _pack(reply: OutboundReply) -> Parcel | Answer:
    """Compose the mail and find the way in; what is wrong with either is the answer at once.

    No transaction is open: a mailbox opened by consent may have to ask its provider for a token.
    """
    try:
        content = compose(
            OutgoingMail(
                sender=reply.from_address,
                recipient=reply.to_address,
                subject=reply.subject,
                message_id=reply.message_id,
                in_reply_to=reply.in_reply_to,
                references=reply.references,
                body=reply.body,
                date=timezone.now(),
            )
        )
        return Parcel(content, mail_login.smtp_server(reply.account))
    except CannotCompose as fault:
        return Refused(str(fault), permanent=True)
    except (credentials.CredentialFault, imap.SignInRefused) as fault:
        return AuthRefused(str(fault))
    except imap.MailboxFault as fault:
        return NotHanded(str(fault))


def _hand_over(reply: OutboundReply, parcel: Parcel | Letter, door: Door) -> Answer:
    """The exchange with the server or the API; `handing` is committed inside it."""
    token = reply.lease_token

    def about_to_leave() -> bool:
        with tenant_tx(reply.tenant_id):
            return token is not None and outbox.begin_handing(OutboundReply, reply.pk, token)

    try:
        if isinstance(parcel, Letter):
            return messaging.hand_over(parcel, door, before_it_leaves=about_to_leave)
        return hand_over(
            parcel.server,
            sender=reply.from_address,
            recipient=reply.to_address,
            content=parcel.content,
            before_data_ends=about_to_leave,
        )
    except LOST:
        # The final line was not sent: even if `handing` got written, nothing has left.
        connection.close()
        return NotHanded("The database was away.")


def _keep(reply: OutboundReply, answer: Answer) -> None:
    """Write the answer down, with some patience; a worker that cannot leaves the row to the sweeper."""
    for pause in (*PAUSES, None):
        try:
            _write_down(reply, answer)
        except LOST:
            connection.close()
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def _write_down(reply: OutboundReply, answer: Answer) -> None:
    """The row's next state and everything that follows from it, in one transaction."""
    words = answer.error if isinstance(answer, NotHanded | Silent) else answer.answer
    result = RESULTS[type(answer)]
    with tenant_tx(reply.tenant_id):
        row = lock(reply.pk)
        _note(row, result, words)
        if isinstance(answer, AuthRefused):
            health.sending_refused(row.account, one_line(words), now=timezone.now())
        state = _next_state(row, reply.lease_token, answer, words)
        if state == OutboxState.SENT:
            at = row.handed_at or timezone.now()
            events.record(row.conversation, "reply_sent", at=at, reply=row.pk)
            if row.channel == ReplyChannel.MAIL:
                faults.cleared(row.account_id, faults.SENDING, now=at)
            left(row, at=at)
        elif state is not None:
            _tell(row, state, words)
            if state == OutboxState.QUEUED and row.attempts == outbox.MOST_ATTEMPTS:
                _say_it_is_hard(row, words)
    log.info("reply tried", reply=row.pk, result=result, state=state, attempt=row.attempts)


def _next_state(row: OutboundReply, token: UUID | None, answer: Answer, words: str) -> OutboxState | None:
    """Move the row by what the server said; None when the row is not ours any more."""
    if token is None:
        return None
    match answer:
        case Accepted():
            return outbox.finish(OutboundReply, row.pk, token, OutboxState.SENT, words)
        case Silent():
            return outbox.finish(OutboundReply, row.pk, token, OutboxState.UNKNOWN, words)
        case AuthRefused():
            return outbox.give_back(OutboundReply, row.pk, token, words, counted=False)
        case Refused() | NotHanded():
            permanent = isinstance(answer, Refused) and answer.permanent
            due_at = row.conversation.due_at
            return outbox.give_back(OutboundReply, row.pk, token, words, permanent=permanent, deadline=due_at)


def _tell(reply: OutboundReply, state: OutboxState, words: str) -> None:
    """Put a reply that a person must see to on top, and say so in the history."""
    if state not in (OutboxState.UNKNOWN, OutboxState.FAILED):
        return
    events.record(
        reply.conversation, f"reply_{state}", at=timezone.now(), reply=reply.pk, reason=one_line(words)
    )
    standing.refresh(reply.conversation)


def _say_it_is_hard(reply: OutboundReply, words: str) -> None:
    """Let people know early that a reply does not get through, long before it is given up."""
    reason = one_line(f"{reply.attempts} tries have not helped yet, more follow. {words}")
    events.record(reply.conversation, "reply_waits", at=timezone.now(), reply=reply.pk, reason=reason)


def _note(reply: OutboundReply, result: str, words: str) -> None:
    announce(reply.tenant_id, "conversation", number=reply.conversation.number, account=reply.account_id)
    ReplyAttempt.objects.create(tenant_id=reply.tenant_id, reply=reply, result=result, answer=one_line(words))


def _file_copy(reply: OutboundReply, content: bytes) -> None:
    """Put what left into the mailbox's Sent folder; the reply is sent whether or not this works."""
    try:
        imap.append_sent(mail_login.imap_login(reply.account), content)
    except (imap.MailboxFault, credentials.CredentialFault, *LOST) as fault:
        log.info("no copy in the sent folder", account=reply.account_id, reason=one_line(str(fault)))
