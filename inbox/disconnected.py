"""What disconnecting a seller account means here: replies do not leave, and what came in will go."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import Membership
from inbox.forgetting import fail_unsent
from inbox.models import Attachment, Conversation, OutboundReply
from marketplaces.disconnecting import account_disconnected, what_goes
from marketplaces.models import SellerAccount
from marketplaces.outbox import OutboxState
from orders.models import BuyerIdentity, Order


@receiver(what_goes)
def count(
    sender: type[SellerAccount], *, account: SellerAccount, **kwargs: Any
) -> tuple[Counter[str], Counter[str]]:
    """How much of it there is: replies that would not leave any more, and what names buyers."""
    waiting = OutboundReply.objects.filter(account=account, state=OutboxState.QUEUED)
    soon = Counter({"replies that have not left": waiting.count()})
    then = Counter(
        {
            "conversations": Conversation.objects.filter(account=account, purged_at__isnull=True).count(),
            "files": Attachment.objects.filter(message__account=account).count(),
            "orders' buyers": Order.objects.filter(account=account, purged_at__isnull=True).count(),
            "relay addresses": BuyerIdentity.objects.filter(account=account).count(),
        }
    )
    return soon, then


@receiver(account_disconnected)
def fail_what_waits(
    sender: type[SellerAccount], *, account: SellerAccount, by: Membership, now: datetime, **kwargs: Any
) -> None:
    """Replies that wait fail with a sentence; one being handed over ends as the server says."""
    waiting = OutboundReply.objects.filter(account=account, state=OutboxState.QUEUED)
    why = f"{by.user.name} disconnected {account.name} before this reply had left."
    for reply in waiting.select_related("conversation").order_by("pk"):
        fail_unsent(reply, why, now=now)
