"""Even free SQL by the login that serves people cannot lift the guard or leave the tenant that is set."""

import pytest
from django.db import DatabaseError, connection, connections

from accounts.tenancy import tenant_tx
from tests.world import World, arrive, conversation_of, walmart_mail

FORBIDDEN = {
    "become the owner": "SET ROLE hd_owner",
    "become the migrator": "SET ROLE hd_migrate",
    "become whoever searches": "SET ROLE hd_search",
    "become somebody else": "SET SESSION AUTHORIZATION hd_sweep",
    "lift row level security": "ALTER TABLE inbox_message DISABLE ROW LEVEL SECURITY",
    "drop a policy": "DROP POLICY tenant_isolation ON inbox_message",
    "add a policy": "CREATE POLICY mine ON inbox_message USING (true)",
    "drop a key": "ALTER TABLE inbox_note DROP CONSTRAINT inbox_note_conversation_id_tenant_fk",
    "empty a table": "TRUNCATE inbox_message CASCADE",
    "rewrite what happened": "UPDATE inbox_event SET kind = 'closed'",
    "make a table": "CREATE TABLE public.mine (id int)",
    "make a function": "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "make a login": "CREATE ROLE mine LOGIN BYPASSRLS",
    "give itself power": "ALTER ROLE hd_app BYPASSRLS",
    "read passwords": "SELECT rolpassword FROM pg_authid",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "run a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "switch the guard off": "SET LOCAL row_security = off; SELECT * FROM inbox_message",
    "copy past the guard": "SET LOCAL row_security = off; SELECT count(*) FROM marketplaces_credential",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_apps_login_cannot(world: World, what: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied|must be|row-level security"),
        tenant_tx(world.acme.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(FORBIDDEN[what])


@pytest.mark.parametrize(
    "table", ["inbox_message", "marketplaces_credential", "accounts_user", "django_session"]
)
def test_the_sweepers_login_cannot_read(world: World, table: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        connections["sweep"].cursor() as cursor,
    ):
        cursor.execute(f"SELECT * FROM {table}")


def test_joins_functions_and_subqueries_stay_inside_the_tenant(world: World) -> None:
    conversation_of(world.walmart)
    arrive(world.foreign, walmart_mail(world.foreign))
    statements = (
        "SELECT m.tenant_id FROM accounts_tenant t JOIN inbox_message m ON m.tenant_id = t.id",
        "SELECT (SELECT max(tenant_id) FROM inbox_message)",
        "SELECT tenant_id FROM inbox_message UNION ALL SELECT tenant_id FROM marketplaces_inboundraw",
        "SELECT tenant_id FROM inbox_message WHERE tenant_id <> 0 OR true",
        "WITH gone AS (DELETE FROM inbox_attachment RETURNING tenant_id) SELECT max(tenant_id)"
        " FROM inbox_conversation",
    )
    for statement in statements:
        with tenant_tx(world.globex.pk), connection.cursor() as cursor:
            cursor.execute(statement)
            assert {row[0] for row in cursor.fetchall()} == {world.globex.pk}, statement
