"""The door: signing in, choosing an organization, and taking the place one was invited to."""

from typing import cast

from allauth.account.views import login
from django.conf import settings
from django.contrib.auth import login as begin_session
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from accounts import inviting
from accounts.forms import NewLoginForm, sentences
from accounts.inviting import NoInvitation
from accounts.models import Invitation, Membership, User
from accounts.refusals import Refused


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


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """A place that was offered by mail; its link is in ?token=, which no log holds."""
    given = request.POST if request.method == "POST" else request.GET
    token = given.get("token", "")
    try:
        if request.method != "POST":
            return _offer(request, token)
        if isinstance(request.user, User):
            member = inviting.accept_as(request.user, token, now=timezone.now())
        else:
            member = _as_new(request, token)
    except NoInvitation as gone:
        return render(request, "accounts/no_invitation.html", {"sentence": str(gone)}, status=404)
    except Refused as refused:
        return _offer(request, token, errors=[str(refused)], status=409)
    except ValidationError as error:
        return _offer(request, token, errors=error.messages, status=422)
    response = redirect("start", slug=member.tenant.slug)
    response.status_code = 303
    return response


def _as_new(request: HttpRequest, token: str) -> Membership:
    form = NewLoginForm(request.POST)
    if not form.is_valid():
        raise ValidationError(sentences(form))
    member = inviting.accept_as_new(token, now=timezone.now(), **form.cleaned_data)
    begin_session(request, member.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return member


def _offer(
    request: HttpRequest, token: str, *, errors: list[str] | None = None, status: int = 200
) -> HttpResponse:
    offered = inviting.read(token, now=timezone.now())
    context = {
        "offered": offered,
        "token": token,
        "comes_as": _comes_as(request, offered),
        "name": request.POST.get("name", offered.name)[:100],
        "errors": errors or [],
    }
    return render(request, "accounts/invitation.html", context, status=status)


def _comes_as(request: HttpRequest, offered: Invitation) -> str:
    """Who is at the door: "themselves", "another", or nobody yet with a "login" or as "new"."""
    if isinstance(request.user, User):
        return "themselves" if request.user.email == offered.email else "another"
    return "login" if User.objects.filter(email=offered.email).exists() else "new"
