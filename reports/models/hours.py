"""What happened in each hour, counted; kept up by `reports.rolling` and re-countable from the raw rows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models import SellerAccount


def number() -> "models.PositiveIntegerField[int, int]":
    """A count that is nothing where nothing happened."""
    return models.PositiveIntegerField(default=0)


def money() -> "models.DecimalField[object, object]":
    """A sum of money in the row's currency."""
    return models.DecimalField(max_digits=18, decimal_places=2, default=0)


class HourFigures(TenantModel):
    """One hour (UTC) of one seller account and one member; what nobody in particular did has no member.

    A message is counted in the hour the marketplace received it, a missed deadline in the hour it was due, a
    reply in the hour it left, a closed conversation in the hour it was closed. The seconds are sorted.
    """

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    member = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    # Buyers' messages received: answered within the marketplace's time or later, not answered, not counted.
    received = number()
    in_time = number()
    answered_late = number()
    unanswered = number()
    excluded = number()
    sent = number()
    reopened = number()
    # Deadlines missed, by cause.
    bounced = number()
    late_from_sync = number()
    warehouse = number()
    nobody_assigned = number()
    idle = number()
    first_response_seconds = ArrayField(models.IntegerField(), default=list)
    resolution_seconds = ArrayField(models.IntegerField(), default=list)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "hour", "account", "member"],
                nulls_distinct=False,
                name="reports_hourfigures_once",
            ),
        ]

    def __str__(self) -> str:
        return f"hour {self.hour:%Y-%m-%d %H} of seller account {self.account_id}"


class CaseHour(TenantModel):
    """One hour (UTC) of one seller account, case type and currency: cases opened and decided in it."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    type = models.CharField(max_length=40)
    currency = models.CharField(max_length=3, blank=True, default="")
    opened = number()
    won = number()
    partly = number()
    lost = number()
    other = number()  # settled or withdrawn
    at_stake = money()
    paid = money()
    saved = money()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "hour", "account", "type", "currency"], name="reports_casehour_once"
            ),
        ]

    def __str__(self) -> str:
        return f"cases of hour {self.hour:%Y-%m-%d %H} of seller account {self.account_id}"


class DirtyHour(TenantModel):
    """An hour of a seller account that must be counted again: something in it has changed.

    Rows are only added and taken away. Nothing is unique but the id, so no writer waits for another.
    """

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"dirty hour {self.hour:%Y-%m-%d %H} of seller account {self.account_id}"
