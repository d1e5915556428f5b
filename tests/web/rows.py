"""Rows a page shows, put there without the mail that would bring them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from inbox import standing
from inbox.models import Attachment, Conversation, Message, OutboundReply
from marketplaces.outbox import OutboxState

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


def reply_in(
    talk: Conversation, author: Membership, state: str = OutboxState.SENT, **fields: Any
) -> OutboundReply:
    """A reply that has come as far as `state`."""
    at: datetime = fields.pop("queued_at", timezone.now() - timedelta(minutes=5))
    with tenant_tx(talk.tenant_id):
        reply = OutboundReply.objects.create(
            conversation=talk,
            account=talk.account,
            author=author,
            state=state,
            from_address=talk.account.sender_address,
            to_address=talk.relay_address,
            message_id=f"<{uuid4()}@test.invalid>",
            queued_at=at,
            next_at=fields.pop("next_at", at),
            expires_at=talk.expires_at,
            **{"subject": "Re: Question about your order", "body": "It left yesterday.", **fields},
        )
        standing.refresh(Conversation.objects.get(pk=talk.pk))
    return reply


def file_in(message: Message, content: bytes = PNG, **fields: Any) -> Attachment:
    """A file that came with a message."""
    with tenant_tx(message.tenant_id):
        path = default_storage.save(f"{message.tenant_id}/{uuid4()}", ContentFile(content))
        given = {"name": "photo.png", "content_type": "image/png", "size": len(content), **fields}
        return Attachment.objects.create(message=message, path=path, expires_at=message.expires_at, **given)


def only_message(talk: Conversation, **changes: Any) -> Message:
    """The conversation's one message, with columns changed."""
    with tenant_tx(talk.tenant_id):
        message: Message = Message.objects.get(conversation=talk)
        for name, value in changes.items():
            setattr(message, name, value)
        message.save()
    return message
