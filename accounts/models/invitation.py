"""Places that were offered and not taken yet."""

from django.db import models
from django.db.models import Q

from accounts.models.people import Membership, Role
from accounts.tenancy import TenantForeignKey, TenantModel


class Invitation(TenantModel):
    """A place offered to whoever reads mail at an address; its link is signed and works once."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=100, blank=True, default="")
    role = models.CharField(max_length=20, choices=Role)
    # Begins with no seller account in sight, until an admin has chosen some.
    restricted = models.BooleanField(default=False)
    invited_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # Which sending of it the newest link is of; older links are dead.
    round = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="accounts_invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"
