"""What a browser may send about a case: shapes only. Whether an act makes sense the act itself decides."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from cases.models import CaseOutcome, Decider, Stage

MONEY = {
    "invalid": "Write the sum as a number, like 49.90.",
    "min_value": "A sum cannot be less than nothing.",
    "max_decimal_places": "A sum has two places behind its point.",
    "max_digits": "That sum is too large.",
    "max_whole_digits": "That sum is too large.",
}
MOMENT = {"invalid": "Write the moment as a date and a time."}


class Moment(forms.DateTimeField):
    """A moment as the reader's clock shows it; made UTC by `in_zone`."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, error_messages=MOMENT, **options)


def in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """What a form's field said, taken as a moment in the reader's zone."""
    return moment.replace(tzinfo=ZoneInfo(zone)) if moment else None


class OpeningForm(forms.Form):
    """A case to open by hand."""

    type = forms.CharField(max_length=40, error_messages={"required": "Choose what kind of case it is."})
    reference = forms.CharField(required=False, max_length=64)
    amount = forms.DecimalField(
        required=False, min_value=0, max_digits=12, decimal_places=2, error_messages=MONEY
    )
    due_at = Moment()


class OpeningAboutForm(OpeningForm):
    """A case to open by hand that no conversation is about yet."""

    account = forms.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        error_messages=dict.fromkeys(("required", "invalid"), "Choose the seller account."),
    )
    order = forms.CharField(required=False, max_length=40)
    form_key = forms.UUIDField(required=False)


class StageForm(forms.Form):
    """Where a case goes; "done" is what its type puts behind the seller's turn."""

    stage = forms.ChoiceField(
        choices=[("done", "Done there"), *Stage.choices],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a stage."),
    )
    note = forms.CharField(required=False, max_length=200)
    due_at = Moment()


class DecisionForm(forms.Form):
    """What came of a case."""

    outcome = forms.ChoiceField(
        choices=CaseOutcome.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose an outcome."),
    )
    paid = forms.DecimalField(
        required=False, min_value=0, max_digits=12, decimal_places=2, error_messages=MONEY
    )
    decided_by = forms.ChoiceField(
        choices=Decider.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Say who decided."),
    )


class ClosureForm(forms.Form):
    """The end of a case, with what would have avoided it."""

    lesson = forms.CharField(required=False, max_length=1000)
