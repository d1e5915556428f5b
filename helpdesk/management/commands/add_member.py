"""`manage.py add_member`: give a person a place in an organization."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import audit
from accounts.models import Role
from accounts.people import NewPerson, add_member
from accounts.tenancy import tenant_tx
from helpdesk.management.named import tenant_named
from helpdesk.management.secret_input import read_secret


class Command(BaseCommand):
    """Adds a member, making the user where the address is new."""

    help = "Give a person a role in an organization; the password comes from stdin or MEMBER_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, where, and as what."""
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])

    def handle(self, *args: Any, **options: Any) -> None:
        """Add them."""
        tenant = tenant_named(options["tenant"])
        person = NewPerson(options["email"], options["name"], read_secret("Password", "MEMBER_PASSWORD"))
        try:
            with tenant_tx(tenant.pk):
                member = add_member(tenant, person, Role(options["role"]))
                audit.record(
                    tenant_id=tenant.pk,
                    by=None,
                    action="member_added",
                    subject=f"{member.user.name} (member {member.pk})",
                    details={"role": options["role"]},
                    now=timezone.now(),
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{options['email']} is {options['role']} of {tenant.slug}.")
