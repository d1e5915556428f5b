"""What stands around every page of a tenant, and how pages and parts of pages are told apart."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from accounts.answers import answer, reader, wants_part
from accounts.middleware import TenantRequest
from inbox.narrowing import due_of
from inbox.queue import VIEWS, View
from inbox.rail import rail

__all__ = ["answer", "frame", "narrowed", "reader", "view_of", "view_query", "wants_part"]


def frame(request: TenantRequest, *, place: str, now: datetime) -> dict[str, Any]:
    """The rail around a page; `place` is the entry of it that the page belongs to."""
    return {**reader(request, now=now), "place": place, "rail": rail(request.membership, now)}


def view_of(request: HttpRequest) -> View:
    """The list a conversation was opened from, by ?view= and what narrows it; the triage queue by default."""
    return VIEWS.get(request.GET.get("view", ""), VIEWS["all"]).narrowed(**narrowed(request))


def view_query(view: View) -> str:
    """What a conversation's address needs at its end to remember the list."""
    named = {"view": view.key} if view.key != "all" else {}
    query = urlencode(named | view.narrowings)
    return f"?{query}" if query else ""


def narrowed(request: HttpRequest) -> dict[str, Any]:
    """What a list is narrowed to, by ?tag=, ?account=, ?assignee= and ?due=; what is none narrows nothing."""
    return {
        "tag_id": _id_in(request, "tag"),
        "account_id": _id_in(request, "account"),
        "assignee_id": _id_in(request, "assignee"),
        "due": due_of(request.GET.get("due", "")),
    }


def _id_in(request: HttpRequest, name: str) -> int:
    given = request.GET.get(name, "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 19 else 0
