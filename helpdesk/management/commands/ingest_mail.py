"""`manage.py ingest_mail`: take mail from files through the very path that polled mail takes."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.tenancy import tenant_tx
from helpdesk.management.named import account_named, tenant_named
from inbox.fromfiles import Source, Taken, sources_in, take_in
from marketplaces.models import FolderRole


class Command(BaseCommand):
    """Moves in an old mailbox, or looks into a difficult mail."""

    help = (
        "Take .eml files, folders of them and mbox files in, as if they had arrived in the account's mailbox."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose mail, and from where."""
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument(
            "--account", required=True, help="name, sender address or id of the seller account"
        )
        parser.add_argument("--folder", choices=[role.value for role in FolderRole], default="inbox")
        parser.add_argument("--json", action="store_true", help="one JSON line a mail")
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take each mail in by itself: one that fails stops no other."""
        tenant = tenant_named(options["tenant"])
        with tenant_tx(tenant.pk):
            account = account_named(options["account"])
        missing = [path for path in options["paths"] if not path.exists()]
        if missing:
            raise CommandError(f"There is no {missing[0]}.")
        counts: dict[str, int] = {}
        for path in options["paths"]:
            for source in sources_in(path):
                taken = take_in(account, source, folder=options["folder"], now=timezone.now())
                counts[taken.outcome] = counts.get(taken.outcome, 0) + 1
                self._tell(source, taken, as_json=options["json"])
        if not options["json"]:
            said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
            self.stdout.write(said or "No mail found.")

    def _tell(self, source: Source, taken: Taken, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(taken.facts(source.name), ensure_ascii=False))
            return
        number = f"#{taken.conversation}" if taken.conversation else "-"
        self.stdout.write(f"{source.name}: {taken.outcome} {taken.kind} {number} {taken.error}".rstrip())
