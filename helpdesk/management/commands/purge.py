"""`manage.py purge`: let go of what has passed its moment, as a task does every hour."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts.models import Tenant
from helpdesk.management.named import tenant_named
from inbox import purging


class Command(BaseCommand):
    """Deletes texts, names and files past their `expires_at`, or counts them."""

    help = "Delete buyers' texts, names and files whose time has come; the same is done every hour by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and whether in earnest."""
        parser.add_argument("--tenant", metavar="SLUG", help="default: all organizations")
        parser.add_argument("--dry-run", action="store_true", help="only count what is due now")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line an organization, counts only."""
        tenants = [tenant_named(options["tenant"])] if options["tenant"] else Tenant.objects.order_by("slug")
        for tenant in tenants:
            work = purging.due if options["dry_run"] else purging.purge
            counts = work(tenant.pk, now=timezone.now())
            said = ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "nothing"
            self.stdout.write(f"{tenant.slug}: {said} {'due' if options['dry_run'] else 'deleted'}.")
