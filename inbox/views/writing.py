"""Writing to a buyer first, from an order."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox import writing_first
from inbox.actions import Refused
from inbox.forms import WritingForm, first_error
from inbox.guard import Blocked, Finding
from inbox.models import Draft
from inbox.views.frame import answer, frame
from orders import asking
from orders.models import Order


@needs("converse")
@require_http_methods(["GET", "HEAD", "POST"])
def order_writing(request: TenantRequest, slug: str, order_id: int) -> HttpResponse:
    """The form for a first message, and its sending; the answer is the conversation it stands in."""
    if request.method != "POST":
        return _form(request, order_id)
    form = WritingForm(request.POST)
    if not form.is_valid():
        return _form(request, order_id, error=first_error(form), status=422)
    try:
        reply = writing_first.write_first(
            order_id, by=request.membership, now=timezone.now(), **form.cleaned_data
        )
    except Order.DoesNotExist:
        return _form(request, order_id)
    except Blocked as blocked:
        return _form(request, order_id, findings=blocked.findings, status=409)
    except Refused as refused:
        return _form(request, order_id, error=str(refused), status=409)
    response = redirect("conversation", slug=slug, number=reply.conversation.number)
    response.status_code = 303
    return response


def _form(
    request: TenantRequest,
    order_id: int,
    *,
    error: str = "",
    findings: list[Finding] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    order = get_object_or_404(Order.objects.select_related("account"), pk=order_id)
    offered = writing_first.offer(order, now=now)
    look = request.GET.get("look", "")
    # Opening the page asks once; a page that looks again only looks.
    if offered.stale and not look:
        asking.ask_for_actions(order, now=now)
    context: dict[str, Any] = {
        "order": order,
        "offer": offered,
        "waiting": writing_first.waiting_talk(order),
        "chosen": request.POST.get("reason", ""),
        "text": request.POST["body"] if "body" in request.POST else _draft(request, order),
        "client_key": request.POST.get("client_key") or uuid.uuid4(),
        # A page that looks for itself does so ten times and no more.
        "look": int(look) if look.isdecimal() and len(look) < 4 else 0,
        "error": error,
        "findings": findings or [],
    }
    around = frame(request, place="orders", now=now)
    return answer(request, "inbox/writing.html", around | context, status=status)


def _draft(request: TenantRequest, order: Order) -> str:
    """What an undone message of this author has left behind."""
    talk = writing_first.open_talk(order)
    draft = Draft.objects.filter(conversation=talk, author=request.membership).first() if talk else None
    return draft.body if draft else ""
