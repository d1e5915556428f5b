"""The order card by itself: read again, or asked for anew from its marketplace."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import needs
from accounts.answers import answer, reader, wants_part
from accounts.middleware import TenantRequest
from orders import asking
from orders.card import card_of, orders_with_cards
from orders.models import Order


@needs("see_orders")
@require_GET
def order_card(request: TenantRequest, slug: str, order_id: int) -> HttpResponse:
    """The card as it is now, to be put in the place of an older one."""
    return _card(request, order_id)


@needs("converse")
@require_POST
def order_refresh(request: TenantRequest, slug: str, order_id: int) -> HttpResponse:
    """Ask for the order to be read from its marketplace now."""
    asking.ask(get_object_or_404(Order, pk=order_id), now=timezone.now())
    if wants_part(request):
        return _card(request, order_id)
    response = redirect("order", slug=slug, order_id=order_id)
    response.status_code = 303
    return response


def _card(request: TenantRequest, order_id: int) -> HttpResponse:
    now = timezone.now()
    order = get_object_or_404(orders_with_cards(), pk=order_id)
    card = card_of(order, order, account=order.account, now=now)
    return answer(request, "orders/card_read.html", reader(request, now=now) | {"card": card})
