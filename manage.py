#!/usr/bin/env python
"""Django's command line, with the database role each command needs."""

import os
import sys

# Commands that change the schema log in as the owner's role; everything else is the powerless app role.
OWNER_COMMANDS = {"migrate", "makemigrations"}


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["HELPDESK_DB_ROLE"] = "migrate"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
