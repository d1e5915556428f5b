"""What can be found: one row of words for each text, each conversation's names and each order."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation
from inbox.models.message import Message
from inbox.models.reply import OutboundReply
from inbox.models.timeline import Note
from orders.models import Order


class DocumentKind(models.TextChoices):
    """What a document holds the words of."""

    MESSAGE = "message", "Message"
    NOTE = "note", "Note"
    REPLY = "reply", "Reply"
    TALK = "talk", "Buyer and subject"
    ORDER = "order", "Order"


class SearchDocument(TenantModel):
    """The words of one source. Triggers of the database write it, and it goes with its source by cascade."""

    kind = models.CharField(max_length=10, choices=DocumentKind)
    conversation = TenantForeignKey(Conversation, on_delete=models.DO_NOTHING, null=True, related_name="+")
    order = TenantForeignKey(Order, on_delete=models.DO_NOTHING, null=True, related_name="+")
    message = TenantForeignKey(Message, on_delete=models.DO_NOTHING, null=True, related_name="+")
    note = TenantForeignKey(Note, on_delete=models.DO_NOTHING, null=True, related_name="+")
    reply = TenantForeignKey(OutboundReply, on_delete=models.DO_NOTHING, null=True, related_name="+")
    occurred_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    vector = SearchVectorField()

    class Meta(TenantModel.Meta):
        # Nothing points here: no key of tenant and id is needed.
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", source],
                condition=Q(**{f"{source}__isnull": False}),
                name=f"inbox_search_{source}",
            )
            for source in ("order", "message", "note", "reply")
        ]
        indexes = [
            GinIndex(fields=["tenant", "vector"], name="inbox_search_vector"),
            models.Index(
                fields=["tenant", "conversation", "kind"],
                condition=Q(conversation__isnull=False),
                name="inbox_search_conversation",
            ),
        ]

    def __str__(self) -> str:
        return f"document {self.pk}"
