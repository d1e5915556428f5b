"""`manage.py reparse`: read the raw archive again by the present rules, and show or write what differs."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.tenancy import tenant_tx
from helpdesk.management.named import account_named, tenant_named
from inbox import reparsing
from inbox.reparsing import Reread, Which
from marketplaces.mailbox.parsed import MailKind


class Command(BaseCommand):
    """Shows what a change of rules would do before it is done; never a buyer's words."""

    help = (
        "Read stored mail again by the present rules; shows what would differ, and with --write applies it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which mails, and whether in earnest."""
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--account", help="name, sender address or id of one seller account")
        parser.add_argument("--since", metavar="DATE", help="only mail received since, such as 2026-11-01")
        parser.add_argument("--kind", choices=[*(kind.value for kind in MailKind), "unreadable"])
        parser.add_argument("--again", action="store_true", help="also mail the present rules have read")
        parser.add_argument("--write", action="store_true", help="apply it, mail by mail")

    def handle(self, *args: Any, **options: Any) -> None:
        """A line for each mail that differs, then totals."""
        now, tenant = timezone.now(), tenant_named(options["tenant"])
        account_id = None
        if options["account"]:
            with tenant_tx(tenant.pk):
                account_id = account_named(options["account"]).pk
        which = Which(account_id, self._since(options["since"]), options["kind"] or "", options["again"])
        totals: Counter[str] = Counter()
        for mail in reparsing.reread(tenant.pk, which, write=options["write"], now=now):
            totals["mails read again"] += 1
            totals.update(f"with another {change.name}" for change in mail.changes)
            totals["that go to another conversation"] += mail.goes_to is not None
            totals["left as they are"] += bool(mail.left)
            if mail.differs:
                self.stdout.write(self._line(mail))
        said = (
            ", ".join(f"{count:,} {name}" for name, count in totals.items() if count) or "0 mails read again"
        )
        if options["write"]:
            reparsing.leave_word(tenant.pk, +totals, now=now)
            self.stdout.write(f"{said}. Written.")
        else:
            self.stdout.write(f"{said}. Nothing was written; --write does it.")

    def _since(self, given: str | None) -> datetime | None:
        if not given:
            return None
        try:
            moment = datetime.fromisoformat(given)
        except ValueError as error:
            raise CommandError("--since: write a date like 2026-11-01.") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _line(self, mail: Reread) -> str:
        said = [
            "text changed"
            if change.name == "text"
            else f"{change.name} {change.old or '-'} -> {change.new or '-'}"
            for change in mail.changes
        ]
        if mail.goes_to is not None:
            said.append(f"goes to #{mail.goes_to}")
        if mail.left:
            said.append(f"left: {mail.left}")
        where = f"#{mail.number}" if mail.number else "no conversation"
        return f"{where} (raw mail {mail.raw_id}): {', '.join(said)}"
