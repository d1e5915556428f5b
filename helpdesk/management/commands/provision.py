"""`manage.py provision`: make the database roles from one superuser URL."""

import os
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.database_urls import DatabaseUrl
from helpdesk.provision import fresh_passwords, provision


class Command(BaseCommand):
    """Makes the roles and the database; prints the three URLs to set, with fresh passwords."""

    help = "Make the database roles and the database from the superuser's DATABASE_URL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--database", default="helpdesk", help="name of the database (default: helpdesk)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Provision and print."""
        given = os.environ.get("DATABASE_URL")
        if not given:
            raise CommandError("Set DATABASE_URL to a superuser of the PostgreSQL server.")
        try:
            logins = provision(DatabaseUrl.parse(given), options["database"], passwords=fresh_passwords())
        except psycopg.Error as error:
            raise CommandError(f"PostgreSQL says: {error}") from error
        for name, url in logins.environment().items():
            self.stdout.write(f"{name}={url}")
