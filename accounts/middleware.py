"""Find the tenant in the address, check the person's place in it, and open the one door."""

from collections.abc import Callable

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.crypto import constant_time_compare

from accounts.models import Membership
from accounts.tenancy import tenant_tx


class TenantRequest(HttpRequest):
    """A request inside a tenant, by a member of it."""

    membership: Membership


class TenantMiddleware:
    """Run every address under /t/<slug>/ inside its tenant's transaction.

    A stranger gets 404, because that a tenant exists is information too. The membership is read from the
    database on each request, so a deactivated member is out at once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer inside the tenant's transaction; an answer of 500 rolls it back."""
        if not request.path_info.startswith("/t/"):
            return self.get_response(request)
        try:
            slug = resolve(request.path_info).kwargs.get("slug")
        except Resolver404:
            slug = None
        if slug is None:
            return self.get_response(request)
        user_id = request.session.get(SESSION_KEY)
        if user_id is None:
            return redirect_to_login(request.get_full_path())
        membership = find_membership(user_id=user_id, slug=slug)
        if membership is not None and not session_holds(request.session, membership):
            # The password was changed meanwhile: whoever asks is nobody until they sign in again.
            return redirect_to_login(request.get_full_path())
        if membership is None:
            # Raised inside the handler chain so that the 404 page is rendered like any other.
            request.urlconf = "accounts.nowhere"
            return self.get_response(request)
        request.user = membership.user
        request.membership = membership  # type: ignore[attr-defined]
        limited_to = membership.pk if membership.restricted else None
        with tenant_tx(membership.tenant_id, member_id=limited_to):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


def find_membership(*, user_id: str, slug: str) -> Membership | None:
    """The person's active place in the tenant, with user and tenant, in one statement."""
    places = Membership.objects.select_related("user", "tenant")
    return places.filter(
        user_id=int(user_id), tenant__slug=slug, is_active=True, user__is_active=True
    ).first()


def session_holds(session: SessionBase, membership: Membership) -> bool:
    """What django.contrib.auth.get_user checks: a changed password ends sessions."""
    known = session.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(known, membership.user.get_session_auth_hash()):
        return False
    membership.user.backend = session[BACKEND_SESSION_KEY]
    return True


def nowhere(request: HttpRequest, path: str = "") -> HttpResponse:
    """The answer to whoever has no place here."""
    raise Http404
