"""What an organization lets the warehouse's answers do by themselves."""

from django.db import models

from accounts.tenancy import TenantModel


class WarehouseRule(TenantModel):
    """One row an organization; without it nothing leaves by itself."""

    # A prepared reply that only tells a tracking number leaves when the warehouse has answered.
    tracking_leaves = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="cases_warehouse_rule_once"),
        ]

    def __str__(self) -> str:
        return f"rule of the warehouse of tenant {self.tenant_id}"
