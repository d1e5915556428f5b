"""What happened in a conversation besides mail: notes of the team, and one line for each act."""

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation


class Note(TenantModel):
    """A text for the team; it never leaves the building."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    author = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "conversation"], name="inbox_note_conversation"),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=models.Q(purged_at__isnull=True),
                name="inbox_note_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"


class Event(TenantModel):
    """The audit entry of an act on a conversation: who, what, when; `data` names no buyer."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30)
    data = models.JSONField(default=dict)
    note = TenantForeignKey(Note, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "conversation", "at", "id"], name="inbox_event_timeline")]

    def __str__(self) -> str:
        return f"event {self.pk}"
