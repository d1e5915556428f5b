"""The mails that tell a tenant's admins and leads of an alarm."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from accounts import mails
from accounts.models import Membership, Role, Tenant
from accounts.tenancy import current_tenant_id
from marketplaces import seeing

# (to, subject, text, key, now): `key` is the same for the same incident and reader, however often it is sent.
Send = Callable[[str, str, str, str, datetime], None]


def send(to: str, subject: str, text: str, key: str, now: datetime) -> None:
    """Have a mail sent once, inside the caller's transaction."""
    mails.enqueue(current_tenant_id(), to=to, subject=subject, text=text, key=key, now=now)


def told(tenant_id: int, account_id: int) -> list[Membership]:
    """Who is told of an account: the active admins and leads of the tenant who see it."""
    members = Membership.objects.filter(
        seeing.who_see(account_id),
        tenant_id=tenant_id,
        role__in=[Role.ADMIN, Role.LEAD],
        is_active=True,
        user__is_active=True,
    )
    return list(members.select_related("user", "tenant").order_by("pk"))


def link(tenant: Tenant, name: str, **ids: int) -> str:
    """The whole address of a tenant's page, as a mail needs it."""
    return f"{settings.PUBLIC_URL}{reverse(name, kwargs={'slug': tenant.slug, **ids})}"
