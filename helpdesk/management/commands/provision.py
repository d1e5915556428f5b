"""`manage.py provision`: make the database roles from one superuser URL."""

from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.database_urls import DatabaseUrl
from helpdesk.env import env_str
from helpdesk.provision import fresh_passwords, provision

LOGINS = ("DATABASE_MIGRATE_URL", "DATABASE_APP_URL", "DATABASE_SWEEP_URL")


class Command(BaseCommand):
    """Makes the roles and the database; prints the three URLs to set, with fresh passwords."""

    help = (
        "Make the database roles and the database from the superuser's DATABASE_URL. Where DATABASE_APP_URL, "
        "DATABASE_MIGRATE_URL and DATABASE_SWEEP_URL are set, the roles get their passwords; else fresh "
        "ones, which are printed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--database", default="helpdesk", help="name of the database (default: helpdesk)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Provision and print."""
        given = env_str("DATABASE_URL")
        if not given:
            raise CommandError("Set DATABASE_URL to a superuser of the PostgreSQL server.")
        known = {name: url for name in LOGINS if (url := env_str(name))}
        if known and len(known) < len(LOGINS):
            raise CommandError(f"Set all of {', '.join(LOGINS)}, or none of them.")
        urls = [DatabaseUrl.parse(url, name) for name, url in known.items()]
        asked = {url.user: url.password for url in urls}
        try:
            logins = provision(
                DatabaseUrl.parse(given), options["database"], passwords=asked or fresh_passwords()
            )
        except psycopg.Error as error:
            raise CommandError(f"PostgreSQL says: {error}") from error
        if asked:
            self.stdout.write("The roles have the passwords of the URLs that are set.")
            return
        for name, url in logins.environment().items():
            self.stdout.write(f"{name}={url}")
