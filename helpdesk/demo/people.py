"""Make the demo's tenants, people and seller accounts from JSON on standard input."""

import json
import os
import sys
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import Role, Tenant  # noqa: E402
from accounts.people import NewPerson, add_member, make_tenant  # noqa: E402
from accounts.tenancy import tenant_tx  # noqa: E402
from inbox import policies  # noqa: E402
from marketplaces import credentials, health  # noqa: E402
from marketplaces.models import MailSecurity, SellerAccount  # noqa: E402

HISTORY = timedelta(days=30)


def make(cast: dict[str, Any]) -> None:
    """Everything of the cast that is not there yet."""
    for facts in cast["tenants"]:
        tenant = Tenant.objects.filter(slug=facts["slug"]).first()
        if tenant is None:
            tenant = make_tenant(slug=facts["slug"], name=facts["name"], time_zone=facts["time_zone"])
            with tenant_tx(tenant.pk):
                policies.seed(tenant)
        for person in cast["people"]:
            if person["tenant"] == tenant.slug:
                someone = NewPerson(person["email"], person["name"], cast["password"])
                add_member(tenant, someone, Role(person["role"]))
        with tenant_tx(tenant.pk):
            for account in cast["accounts"]:
                if account["tenant"] == tenant.slug:
                    connect(tenant, account, cast["where"])


def connect(tenant: Tenant, facts: dict[str, Any], where: dict[str, Any]) -> None:
    """A seller account whose mailbox the simulator keeps."""
    now = timezone.now()
    address = facts["simulator"]["address"]
    account, made = SellerAccount.objects.update_or_create(
        tenant=tenant,
        name=facts["name"],
        defaults=where,
        create_defaults={
            **where,
            "market": facts["market"],
            "sender_address": address,
            "imap_user": address,
            "smtp_user": address,
            "imap_security": MailSecurity.PLAIN,
            "smtp_security": MailSecurity.PLAIN,
            "authserv_id": facts["authserv_id"],
            "clocks_from": now - HISTORY,
            "health_since": now,
        },
    )
    if made:
        for field in credentials.MAILBOX_FIELDS:
            credentials.seal(account, field, facts["simulator"]["password"])
    health.mended(account, now=now)


if __name__ == "__main__":
    make(json.load(sys.stdin))
