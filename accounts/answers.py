"""How a page or a part of a page is answered inside a tenant."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from accounts.middleware import TenantRequest


def reader(request: TenantRequest, *, now: datetime) -> dict[str, Any]:
    """Who reads, when and in which zone: what every template needs to say a moment."""
    membership = request.membership
    return {
        "slug": membership.tenant.slug,
        "me": membership,
        "zone": membership.time_zone,
        "now": now,
        "poll_fallback": settings.POLL_FALLBACK,
    }


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; after "back" it asks for all of it."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page or a part; neither may be kept by a cache, and the two must not be mixed up."""
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    add_never_cache_headers(response)
    return response
