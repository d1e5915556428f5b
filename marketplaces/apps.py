"""The app of marketplaces."""

from django.apps import AppConfig


class MarketplacesConfig(AppConfig):
    """Names the app to Django."""

    name = "marketplaces"
    default_auto_field = "django.db.models.BigAutoField"
