"""The lists of conversations."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import may, needs
from accounts.cursors import BadCursor
from accounts.middleware import TenantRequest
from accounts.models import Membership
from inbox.queue import VIEWS, QueuePage, View, queue_page
from inbox.rail import Rail
from inbox.views.frame import answer, frame, narrowed, reader, view_of, view_query

# A list that was made longer is read again as long as it is, up to this.
MOST_ROWS = 500


@needs("belong")
@require_GET
def start(request: TenantRequest, slug: str) -> HttpResponse:
    """Where a member begins: the triage queue (or ?view= and ?tag=), or the warehouse's board."""
    if may(request.membership, "converse"):
        view = view_of(request)
        return redirect(reverse("queue", kwargs={"slug": slug, "view": view.key}) + view.query)
    return redirect("warehouse", slug=slug)


@needs("converse")
@require_GET
def queue(request: TenantRequest, slug: str, view: str) -> HttpResponse:
    """A list, with nothing open beside it."""
    return answer(request, "inbox/queue.html", _list(request, view, now=timezone.now()))


@needs("converse")
@require_GET
def queue_rows(request: TenantRequest, slug: str, view: str) -> HttpResponse:
    """The first page of a list as it is now, or ?rows= of it, with the counts beside it."""
    return answer(request, "inbox/queue_polled.html", _list(request, view, now=timezone.now()))


@needs("converse")
@require_GET
def queue_more(request: TenantRequest, slug: str, view: str) -> HttpResponse:
    """The rows after a cursor, to be put below those on the page."""
    now = timezone.now()
    listing = _listing(request, view, now=now)
    context = {
        "listing": listing,
        "view": listing.view,
        "view_query": view_query(listing.view),
        "under": request.GET.get("under", ""),
    }
    return answer(request, "inbox/queue_continued.html", reader(request, now=now) | context)


def list_title(view: View, rail: Rail, member: Membership) -> str:
    """The title of a list's page: its name and what it is narrowed to, or how many stand in it."""
    narrowed_to = [each.name for each in (rail.account(view.account_id), rail.tag(view.tag_id)) if each]
    if view.narrowings:
        due = [view.due_words(member.time_zone)] if view.due else []
        return f"{', '.join([view.title, *due, *narrowed_to])} - {member.tenant.name}"
    count = next((item.count for item in rail.views if item.key == view.key), "")
    return f"{view.title}{f' ({count})' if count else ''} - {member.tenant.name}"


def _list(request: TenantRequest, key: str, *, now: datetime) -> dict[str, Any]:
    listing = _listing(request, key, now=now)
    context = frame(request, place=key, now=now)
    title = list_title(listing.view, context["rail"], request.membership)
    query = view_query(listing.view)
    return context | {"view": listing.view, "view_query": query, "listing": listing, "list_title": title}


def _length(shown: str) -> int:
    """How many rows are read where so many are on the page already; 0 for the usual number."""
    if not shown.isdecimal() or len(shown) > len(str(MOST_ROWS)):
        return 0
    return min(max(int(shown), settings.LIST_ROWS), MOST_ROWS)


def _listing(request: TenantRequest, key: str, *, now: datetime) -> QueuePage:
    if key not in VIEWS:
        raise Http404
    try:
        return queue_page(
            key,
            membership=request.membership,
            now=now,
            after=request.GET.get("after", ""),
            limit=_length(request.GET.get("rows", "")),
            **narrowed(request),
        )
    except BadCursor as error:
        raise Http404 from error
