"""A case: a formal matter at a marketplace, with a clock for each stage in which the seller must act."""

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models import Conversation, Deadline, Message
from marketplaces.models import SellerAccount
from orders.models import Order, Return


class Stage(models.TextChoices):
    """Where a case stands, in the marketplaces' own order; types leave out what they do not have."""

    BUYER = "buyer", "With the buyer"
    SELLER = "seller", "Your turn"
    ESCALATED = "escalated", "Escalated"
    REVIEW = "review", "Under review"
    DECIDED = "decided", "Decided"
    FOLLOW_UP = "follow_up", "Follow-up"
    LESSON = "lesson", "Lesson"


class CaseSource(models.TextChoices):
    """What opened it."""

    MAIL = "mail", "Mail"
    API = "api", "Marketplace data"
    HAND = "hand", "By hand"


class CaseOutcome(models.TextChoices):
    """What came of it, seen from the seller; a case nothing had to be decided in is settled."""

    WON = "won", "Won"
    PARTLY = "partly", "Partly won"
    LOST = "lost", "Lost"
    SETTLED = "settled", "Settled"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Decider(models.TextChoices):
    """Who decided."""

    MARKETPLACE = "marketplace", "The marketplace"
    SELLER = "seller", "We did"
    BUYER = "buyer", "The buyer"


class Case(TenantModel):
    """One matter; `type` names an entry of the case types, which are data. It bears no buyer's words."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="cases")
    account = TenantForeignKey(SellerAccount, on_delete=models.PROTECT, related_name="+")
    order = TenantForeignKey(Order, on_delete=models.SET_NULL, null=True, related_name="cases")
    order_return = TenantForeignKey(Return, on_delete=models.SET_NULL, null=True, related_name="+")
    type = models.CharField(max_length=40)
    stage = models.CharField(max_length=20, choices=Stage)
    stage_since = models.DateTimeField()
    # The clock of the stage it stands in; none while the turn is somebody else's.
    deadline = TenantForeignKey(Deadline, on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=10, choices=CaseSource)
    # Names what opened it, once: "mail:<message>", "return:<number>:received", "order:<number>:cancel".
    source_key = models.CharField(max_length=200)
    mail = TenantForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")
    reference = models.CharField(max_length=64, blank=True, default="")  # the marketplace's number of it
    # What is at stake, and what the seller paid in the end.
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    paid = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    opened_at = models.DateTimeField()
    opened_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=CaseOutcome, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=15, choices=Decider, blank=True, default="")
    follow_up_at = models.DateTimeField(null=True)
    # When somebody is to be told that the day of the follow-up has come; none once that was done.
    remind_at = models.DateTimeField(null=True)
    lesson = models.CharField(max_length=1000, blank=True, default="")
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "source_key"], name="cases_case_once"),
        ]
        indexes = [
            models.Index(fields=["tenant", "conversation"], name="cases_case_conversation"),
            models.Index(fields=["tenant", "order"], name="cases_case_order"),
            models.Index(
                fields=["tenant", "stage", "stage_since", "id"],
                condition=models.Q(closed_at__isnull=True),
                name="cases_case_open",
            ),
            models.Index(
                fields=["tenant", "-decided_at", "-id"],
                condition=models.Q(decided_at__isnull=False),
                name="cases_case_decided",
            ),
            models.Index(
                fields=["tenant", "remind_at"],
                condition=models.Q(remind_at__isnull=False),
                name="cases_case_remind",
            ),
            models.Index(fields=["tenant", "account", "opened_at"], name="cases_case_opened"),
            models.Index(fields=["tenant", "-opened_at", "-id"], name="cases_case_newest"),
            models.Index(fields=["tenant", "account", "reference"], name="cases_case_reference"),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"


class CaseStage(TenantModel):
    """One stay of a case in a stage, with its clock; the newest has no end."""

    case = TenantForeignKey(Case, on_delete=models.CASCADE, related_name="stages")
    stage = models.CharField(max_length=20, choices=Stage)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    deadline = TenantForeignKey(Deadline, on_delete=models.SET_NULL, null=True, related_name="+")
    by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=10, choices=CaseSource)
    why = models.CharField(max_length=200, blank=True, default="")

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "case", "entered_at", "id"], name="cases_stage_case")]

    def __str__(self) -> str:
        return f"stage {self.stage} of case {self.case_id}"
