"""What a person may say of a piece of evidence."""

from django import forms

from cases.evidence.dossier import TITLES


class EvidenceForm(forms.Form):
    """A line of the checklist, and what there is to it; whether it is enough the act decides."""

    key = forms.ChoiceField(
        choices=list(TITLES.items()), error_messages={"invalid_choice": "Choose what it is about."}
    )
    text = forms.CharField(required=False)
    file = forms.FileField(
        required=False,
        error_messages={"empty": "That file is empty.", "max_length": "That name is too long."},
    )
