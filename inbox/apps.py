"""The app of inbox."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Names the app to Django."""

    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"
