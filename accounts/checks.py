"""Refuse to serve on a database login or a schema that would not keep tenants apart."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from accounts.guarded import unguarded_tables

POWERS = """
    SELECT current_user, rolsuper, rolbypassrls,
           EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))
    FROM pg_roles r WHERE rolname = current_user
"""


@register(Tags.database)
def tenants_are_kept_apart(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The app's login is powerless and every tenant table is guarded."""
    if settings.DB_ROLE != "app" or not databases or "default" not in databases:
        return []
    found: list[CheckMessage] = []
    with connections["default"].cursor() as cursor:
        cursor.execute(POWERS)
        user, superuser, bypasses, owns = cursor.fetchone()
        if user != "hd_app" or superuser or bypasses or owns:
            found.append(
                Error(
                    f"The database login {user} has too much power to serve tenants.",
                    hint="Run `manage.py provision` and set DATABASE_APP_URL to the login hd_app.",
                    id="accounts.E001",
                )
            )
        found += [Error(fault, id="accounts.E002") for fault in unguarded_tables(cursor)]
    return found
