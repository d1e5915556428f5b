"""What arrived (or was found in Sent), with its files."""

from datetime import datetime

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation
from marketplaces.mailbox.parsed import Matter
from marketplaces.models import InboundRaw, SellerAccount


class Direction(models.TextChoices):
    """Who wrote it."""

    IN = "in", "From the buyer or the marketplace"
    OUT = "out", "From the seller, written elsewhere"


class Message(TenantModel):
    """One mail of a conversation; it always has its raw source.

    Replies written here are OutboundReply rows. `text` is the writer's own words, `full_text` everything.
    """

    # Not stored: what its reading found, for those who hear that it was filed.
    matter: Matter | None = None
    stated_due: datetime | None = None
    vouched: bool = False

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="+")
    raw = TenantForeignKey(InboundRaw, on_delete=models.PROTECT, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction)
    kind = models.CharField(max_length=30)  # a MailKind, or "unreadable"
    reason = models.CharField(max_length=300, blank=True, default="")
    # Of a mail that was not, or only half, understood: what it looks like, and why.
    guess = models.CharField(max_length=30, blank=True, default="")
    guess_reason = models.CharField(max_length=300, blank=True, default="")
    # Who said what kind it is; the rules do not change that any more.
    filed_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    from_name = models.CharField(max_length=200, blank=True, default="")
    from_address = models.CharField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=500, blank=True, default="")
    message_id = models.CharField(max_length=500, blank=True, default="")
    references = models.TextField(blank=True, default="")
    text = models.TextField()
    full_text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    # What customer service writes for a buyer, apart: why, and in which words.
    on_behalf_reason = models.CharField(max_length=500, blank=True, default="")
    on_behalf_details = models.TextField(blank=True, default="")
    oddities = models.JSONField(default=list)
    no_response_link = models.CharField(max_length=1000, blank=True, default="")
    # When it reached the marketplace: the earlier of its Date and the marketplace's own stamp.
    sent_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "raw"], name="inbox_message_raw_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "conversation", "sent_at", "id"], name="inbox_message_timeline"),
            models.Index(fields=["tenant", "account", "message_id"], name="inbox_message_id"),
            # How much a channel brings, and when it brought something last.
            models.Index(
                fields=["tenant", "account", "sent_at"],
                condition=models.Q(direction="in") & ~models.Q(kind__in=["unrecognised", "bounce"]),
                name="inbox_message_arrivals",
            ),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=models.Q(purged_at__isnull=True),
                name="inbox_message_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class Attachment(TenantModel):
    """A file that came with a message; its bytes lie in the file storage under the tenant's folder."""

    message = TenantForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    content_id = models.CharField(max_length=255, blank=True, default="")
    inline = models.BooleanField(default=False)
    path = models.CharField(max_length=255)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "message"], name="inbox_attachment_message"),
            models.Index(fields=["tenant", "path"], name="inbox_attachment_path"),
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk}"


class DoomedFile(TenantModel):
    """A file whose last row was removed: written in that transaction, so that no crash leaves it for ever."""

    path = models.CharField(max_length=255)
    doomed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "path"], name="inbox_doomed_once"),
        ]
        indexes = [models.Index(fields=["tenant", "doomed_at"], name="inbox_doomed_since")]

    def __str__(self) -> str:
        return f"doomed file {self.pk}"
