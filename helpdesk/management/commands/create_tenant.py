"""`manage.py create_tenant`: the first organization and its admin."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Role, Tenant
from accounts.people import NewPerson, add_member, make_tenant
from accounts.tenancy import tenant_tx
from helpdesk.management.secret_input import read_secret
from inbox import policies


class Command(BaseCommand):
    """Makes a tenant with its SLA policies and one admin."""

    help = "Make an organization and its first admin; the password comes from stdin or ADMIN_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who and where."""
        parser.add_argument("slug", help="short name in addresses, as in /t/<slug>/")
        parser.add_argument("--name", required=True, help="the organization's name")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/Berlin")
        parser.add_argument("--admin-email", required=True)
        parser.add_argument("--admin-name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make both or neither."""
        if Tenant.objects.filter(slug=options["slug"]).exists():
            raise CommandError(f"There already is an organization {options['slug']}.")
        password = read_secret("Password", "ADMIN_PASSWORD")
        try:
            tenant = make_tenant(slug=options["slug"], name=options["name"], time_zone=options["time_zone"])
            try:
                with tenant_tx(tenant.pk):
                    policies.seed(tenant)
                    admin = NewPerson(options["admin_email"], options["admin_name"], password)
                    add_member(tenant, admin, Role.ADMIN)
            except ValidationError:
                # Nothing points at it yet; delete() would ask the tenant's own tables and be refused.
                Tenant.objects.filter(pk=tenant.pk)._raw_delete("default")
                raise
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Made {tenant.name}. Sign in as {options['admin_email']} at /t/{tenant.slug}/")
