"""What a seller account sells, with the picture we keep of it."""

from django.db import models
from django.db.models import Q

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount


class Item(TenantModel):
    """One article of a seller account by its SKU; its picture is fetched by a worker and served by us."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    sku = models.CharField(max_length=100)
    item_id = models.CharField(max_length=40, blank=True, default="")  # ASIN
    title = models.CharField(max_length=500, blank=True, default="")
    image_url = models.CharField(max_length=1000, blank=True, default="")  # where the marketplace keeps it
    image_path = models.CharField(max_length=255, blank=True, default="")  # where we keep it; empty: not yet
    # When to try for the picture next; NULL when it is here or there is none to be had.
    image_due_at = models.DateTimeField(null=True)
    image_failures = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "sku"], name="orders_item_once"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "account", "image_due_at"],
                condition=Q(image_due_at__isnull=False),
                name="orders_item_image_due",
            )
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"
