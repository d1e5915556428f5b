"""What is known to be wrong with a seller account, who was told, and what the nightly audit found."""

from django.db import models
from django.db.models import Q

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount


class AccountFault(TenantModel):
    """Something that went wrong with one stream of an account: when it was met first and last, how often."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="faults")
    stream = models.CharField(max_length=20)  # "mail", "sending", or one of types.STREAMS
    words = models.CharField(max_length=500)
    key = models.CharField(max_length=32)  # the same for words that differ in a number only
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    cleared_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "stream", "key"],
                condition=Q(cleared_at__isnull=True),
                name="marketplaces_fault_open_once",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "account", "-last_seen"], name="marketplaces_fault_newest")]

    def __str__(self) -> str:
        return f"fault {self.pk} of seller account {self.account_id}"


class AlarmKind(models.TextChoices):
    """What people are told about by mail."""

    SILENT = "silent", "Unusually quiet"
    REFUSED = "refused", "Sign-in refused"
    BEHIND = "behind", "Nothing read"


class AccountAlarm(TenantModel):
    """One incident that people were told about, once."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=AlarmKind)
    stream = models.CharField(max_length=20, blank=True, default="")
    since = models.DateTimeField()  # when the incident began: the same for as long as it lasts
    words = models.CharField(max_length=500)
    told_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "kind", "stream", "since"], name="marketplaces_alarm_once"
            ),
        ]

    def __str__(self) -> str:
        return f"alarm {self.pk} of seller account {self.account_id}"


class AuditPart(models.TextChoices):
    """What is compared."""

    MAIL = "mail", "Mail"
    ORDERS = "orders", "Orders"
    RESPONSE_RATE = "response_rate", "Response rate"


class AuditState(models.TextChoices):
    """What came of a comparison."""

    RUNNING = "running", "Being compared"
    EQUAL = "equal", "Equal"
    MENDED = "mended", "Mended"
    DIFFERS = "differs", "Differs"
    FAILED = "failed", "Not compared"
    NOT_POSSIBLE = "not_possible", "Nothing to compare"


class AuditResult(TenantModel):
    """What one night's comparison of an account with its marketplace or mailbox found."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="audits")
    day = models.DateField()  # the tenant's day on which it was made
    part = models.CharField(max_length=20, choices=AuditPart)
    state = models.CharField(max_length=20, choices=AuditState)
    theirs = models.PositiveIntegerField(default=0)
    ours = models.PositiveIntegerField(default=0)
    # What was missing or old here, named; no more of it than `auditing.MOST_NAMED`.
    missing = models.JSONField(default=list)
    missing_count = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    words = models.CharField(max_length=500, blank=True, default="")
    # How far a comparison has come that a rate limit has stopped.
    reached = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "day", "part"], name="marketplaces_audit_once"
            ),
        ]

    def __str__(self) -> str:
        return f"audit {self.pk} of seller account {self.account_id}"
