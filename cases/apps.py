"""The app of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Names the app to Django and connects what listens to the apps below."""

    name = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let cases hear of mails, orders and replies."""
        from cases import from_mail, from_orders, replied  # noqa: F401
