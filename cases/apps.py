"""The app of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Names the app to Django."""

    name = "cases"
    default_auto_field = "django.db.models.BigAutoField"
