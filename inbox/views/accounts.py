"""The seller accounts and how each does."""

from django.db.models import Case, When
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.views.frame import answer, frame
from marketplaces.models import Health, SellerAccount


@needs("see_accounts")
@require_GET
def accounts(request: TenantRequest, slug: str) -> HttpResponse:
    """Every seller account with its health; nothing can be changed here."""
    ill_first = Case(When(health=Health.OK, then=1), default=0)
    found = SellerAccount.objects.prefetch_related("folders").order_by(ill_first, "name", "pk")
    context = frame(request, place="accounts", now=timezone.now())
    return answer(request, "inbox/accounts.html", context | {"accounts": list(found)})
