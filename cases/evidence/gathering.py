"""Gather what speaks for the seller in a case: from the order's records, the mails, and what people added."""

from collections.abc import Iterable
from datetime import datetime
from email.parser import BytesHeaderParser

from django.db.models import Q

from cases.evidence.dossier import Dossier, Source, Statement, StoredFile
from cases.models import Case, CheckState, EvidenceFile, WarehouseCheck
from inbox.models import Attachment, Direction, Message, OutboundReply
from marketplaces.mailbox.parsed import MailKind
from marketplaces.models import InboundRaw
from marketplaces.outbox import OutboxState
from orders.goods import paid_back
from orders.models import Order, OrderLine, Refund, Return, Shipment, TrackingEvent

LATEST = 300  # mails of a matter; a longer correspondence keeps its newest
HEADER_BYTES = 65_536
HEADERS = ("From", "To", "Date", "Subject", "Message-ID", "In-Reply-To", "Authentication-Results")
LONGEST_HEADER = 500
# What the marketplace itself tells the seller.
NOTICES = (
    *(MailKind.CLAIM, MailKind.CANCEL_REQUEST, MailKind.RETURN_REQUEST, MailKind.REFUND_NOTICE),
    *(MailKind.NOTICE, MailKind.COMPLAINT),
)
CAME_BACK = (MailKind.BOUNCE, MailKind.OPT_OUT)


def gather(case: Case, *, title: str, with_headers: bool = True) -> Dossier:
    """Read everything about a case inside the caller's transaction; notes of the team are left out.

    Without headers no raw mail is read: a checklist is looked at each second while a pack is being made.
    """
    country = case.account.market.partition("-")[2].upper()
    dossier = Dossier(title=title, subtitle=f"{case.account.name}, {case.account.facts.name} {country}")
    _case(dossier, case)
    if case.order is not None:
        _order(dossier, case.order)
        _parcels(dossier, case.order)
        _returns(dossier, case.order)
    _warehouse(dossier, case)
    _correspondence(dossier, case, with_headers=with_headers)
    _added(dossier, case)
    return dossier


def _case(dossier: Dossier, case: Case) -> None:
    source = Source(
        f"case:{case.pk}", f"Case {case.pk} in the helpdesk, opened from {case.get_source_display()}"
    )
    dossier.add("case", Statement(f"Opened from: {case.get_source_display()}", source, case.opened_at))
    if case.reference:
        dossier.add("case", Statement(f"{case.account.facts.name}'s number: {case.reference}", source))
    if case.amount is not None:
        dossier.add("case", Statement(f"At stake: {case.amount} {case.currency}", source))
    for stage in case.stages.order_by("entered_at", "pk"):
        dossier.add(
            "case", Statement(f"{stage.get_stage_display()}. {stage.why}".strip(), source, stage.entered_at)
        )


def _order(dossier: Dossier, order: Order) -> None:
    name = order.account.facts.name
    source = Source(
        f"order:{order.pk}", f"{name}'s order record {order.external_id}, read {_moment(order.as_of)}"
    )
    if order.is_placeholder:
        unread = f"Not read from {name} yet: order {order.external_id}"
        dossier.add("order", Statement(unread, source, proves=False))
        return
    total = f", {order.total} {order.currency}" if order.total is not None else ""
    dossier.add("order", Statement(f"Order {order.external_id}{total}", source, order.ordered_at))
    for line in OrderLine.objects.filter(order=order).order_by("pk"):
        price = f" at {line.unit_price} {line.currency}" if line.unit_price is not None else ""
        dossier.add("order", Statement(f"{line.quantity} × {line.title} (SKU {line.sku}){price}", source))
    for text, at in (("To be shipped by", order.ship_by), ("Promised for", order.deliver_by)):
        if at is not None:
            dossier.add("order", Statement(text, source, at))
    for refund in Refund.objects.filter(order=order).order_by("at", "pk"):
        words = f"{name}'s refund record {refund.external_id} of order {order.external_id}"
        text = f"Refunded {refund.amount} {refund.currency} {refund.reason}".strip()
        dossier.add("refund", Statement(text, Source(f"refund:{refund.pk}", words), refund.at))


