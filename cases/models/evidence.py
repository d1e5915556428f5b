"""Evidence of a case: what people added to it, and the packs made of everything there is."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from cases.models.case import Case
from marketplaces.models import SellerAccount


class EvidenceFile(TenantModel):
    """Something a person added to a case's evidence: a statement, a file, or both."""

    case = TenantForeignKey(Case, on_delete=models.CASCADE, related_name="evidence_files")
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=30)  # which line of the checklist it answers
    text = models.CharField(max_length=2000, blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    content_type = models.CharField(max_length=100, blank=True, default="")
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    path = models.CharField(max_length=255, blank=True, default="")
    added_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "case", "added_at"], name="cases_evidence_case"),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=Q(purged_at__isnull=True),
                name="cases_evidence_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"evidence {self.pk}"


class PackState(models.TextChoices):
    """How far a pack is."""

    WAITING = "waiting", "Waits to be made"
    MAKING = "making", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Could not be made"


class EvidencePack(TenantModel):
    """A PDF of everything that speaks for the seller in a case, as of a moment."""

    case = TenantForeignKey(Case, on_delete=models.CASCADE, related_name="packs")
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=PackState, default=PackState.WAITING)
    asked_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    # When somebody must look at it again: to begin, or because whoever began may be dead. NULL once settled.
    next_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    percent = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True, default="")
    made_at = models.DateTimeField(null=True)
    pages = models.PositiveIntegerField(default=0)
    statements = models.PositiveIntegerField(default=0)
    # Files that should be in it and could not be read: their names, each with the reason.
    missing = models.JSONField(default=list)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    path = models.CharField(max_length=255, blank=True, default="")
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "case", "asked_at"], name="cases_pack_case"),
            models.Index(
                fields=["tenant", "next_at"], condition=Q(next_at__isnull=False), name="cases_pack_due"
            ),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=Q(purged_at__isnull=True),
                name="cases_pack_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"evidence pack {self.pk}"
