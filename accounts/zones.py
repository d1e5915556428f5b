"""Time zones by their IANA names."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def known_time_zone(name: str) -> None:
    """Refuse a name that is no time zone; raises ValidationError."""
    if name not in available_timezones():
        raise ValidationError(f"{name} is not a time zone; use a name like Europe/Berlin.")
