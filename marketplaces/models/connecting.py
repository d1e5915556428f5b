"""Connecting a seller account: what an admin has entered and is being tried, and the live checks."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount


class TrialKind(models.TextChoices):
    """What is being tried."""

    KEY = "key", "The key to the marketplace's API"
    MAILBOX = "mailbox", "The mailbox"


class TrialState(models.TextChoices):
    """How far it has come."""

    CONSENT = "consent", "Waits for the owner's consent"
    RUNNING = "running", "Being tried"
    FAILED = "failed", "Did not work"
    PASSED = "passed", "Works"


class ConnectionTrial(TenantModel):
    """Settings somebody entered, tried by a worker before anything of the account is changed.

    Its secrets are sealed beside the account's own under names of their own (trying.py) and go with it: a
    trial that fails leaves the account as it was.
    """

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="trials")
    kind = models.CharField(max_length=10, choices=TrialKind)
    settings = models.JSONField(default=dict)  # without any secret
    state = models.CharField(max_length=10, choices=TrialState, default=TrialState.RUNNING)
    words = models.CharField(max_length=500, blank=True, default="")
    fix = models.CharField(max_length=500, blank=True, default="")
    asked_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "kind"], name="marketplaces_trial_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                condition=Q(next_at__isnull=False),
                name="marketplaces_trial_due",
            )
        ]

    def __str__(self) -> str:
        return f"trial {self.pk}"


class CheckName(models.TextChoices):
    """The live checks of a connection, in the order they are shown and depend on each other."""

    TOKEN = "token", "Token works"
    RIGHTS = "rights", "Rights"
    SELLER = "seller", "Seller"
    ORDER = "order", "Test order read"
    CLOCK = "clock", "Clock"
    MAILBOX = "mailbox", "Mailbox opens"
    FOLDERS = "folders", "Folders found"
    SENDER = "sender", "Sender accepted"
    RECEIVED = "received", "Mail comes in"
    BOUNCE = "bounce", "Replies do not bounce"


class CheckState(models.TextChoices):
    """What a check found."""

    WAITING = "waiting", "Waits for another"
    RUNNING = "running", "Being checked"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Needs you"


class ConnectionCheck(TenantModel):
    """What one live check of an account found last, in words, and what to do about it."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="checks")
    name = models.CharField(max_length=10, choices=CheckName)
    state = models.CharField(max_length=10, choices=CheckState, default=CheckState.RUNNING)
    words = models.CharField(max_length=500, blank=True, default="")
    fix = models.CharField(max_length=500, blank=True, default="")
    milliseconds = models.PositiveIntegerField(null=True)
    # A test mail on its way: its Message-ID, when it left, and how far each folder was filled before.
    probe = models.CharField(max_length=200, blank=True, default="")
    probe_sent_at = models.DateTimeField(null=True)
    probe_before = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "name"], name="marketplaces_check_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                condition=Q(next_at__isnull=False),
                name="marketplaces_check_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of seller account {self.account_id}"
