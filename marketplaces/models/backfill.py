"""History that is being fetched: how far back, how far it has come, and what was expected."""

from django.db import models
from django.db.models import Q

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from marketplaces.models.account import SellerAccount

MAIL = "mail"


class BackfillState(models.TextChoices):
    """Where a backfill stands."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Complete"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


UNDER_WAY = (BackfillState.WAITING, BackfillState.RUNNING)


class Backfill(TenantModel):
    """One stream of a seller account that is read back to a moment, newest first, beside what arrives."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="backfills")
    stream = models.CharField(max_length=20)  # MAIL, or one of types.STREAMS
    since = models.DateTimeField()
    until = models.DateTimeField()
    # Why it does not go back as far as it was asked to; empty when it does.
    clamped = models.CharField(max_length=300, blank=True, default="")
    asked_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=BackfillState, default=BackfillState.WAITING)
    # When its next part is due; while a part is being read, when that counts as died. NULL: never again.
    next_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True, default="")
    # The cursor: everything from here to `until` is stored. Moves only after the last page of a part.
    reached = models.DateTimeField(null=True)
    step = models.PositiveIntegerField(default=0)  # of mail: how many days of it are finished
    span_seconds = models.PositiveIntegerField(null=True)  # of records: how much to read in one go
    estimated = models.PositiveIntegerField(null=True)
    # Seen to in finished parts, and in the one being read: counted again from what is stored if that one
    # is begun again, so that nothing counts twice.
    done = models.PositiveIntegerField(default=0)
    part_done = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "stream"],
                condition=Q(state__in=UNDER_WAY),
                name="marketplaces_backfill_one",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                condition=Q(next_at__isnull=False),
                name="marketplaces_backfill_due",
            ),
            models.Index(fields=["tenant", "account", "-asked_at"], name="marketplaces_backfill_newest"),
        ]

    def __str__(self) -> str:
        return f"backfill {self.pk}"


class BackfillEstimate(TenantModel):
    """What fetching history would bring, counted by a worker so that a page can show it."""

    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, related_name="+")
    # When somebody asked for it, and a worker has not answered yet; claimed by moving it on.
    wanted_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)
    # {"30": {"mails": 812, "orders": 240, "minutes": 4, "clamped": ""}, …}
    figures = models.JSONField(default=dict)
    fault = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account"], name="marketplaces_estimate_once"),
        ]

    def __str__(self) -> str:
        return f"estimate for seller account {self.account_id}"
