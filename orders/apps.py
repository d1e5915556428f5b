"""The app of orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Names the app to Django."""

    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"
