"""What a member was told of deadlines, for whoever was away."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import needs
from accounts.cursors import BadCursor
from accounts.middleware import TenantRequest
from inbox import notices
from inbox.views.frame import answer, frame


@needs("converse")
@require_GET
def warnings(request: TenantRequest, slug: str) -> HttpResponse:
    """The reader's own warnings, newest first; what is new is marked."""
    now = timezone.now()
    try:
        page = notices.notice_page(request.membership, after=request.GET.get("after", ""))
    except BadCursor:
        return redirect("warnings", slug=slug)
    return answer(request, "inbox/warnings.html", frame(request, place="warnings", now=now) | {"page": page})


@needs("converse")
@require_POST
def warnings_seen(request: TenantRequest, slug: str) -> HttpResponse:
    """Note that the reader has seen them."""
    notices.see_all(request.membership, now=timezone.now())
    response = redirect("warnings", slug=slug)
    response.status_code = 303
    return response
