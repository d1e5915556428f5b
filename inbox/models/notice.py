"""What a member is told of a deadline, kept so that whoever was away still sees it."""

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation
from inbox.models.deadline import Deadline


class NoticeKind(models.TextChoices):
    """Why a member is told."""

    WARNING = "warning", "Due soon"
    LATE = "late", "Late"


class Notice(TenantModel):
    """One member, told once of one moment of a deadline; names no buyer."""

    member = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    deadline = TenantForeignKey(Deadline, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=NoticeKind)
    rule = models.CharField(max_length=100)
    due_at = models.DateTimeField()
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "member", "deadline", "kind", "due_at"], name="inbox_notice_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "member", "-at", "-id"], name="inbox_notice_newest"),
            models.Index(
                fields=["tenant", "member"], condition=models.Q(seen_at__isnull=True), name="inbox_notice_new"
            ),
            models.Index(fields=["tenant", "conversation"], name="inbox_notice_conversation"),
            models.Index(fields=["tenant", "deadline"], name="inbox_notice_deadline"),
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"
