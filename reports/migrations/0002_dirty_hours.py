"""Whatever changes what an hour's figures are counted from marks that hour, in the same transaction.

The triggers run once a statement and see its rows as they were and as they are, so bulk statements and SQL by
hand are no exception. They run with the writer's rights and only add rows, so no writer waits for another.
"""

from django.db import migrations

CLOSERS = (
    "'closed', 'closed_after_reply', 'settled_no_response_needed', 'settled_answered_elsewhere',"
    " 'settled_not_buyer_message'"
)
BACK = "'reopened', 'returned'"
ASSIGNING = "'assigned', 'unassigned', 'handed_back', 'reply_queued', 'wrote_first'"

# table: (the columns that matter, the hours a row of it touches as tenant_id, account_id, at)
WATCHED = {
    "inbox_deadline": (
        "conversation_id, kind, message_id, started_at, due_at, stopped_at, stopped_by_reply_id, outcome, breached_at",
        """
        SELECT r.tenant_id, c.account_id, m.at FROM {rows} r JOIN inbox_conversation c ON c.id = r.conversation_id
        CROSS JOIN LATERAL (VALUES
            (CASE WHEN r.kind = 'reply' THEN r.started_at END),
            (CASE WHEN r.breached_at IS NOT NULL THEN r.due_at END),
            (CASE WHEN r.stopped_by_reply_id IS NOT NULL THEN r.stopped_at END),
            (CASE WHEN c.state = 'closed' THEN c.closed_at END)) m(at)
        """,
    ),
    "inbox_outboundreply": (
        "account_id, author_id, conversation_id, state, handed_at, rejected_at",
        """
        SELECT r.tenant_id, r.account_id, r.handed_at AS at FROM {rows} r WHERE r.state = 'sent'
        UNION ALL
        SELECT r.tenant_id, r.account_id, d.due_at FROM {rows} r
        JOIN inbox_deadline d ON d.conversation_id = r.conversation_id
        WHERE r.rejected_at IS NOT NULL AND d.breached_at IS NOT NULL
        """,
    ),
    "inbox_conversation": (
        "account_id, state, closed_at",
        "SELECT r.tenant_id, r.account_id, r.closed_at AS at FROM {rows} r WHERE r.state = 'closed'",
    ),
    # What history says decides about what came after it.
    "inbox_event": (
        "conversation_id, at, actor_id, kind, data",
        f"""
        SELECT r.tenant_id, c.account_id, m.at FROM {{rows}} r JOIN inbox_conversation c ON c.id = r.conversation_id
        CROSS JOIN LATERAL (
            SELECT r.at WHERE r.kind IN ({BACK})
            UNION ALL
            SELECT e.at FROM inbox_event e
            WHERE e.conversation_id = c.id AND e.kind IN ({BACK}) AND e.at >= r.at
            UNION ALL
            SELECT d.due_at FROM inbox_deadline d
            WHERE d.conversation_id = c.id AND d.breached_at IS NOT NULL AND d.due_at >= r.at
            UNION ALL
            SELECT c.closed_at WHERE c.state = 'closed' AND c.closed_at >= r.at) m(at)
        WHERE r.kind IN ({CLOSERS}, {BACK}, {ASSIGNING}, 'history')
        """,
    ),
    "cases_case": (
        "account_id, type, currency, amount, paid, opened_at, outcome, decided_at",
        """
        SELECT r.tenant_id, r.account_id, m.at FROM {rows} r
        CROSS JOIN LATERAL (VALUES (r.opened_at), (r.decided_at)) m(at)
        """,
    ),
    "cases_warehousecheck": (
        "conversation_id, state, asked_at, answered_at",
        """
        SELECT r.tenant_id, r.account_id, d.due_at AS at FROM {rows} r
        JOIN inbox_deadline d ON d.conversation_id = r.conversation_id
        WHERE d.breached_at IS NOT NULL AND d.due_at >= r.asked_at
        """,
    ),
}
# What a recount reads an hour of a tenant by; nobody else needs them.
INDEXES = {
    "reports_received": "inbox_deadline (tenant_id, started_at) WHERE kind = 'reply'",
    "reports_missed": "inbox_deadline (tenant_id, due_at) WHERE breached_at IS NOT NULL",
    "reports_answered": "inbox_deadline (tenant_id, stopped_at) WHERE stopped_by_reply_id IS NOT NULL",
    "reports_unanswered": "inbox_deadline (tenant_id, started_at, id) WHERE stopped_at IS NULL AND kind = 'reply'",
    "reports_came_back": f"inbox_event (tenant_id, at) WHERE kind IN ({BACK})",
}


def marking(hours: str, rows: str) -> str:
    """The statement that marks the hours which these rows touch."""
    return (
        "INSERT INTO reports_dirtyhour (tenant_id, account_id, hour)"
        " SELECT DISTINCT tenant_id, account_id, date_trunc('hour', at, 'UTC')"
        f" FROM ({hours.format(rows=rows)}) touched WHERE at IS NOT NULL"
    )


def triggers(table: str, columns: str, hours: str) -> str:
    """The function and the three triggers of a table."""
    names = columns.split(", ")
    former, fresh = (", ".join(f"{side}.{name}" for name in names) for side in ("o", "n"))
    changed = (
        f"(SELECT side.* FROM former o JOIN fresh n ON n.id = o.id AND ({former}) IS DISTINCT FROM ({fresh})"
        f" CROSS JOIN LATERAL (SELECT o.* UNION ALL SELECT n.*) side)"
    )
    function = f"reports_{table}_changed"
    return f"""
    CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            {marking(hours, "fresh")};
        ELSIF TG_OP = 'DELETE' THEN
            {marking(hours, "former")};
        ELSE
            {marking(hours, changed)};
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER {function}_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION {function}();
    CREATE TRIGGER {function}_update AFTER UPDATE ON {table} REFERENCING OLD TABLE AS former NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION {function}();
    CREATE TRIGGER {function}_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS former
        FOR EACH STATEMENT EXECUTE FUNCTION {function}();
    """


def as_owner(statements: str) -> str:
    """Let the owner, whom no policy lets see a row, see all of them for these statements."""
    tables = (*WATCHED, "reports_dirtyhour")
    off, on = (
        "".join(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY;" for table in tables)
        for word in ("NO FORCE", "FORCE")
    )
    return f"{off} {statements}; SET CONSTRAINTS ALL IMMEDIATE; {on}"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0001_initial"),
        ("inbox", "0011_cases_in_the_queue"),
        ("cases", "0001_initial"),
    ]

    operations = [
        *(
            migrations.RunSQL(f"CREATE INDEX {name} ON {what}", f"DROP INDEX {name}")
            for name, what in INDEXES.items()
        ),
        *(
            migrations.RunSQL(
                triggers(table, columns, hours),
                f"DROP FUNCTION reports_{table}_changed() CASCADE",
            )
            for table, (columns, hours) in WATCHED.items()
        ),
        # What is already there is counted as soon as somebody looks.
        migrations.RunSQL(
            as_owner("; ".join(marking(hours, table) for table, (_, hours) in WATCHED.items())),
            migrations.RunSQL.noop,
        ),
    ]
