"""Migration operations that put a table under row level security and tie its keys to the tenant."""

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations import RunSQL

OWN_TENANT = "tenant_id = (SELECT current_setting('app.tenant_id')::bigint)"
OWN_MEMBER = "(SELECT current_setting('app.membership_id')::bigint)"
SEEN_ACCOUNTS = (
    f"SELECT account_id FROM marketplaces_accountaccess WHERE {OWN_TENANT} AND membership_id = {OWN_MEMBER}"
)


class EnableTenantRLS(RunSQL):
    """Guard a table: hd_app sees only rows of the tenant its transaction named, and an error without one.

    current_setting has no missing_ok on purpose: a forgotten tenant must raise, not look like an empty inbox.
    Members who see some seller accounts only read as hd_limited; the options say what that role sees of
    the table, as in LimitMembers. Without them it sees what hd_app sees.
    """

    def __init__(
        self,
        table: str,
        *,
        account: str = "",
        through: Sequence[str] = (),
        or_none: bool = False,
        own: str = "",
    ) -> None:
        self.table = table
        self.options = _given(account=account, through=list(through), or_none=or_none, own=own)
        limited = LimitMembers(table, account=account, through=through, or_none=or_none, own=own)
        super().__init__(
            sql=[
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY tenant_isolation ON {table} FOR ALL TO hd_app"
                f" USING ({OWN_TENANT}) WITH CHECK ({OWN_TENANT})",
                *limited.sql,
            ],
            reverse_sql=[
                f"DROP POLICY limited_members ON {table}",
                f"DROP POLICY tenant_isolation ON {table}",
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            ],
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, [self.table], self.options


class LimitMembers(RunSQL):
    """Say what of a guarded table a member sees who sees some seller accounts only (the role hd_limited).

    `account` is the column that names the seller account; with `or_none` rows that name none are for all.
    `through` are joins such as "order_id = orders_order.id": a row is seen if one of them finds a row that
    is. `own` is the column that names whose row it is. Without any of them, every row of the tenant is seen.
    """

    def __init__(
        self,
        table: str,
        *,
        account: str = "",
        through: Sequence[str] = (),
        or_none: bool = False,
        own: str = "",
    ) -> None:
        self.table = table
        self.options = _given(account=account, through=list(through), or_none=or_none, own=own)
        ways = [f"{account} IN ({SEEN_ACCOUNTS})"] if account else []
        ways += [f"{account} IS NULL"] if or_none else []
        ways += [_found(table, join) for join in through]
        ways += [f"{own} = {OWN_MEMBER}"] if own else []
        rule = f"{OWN_TENANT} AND ({' OR '.join(ways)})" if ways else OWN_TENANT
        super().__init__(
            sql=[
                f"DROP POLICY IF EXISTS limited_members ON {table}",
                f"CREATE POLICY limited_members ON {table} FOR ALL TO hd_limited"
                f" USING ({rule}) WITH CHECK ({rule})",
            ],
            reverse_sql=[
                f"DROP POLICY limited_members ON {table}",
                f"CREATE POLICY limited_members ON {table} FOR ALL TO hd_limited"
                f" USING ({OWN_TENANT}) WITH CHECK ({OWN_TENANT})",
            ],
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, [self.table], self.options


class MirrorGrants(RunSQL):
    """Give hd_limited the rights that hd_app has on every table there is; later tables get both at once."""

    def __init__(self) -> None:
        super().__init__(
            sql="""
            DO $$ DECLARE line text; BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hd_limited') THEN
                    RAISE EXCEPTION
                        'The role hd_limited is missing. Run manage.py provision, then migrate again.';
                END IF;
                FOR line IN
                    SELECT format('GRANT %s ON public.%I TO hd_limited',
                                  string_agg(privilege_type, ', '), table_name)
                    FROM information_schema.role_table_grants
                    WHERE grantee = 'hd_app' AND table_schema = 'public' GROUP BY table_name
                LOOP EXECUTE line; END LOOP;
                GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO hd_limited;
            END $$
            """,
            reverse_sql=RunSQL.noop,
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, [], {}


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}


def _found(table: str, join: str) -> str:
    column, _, there = join.partition(" = ")
    parent, _, key = there.partition(".")
    return (
        f"EXISTS (SELECT FROM {parent} parent WHERE parent.{OWN_TENANT} AND parent.{key} = {table}.{column})"
    )


class TenantKey(RunSQL):
    """The composite foreign key behind a TenantForeignKey: child and parent are of one tenant.

    With `cascade` the database removes the child with its parent.
    """

    def __init__(self, child: str, column: str, parent: str, *, cascade: bool = False) -> None:
        self.arguments = [child, column, parent]
        self.options = {"cascade": True} if cascade else {}
        name = f"{child}_{column}_tenant_fk"
        super().__init__(
            sql=f"ALTER TABLE {child} ADD CONSTRAINT {name} "
            f"FOREIGN KEY (tenant_id, {column}) REFERENCES {parent} (tenant_id, id)"
            f"{' ON DELETE CASCADE' if cascade else ''}",
            reverse_sql=f"ALTER TABLE {child} DROP CONSTRAINT {name}",
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, self.arguments, self.options


class SweepColumns(RunSQL):
    """Let hd_sweep, which looks for due work in all tenants, read a few columns of a table and no others."""

    def __init__(self, table: str, *columns: str) -> None:
        self.arguments = [table, *columns]
        super().__init__(
            sql=[
                f"CREATE POLICY sweep_reads ON {table} FOR SELECT TO hd_sweep USING (true)",
                f"GRANT SELECT ({', '.join(columns)}) ON {table} TO hd_sweep",
            ],
            reverse_sql=[
                f"REVOKE SELECT ({', '.join(columns)}) ON {table} FROM hd_sweep",
                f"DROP POLICY sweep_reads ON {table}",
            ],
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, self.arguments, {}


class AppendOnly(RunSQL):
    """Take away the right to change rows of a table that is a record of what happened.

    With `for_good` they cannot be removed either; else they go with what they are about.
    """

    def __init__(self, table: str, *, for_good: bool = False) -> None:
        self.table = table
        self.options = _given(for_good=for_good)
        rights = "UPDATE, DELETE" if for_good else "UPDATE"
        super().__init__(
            sql=f"REVOKE {rights}, TRUNCATE ON {table} FROM hd_app, hd_limited",
            reverse_sql=f"GRANT {rights} ON {table} TO hd_app, hd_limited",
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, [self.table], self.options
