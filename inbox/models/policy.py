"""What was promised: SLA policies, the team's business hours, and the work a change of either makes."""

from datetime import date, datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.hours import Hours, HoursFault
from inbox.promises import REPLY
from marketplaces.models import SellerAccount
from marketplaces.types import Marketplace


class Told(models.TextChoices):
    """Who hears that a deadline comes near; that it has passed is told to the leads."""

    ASSIGNEE = "assignee", "Whoever has it, else the leads"
    ASSIGNEE_AND_LEADS = "assignee_and_leads", "Whoever has it and the leads"
    LEADS = "leads", "The leads"


class SlaPolicy(TenantModel):
    """How long a kind of deadline allows, for a marketplace or for one seller account, from a moment on.

    Rows are versions: saving adds one, and of those whose `valid_from` a deadline's beginning has reached the
    one saved last is in force. What nobody saved (`saved_at` NULL) is the marketplace's own promise.
    """

    marketplace = models.CharField(max_length=20, choices=[(m.value, m.value) for m in Marketplace])
    account = TenantForeignKey(SellerAccount, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=40, default=REPLY)  # as the promises name it
    valid_from = models.DateTimeField()
    allowance_minutes = models.PositiveIntegerField()
    rule = models.CharField(max_length=100)  # as printed beside the clock: "Walmart 48 h"
    target_minutes = models.PositiveIntegerField(
        null=True
    )  # business time; the company's own, softer promise
    # Before the due moment; NULL: as targets.default_warning says, 0: never.
    warn_minutes = models.PositiveIntegerField(null=True)
    told = models.CharField(max_length=20, choices=Told, default=Told.ASSIGNEE, db_default=Told.ASSIGNEE)
    # From here on what stands above it holds again: the marketplace's policy over an account's own, then the
    # promise.
    withdrawn = models.BooleanField(default=False, db_default=False)
    saved_at = models.DateTimeField(null=True)
    saved_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")

    # The team's hours, put here by whoever reads policies, so that a target can be counted; no column.
    hours: ClassVar[Hours | None] = None

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "marketplace", "account", "kind", "valid_from", "saved_at"],
                nulls_distinct=False,
                name="inbox_policy_once",
            ),
        ]

    def __str__(self) -> str:
        return self.rule

    def target_from(self, start: datetime) -> datetime | None:
        """When the company wants to have done it; None without a target, or where the hours never come."""
        if self.target_minutes is None or self.hours is None:
            return None
        try:
            return self.hours.add(start, self.target_minutes)
        except HoursFault:
            return None


class BusinessHours(TenantModel):
    """When the team works; each saving is a row, and the newest counts."""

    time_zone = models.CharField(max_length=50)
    # Seven lists of ["09:00", "12:30"] from Monday on, and {"2026-12-25": "Christmas Day"}.
    week = models.JSONField()
    holidays = models.JSONField(default=dict)
    saved_at = models.DateTimeField()
    saved_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "saved_at"], name="inbox_hours_once"),
        ]

    def __str__(self) -> str:
        return f"business hours {self.pk}"

    @property
    def hours(self) -> Hours:
        """The stored hours, to count with."""
        return Hours(
            ZoneInfo(self.time_zone),
            tuple(
                tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in day)
                for day in self.week
            ),
            {date.fromisoformat(day): name for day, name in self.holidays.items()},
        )


class Recomputation(TenantModel):
    """Running deadlines being brought in line after a change, and how far that has come."""

    asked_at = models.DateTimeField()
    asked_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)  # of the deadline up to which it has come
    # When somebody is to go on with it, or look a second time; moved ahead by whoever does, NULL when done.
    wanted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(
                fields=["tenant", "wanted_at"],
                condition=models.Q(wanted_at__isnull=False),
                name="inbox_recomputation_wanted",
            ),
            models.Index(fields=["tenant", "-id"], name="inbox_recomputation_newest"),
        ]

    def __str__(self) -> str:
        return f"recomputation {self.pk}"

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return 100 if self.finished_at else min(99, 100 * self.seen // max(self.total, 1))
