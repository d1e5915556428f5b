"""What a member has typed in a conversation and not sent: one text for each of them, on whatever browser."""

from uuid import UUID

from accounts.models import Membership
from inbox.models import Conversation, Draft, OutboundReply


def keep(conversation: Conversation, *, by: Membership, body: str, client_key: UUID | None = None) -> None:
    """Store the text over the one before; nothing but white space is no draft.

    `client_key` is that of the form it stands in: a save that comes in after the text was sent is too late.
    """
    if not body.strip():
        discard(conversation, by=by)
        return
    # Held, so that a save and the send of the same text come one after the other.
    Conversation.objects.select_for_update(no_key=True).only("pk").get(pk=conversation.pk)
    if client_key is not None and OutboundReply.objects.filter(client_key=client_key).exists():
        return
    Draft.objects.update_or_create(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        author=by,
        defaults={"body": body, "expires_at": conversation.expires_at},
    )


def discard(conversation: Conversation, *, by: Membership) -> None:
    """Forget what the member has typed here."""
    Draft.objects.filter(conversation=conversation, author=by).delete()
