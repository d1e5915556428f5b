"""Clocks: each thing that must happen by a moment, and how that ended."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation
from inbox.models.message import Message
from inbox.promises import REPLY


class Outcome(models.TextChoices):
    """Why a clock stopped."""

    REPLIED = "replied", "Replied"
    ANSWERED_ELSEWHERE = "answered_elsewhere", "Answered elsewhere"
    NO_RESPONSE_NEEDED = "no_response_needed", "No response needed"
    NOT_BUYER_MESSAGE = "not_buyer_message", "Not a buyer message"
    MERGED = "merged", "Merged"
    CASE_DONE = "case_done", "Done about the case"


class Heard(models.TextChoices):
    """What people have been told of a deadline's moment."""

    NOTHING = "", "Nothing"
    WARNED = "warned", "That it comes near"
    LATE = "late", "That it has passed"


class Deadline(TenantModel):
    """One thing that must happen by a moment, and how its clock was stopped."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="deadlines")
    kind = models.CharField(max_length=40, default=REPLY)
    message = TenantForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="deadlines")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rule = models.CharField(max_length=100)
    stated_in_source = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)
    stopped_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    # The reply that stopped it, so that its bounce starts exactly these clocks again.
    stopped_by_reply = TenantForeignKey(
        "inbox.OutboundReply", on_delete=models.SET_NULL, null=True, related_name="stopped_deadlines"
    )
    stopped_by_message = TenantForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=30, choices=Outcome, blank=True, default="")
    # Set to due_at itself when that moment passed with the clock running.
    breached_at = models.DateTimeField(null=True)
    # The company's own target in business hours; shown and reported, and never what anything is sorted by.
    target_at = models.DateTimeField(null=True)
    target_minutes = models.PositiveIntegerField(
        null=True
    )  # of business time, as it is said beside the clock
    # When people are told of it next, and what they have been told; kept by inbox.targets.
    tell_at = models.DateTimeField(null=True)
    heard = models.CharField(
        max_length=10, choices=Heard, blank=True, default=Heard.NOTHING, db_default=Heard.NOTHING
    )

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "message", "kind"],
                condition=Q(message__isnull=False),
                name="inbox_deadline_message_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "conversation", "due_at"], name="inbox_deadline_conversation"),
            models.Index(
                fields=["tenant", "due_at", "id"],
                condition=Q(stopped_at__isnull=True, breached_at__isnull=True),
                name="inbox_deadline_running",
            ),
            models.Index(
                fields=["tenant", "id"], condition=Q(stopped_at__isnull=True), name="inbox_deadline_open"
            ),
            models.Index(
                fields=["tenant", "tell_at"],
                condition=Q(stopped_at__isnull=True, tell_at__isnull=False),
                name="inbox_deadline_tell",
            ),
            models.Index(fields=["tenant", "stopped_by_reply"], name="inbox_deadline_reply"),
        ]

    def __str__(self) -> str:
        return f"deadline {self.pk}"
