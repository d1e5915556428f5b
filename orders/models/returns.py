"""Returns and refunds."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount
from marketplaces.records import ReturnStatus
from orders.models.order import Order


class Return(TenantModel):
    """A return (RMA) of an order; it may arrive before the order does."""

    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="returns")
    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=60)
    modified_at = models.DateTimeField()  # an older version never overwrites this one
    status = models.CharField(max_length=20, choices=[(each.value, each.value) for each in ReturnStatus])
    status_text = models.CharField(max_length=60, blank=True, default="")
    requested_at = models.DateTimeField(null=True)
    return_by = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    refunded_at = models.DateTimeField(null=True)
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking_number = models.CharField(max_length=100, blank=True, default="")
    channel = models.CharField(max_length=40, blank=True, default="")
    refund_channel = models.CharField(max_length=60, blank=True, default="")
    refund_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    in_policy = models.BooleanField(null=True)
    a_to_z = models.BooleanField(default=False)
    # The seller's claim to be paid back by Amazon: its number and state, why, since when, what came of it.
    safe_t = models.CharField(max_length=100, blank=True, default="")
    safe_t_reason = models.CharField(max_length=100, blank=True, default="")
    safe_t_at = models.DateTimeField(null=True)
    safe_t_paid = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    # The way back, oldest first: [{"at", "code", "text"}].
    events = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "external_id"], name="orders_return_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "order"], name="orders_return_order"),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=models.Q(purged_at__isnull=True),
                name="orders_return_unpurged",
            ),
        ]

    def __str__(self) -> str:
        return f"return {self.pk}"


class ReturnLine(TenantModel):
    """One line of a return; `reason` and `comment` are the buyer's words and go when the return expires."""

    parent = TenantForeignKey(Return, on_delete=models.CASCADE, related_name="lines")
    external_id = models.CharField(max_length=40)
    sku = models.CharField(max_length=100, blank=True, default="")
    title = models.CharField(max_length=500, blank=True, default="")
    quantity = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=100, blank=True, default="")
    comment = models.CharField(max_length=500, blank=True, default="")
    purchase_order_id = models.CharField(max_length=40, blank=True, default="")
    keep_it = models.BooleanField(default=False)
    status_text = models.CharField(max_length=60, blank=True, default="")
    tracking_text = models.CharField(max_length=100, blank=True, default="")
    refund_text = models.CharField(max_length=60, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "parent", "external_id"], name="orders_returnline_once"
            ),
        ]

    def __str__(self) -> str:
        return f"return line {self.pk}"


class Refund(TenantModel):
    """Money given back on an order."""

    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    external_id = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=100, blank=True, default="")
    issued_by = models.CharField(max_length=20, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "order", "external_id"], name="orders_refund_once"),
        ]

    def __str__(self) -> str:
        return f"refund {self.pk}"
