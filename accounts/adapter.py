"""How we bend allauth: people are invited, nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes sign-up; the first admin comes from `manage.py create_tenant`."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: no page we serve mails anything, and what does must leave by a task (accounts.mails)."""
        raise NotImplementedError("allauth would mail inside a request")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: "signed in as ..." would pile up in the messages cookie, for no page shows it."""