def _parcels(dossier: Dossier, order: Order) -> None:
    name = order.account.facts.name
    parcels = {each.pk: each for each in Shipment.objects.filter(order=order).order_by("shipped_at", "pk")}
    for parcel in parcels.values():
        words = f"{name}'s shipment record {parcel.external_id} of order {order.external_id}"
        source = Source(f"shipment:{parcel.pk}", words)
        by = f"Shipped with {parcel.carrier or 'a carrier'}"
        dossier.add("shipment", Statement(by, source, parcel.shipped_at))
        if parcel.tracking_number:
            dossier.add("tracking", Statement(f"{parcel.carrier} {parcel.tracking_number}".strip(), source))
        if parcel.delivered_at is not None:
            dossier.add("delivery_scan", Statement("Delivered", source, parcel.delivered_at))
    for scan in TrackingEvent.objects.filter(shipment__in=parcels).order_by("at", "pk"):
        parcel = parcels[scan.shipment_id]
        words = f"Scan of {parcel.carrier} {parcel.tracking_number} as {name} reports it"
        text = ", ".join(part for part in (scan.text or scan.code, scan.place) if part)
        dossier.add("tracking", Statement(text, Source(f"scan:{scan.pk}", words), scan.at))


def _returns(dossier: Dossier, order: Order) -> None:
    name = order.account.facts.name
    for back in Return.objects.filter(order=order).order_by("requested_at", "pk"):
        words = f"{name}'s return record {back.external_id}, version of {_moment(back.modified_at)}"
        source = Source(f"return:{back.pk}", words)
        text = f"Return {back.external_id}: {back.status_text or back.status}"
        dossier.add("return", Statement(text, source, back.requested_at))
        for line in back.lines.order_by("pk"):
            why = f", reason given: {line.reason}" if line.reason else ""
            dossier.add("return", Statement(f"{line.quantity} × {line.title or line.sku}{why}", source))
        if back.tracking_number:
            way = f"{back.carrier} {back.tracking_number}".strip()
            dossier.add("return_scan", Statement(f"On its way back with {way}", source))
        for event in back.events:
            at = datetime.fromisoformat(event["at"])
            dossier.add("return_scan", Statement(event["text"] or event["code"], source, at))
        paid = paid_back(back.refund_amount, back.refunded_at, order.account.marketplace)
        if paid is not None:
            text = f"Refunded {paid} {back.currency}"
            dossier.add("refund", Statement(text, source, back.refunded_at))


def _warehouse(dossier: Dossier, case: Case) -> None:
    checks = WarehouseCheck.objects.filter(_about(case), state=CheckState.ANSWERED, purged_at__isnull=True)
    for check in checks.select_related("answered_by__user").order_by("answered_at"):
        who = check.answered_by.user.name if check.answered_by else "the warehouse"
        source = Source(f"check:{check.pk}", f"Warehouse check {check.pk}, answered by {who}")
        parcel = f"{check.carrier} {check.tracking_number}".strip()
        text = ". ".join(part for part in (check.get_answer_display(), parcel, check.note) if part)
        dossier.add("warehouse", Statement(text, source, check.answered_at))
        if check.photo_path:
            photo = StoredFile(f"warehouse-{check.pk}", check.photo_type, 0, check.photo_path, source)
            dossier.files.append(photo)


