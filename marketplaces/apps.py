"""The app of marketplaces."""

from django.apps import AppConfig


class MarketplacesConfig(AppConfig):
    """Names the app to Django and reads the rules for mail."""

    name = "marketplaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Do not start on rules that cannot be read: every mail would be misread, or none."""
        from marketplaces.mailbox.rulebook import RulesError, rulebook

        try:
            rulebook()
        except RulesError as error:
            raise SystemExit(f"The rules for reading mail are wrong. {error}.") from None
