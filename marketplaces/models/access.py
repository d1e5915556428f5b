"""Which seller accounts a member sees who does not see all."""

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount


class AccountAccess(TenantModel):
    """A seller account that a restricted member sees; the policies of the database read this table."""

    membership = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "membership", "account"], name="marketplaces_access_once"
            ),
        ]

    def __str__(self) -> str:
        return f"seller account {self.account_id} for membership {self.membership_id}"
