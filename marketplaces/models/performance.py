"""How the marketplaces rate a seller account, day by day."""

from django.db import models

from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount
from marketplaces.ratings import Risk


class PerformanceFigure(TenantModel):
    """One figure as the marketplace had it on one day; rates and standards are percentages."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="figures")
    metric = models.CharField(max_length=30)
    period_days = models.PositiveSmallIntegerField()
    day = models.DateField()  # of as_of, UTC: a figure read twice on a day is the same one
    rate = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    standard = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    at_least = models.BooleanField(default=False)  # the standard is to be reached, not to be kept below
    risk = models.CharField(
        max_length=10, blank=True, default="", choices=[(each.value, each.value) for each in Risk]
    )
    orders = models.PositiveIntegerField(null=True)  # counted
    affected = models.PositiveIntegerField(null=True)
    as_of = models.DateTimeField()
    read_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "metric", "period_days", "day"], name="marketplaces_figure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of seller account {self.account_id}"


class ResponseReport(TenantModel):
    """The messages Walmart's response rate counted, as its report of one day named them.

    `rows` is [[order number, received, answered, in time]], moments in ISO 8601 or null: no buyer is named.
    """

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    period_days = models.PositiveSmallIntegerField()
    rows = models.JSONField(default=list)
    read_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "period_days", "day"], name="marketplaces_responses_once"
            ),
        ]

    def __str__(self) -> str:
        return f"response report of seller account {self.account_id}"
