"""The record of who changed what in a tenant."""

from django.db import models

from accounts.models.people import Membership
from accounts.tenancy import TenantForeignKey, TenantModel


class AuditEntry(TenantModel):
    """One change of the tenant's settings or people: written with the change, never changed or removed."""

    at = models.DateTimeField()
    # NULL: nobody who is signed in; the helpdesk itself, or an operator at the command line.
    actor = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)  # one word, such as account_paused
    subject = models.CharField(max_length=200)  # what it was done to, such as "seller account Lumen US"
    details = models.JSONField(default=dict)  # no secrets, and nothing of a buyer's

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "-at", "-id"], name="accounts_audit_newest")]

    def __str__(self) -> str:
        return f"audit entry {self.pk}"
