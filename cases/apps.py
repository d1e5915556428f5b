"""The app of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Names the app to Django and connects what listens to the apps below."""

    name = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the warehouse's checks be counted beside every page, and go with their conversations."""
        from cases import warehouse_forgetting  # noqa: F401 - listens to the purge
        from cases.warehouse_board import OPEN_CHECKS
        from inbox import rail

        rail.count_also("checks", *OPEN_CHECKS)
