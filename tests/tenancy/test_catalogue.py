"""The database's own catalogue: every tenant table is guarded, every key between them carries the tenant."""

import psycopg
import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import connection, connections

from accounts.guarded import OUTSIDE, unguarded_tables
from accounts.tenancy import TenantForeignKey, TenantModel

TENANT_TABLES = sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel))
Superuser = psycopg.Connection[tuple[object, ...]]


def test_we_serve_as_a_login_without_power(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("hd_app",)
    with connections["sweep"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("hd_sweep",)


def test_the_start_up_check_is_content(db: None) -> None:
    assert run_checks(databases=["default"]) == []


def test_every_table_is_guarded_or_known_to_be_outside(db: None) -> None:
    with connection.cursor() as cursor:
        assert unguarded_tables(cursor) == []


def test_the_list_of_tables_outside_only_shrinks() -> None:
    assert len(OUTSIDE) <= 12


def test_every_policy_compares_the_tenant_and_raises_without_one(superuser: Superuser) -> None:
    rows = superuser.execute(
        "SELECT tablename, qual, with_check FROM pg_policies WHERE 'hd_app' = ANY (roles)"
    ).fetchall()
    assert sorted(str(row[0]) for row in rows) == TENANT_TABLES
    for table, using, check in rows:
        assert using == check, table
        assert "current_setting('app.tenant_id'::text)" in str(using), table
        assert str(using).startswith("(tenant_id ="), table


def test_every_table_that_hangs_on_a_seller_account_is_limited_to_those_a_member_sees(
    superuser: Superuser,
) -> None:
    rows = superuser.execute(
        "SELECT tablename, qual, with_check FROM pg_policies WHERE 'hd_limited' = ANY (roles)"
    ).fetchall()
    assert sorted(str(row[0]) for row in rows) == TENANT_TABLES
    hanging = {"marketplaces_selleraccount"}
    while more := {
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, TenantModel) and model._meta.db_table not in hanging
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey) and field.related_model._meta.db_table in hanging
    }:
        hanging |= more
    # A buyer hangs on accounts by their orders and conversations; who may see which account is ids only.
    hanging = hanging - {"marketplaces_accountaccess"} | {"orders_buyer"}
    for table, using, check in rows:
        assert using == check, table
        assert "current_setting('app.tenant_id'::text)" in str(using), table
        limited = "marketplaces_accountaccess" in str(using) or "EXISTS" in str(using)
        assert limited == (table in hanging), table


def test_whoever_is_limited_has_the_rights_of_everybody_else_and_cannot_lift_the_limit(
    superuser: Superuser,
) -> None:
    def rights(role: str) -> set[tuple[object, ...]]:
        statement = (
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = %s"
        )
        return set(superuser.execute(statement, [role]).fetchall())

    limits, admins = (
        ("accounts_membership", "marketplaces_accountaccess"),
        ("accounts_invitation", "accounts_systemmail"),
    )
    withheld = {(table, verb) for table in limits for verb in ("INSERT", "UPDATE", "DELETE")}
    withheld |= {(table, verb) for table in admins for verb in ("SELECT", "INSERT", "UPDATE", "DELETE")}
    assert rights("hd_limited") == rights("hd_app") - withheld
    row = superuser.execute(
        "SELECT m.rolname, inherit_option, set_option, admin_option FROM pg_auth_members a"
        " JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid"
        " WHERE r.rolname = 'hd_limited' AND NOT m.rolsuper"
    ).fetchall()
    assert row == [("hd_app", False, True, False)]
    role = superuser.execute(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = 'hd_limited'"
    ).fetchone()
    assert role == (False, False, False, False)


def test_every_key_between_tenant_tables_is_composite(superuser: Superuser) -> None:
    expected = {
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    }
    rows = superuser.execute(
        """
        SELECT child.relname, child_column.attname, parent.relname
        FROM pg_constraint k
        JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
        JOIN pg_attribute child_column
          ON child_column.attrelid = child.oid AND child_column.attnum = k.conkey[2]
        JOIN pg_attribute first ON first.attrelid = child.oid AND first.attnum = k.conkey[1]
        JOIN pg_attribute parent_first
          ON parent_first.attrelid = parent.oid AND parent_first.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND array_length(k.conkey, 1) = 2
          AND first.attname = 'tenant_id' AND parent_first.attname = 'tenant_id'
        """
    ).fetchall()
    assert set(rows) == expected


