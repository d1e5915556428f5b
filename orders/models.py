"""Buyers and orders: for now what a mail tells of them, to be filled in from the marketplace."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount


class Buyer(TenantModel):
    """Somebody who writes or buys, across the tenant's seller accounts."""

    name = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "expires_at"], name="orders_buyer_expires")]

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


class Order(TenantModel):
    """A marketplace's order by its number; a placeholder until the marketplace's own record arrives."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="orders")
    buyer = TenantForeignKey(Buyer, on_delete=models.SET_NULL, null=True, related_name="orders")
    external_id = models.CharField(max_length=40)
    is_placeholder = models.BooleanField(default=True)
    # What the mail says was bought, shown until the order's own lines are here.
    item_title = models.CharField(max_length=500, blank=True, default="")
    item_id = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "external_id"], name="orders_order_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "buyer"], name="orders_order_buyer"),
            models.Index(fields=["tenant", "expires_at"], name="orders_order_expires"),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"
