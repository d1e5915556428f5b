"""Seller accounts, what they sign in with, how far their mailboxes are read, and the raw archive."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.types import FACTS, MARKETS, Market, Marketplace, MarketplaceFacts


class Health(models.TextChoices):
    """What we know about reading an account."""

    OK = "ok", "Healthy"
    DEGRADED = "degraded", "Behind"
    AUTH_FAILED = "auth_failed", "Sign-in refused"
    PAUSED = "paused", "Paused"


class MailSecurity(models.TextChoices):
    """How a mail connection is protected."""

    TLS = "tls", "TLS"
    STARTTLS = "starttls", "STARTTLS"
    PLAIN = "plain", "None (loopback and private networks only)"


class SellerAccount(TenantModel):
    """One tenant's login at one marketplace, and the mailbox its buyers' messages come through."""

    name = models.CharField(max_length=40)
    market = models.CharField(max_length=20, choices=[(key, key) for key in MARKETS])
    seller_id = models.CharField(max_length=64, blank=True, default="")
    # The address the marketplace has approved as sender; its relay refuses every other one.
    sender_address = models.EmailField(max_length=254)
    imap_host = models.CharField(max_length=253)
    imap_port = models.PositiveIntegerField(default=993)
    imap_security = models.CharField(max_length=10, choices=MailSecurity, default=MailSecurity.TLS)
    imap_user = models.CharField(max_length=254)
    smtp_host = models.CharField(max_length=253)
    smtp_port = models.PositiveIntegerField(default=465)
    smtp_security = models.CharField(max_length=10, choices=MailSecurity, default=MailSecurity.TLS)
    smtp_user = models.CharField(max_length=254)
    # Whose Authentication-Results to believe: the name the mailbox's own receiver stamps.
    authserv_id = models.CharField(max_length=253, blank=True, default="")
    # What arrived before this moment is history: it comes in closed and starts no clock.
    clocks_from = models.DateTimeField()
    health = models.CharField(max_length=20, choices=Health, default=Health.OK)
    health_reason = models.CharField(max_length=500, blank=True, default="")
    health_since = models.DateTimeField()
    last_ok_at = models.DateTimeField(null=True, blank=True)
    next_poll_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="marketplaces_account_name"),
        ]

    def __str__(self) -> str:
        return f"seller account {self.pk}"

    @property
    def site(self) -> Market:
        """The country's site this account sells on."""
        return MARKETS[self.market]

    @property
    def marketplace(self) -> Marketplace:
        """The marketplace this account sells on."""
        return self.site.marketplace

    @property
    def facts(self) -> MarketplaceFacts:
        """What holds for every seller on that marketplace."""
        return FACTS[self.site.marketplace]


class Credential(TenantModel):
    """One secret of a seller account, sealed for exactly this tenant, account and field."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="credentials")
    field = models.CharField(max_length=40)
    key_id = models.CharField(max_length=16)
    sealed = models.BinaryField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "field"], name="marketplaces_credential_once"
            ),
        ]

    def __str__(self) -> str:
        return f"credential {self.pk}"


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
    parser_version = models.PositiveIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    expires_at = models.DateTimeField()

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
            models.Index(fields=["tenant", "expires_at"], name="marketplaces_raw_expires"),
        ]

    def __str__(self) -> str:
        return f"raw mail {self.pk}"


class ApiStream(TenantModel):
    """How far one kind of record of a seller account has been read from the API, and how it does."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="streams")
    name = models.CharField(max_length=20)  # one of types.STREAMS
    # The cursor: everything modified up to here is stored. Moves only after the last page of a window.
    read_until = models.DateTimeField(null=True)
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


class ApiToken(TenantModel):
    """An account's access token, sealed, and who is fetching the next one."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
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
            models.UniqueConstraint(fields=["tenant", "account"], name="marketplaces_token_once"),
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