def test_no_plain_foreign_key_leads_from_one_tenant_table_to_another() -> None:
    plain = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        for field in model._meta.local_fields
        if field.is_relation and not isinstance(field, TenantForeignKey) and field.name != "tenant"
    ]
    assert plain == []


def test_every_index_but_the_primary_key_is_led_by_the_tenant(superuser: Superuser) -> None:
    rows = superuser.execute(
        """
        SELECT i.relname, a.attname FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
        WHERE t.relname = ANY (%s) AND NOT x.indisprimary
        """,
        [TENANT_TABLES],
    ).fetchall()
    assert [row for row in rows if row[1] != "tenant_id"] == []
    assert len(rows) >= len(TENANT_TABLES)


def test_no_view_goes_around_the_policies(superuser: Superuser) -> None:
    views = superuser.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert views == []


def test_the_one_function_past_the_policies_holds_itself(superuser: Superuser) -> None:
    functions = superuser.execute(
        "SELECT p.oid::regproc::text, r.rolname, p.proconfig, p.proacl::text[], p.prosrc"
        " FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
    ).fetchall()
    ((name, owner, settings, rights, body),) = functions
    assert (name, owner) == ("search_conversations", "hd_search")
    assert settings == ["search_path=pg_catalog, pg_temp", "plan_cache_mode=force_custom_plan"]
    allowed = ["hd_app=X/hd_search", "hd_limited=X/hd_search", "hd_search=X/hd_search"]
    assert sorted(rights) == allowed  # type: ignore[call-overload]
    # Raises without a tenant, and every table it reads is held to that tenant.
    text = str(body)
    assert "me CONSTANT bigint := current_setting('app.tenant_id')::bigint" in text
    assert text.count("public.") == text.count(".tenant_id = me") + text.count("'public.helpdesk'")


def test_the_role_that_searches_cannot_log_in_and_reads_a_few_columns(superuser: Superuser) -> None:
    role = superuser.execute(
        "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'hd_search'"
    ).fetchone()
    assert role == (False, False, False, False)
    tables = superuser.execute(
        "SELECT table_name FROM information_schema.table_privileges WHERE grantee = 'hd_search'"
    ).fetchall()
    assert tables == []
    rows = superuser.execute(
        "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges"
        " WHERE grantee = 'hd_search'"
    ).fetchall()
    assert {row[2] for row in rows} == {"SELECT"}
    by_table = {table: {row[1] for row in rows if row[0] == table} for table in {row[0] for row in rows}}
    assert by_table == {
        "inbox_searchdocument": {
            "id", "tenant_id", "kind", "conversation_id", "order_id", "message_id", "note_id", "reply_id",
            "occurred_at", "vector",
        },
        "inbox_conversation": {"id", "tenant_id", "account_id", "order_id", "state", "last_message_at"},
        "orders_order": {"id", "tenant_id", "account_id"},
        "marketplaces_accountaccess": {"tenant_id", "membership_id", "account_id"},
    }  # fmt: skip
    members = superuser.execute(
        "SELECT m.rolname, inherit_option, admin_option FROM pg_auth_members a"
        " JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid"
        " WHERE r.rolname = 'hd_search'"
    ).fetchall()
    assert members == [("hd_owner", False, False)]
    row = superuser.execute("SELECT has_schema_privilege('hd_search', 'public', 'CREATE')").fetchone()
    assert row == (False,)


@pytest.mark.parametrize("table", ["inbox_event", "inbox_replyattempt", "accounts_auditentry"])
@pytest.mark.parametrize("role", ["hd_app", "hd_limited"])
def test_records_of_what_happened_cannot_be_rewritten(superuser: Superuser, role: str, table: str) -> None:
    row = superuser.execute("SELECT has_table_privilege(%s, %s, 'UPDATE')", [role, table]).fetchone()
    assert row == (False,)


def test_the_sweepers_login_sees_due_moments_and_no_text(superuser: Superuser) -> None:
    rows = superuser.execute(
        "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges"
        " WHERE grantee = 'hd_sweep'"
    ).fetchall()
    assert {row[2] for row in rows} == {"SELECT"}
    assert {row[1] for row in rows} <= {
        "id", "tenant_id", "state", "stored_at", "attempts", "health", "next_poll_at", "next_at", "rung_at",
        "lease_until", "queued_at", "due_at", "stopped_at", "breached_at", "account_id", "wanted_at",
        "image_due_at", "stream", "watch_at", "audit_at", "escalated_at", "tell_at", "remind_at",
    }  # fmt: skip
