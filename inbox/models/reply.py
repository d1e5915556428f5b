"""What leaves: replies on their way to a buyer, each try, and the text not sent yet."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation
from marketplaces.models import InboundRaw, SellerAccount
from marketplaces.outbox import OutboxRow


class ReplyChannel(models.TextChoices):
    """By which way a reply leaves."""

    MAIL = "mail", "Mail to the marketplace's relay"
    MESSAGING = "messaging", "The marketplace's messaging API"


class OutboundReply(OutboxRow):
    """A reply to a buyer; the row is the only truth about whether it left. Its text never changes."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="replies")
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="+")
    author = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    channel = models.CharField(max_length=10, choices=ReplyChannel, default=ReplyChannel.MAIL)
    action = models.CharField(
        max_length=60, blank=True, default=""
    )  # what the marketplace calls it; mail: none
    subject = models.CharField(max_length=500)
    from_address = models.CharField(max_length=254)
    to_address = models.CharField(max_length=254)
    message_id = models.CharField(max_length=200)  # fixed when queued; every later proof names it
    in_reply_to = models.CharField(max_length=500, blank=True, default="")
    references = models.TextField(blank=True, default="")
    then_close = models.BooleanField(default=False)
    # Later word from outside: a confirmation copy or the Sent folder; a bounce or a buyer's opt-out.
    confirmed_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    rejected_reason = models.CharField(max_length=500, blank=True, default="")
    proof = TenantForeignKey(InboundRaw, on_delete=models.SET_NULL, null=True, related_name="+")
    # A person has seen to a reply that failed, bounced or was unknown.
    decided_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=20, blank=True, default="")
    replaces = TenantForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(OutboxRow.Meta):
        constraints = [
            *OutboxRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "client_key"], name="inbox_reply_client_key"),
            models.UniqueConstraint(fields=["tenant", "message_id"], name="inbox_reply_message_id"),
        ]
        indexes = [
            models.Index(fields=["tenant", "conversation", "queued_at", "id"], name="inbox_reply_timeline"),
            models.Index(
                fields=["tenant", "state", "next_at"],
                condition=Q(state__in=["queued", "leased", "handing"]),
                name="inbox_reply_moving",
            ),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=Q(purged_at__isnull=True),
                name="inbox_reply_unpurged",
            ),
            # Which reply a copy without a Message-ID of ours repeats is looked for by day.
            models.Index(
                fields=["tenant", "account", "handed_at"],
                condition=Q(handed_at__isnull=False),
                name="inbox_reply_handed",
            ),
        ]

    def __str__(self) -> str:
        return f"reply {self.pk}"


class ReplyAttempt(TenantModel):
    """One step of one try to send a reply; written once, never changed."""

    reply = TenantForeignKey(OutboundReply, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(auto_now_add=True)
    result = models.CharField(max_length=30)
    answer = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "reply", "at"], name="inbox_attempt_reply")]

    def __str__(self) -> str:
        return f"attempt {self.pk}"


class Draft(TenantModel):
    """What a member has typed in a conversation and not sent."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    author = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    body = models.TextField()
    saved_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "conversation", "author"], name="inbox_draft_once"),
        ]
        indexes = [models.Index(fields=["tenant", "expires_at"], name="inbox_draft_expires")]

    def __str__(self) -> str:
        return f"draft {self.pk}"
