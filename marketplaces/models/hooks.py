"""Webhooks: what a marketplace is to tell us of an account, and what it has told."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount


class HookState(models.TextChoices):
    """Whether the marketplace tells us of changes."""

    OFF = "off", "Not asked for"
    ON = "on", "Told of changes"
    PARTLY = "partly", "Told of some changes"
    FAILED = "failed", "Could not be asked for"
    NO_ADDRESS = "no_address", "No public address"


class HookSubscription(TenantModel):
    """An account's webhooks: the address only its marketplace knows, and how asking for them went.

    The address holds `key`; what signs each delivery is the credential `hook_secret`.
    """

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="hooks")
    key = models.CharField(max_length=64)
    wanted = models.BooleanField(default=True)
    state = models.CharField(max_length=12, choices=HookState, default=HookState.OFF)
    fault = models.CharField(max_length=500, blank=True, default="")
    # The marketplace's number for each kind of event.
    subscriptions = models.JSONField(default=dict)
    since = models.DateTimeField()
    last_event_at = models.DateTimeField(null=True)
    # When to look at them again: a try that failed, or whether the marketplace still has them.
    next_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account"], name="marketplaces_hooks_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                condition=models.Q(next_at__isnull=False),
                name="marketplaces_hooks_due",
            )
        ]

    def __str__(self) -> str:
        return f"webhooks of seller account {self.account_id}"


class HookEvent(TenantModel):
    """One event that came, so that it counts once however often it is delivered."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=60)
    received_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "event_id"], name="marketplaces_hookevent_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "account", "received_at"], name="marketplaces_hookevent_age")
        ]

    def __str__(self) -> str:
        return f"event of seller account {self.account_id}"
