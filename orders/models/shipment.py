"""Parcels and the scans of them."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.records import ShipmentStatus
from orders.models.order import Order, PurchaseOrder


class Shipment(TenantModel):
    """A parcel of an order."""

    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="shipments")
    # Empty where another channel's warehouse ships the order (MCF).
    purchase_order = TenantForeignKey(
        PurchaseOrder, on_delete=models.CASCADE, null=True, related_name="shipments"
    )
    external_id = models.CharField(max_length=100)
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking_number = models.CharField(max_length=100, blank=True, default="")
    tracking_url = models.CharField(max_length=500, blank=True, default="")
    status = models.CharField(max_length=30, choices=[(each.value, each.value) for each in ShipmentStatus])
    status_text = models.CharField(max_length=60, blank=True, default="")
    by_mcf = models.BooleanField(default=False)
    shipped_at = models.DateTimeField(null=True)
    estimated_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "order", "external_id"], name="orders_shipment_once"),
        ]
        indexes = [models.Index(fields=["tenant", "tracking_number"], name="orders_shipment_tracking")]

    def __str__(self) -> str:
        return f"shipment {self.pk}"


class TrackingEvent(TenantModel):
    """One scan of a parcel."""

    shipment = TenantForeignKey(Shipment, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    code = models.CharField(max_length=60)
    text = models.CharField(max_length=200, blank=True, default="")
    place = models.CharField(max_length=120, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "shipment", "at", "code"], name="orders_tracking_once"),
        ]

    def __str__(self) -> str:
        return f"scan {self.pk}"
