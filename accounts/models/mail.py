"""Mail the helpdesk itself writes: invitations and alarms."""

from django.db import models

from accounts.tenancy import TenantModel


class MailState(models.TextChoices):
    """How far a mail of ours has come."""

    QUEUED = "queued", "Waiting to leave"
    SENT = "sent", "Sent"
    FAILED = "failed", "Could not be sent"


class SystemMail(TenantModel):
    """A mail from the helpdesk to a person; it leaves by the operator's server, at least once."""

    to_address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()  # gone once the mail was sent or given up: it may hold a link that opens a door
    # What the mail is about, such as "invitation:12:1": asked for twice, it is sent once.
    key = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=MailState, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    # When to try next; while somebody is at it, when it is anybody's again.
    next_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "key"], name="accounts_mail_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                condition=models.Q(state=MailState.QUEUED),
                name="accounts_mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"mail {self.pk}"
