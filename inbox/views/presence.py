"""A browser says who is at a conversation."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox import presence as presence_of
from inbox.forms import PresenceForm, first_error
from inbox.models import Conversation


@needs("converse")
@require_POST
def presence(request: TenantRequest, slug: str, number: int) -> HttpResponse:
    """One beat of a tab's heart; answers with nothing."""
    talk = get_object_or_404(Conversation.objects.only("account_id"), number=number)
    form = PresenceForm(request.POST)
    if not form.is_valid():
        return HttpResponse(first_error(form), status=422, content_type="text/plain")
    presence_of.tell(number, account_id=talk.account_id, by=request.membership, **form.cleaned_data)
    return HttpResponse(status=204)
