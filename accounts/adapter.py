"""How we bend allauth: people are invited, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes sign-up; the first admin comes from `manage.py create_tenant`."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
