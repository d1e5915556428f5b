"""The seller accounts and how each does."""

from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import needs
from accounts.middleware import TenantRequest
from inbox.views.frame import answer, frame
from marketplaces.models import ApiStream, Health, SellerAccount
from marketplaces.types import STREAM_TITLES


@needs("see_accounts")
@require_GET
def accounts(request: TenantRequest, slug: str) -> HttpResponse:
    """Every seller account with its health, mailbox and API; nothing can be changed here."""
    ill = ApiStream.objects.filter(account=OuterRef("pk")).exclude(health=Health.OK)
    ill_first = Case(When(Q(health=Health.OK) & ~Exists(ill), then=1), default=0)
    found = SellerAccount.objects.prefetch_related("folders", "streams").order_by(ill_first, "name", "pk")
    context = frame(request, place="accounts", now=timezone.now())
    return answer(
        request, "inbox/accounts.html", context | {"accounts": list(found), "stream_titles": STREAM_TITLES}
    )


@needs("see_accounts")
@require_GET
def account(request: TenantRequest, slug: str, account_id: int) -> HttpResponse:
    """One seller account with all that is known of it."""
    found = get_object_or_404(SellerAccount, pk=account_id)
    context = frame(request, place="accounts", now=timezone.now())
    return answer(request, "inbox/account.html", context | {"account": found})
