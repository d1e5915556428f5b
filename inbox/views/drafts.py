"""What is typed and not sent, saved while somebody types."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox import drafts
from inbox.forms import DraftForm, first_error
from inbox.models import Conversation
from inbox.views.pane import perform


@needs("converse")
@require_POST
def draft(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Save the member's draft of a reply; an empty one is forgotten. Answers with nothing."""
    conversation = get_object_or_404(Conversation, number=number)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return HttpResponse(first_error(form), status=422, content_type="text/plain")
    drafts.keep(conversation, by=request.membership, **form.cleaned_data)
    return HttpResponse(status=204)


@needs("converse")
@require_POST
def draft_cancellation(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """Throw the draft away and show the conversation as it is now."""

    def act(conversation: Conversation, now: datetime) -> None:
        drafts.discard(conversation, by=request.membership)

    return perform(request, number, act)
