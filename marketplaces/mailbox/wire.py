"""A parsed mail as JSON and back; the bytes of attachments travel beside it, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplaces.mailbox.parsed import (
    AttachmentPart,
    BouncedMail,
    MailContext,
    MailKind,
    Matter,
    ParsedMail,
    Verdict,
)

TUPLES = frozenset({"in_reply_to", "references", "to", "delivered_to", "order_ids", "oddities"})
MOMENTS = frozenset({"date", "relay_received", "stated_due"})


def parsed_to_json(mail: ParsedMail) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """Return what `json.dumps` takes, and the attachments' bytes in the order of its `attachments` list."""
    data: dict[str, Any] = {}
    for field in fields(mail):
        value = getattr(mail, field.name)
        if field.name in MOMENTS:
            data[field.name] = value.isoformat() if value else None
        elif field.name in TUPLES:
            data[field.name] = list(value)
        elif field.name == "bounced":
            data[field.name] = _bounced_to_json(mail.bounced)
        elif field.name == "matter":
            data[field.name] = _matter_to_json(mail.matter)
        elif field.name == "attachments":
            data[field.name] = [_attachment_to_json(part) for part in mail.attachments]
        else:
            data[field.name] = value
    return data, tuple(part.content for part in mail.attachments)


def parsed_from_json(data: Mapping[str, Any], contents: Sequence[bytes]) -> ParsedMail:
    """Rebuild the mail of `parsed_to_json`; KeyError or ValueError when the two do not belong together."""
    values: dict[str, Any] = {}
    for field in fields(ParsedMail):
        value = data[field.name]
        if field.name in MOMENTS:
            value = datetime.fromisoformat(value) if value else None
        elif field.name in TUPLES:
            value = tuple(value)
        values[field.name] = value
    values["kind"] = MailKind(values["kind"])
    values["guess"] = MailKind(values["guess"]) if values["guess"] else None
    values["verdict"] = Verdict(values["verdict"])
    if values["bounced"] is not None:
        values["bounced"] = BouncedMail(
            **{**values["bounced"], "message_ids": tuple(values["bounced"]["message_ids"])}
        )
    if values["matter"] is not None:
        amount = values["matter"]["amount"]
        values["matter"] = Matter(**{**values["matter"], "amount": Decimal(amount) if amount else None})
    values["attachments"] = tuple(
        AttachmentPart(**part, content=content)
        for part, content in zip(values["attachments"], contents, strict=True)
    )
    return ParsedMail(**values)


def context_to_json(context: MailContext) -> dict[str, Any]:
    """Return what `json.dumps` takes."""
    return {
        "marketplace": context.marketplace,
        "own_addresses": list(context.own_addresses),
        "authserv_ids": list(context.authserv_ids),
        "folder": context.folder,
        "received_at": context.received_at.isoformat() if context.received_at else None,
    }


def context_from_json(data: Mapping[str, Any]) -> MailContext:
    """Rebuild the context of `context_to_json`."""
    return MailContext(
        marketplace=data["marketplace"],
        own_addresses=tuple(data["own_addresses"]),
        authserv_ids=tuple(data["authserv_ids"]),
        folder=data["folder"],
        received_at=datetime.fromisoformat(data["received_at"]) if data["received_at"] else None,
    )


def _bounced_to_json(bounced: BouncedMail | None) -> dict[str, Any] | None:
    if bounced is None:
        return None
    return {
        "message_ids": list(bounced.message_ids),
        "recipient": bounced.recipient,
        "reason": bounced.reason,
        "permanent": bounced.permanent,
        "text_excerpt": bounced.text_excerpt,
    }


def _matter_to_json(matter: Matter | None) -> dict[str, Any] | None:
    if matter is None:
        return None
    return {
        "type": matter.type,
        "step": matter.step,
        "outcome": matter.outcome,
        "reference": matter.reference,
        "amount": None if matter.amount is None else str(matter.amount),
        "currency": matter.currency,
    }


def _attachment_to_json(part: AttachmentPart) -> dict[str, Any]:
    return {
        "name": part.name,
        "content_type": part.content_type,
        "declared_type": part.declared_type,
        "size": part.size,
        "content_id": part.content_id,
        "inline": part.inline,
    }
