"""Seller accounts and what they sign in with."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.types import FACTS, MARKETS, Market, Marketplace, MarketplaceFacts


class Health(models.TextChoices):
    """What we know about reading an account."""

    OK = "ok", "Healthy"
    DEGRADED = "degraded", "Behind"
    AUTH_FAILED = "auth_failed", "Sign-in refused"
    REVOKED = "revoked", "Consent taken back"
    PAUSED = "paused", "Paused"


class MailSignIn(models.TextChoices):
    """How a mailbox is opened."""

    PASSWORD = "password", "Password or app password"
    GOOGLE = "google", "Google"
    MICROSOFT = "microsoft", "Microsoft 365"


class MailSecurity(models.TextChoices):
    """How a mail connection is protected."""

    TLS = "tls", "TLS"
    STARTTLS = "starttls", "STARTTLS"
    PLAIN = "plain", "None (loopback and private networks only)"


# Nothing is read or sent for any other.
CONNECTED = models.Q(connecting_since__isnull=True, disconnected_at__isnull=True)


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
    # How often the account has been given another mailbox; part of a mail's key (cursors.py).
    mailbox_generation = models.PositiveIntegerField(default=0)
    smtp_host = models.CharField(max_length=253)
    smtp_port = models.PositiveIntegerField(default=465)
    smtp_security = models.CharField(max_length=10, choices=MailSecurity, default=MailSecurity.TLS)
    smtp_user = models.CharField(max_length=254)
    mail_sign_in = models.CharField(max_length=10, choices=MailSignIn, default=MailSignIn.PASSWORD)
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
    # Set while somebody is still at connecting it: until they have finished nothing is read or sent.
    connecting_since = models.DateTimeField(null=True, blank=True)
    # What the admin has ticked off of the marketplace's own switches (switches.py).
    ticked = models.JSONField(default=list, blank=True)
    # The tenant's own choice: whether buyers' names and places are asked for where mail can do without them.
    restricted_data = models.BooleanField(default=False)
    # Since when the channel has been quieter than it ever is, and what counts as quiet for it.
    silent_since = models.DateTimeField(null=True, blank=True)
    usual_gap_seconds = models.PositiveIntegerField(null=True, blank=True)
    # Since when all mail should be here; NULL is `clocks_from`. A backfill moves it back.
    mail_since = models.DateTimeField(null=True, blank=True)
    # When it is looked at next: for silence and faults, and by the nightly audit. NULL: never was.
    watch_at = models.DateTimeField(null=True, blank=True)
    audit_at = models.DateTimeField(null=True, blank=True)
    # Nothing is read or sent any more; what names buyers goes at `purge_at` at the latest.
    disconnected_at = models.DateTimeField(null=True, blank=True)
    purge_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

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
    def is_connected(self) -> bool:
        """Whether it is read and sends, as CONNECTED asks of the table."""
        return self.connecting_since is None and self.disconnected_at is None

    @property
    def barred(self) -> str:
        """Why nothing is read or sent for this account, as a sentence; empty where nothing bars it."""
        if self.disconnected_at is not None:
            return f"{self.name} is disconnected. Connect it again to read and send."
        if self.connecting_since is not None:
            return f"{self.name} is still being connected. Finish that first."
        return ""

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
