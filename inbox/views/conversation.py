"""The page of one conversation."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.http import trigger_client_event

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.views.frame import answer, frame, wants_part
from inbox.views.pane import Typed, pane


@needs("converse")
@require_GET
def conversation(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """A conversation; ?edit=<reply id> puts the text of one of its replies into the composer."""
    now = timezone.now()
    context = pane(request, number, now=now)
    edited = request.GET.get("edit", "")
    for item in context["page"].items:
        if item.reply is not None and edited == str(item.reply.pk):
            context |= Typed("reply", item.reply.body).context("")
    if wants_part(request):
        return answer(request, "inbox/conversation_opened.html", context)
    context |= frame(request, place=context["view"].key, now=now) | {"listing": None}
    return answer(request, "inbox/conversation.html", context)


@needs("converse")
@require_GET
def timeline(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """The timeline again, asked for while the conversation is open; the composer is not touched."""
    context = pane(request, number, now=timezone.now())
    if request.GET.get("mark") == context["page"].mark:
        return HttpResponse(status=204)
    response = answer(request, "inbox/timeline_looked_at.html", context)
    if request.GET.get("moving") and not context["moving"]:
        return trigger_client_event(response, "queue:refresh")
    return response
