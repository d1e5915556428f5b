"""The pages about orders: the lists, and one order with all that was written about it."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import may, needs
from accounts.cursors import BadCursor
from accounts.middleware import TenantRequest
from inbox import sla
from inbox.models import Conversation
from inbox.views.frame import answer, frame, reader, wants_part
from orders.card import card_of, orders_with_cards
from orders.listing import VIEWS, order_list

MOST_TALKS = 20


@needs("see_orders")
@require_GET
def orders(request: TenantRequest, slug: str) -> HttpResponse:
    """A list of orders by ?view=; htmx asks for the rows after a cursor only."""
    now, member = timezone.now(), request.membership
    key = request.GET.get("view", "")
    try:
        listing = order_list(
            key if key in VIEWS else "new", zone=member.time_zone, now=now, after=request.GET.get("after", "")
        )
    except BadCursor as error:
        raise Http404 from error
    context = {"listing": listing, "views": VIEWS.values(), "left_of": sla.time_left}
    if wants_part(request):
        return answer(request, "inbox/orders_continued.html", reader(request, now=now) | context)
    return answer(request, "inbox/orders.html", frame(request, place="orders", now=now) | context)


@needs("see_orders")
@require_GET
def order(request: TenantRequest, slug: str, order_id: int) -> HttpResponse:
    """An order with everything we know; conversations and the buyer for whoever answers buyers."""
    now = timezone.now()
    found = get_object_or_404(orders_with_cards(), pk=order_id)
    talks = Conversation.objects.select_related("account", "assignee__user").filter(order=found)
    context = {
        "card": card_of(found, found, account=found.account, now=now),
        "talks": talks.order_by("-last_message_at", "-id")[:MOST_TALKS]
        if may(request.membership, "converse")
        else [],
    }
    return answer(request, "inbox/order.html", frame(request, place="orders", now=now) | context)
