"""A buyer: a part beside a conversation or an order, or a page of its own."""

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.buyer_known import FEW, MANY, buyer_known
from inbox.views.frame import answer, frame, reader, wants_part
from orders.models import Buyer


@needs("converse")
@require_GET
def buyer(request: TenantRequest, slug: str, buyer_id: int) -> HttpResponse:
    """What is known of a buyer; ?beside=<number> leaves out the conversation it stands beside."""
    now, part = timezone.now(), wants_part(request)
    beside = request.GET.get("beside", "")
    number = int(beside) if beside.isdecimal() and len(beside) < 19 else None
    try:
        known = buyer_known(buyer_id, now=now, most=FEW if part else MANY, beside=number if part else None)
    except Buyer.DoesNotExist as error:
        raise Http404 from error
    if part:
        return answer(request, "inbox/buyer_seen.html", reader(request, now=now) | {"known": known})
    return answer(request, "inbox/buyer.html", frame(request, place="", now=now) | {"known": known})
