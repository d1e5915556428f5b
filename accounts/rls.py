"""Migration operations that put a table under row level security and tie its keys to the tenant."""

from typing import Any

from django.db.migrations.operations import RunSQL


class EnableTenantRLS(RunSQL):
    """Guard a table: hd_app sees only rows of the tenant its transaction named, and an error without one.

    current_setting has no missing_ok on purpose: a forgotten tenant must raise, not look like an empty inbox.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        rule = "tenant_id = (SELECT current_setting('app.tenant_id')::bigint)"
        super().__init__(
            sql=[
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY tenant_isolation ON {table} FOR ALL TO hd_app"
                f" USING ({rule}) WITH CHECK ({rule})",
            ],
            reverse_sql=[
                f"DROP POLICY tenant_isolation ON {table}",
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            ],
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, [self.table], {}


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
    """Take away hd_app's right to change or remove rows of a table that is a record of what happened."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            sql=f"REVOKE UPDATE, TRUNCATE ON {table} FROM hd_app",
            reverse_sql=f"GRANT UPDATE ON {table} TO hd_app",
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation writes itself into a migration file."""
        return self.__class__.__name__, [self.table], {}
