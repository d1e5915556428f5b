"""Find what a command line names, or say plainly that it is not there."""

from django.core.management.base import CommandError

from accounts.models import Tenant
from marketplaces.models import SellerAccount


def tenant_named(slug: str) -> Tenant:
    """The tenant of that slug; raises CommandError."""
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        known = ", ".join(Tenant.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no organization {slug}. Known: {known}.") from None


def account_named(name: str) -> SellerAccount:
    """The open tenant's seller account by name, sender address or id; raises CommandError."""
    accounts = list(SellerAccount.objects.select_related("tenant").order_by("name"))
    for account in accounts:
        if name.lower() in (account.name.lower(), account.sender_address.lower(), str(account.pk)):
            return account
    known = ", ".join(account.name for account in accounts) or "none yet"
    raise CommandError(f"There is no seller account {name}. Known: {known}.")
