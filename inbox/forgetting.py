"""Let go of texts and names whose time has come; clocks, acts, counts and outcomes stay.

Every function runs inside the caller's transaction, on rows the caller holds.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts.announcing import announce
from accounts.tenancy import tenant_tx
from accounts.upserting import upsert
from inbox import events, signals, standing
from inbox.models import (
    Attachment,
    Conversation,
    DoomedFile,
    Draft,
    Event,
    Message,
    Note,
    OutboundReply,
    ReplyAttempt,
    SearchDocument,
)
from marketplaces.models import InboundRaw
from marketplaces.outbox import OutboxState
from orders import forgetting as orders_forgetting
from orders.models import Order

# Events whose data holds words of a mail server, which may name an address.
PEERS_WORDS = ("reply_failed", "reply_rejected", "reply_waits", "elsewhere_rejected")
UNSENT = "Its text had to be deleted before it could leave. Write it anew if it is still needed."
# Whoever files a mail this moment may be about to use a file that another mail has just let go of.
FILE_GRACE = timedelta(minutes=15)
ON_THE_WAY = (OutboxState.LEASED, OutboxState.HANDING)


def due_conversations(now: datetime) -> QuerySet[Conversation]:
    """Conversations of the open tenant whose names and subject must go."""
    return Conversation.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def due_messages(now: datetime) -> QuerySet[Message]:
    """Messages whose text must go."""
    return Message.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def due_replies(now: datetime) -> QuerySet[OutboundReply]:
    """Replies whose text must go; one that is being handed over has its turn next time."""
    rows = OutboundReply.objects.filter(purged_at__isnull=True, expires_at__lte=now)
    return rows.exclude(state__in=ON_THE_WAY)


def due_notes(now: datetime) -> QuerySet[Note]:
    """Notes whose text must go."""
    return Note.objects.filter(purged_at__isnull=True, expires_at__lte=now)


def due_drafts(now: datetime) -> QuerySet[Draft]:
    """Drafts that must go."""
    return Draft.objects.filter(expires_at__lte=now)


def forget_conversations(ids: Collection[int], *, now: datetime) -> None:
    """Blank names, addresses and subject; the clocks run on."""
    rows = Conversation.objects.filter(pk__in=ids)
    rows.update(subject="", buyer_name="", preview="", relay_address="", relay_alias="", purged_at=now)
    Event.objects.filter(conversation__in=ids, kind__in=PEERS_WORDS).delete()
    signals.conversations_forgotten.send(Conversation, ids=ids, now=now)
    for tenant_id, number in rows.values_list("tenant_id", "number"):
        announce(tenant_id, "conversation", number=number)


def forget_messages(ids: Collection[int], *, now: datetime) -> None:
    """Blank texts and names, remove files; the Message-ID stays, so that the same mail is known again."""
    doom_files(Attachment.objects.filter(message__in=ids), now=now)
    Message.objects.filter(pk__in=ids).update(
        from_name="",
        from_address="",
        subject="",
        references="",
        text="",
        full_text="",
        html="",
        guess_reason="",
        on_behalf_reason="",
        on_behalf_details="",
        oddities=[],
        no_response_link="",
        purged_at=now,
    )
    SearchDocument.objects.filter(message__in=ids).delete()


def forget_replies(ids: Collection[int], *, now: datetime) -> None:
    """Blank what was written and to whom; one that still waits fails, because it can no longer leave."""
    rows = OutboundReply.objects.filter(pk__in=ids)
    waiting = list(rows.filter(state=OutboxState.QUEUED).select_related("conversation"))
    rows.update(
        body="",
        subject="",
        to_address="",
        in_reply_to="",
        references="",
        rejected_reason="",
        peer_answer="",
        purged_at=now,
    )
    ReplyAttempt.objects.filter(reply__in=ids).delete()
    SearchDocument.objects.filter(reply__in=ids).delete()
    for reply in waiting:
        fail_unsent(reply, UNSENT, now=now)


def fail_unsent(reply: OutboundReply, why: str, *, now: datetime) -> bool:
    """A reply that waits will not leave any more: the clock runs on, and somebody must see to it."""
    failed = OutboundReply.objects.filter(pk=reply.pk, state=OutboxState.QUEUED).update(
        state=OutboxState.FAILED, settled_at=Now(), peer_answer=why
    )
    if failed:
        events.record(reply.conversation, "reply_failed", at=now, reply=reply.pk, reason=why)
        standing.refresh(reply.conversation)
    return bool(failed)


def forget_notes(ids: Collection[int], *, now: datetime) -> None:
    """Blank what the team wrote."""
    Note.objects.filter(pk__in=ids).update(body="", purged_at=now)
    SearchDocument.objects.filter(note__in=ids).delete()


def forget_drafts(ids: Collection[int], *, now: datetime) -> None:
    """Remove what was typed and not sent."""
    Draft.objects.filter(pk__in=ids).delete()


def forget_orders(ids: Collection[int], *, now: datetime) -> None:
    """Forget whose orders they were; what was said of delivered ones at Amazon ends with them.

    Amazon counts from delivery, which nobody knew when the mails came in. What came in later than that is
    about something new and keeps its own moment.
    """
    amazon = Order.objects.filter(
        pk__in=ids, delivered_at__isnull=False, account__market__startswith="amazon-"
    )
    delivered = list(amazon.values_list("pk", flat=True))
    ends = F("conversation__order__expires_at")
    of_orders = {"conversation__order__in": delivered, "expires_at__gt": now}
    Message.objects.filter(**of_orders, sent_at__lt=ends).update(expires_at=now)
    Note.objects.filter(**of_orders, created_at__lt=ends).update(expires_at=now)
    OutboundReply.objects.filter(**of_orders, queued_at__lt=ends).update(expires_at=now)
    Draft.objects.filter(**of_orders, saved_at__lt=ends).update(expires_at=now)
    InboundRaw.objects.filter(
        messages__conversation__order__in=delivered,
        messages__sent_at__lt=F("messages__conversation__order__expires_at"),
        expires_at__gt=now,
    ).update(expires_at=now)
    living = Message.objects.filter(conversation=OuterRef("pk"), expires_at__gt=now)
    talks = Conversation.objects.filter(order__in=delivered, expires_at__gt=now)
    talks.exclude(Exists(living)).update(expires_at=now)
    orders_forgetting.forget_orders(ids, now=now)


def forget_buyers(ids: Collection[int], *, now: datetime) -> int:
    """Forget buyers nothing living points at; returns how many."""
    talks = Conversation.objects.filter(buyer__in=ids, purged_at__isnull=True)
    living = dict(talks.values_list("buyer").annotate(Max("expires_at")).order_by())
    return orders_forgetting.forget_buyers(ids, living=living, now=now)


def doom_files(files: QuerySet[Attachment], *, now: datetime) -> None:
    """Remove the rows of files; the files follow once this is committed, whatever happens in between."""
    rows = [
        DoomedFile(tenant_id=tenant_id, path=path, doomed_at=now)
        for tenant_id, path in files.values_list("tenant_id", "path")
    ]
    upsert(DoomedFile, rows, ("path",), ("doomed_at",))
    files.delete()


def remove_doomed_files(tenant_id: int, *, now: datetime, most: int) -> int:
    """Remove files nobody points at any more, outside of any transaction; returns how many were seen to.

    Crashes are harmless: the doomed row goes last, and a file that is gone is no fault.
    """
    with tenant_tx(tenant_id):
        rows = DoomedFile.objects.filter(doomed_at__lte=now - FILE_GRACE).order_by("doomed_at")
        doomed = dict(rows.values_list("path", "pk")[:most])
        # Two mails with one picture share its file.
        used = set(Attachment.objects.filter(path__in=doomed).values_list("path", flat=True))
    for path in doomed.keys() - used:
        default_storage.delete(path)
    with tenant_tx(tenant_id):
        DoomedFile.objects.filter(pk__in=doomed.values()).delete()
    return len(doomed)
