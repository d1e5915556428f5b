"""The conversation: the unit of work and the row of the queue."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount
from orders.models import Buyer, Order


class ConversationKind(models.TextChoices):
    """Which list a conversation belongs to."""

    BUYER = "buyer", "Buyer"
    NOTICE = "notice", "Marketplace notice"
    PUBLIC_QUESTION = "public_question", "Public question"
    UNREADABLE = "unreadable", "Unreadable mail"
    UNRECOGNISED = "unrecognised", "Unrecognised"
    UNVERIFIED = "unverified", "Unverified"


class ConversationState(models.TextChoices):
    """Whose turn it is."""

    OPEN = "open", "Open"
    WAITING_BUYER = "waiting_buyer", "Waiting on buyer"
    WAITING_WAREHOUSE = "waiting_warehouse", "Waiting on warehouse"
    SNOOZED = "snoozed", "Snoozed"
    CLOSED = "closed", "Closed"


class ConversationNumber(TenantModel):
    """The last conversation number given in a tenant."""

    last = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="inbox_number_once"),
        ]

    def __str__(self) -> str:
        return str(self.last)


class Conversation(TenantModel):
    """All messages with one buyer about one matter."""

    number = models.BigIntegerField()
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="conversations")
    kind = models.CharField(max_length=20, choices=ConversationKind)
    state = models.CharField(max_length=20, choices=ConversationState, default=ConversationState.OPEN)
    buyer = TenantForeignKey(Buyer, on_delete=models.SET_NULL, null=True, related_name="conversations")
    order = TenantForeignKey(Order, on_delete=models.SET_NULL, null=True, related_name="conversations")
    assignee = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(max_length=500, blank=True, default="")
    buyer_name = models.CharField(max_length=200, blank=True, default="")
    preview = models.CharField(max_length=200, blank=True, default="")
    # Where a reply goes, exactly as the marketplace wrote it, and the keys later mail is matched by.
    relay_address = models.CharField(max_length=254, blank=True, default="")
    relay_alias = models.CharField(max_length=254, blank=True, default="")
    case_ref = models.CharField(max_length=64, blank=True, default="")
    # What the case on it is called, the one due first if several; written by whoever keeps cases.
    case_label = models.CharField(max_length=60, blank=True, default="", db_default="")
    # Another conversation this one might belong to: two candidates are flagged, never guessed.
    possibly_same_as = models.CharField(max_length=100, blank=True, default="")
    last_message_at = models.DateTimeField()
    last_message_is_buyers = models.BooleanField(default=True)
    # The earliest open marketplace deadline; kept by inbox.standing, read by everybody.
    due_at = models.DateTimeField(null=True)
    target_at = models.DateTimeField(null=True)
    # A reply that failed, bounced or may not have left: stands on top until a person has seen to it.
    needs_settling = models.BooleanField(default=False)
    # Where the row stands in the triage queue; NULL is not in it. Kept by inbox.standing.
    queue_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    # The texts and names are gone; clocks, acts and counts stay.
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="inbox_conversation_number"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "queue_at", "id"],
                condition=Q(queue_at__isnull=False),
                name="inbox_conversation_queue",
            ),
            models.Index(
                fields=["tenant", "assignee", "queue_at", "id"],
                condition=Q(queue_at__isnull=False),
                name="inbox_conversation_mine",
            ),
            models.Index(
                fields=["tenant", "queue_at", "id"],
                condition=Q(queue_at__isnull=False) & ~Q(case_label=""),
                name="inbox_conversation_cases",
            ),
            models.Index(
                fields=["tenant", "-last_message_at", "-id"],
                condition=Q(state="waiting_warehouse"),
                name="inbox_conversation_warehouse",
            ),
            models.Index(
                fields=["tenant", "due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="inbox_conversation_due",
            ),
            models.Index(
                fields=["tenant", "kind", "-last_message_at", "-id"],
                condition=Q(kind__in=["unrecognised", "unverified"]) & ~Q(state="closed"),
                name="inbox_conversation_aside",
            ),
            models.Index(
                fields=["tenant", "-last_message_at", "-id"],
                condition=Q(state="waiting_buyer", queue_at__isnull=True),
                name="inbox_conversation_waiting",
            ),
            models.Index(
                fields=["tenant", "-closed_at", "-id"],
                condition=Q(state="closed"),
                name="inbox_conversation_closed",
            ),
            models.Index(fields=["tenant", "account", "relay_alias"], name="inbox_conversation_alias"),
            models.Index(fields=["tenant", "account", "case_ref"], name="inbox_conversation_case"),
            models.Index(fields=["tenant", "order"], name="inbox_conversation_order"),
            models.Index(fields=["tenant", "buyer"], name="inbox_conversation_buyer"),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=Q(purged_at__isnull=True),
                name="inbox_conversation_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.number}"

    def open_again(self) -> None:
        """The turn is the agents' again; the caller saves it."""
        self.state, self.closed_at = ConversationState.OPEN, None
