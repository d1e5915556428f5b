"""The door: signing in and choosing an organization."""

from typing import cast

from allauth.account.views import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import Membership


def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page; a part of a page that asks for it is told to load the whole page instead."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    answer: HttpResponseBase = login(request)
    return answer


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The organizations of the signed-in person; with one, straight into it."""
    memberships = list(
        Membership.objects.select_related("tenant")
        .filter(user_id=cast(int, request.user.pk), is_active=True)
        .order_by("tenant__name", "pk")
    )
    if len(memberships) == 1:
        return redirect("start", slug=memberships[0].tenant.slug)
    return render(request, "accounts/home.html", {"memberships": memberships})
