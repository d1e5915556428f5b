"""`manage.py add_account`: connect a seller account's mailbox and API, or change how they are reached."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.tenancy import tenant_tx
from helpdesk.management.named import tenant_named
from helpdesk.management.secret_input import read_secret
from marketplaces import credentials, disconnecting, health, keys, moving
from marketplaces.hosts import ForbiddenHost, check_host
from marketplaces.models import MailSecurity, SellerAccount
from marketplaces.types import MARKETS

SECURITY = [choice.value for choice in MailSecurity]


class Command(BaseCommand):
    """Adds or changes a seller account and seals its passwords."""

    help = (
        "Connect a seller account. Passwords come from stdin (IMAP first, then SMTP, one a line) "
        "or from IMAP_PASSWORD and SMTP_PASSWORD. With --api the marketplace's key follows them: "
        "API_CLIENT_ID and API_CLIENT_SECRET (Walmart), or LWA_CLIENT_ID, LWA_CLIENT_SECRET and "
        "REFRESH_TOKEN (Amazon). The same name again changes the account."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Everything but secrets."""
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="short, as the list shows it: Lumen US")
        parser.add_argument("--market", required=True, choices=sorted(MARKETS))
        parser.add_argument("--seller-id", default="")
        parser.add_argument(
            "--sender", required=True, help="the address the marketplace has approved as sender"
        )
        parser.add_argument("--imap-host", required=True)
        parser.add_argument("--imap-port", type=int, default=993)
        parser.add_argument("--imap-security", choices=SECURITY, default="tls")
        parser.add_argument("--imap-user", help="default: the sender address")
        parser.add_argument("--smtp-host", required=True)
        parser.add_argument("--smtp-port", type=int, default=465)
        parser.add_argument("--smtp-security", choices=SECURITY, default="tls")
        parser.add_argument("--smtp-user", help="default: the sender address")
        parser.add_argument("--api", action="store_true", help="give the key to the marketplace's API too")
        parser.add_argument("--authserv-id", default="", help="the name your mail server stamps results with")
        parser.add_argument(
            "--clocks-from", help="ISO date or moment; mail from before comes in closed (default: now)"
        )
        parser.add_argument("--clocks-back-days", type=int, help="instead: so many days before now")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the account and ask for its first poll."""
        now = timezone.now()
        tenant = tenant_named(options["tenant"])
        for host in {options["imap_host"], options["smtp_host"]}:
            self._check_host(host)
        secrets = {
            "imap_password": read_secret("IMAP password", "IMAP_PASSWORD"),
            "smtp_password": read_secret("SMTP password", "SMTP_PASSWORD"),
        }
        fields = credentials.API_FIELDS[MARKETS[options["market"]].marketplace] if options["api"] else ()
        key = {field: read_secret(field.replace("_", " "), field.upper()) for field in fields}
        with tenant_tx(tenant.pk):
            account = SellerAccount.objects.filter(name=options["name"]).first()
            known = account is not None
            account = account or SellerAccount(
                tenant=tenant, name=options["name"], clocks_from=now, health_since=now
            )
            for field in ("market", "seller_id", "imap_host", "imap_port", "imap_security", "smtp_host"):
                setattr(account, field, options[field])
            account.smtp_port, account.smtp_security = options["smtp_port"], options["smtp_security"]
            account.sender_address = options["sender"]
            account.imap_user = options["imap_user"] or options["sender"]
            account.smtp_user = options["smtp_user"] or options["sender"]
            account.authserv_id = options["authserv_id"]
            account.clocks_from = self._clocks_from(options, account.clocks_from, now)
            try:
                account.full_clean(exclude=["tenant"])
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            moving.move(account, host=account.imap_host, user=account.imap_user, now=now)
            account.save()
            for field, value in secrets.items():
                credentials.seal(account, field, value)
            if key:
                keys.store(account, key, now=now)
            if account.disconnected_at is not None:
                disconnecting.reconnect(account, now=now)
            else:
                health.mended(account, now=now)
        self.stdout.write(
            f"{'Changed' if known else 'Connected'} {account.name}; its first poll comes at once."
        )

    def _check_host(self, host: str) -> None:
        try:
            check_host(host)
        except ForbiddenHost as error:
            raise CommandError(f"{host}: {error} (HELPDESK_ALLOW_PRIVATE_HOSTS)") from error
        except OSError as error:
            raise CommandError(f"{host}: no such host.") from error

    def _clocks_from(self, options: dict[str, Any], default: datetime, now: datetime) -> datetime:
        if options["clocks_back_days"] is not None:
            return now - timedelta(days=options["clocks_back_days"])
        if not options["clocks_from"]:
            return default
        try:
            moment = datetime.fromisoformat(options["clocks_from"])
        except ValueError as error:
            raise CommandError("--clocks-from: write a date like 2026-11-01.") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
