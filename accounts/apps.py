"""The app of tenants and people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the start-up checks of tenancy."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make Django know our checks."""
        from accounts import checks  # noqa: F401
