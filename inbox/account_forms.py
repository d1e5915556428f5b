"""What an admin may enter to connect a seller account: shapes only; whether it works is tried by a worker."""

import re
from typing import Any

from django import forms
from django.conf import settings

from marketplaces.models import MailSecurity, MailSignIn
from marketplaces.types import MARKETS, Marketplace

AMAZON_CLIENT = re.compile(r"amzn1\.application-oa2-client\.\w{10,}")
WALMART_CLIENT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def market_choices(marketplace: Marketplace) -> list[tuple[str, str]]:
    """The sites of a marketplace by the key we store and the country people know."""
    return [
        (key, key.rpartition("-")[2].upper())
        for key, market in MARKETS.items()
        if market.marketplace is marketplace
    ]


class StartForm(forms.Form):
    """Which seller this is."""

    name = forms.CharField(max_length=40, error_messages={"required": "Give the account a short name."})
    market = forms.ChoiceField(choices=[], error_messages={"required": "Choose a market."})
    seller_id = forms.CharField(max_length=64, required=False)
    sender_address = forms.EmailField(
        max_length=254,
        error_messages={
            "required": "Enter the address buyers' messages go to.",
            "invalid": "This is no mail address.",
        },
    )

    def __init__(self, marketplace: Marketplace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["market"]
        if isinstance(field, forms.ChoiceField):
            field.choices = market_choices(marketplace)


class SecretField(forms.CharField):
    """A pasted secret, taken to the letter: a space that came with it is named and not guessed away."""

    def __init__(self, label: str, *, required: bool = True) -> None:
        super().__init__(
            label=label,
            max_length=4000,
            required=required,
            strip=False,
            error_messages={"required": f"Paste the {label}."},
        )

    def clean(self, value: Any) -> str:
        """Refuse what no such secret holds, each with what to do."""
        found: str = super().clean(value)
        if found != found.strip():
            where = "begins" if found != found.lstrip() else "ends"
            raise forms.ValidationError(
                f"The {self.label} {where} with a space or a line break. Paste it again without it."
            )
        if re.search(r"\s", found):
            raise forms.ValidationError(
                f"There is a space or a line break inside the {self.label}. Copy it again in one piece."
            )
        if not found.isascii() or not found.isprintable():
            raise forms.ValidationError(
                f"The {self.label} holds a character no such key has. Copy it again from the page itself."
            )
        return found


class WalmartKeyForm(forms.Form):
    """Client id and secret from Walmart's Developer Portal."""

    api_client_id = SecretField("client ID")
    api_client_secret = SecretField("client secret")

    def clean(self) -> dict[str, Any]:
        """Tell the other marketplace's key, and two fields that were swapped."""
        data = super().clean() or {}
        client_id, secret = data.get("api_client_id", ""), data.get("api_client_secret", "")
        if client_id.startswith(("amzn1.", "Atz")) or secret.startswith(("amzn1.", "Atz")):
            self.add_error(
                "api_client_id",
                "This is an Amazon key. Walmart's client ID looks like 0a1b2c3d-4e5f-…; you find it in "
                "Seller Center under API keys.",
            )
        elif client_id and not WALMART_CLIENT.fullmatch(client_id):
            swapped = WALMART_CLIENT.fullmatch(secret) is not None
            self.add_error(
                "api_client_id",
                "Client ID and client secret are swapped. Paste each into the other field."
                if swapped
                else "This is no client ID. It has 36 letters, digits and hyphens, like 0a1b2c3d-4e5f-…",
            )
        return data


class AmazonKeyForm(forms.Form):
    """An application's LWA key with a self-authorised refresh token, or its id to ask for consent."""

    lwa_client_id = SecretField("LWA client ID", required=False)
    lwa_client_secret = SecretField("LWA client secret", required=False)
    refresh_token = SecretField("refresh token", required=False)
    application_id = SecretField("application ID", required=False)

    def clean(self) -> dict[str, Any]:
        """Tell Walmart's key and one token from another; say what is missing."""
        data = super().clean() or {}
        if self.errors:
            return data
        client_id, token = data["lwa_client_id"], data["refresh_token"]
        if WALMART_CLIENT.fullmatch(client_id):
            self.add_error(
                "lwa_client_id",
                "This is a Walmart key. Amazon's client ID begins with amzn1.application-oa2-client.; you "
                "find it in the Solution Provider Portal at your application.",
            )
        elif client_id and not AMAZON_CLIENT.fullmatch(client_id):
            self.add_error(
                "lwa_client_id",
                "This is no LWA client ID. It begins with amzn1.application-oa2-client.",
            )
        elif not client_id:
            self.add_error("lwa_client_id", "Paste the LWA client ID.")
        if not data["lwa_client_secret"]:
            self.add_error("lwa_client_secret", "Paste the LWA client secret.")
        if token.startswith("Atza|"):
            self.add_error(
                "refresh_token",
                "This is an access token, good for an hour. The refresh token begins with Atzr|.",
            )
        elif token and not token.startswith("Atzr|"):
            self.add_error("refresh_token", "This is no refresh token. It begins with Atzr|.")
        if not token and not data["application_id"]:
            self.add_error(
                "refresh_token",
                "Paste the refresh token of a self-authorised application, or give the application ID and "
                "let Seller Central ask for consent.",
            )
        return data


class MailboxForm(forms.Form):
    """The mailbox, and the server that sends for it; empty sending fields mean the same as for reading."""

    mail_sign_in = forms.ChoiceField(choices=MailSignIn.choices)
    imap_host = forms.CharField(max_length=253, required=False)
    imap_port = forms.IntegerField(min_value=1, max_value=65535, required=False)
    imap_security = forms.ChoiceField(choices=[], required=False)
    imap_user = forms.CharField(
        max_length=254, error_messages={"required": "Enter the user name, mostly the whole address."}
    )
    imap_password = forms.CharField(max_length=1000, required=False, strip=False)
    smtp_host = forms.CharField(max_length=253, required=False)
    smtp_port = forms.IntegerField(min_value=1, max_value=65535, required=False)
    smtp_security = forms.ChoiceField(choices=[], required=False)
    smtp_user = forms.CharField(max_length=254, required=False)
    smtp_password = forms.CharField(max_length=1000, required=False, strip=False)
    authserv_id = forms.CharField(max_length=253, required=False)

    def __init__(self, *args: Any, providers: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("imap_security", "smtp_security"):
            self._choose(name, security_choices())
        known = [MailSignIn.PASSWORD.value, *providers]
        self._choose("mail_sign_in", [pair for pair in MailSignIn.choices if pair[0] in known])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """With a password, everything about the servers; with a consent, nothing of it."""
        data = super().clean() or {}
        if data.get("mail_sign_in") != MailSignIn.PASSWORD:
            return data
        for name, words in (
            ("imap_host", "Enter the mail server's name."),
            ("imap_port", "Enter the port, mostly 993."),
            ("smtp_host", "Enter the name of the server that sends."),
            ("smtp_port", "Enter the port, mostly 465 or 587."),
        ):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, words)
        password = data.get("imap_password", "")
        if not password:
            self.add_error(
                "imap_password", "Enter the password, or the app password if the provider has them."
            )
        for name in ("imap_password", "smtp_password"):
            given = data.get(name, "")
            if given != given.strip():
                self.add_error(name, "The password begins or ends with a space. Paste it again without it.")
        return data


class RefetchForm(forms.Form):
    """The day from which everything is fetched again."""

    since = forms.DateField(
        error_messages={"required": "Choose a day.", "invalid": "Write the day like 2026-11-01."}
    )


def security_choices() -> list[tuple[str, str]]:
    """How a mail connection may be protected; unprotected only where the operator allows private networks."""
    plain = MailSecurity.PLAIN.value
    return [pair for pair in MailSecurity.choices if pair[0] != plain or settings.ALLOW_PRIVATE_HOSTS]


KEY_FORMS: dict[Marketplace, type[forms.Form]] = {
    Marketplace.WALMART: WalmartKeyForm,
    Marketplace.AMAZON: AmazonKeyForm,
}
