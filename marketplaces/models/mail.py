"""How far a mailbox is read, and the raw archive."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount


class FolderRole(models.TextChoices):
    """What a mailbox folder is for."""

    INBOX = "inbox", "Inbox"
    SPAM = "spam", "Spam"
    SENT = "sent", "Sent"


class MailFolder(TenantModel):
    """The cursor of one folder: how far it has been read under which UIDVALIDITY (RFC 9051, 2.3.1.1)."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="folders")
    role = models.CharField(max_length=10, choices=FolderRole)
    name = models.CharField(max_length=500)
    # The first folder of this role, once another has taken it; empty until then (cursors.py).
    first_name = models.CharField(max_length=500, blank=True, default="")
    uidvalidity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    last_ok_at = models.DateTimeField(null=True)
    audited_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "role"], name="marketplaces_folder_role"),
        ]

    def __str__(self) -> str:
        return f"folder {self.pk}"


class RawState(models.TextChoices):
    """How far a stored mail has come."""

    NEW = "new", "Not read yet"
    PARSED = "parsed", "Read"
    QUARANTINED = "quarantined", "Could not be read"
    DUPLICATE = "duplicate", "The same mail again"


class InboundRaw(TenantModel):
    """A mail exactly as it arrived, kept before anything tries to understand it."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE)
    source = models.CharField(max_length=10)  # imap or file
    source_key = models.CharField(max_length=255)
    folder = models.CharField(max_length=10, choices=FolderRole, default=FolderRole.INBOX)
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField()
    size = models.BigIntegerField()  # bytes on the server; more than len(content) where it was cut
    received_at = models.DateTimeField()  # the server's INTERNALDATE
    stored_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=20, choices=RawState, default=RawState.NEW)
    # Which reader and which rules read it last: parse.PARSER_VERSION and the rulebook's mark.
    parser_version = models.PositiveIntegerField(null=True)
    rules = models.CharField(max_length=16, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    expires_at = models.DateTimeField()
    # Its content is gone; key and sum stay, so that the same mail is never fetched again.
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "source", "source_key"], name="marketplaces_raw_source_key"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "account", "sha256"], name="marketplaces_raw_sha256"),
            models.Index(
                fields=["tenant", "stored_at"],
                condition=models.Q(state=RawState.NEW),
                name="marketplaces_raw_new",
            ),
            models.Index(fields=["tenant", "account", "stored_at"], name="marketplaces_raw_stored"),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=models.Q(purged_at__isnull=True),
                name="marketplaces_raw_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"raw mail {self.pk}"
