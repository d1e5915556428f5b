"""A warehouse check: a question of an agent that only somebody in front of the shelf can answer."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models import Conversation
from marketplaces.models import SellerAccount
from orders.models import Order


class CheckState(models.TextChoices):
    """Whose turn it is."""

    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    WITHDRAWN = "withdrawn", "Withdrawn"


class CheckAnswer(models.TextChoices):
    """What the warehouse found."""

    SHIPPED = "shipped", "Shipped"
    IN_STOCK = "in_stock", "In stock, not shipped yet"
    OUT_OF_STOCK = "out_of_stock", "Out of stock"
    PACKED_RIGHT = "packed_right", "Packed as ordered"
    PACKED_WRONG = "packed_wrong", "Packed wrong"
    RETURN_IN = "return_in", "Return is here"
    RETURN_MISSING = "return_missing", "Return is not here"
    OTHER = "other", "See the note"


class WarehouseCheck(TenantModel):
    """One question and its answer; the texts and the photo go when they expire."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="warehouse_checks")
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="+")
    order = TenantForeignKey(Order, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=CheckState, default=CheckState.OPEN)
    question = models.CharField(max_length=1000)
    asked_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    # When the answer must be here so that the buyer's can still leave in time.
    due_at = models.DateTimeField()
    # Set when the moment passed without an answer and somebody was told.
    escalated_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=20, choices=CheckAnswer, blank=True, default="")
    answered_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking_number = models.CharField(max_length=100, blank=True, default="")
    note = models.CharField(max_length=2000, blank=True, default="")
    photo_path = models.CharField(max_length=200, blank=True, default="")
    photo_type = models.CharField(max_length=100, blank=True, default="")
    # The reply that waits for the agent's one key, filled with the answer; empty: none was prepared.
    prepared_reply = models.TextField(blank=True, default="")
    # When somebody decided about the prepared reply: sent, taken over for editing, or thrown away.
    prepared_settled_at = models.DateTimeField(null=True)
    # The newest message, reply and act that whoever asked had seen: what came later stops a reply that
    # would leave by itself.
    seen_message = models.PositiveBigIntegerField(default=0)
    seen_reply = models.PositiveBigIntegerField(default=0)
    seen_event = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "conversation", "asked_at"], name="cases_check_conversation"),
            models.Index(
                fields=["tenant", "due_at", "id"], condition=Q(state="open"), name="cases_check_open"
            ),
            models.Index(fields=["tenant", "order", "-asked_at"], name="cases_check_order"),
            models.Index(
                fields=["tenant", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="cases_check_tracking",
            ),
            models.Index(
                fields=["tenant", "-answered_at", "-id"],
                condition=Q(state="answered"),
                name="cases_check_answered",
            ),
            models.Index(
                fields=["tenant", "due_at"],
                condition=Q(state="open", escalated_at__isnull=True),
                name="cases_check_unescalated",
            ),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=Q(purged_at__isnull=True),
                name="cases_check_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"warehouse check {self.pk}"
