"""What stands around every page of a tenant, and how pages and parts of pages are told apart."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from accounts.answers import answer, reader, wants_part
from accounts.middleware import TenantRequest
from inbox.queue import VIEWS, View
from inbox.rail import rail

__all__ = ["answer", "frame", "reader", "tag_id_of", "view_of", "view_query", "wants_part"]


def frame(request: TenantRequest, *, place: str, now: datetime) -> dict[str, Any]:
    """The rail around a page; `place` is the entry of it that the page belongs to."""
    return {**reader(request, now=now), "place": place, "rail": rail(request.membership, now)}


def view_of(request: HttpRequest) -> View:
    """The list a conversation was opened from, by ?view= and ?tag=; the triage queue where none is named."""
    return replace(VIEWS.get(request.GET.get("view", ""), VIEWS["all"]), tag_id=tag_id_of(request))


def view_query(view: View) -> str:
    """What a conversation's address needs at its end to remember the list."""
    named = {"view": "" if view.key == "all" else view.key, "tag": view.tag_id}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"?{query}" if query else ""


def tag_id_of(request: HttpRequest) -> int:
    """The tag a list is narrowed to, by ?tag=; 0 for none, and for what is no id at all."""
    given = request.GET.get("tag", "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 19 else 0
