"""How far an account's API is read, and what its calls go by: tokens, buckets, circuits."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import Health, SellerAccount


class ApiStream(TenantModel):
    """How far one kind of record of a seller account has been read from the API, and how it does."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="streams")
    name = models.CharField(max_length=20)  # one of types.STREAMS
    # The cursor: everything modified up to here is stored. Moves only after the last page of a window.
    read_until = models.DateTimeField(null=True)
    # Since when everything should be here; a backfill moves it back.
    read_since = models.DateTimeField(null=True)
    # A report the marketplace is still making, and the end of the window it was asked for.
    pending = models.CharField(max_length=100, blank=True, default="")
    pending_until = models.DateTimeField(null=True)
    # How much to read in one go: halved when the marketplace stops us in the middle; NULL is all of it.
    span_seconds = models.PositiveIntegerField(null=True)
    # The daily sweep goes back day by day: when it looked last, how many days back it has come, and how many
    # rows it had to mend on this round; that should be 0.
    swept_at = models.DateTimeField(null=True)
    sweep_day = models.PositiveSmallIntegerField(default=0)
    sweep_found = models.PositiveIntegerField(default=0)
    health = models.CharField(max_length=20, choices=Health, default=Health.OK)
    health_reason = models.CharField(max_length=500, blank=True, default="")
    health_since = models.DateTimeField()
    last_ok_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    # How often in a row the window held a record that could not be read.
    unreadable = models.PositiveSmallIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "name"], name="marketplaces_stream_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                condition=models.Q(next_at__isnull=False),
                name="marketplaces_stream_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of seller account {self.account_id}"


class TokenPurpose(models.TextChoices):
    """What an access token opens."""

    API = "api", "The marketplace's API"
    MAIL = "mail", "The mailbox"


class ApiToken(TenantModel):
    """An account's access token, sealed, and who is fetching the next one."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=4, choices=TokenPurpose, default=TokenPurpose.API)
    key_id = models.CharField(max_length=16, blank=True, default="")
    sealed = models.BinaryField(default=b"")  # empty: none yet
    renew_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    # One process fetches at a time; a process that dies while at it holds the others up no longer than this.
    lease = models.CharField(max_length=32, blank=True, default="")
    lease_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "purpose"], name="marketplaces_token_once"),
        ]

    def __str__(self) -> str:
        return f"token of seller account {self.account_id}"


class ApiBucket(TenantModel):
    """How many calls of one operation an account may make now (a token bucket)."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    operation = models.CharField(max_length=60)
    level = models.FloatField()  # as of updated_at
    per_second = models.FloatField()
    burst = models.FloatField()
    updated_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)
    refusals = models.PositiveIntegerField(default=0)  # in a row

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "operation"], name="marketplaces_bucket_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} of seller account {self.account_id}"


class ApiCircuit(TenantModel):
    """Whether an account's API has failed so often that it is left alone for a while."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    api = models.CharField(max_length=20)
    failures = models.PositiveIntegerField(default=0)  # in a row
    openings = models.PositiveIntegerField(default=0)  # in a row; each is longer than the one before
    open_until = models.DateTimeField(null=True)
    probe_until = models.DateTimeField(null=True)  # one request is out to see whether it answers again

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "api"], name="marketplaces_circuit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.api} of seller account {self.account_id}"
