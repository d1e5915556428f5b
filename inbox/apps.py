"""The app of inbox."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Names the app to Django and connects what listens to the apps below."""

    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let conversations follow their orders and seller accounts."""
        from inbox import disconnected, following  # noqa: F401
