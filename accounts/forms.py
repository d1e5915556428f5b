"""What a browser may send about people and their places: shapes only."""

from django import forms

from accounts.models import Role

NO_ADDRESS = "That is no mail address. Write one like ana@example.com."
NO_ROLE = {"required": "Choose a role.", "invalid_choice": "Choose one of the roles."}
LONG_NAME = "A name holds 100 characters at most."


class InvitationForm(forms.Form):
    """Whom to invite, and as what; with `restricted` they see no seller account until some are chosen."""

    email = forms.EmailField(
        max_length=254,
        error_messages={
            "required": "Write the mail address to invite.",
            "invalid": NO_ADDRESS,
            "max_length": NO_ADDRESS,
        },
    )
    name = forms.CharField(max_length=100, required=False, error_messages={"max_length": LONG_NAME})
    role = forms.ChoiceField(choices=Role.choices, error_messages=NO_ROLE)
    restricted = forms.BooleanField(required=False)


class RoleForm(forms.Form):
    """A member's next role."""

    role = forms.ChoiceField(choices=Role.choices, error_messages=NO_ROLE)


class NewLoginForm(forms.Form):
    """Who takes a place and has no login yet; the password's rules are the login's."""

    name = forms.CharField(
        max_length=100, error_messages={"required": "Write your name.", "max_length": LONG_NAME}
    )
    password = forms.CharField(
        strip=False,
        max_length=1000,
        error_messages={
            "required": "Choose a password.",
            "max_length": "A password holds 1,000 characters at most.",
        },
    )


def sentences(form: forms.Form) -> list[str]:
    """What is wrong with a form, one sentence each."""
    return [str(sentence) for of_field in form.errors.values() for sentence in of_field]
