"""What stands around every page of a tenant, and how pages and parts of pages are told apart."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from accounts.answers import answer, reader, wants_part
from accounts.middleware import TenantRequest
from inbox.queue import VIEWS, View
from inbox.rail import rail

__all__ = ["answer", "frame", "reader", "view_of", "view_query", "wants_part"]


def frame(request: TenantRequest, *, place: str, now: datetime) -> dict[str, Any]:
    """The rail around a page; `place` is the entry of it that the page belongs to."""
    return {**reader(request, now=now), "place": place, "rail": rail(request.membership, now)}


def view_of(request: HttpRequest) -> View:
    """The list a conversation was opened from, by ?view=; the triage queue where the address names none."""
    return VIEWS.get(request.GET.get("view", ""), VIEWS["all"])


def view_query(view: View) -> str:
    """What an address needs at its end to remember the list."""
    return "" if view.key == "all" else f"?view={view.key}"
