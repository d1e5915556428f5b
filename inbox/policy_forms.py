"""What the policies page may send: shapes only."""

from decimal import Decimal
from typing import Any

from django import forms

from inbox.hours import WEEKDAYS
from inbox.models import Told
from marketplaces.types import FACTS

MOST_HOURS = Decimal(8760)
HOURS_WRONG = {
    "required": "Say how many hours are allowed.",
    "invalid": "Write hours as a number, such as 24 or 1.5.",
    "max_value": "At most 8760 hours, a year.",
    "min_value": "At least 0.1 hours.",
    "max_decimal_places": "Write hours with at most two decimals.",
    "max_digits": "At most 8760 hours, a year.",
}
MINUTES_WRONG = {
    "invalid": "Write minutes as a whole number.",
    "max_value": "Warn at most a year before.",
    "min_value": "Warn some minutes before, or 0 for never.",
}
STALE = dict.fromkeys(("required", "invalid", "invalid_choice"), "Choose one of those offered.")


def _hours(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        max_value=MOST_HOURS, max_digits=6, decimal_places=2, error_messages=HOURS_WRONG, **options
    )


class PlaceForm(forms.Form):
    """Which kind of deadline, at which marketplace, and for which of its seller accounts; empty: all."""

    marketplace = forms.ChoiceField(choices=[(key, key) for key in FACTS], error_messages=STALE)
    kind = forms.SlugField(max_length=40, error_messages=STALE)
    account = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class PolicyForm(PlaceForm):
    """What a policy says, in hours and minutes."""

    allowance = _hours(min_value=Decimal("0.05"))
    longer = forms.BooleanField(required=False)
    target = _hours(min_value=Decimal("0.1"), required=False)
    warn = forms.IntegerField(required=False, min_value=0, max_value=525_600, error_messages=MINUTES_WRONG)
    told = forms.ChoiceField(choices=Told.choices, error_messages=STALE)
    reach = forms.ChoiceField(choices=[("running", "running"), ("fresh", "fresh")], error_messages=STALE)


class HoursForm(forms.Form):
    """A week as lines of windows, a zone and a list of holidays."""

    zone = forms.CharField(max_length=50, error_messages={"required": "Choose a time zone."})
    holidays = forms.CharField(required=False, max_length=20_000)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number, name in enumerate(WEEKDAYS):
            self.fields[f"day{number}"] = forms.CharField(required=False, max_length=300, label=name)

    @property
    def days(self) -> list[str]:
        """The seven lines, Monday first."""
        return [self.cleaned_data[f"day{number}"] for number in range(7)]
