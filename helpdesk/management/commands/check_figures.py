"""`manage.py check_figures`: compare the board's roll-ups with a recount of the raw rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts.models import Tenant
from helpdesk.management.named import tenant_named
from reports import checking, rolling


class Command(BaseCommand):
    """Prints each figure of an hour that is not what the raw rows come to."""

    help = (
        "Compare the hourly roll-ups with a recount of the raw rows; the same is done every night by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, how far back, and whether to mend."""
        parser.add_argument("--tenant", metavar="SLUG", help="default: all organizations")
        parser.add_argument(
            "--days", type=int, default=checking.DAYS, help="how far to look back (default: %(default)s)"
        )
        parser.add_argument("--mend", action="store_true", help="count again what differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a difference and one an organization."""
        tenants = [tenant_named(options["tenant"])] if options["tenant"] else Tenant.objects.order_by("slug")
        for tenant in tenants:
            waiting = rolling.roll_all(tenant.pk)
            found = checking.check(tenant.pk, now=timezone.now(), days=options["days"], mend=options["mend"])
            for each in found:
                self.stdout.write(
                    f"{tenant.slug}: seller account {each.account_id}, {each.hour:%Y-%m-%d %H}:00 UTC,"
                    f" {each.whose}, {each.figure}: {each.rolled} rolled up, {each.recounted} counted"
                )
            said = f"{len(found):,} figures differ" if found else "every figure agrees"
            if found and options["mend"]:
                said += "; counted again"
            self.stdout.write(f"{tenant.slug}: {said} ({waiting:,} hours were waiting and are counted).")
