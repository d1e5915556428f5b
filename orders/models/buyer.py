"""Buyers and the names the marketplaces give them."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount


class Buyer(TenantModel):
    """Somebody who writes or buys, across the tenant's seller accounts."""

    name = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # Name and aliases are gone; the row stays as the key its orders and conversations are counted by.
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(
                fields=["tenant", "expires_at"],
                condition=models.Q(purged_at__isnull=True),
                name="orders_buyer_unpurged",
            )
        ]

    def __str__(self) -> str:
        return f"buyer {self.pk}"


class BuyerIdentity(TenantModel):
    """A relay alias under which one seller account knows a buyer: a hint, never a proof."""

    buyer = TenantForeignKey(Buyer, on_delete=models.CASCADE, related_name="identities")
    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    relay_alias = models.CharField(max_length=254)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "relay_alias"], name="orders_identity_once"),
        ]
        indexes = [models.Index(fields=["tenant", "buyer"], name="orders_identity_buyer")]

    def __str__(self) -> str:
        return f"identity {self.pk}"
