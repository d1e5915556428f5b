"""`manage.py recompute_deadlines`: bring running deadlines in line with the SLA policies."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from helpdesk.management.named import tenant_named
from inbox.recomputing import recompute


class Command(BaseCommand):
    """Moves only the deadlines whose moment differs."""

    help = "Bring running deadlines in line with changed SLA policies."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("--tenant", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        """Recompute and say how many moved."""
        moved = recompute(tenant_named(options["tenant"]).pk, now=timezone.now())
        self.stdout.write(f"{moved} deadlines moved.")
