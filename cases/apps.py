"""The app of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Names the app to Django and connects what listens to the apps below."""

    name = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let cases hear of the apps below, and the warehouse's checks be counted beside every page."""
        from cases import forgetting, from_mail, from_orders, moving, replied  # noqa: F401
        from cases.warehouse import forgetting as checks_forgetting  # noqa: F401
        from cases.warehouse.board import OPEN_CHECKS
        from inbox import rail

        rail.count_also("checks", *OPEN_CHECKS)
