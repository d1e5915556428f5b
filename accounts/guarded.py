"""What the database's own catalogue says about the isolation of tenants."""

from typing import Any

# Tables without a tenant: read before it is known, or Django's own. This list may only shrink.
OUTSIDE = frozenset(
    {
        "accounts_tenant",
        "accounts_user",
        "accounts_membership",
        "accounts_rate_limit",
        "account_emailaddress",
        "account_emailconfirmation",
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "django_content_type",
        "django_migrations",
        "django_session",
    }
)

TABLES = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
           EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
                   AND a.attnotnull AND NOT a.attisdropped),
           (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid
            AND (SELECT oid FROM pg_roles WHERE rolname = 'hd_app') = ANY (p.polroles)),
           (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid
            AND (SELECT oid FROM pg_roles WHERE rolname = 'hd_limited') = ANY (p.polroles)),
           (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND 0 = ANY (p.polroles))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""


def unguarded_tables(cursor: Any) -> list[str]:
    """One sentence for each table that row level security does not guard."""
    cursor.execute(TABLES)
    faults = []
    for table, enabled, forced, has_tenant, policies, limited, for_all_roles in cursor.fetchall():
        if table in OUTSIDE:
            continue
        if not has_tenant:
            faults.append(f"The table {table} has no tenant_id that is NOT NULL.")
        elif not (enabled and forced):
            faults.append(f"Row level security is off on the table {table}.")
        elif policies != 1 or limited != 1 or for_all_roles:
            faults.append(
                f"The table {table} must have exactly one policy for hd_app, one for hd_limited,"
                " and none for PUBLIC."
            )
    return faults