def _correspondence(dossier: Dossier, case: Case, *, with_headers: bool) -> None:
    """Every mail and reply of the matter, oldest first; the marketplace's own stand apart."""
    mails = Message.objects.filter(_about(case)).order_by("-sent_at", "-pk")[:LATEST]
    found = [*reversed(list(mails))]
    rows = InboundRaw.objects.all() if with_headers else InboundRaw.objects.defer("content")
    raws = rows.in_bulk([mail.raw_id for mail in found])
    sources: dict[int, Source] = {}
    said: list[Statement] = []
    for mail in found:
        raw = raws[mail.raw_id]
        digest = bytes(raw.sha256).hex()
        named = mail.message_id or "without Message-ID"
        words = f"Mail {named}, received {_moment(raw.received_at)}, SHA-256 {digest}"
        sources[mail.pk] = Source(f"mail:{mail.pk}", words)
        gone = f"Its text had to be deleted on {_moment(mail.purged_at)}." if mail.purged_at else ""
        official = _is_the_marketplaces(mail, case)
        letter = Statement(
            (mail.subject or "A notice") if official else _writer(mail),
            sources[mail.pk],
            mail.sent_at,
            _headers(raw) if with_headers else (),
            gone or mail.full_text or mail.text,
            proves=mail.kind not in CAME_BACK,
        )
        if official:
            dossier.add("policy_text", letter)
        else:
            said.append(letter)
    replies = OutboundReply.objects.filter(_about(case), state=OutboxState.SENT).order_by("-handed_at")[
        :LATEST
    ]
    said += [_reply(reply) for reply in replies]
    for statement in sorted(said, key=lambda each: each.at or case.opened_at):
        dossier.add("thread", statement)
    for file in Attachment.objects.filter(message__in=sources).order_by("message__sent_at", "pk"):
        stored = StoredFile(file.name, file.content_type, file.size, file.path, sources[file.message_id])
        dossier.files.append(stored)


def _is_the_marketplaces(mail: Message, case: Case) -> bool:
    """Whether it is a notice of the marketplace, and so nothing that buyer or seller wrote."""
    if mail.direction == Direction.OUT or mail.kind == MailKind.BUYER_MESSAGE:
        return False
    return mail.kind in NOTICES or mail.pk == case.mail_id


def _writer(mail: Message) -> str:
    if mail.direction == Direction.OUT:
        return "We wrote elsewhere"
    return "A reply came back" if mail.kind in CAME_BACK else "They wrote"


def _reply(reply: OutboundReply) -> Statement:
    words = f"Reply {reply.message_id}, handed to the mail server {_moment(reply.handed_at)}"
    if reply.confirmed_at:
        words += f", confirmed by a copy {_moment(reply.confirmed_at)}"
    if reply.rejected_at:
        words += f", came back {_moment(reply.rejected_at)}"
    headers = (
        ("From", reply.from_address),
        ("To", reply.to_address),
        ("Subject", reply.subject),
        ("Message-ID", reply.message_id),
        ("Answered by the server", reply.peer_answer),
    )
    body = (
        reply.body
        if reply.purged_at is None
        else f"Its text had to be deleted on {_moment(reply.purged_at)}."
    )
    kept = tuple((name, value[:LONGEST_HEADER]) for name, value in headers if value)
    return Statement("We answered", Source(f"reply:{reply.pk}", words), reply.handed_at, kept, body)


def _added(dossier: Dossier, case: Case) -> None:
    rows = EvidenceFile.objects.filter(case=case, purged_at__isnull=True).select_related("added_by__user")
    for row in rows.order_by("added_at", "pk"):
        digest = f", SHA-256 {row.sha256}" if row.sha256 else ""
        words = f"Added by {row.added_by.user.name} on {_moment(row.added_at)}{digest}"
        source = Source(f"added:{row.pk}", words)
        if row.text:
            dossier.add(row.key, Statement(row.text, source, row.added_at))
        if row.path:
            dossier.files.append(StoredFile(row.name, row.content_type, row.size, row.path, source, row.key))


def _about(case: Case) -> Q:
    """The conversation of the case, and the others of this seller account about its order."""
    own = Q(conversation_id=case.conversation_id)
    if case.order_id is None:
        return own
    return own | Q(conversation__order_id=case.order_id, conversation__account_id=case.account_id)


def _headers(raw: InboundRaw) -> tuple[tuple[str, str], ...]:
    if raw.purged_at is not None:
        return ()
    parsed = BytesHeaderParser().parsebytes(bytes(raw.content[:HEADER_BYTES]))
    return tuple(_shown(parsed.items()))


def _shown(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    wanted = {name.lower(): name for name in HEADERS}
    for name, value in headers:
        if name.lower() in wanted:
            yield wanted[name.lower()], " ".join(str(value).split())[:LONGEST_HEADER]


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "at an unknown moment"
