"""Words to search by: documents kept by triggers, and the one function that reads them past row level security.

Row level security keeps text operators away from indexes, because they are not leakproof; so the function runs
as hd_search, reads the tenant from the transaction's own setting and raises where there is none.
"""

from django.db import migrations

DOCUMENT = "inbox_searchdocument"
PUNCTUATION = r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""".replace("'", "''")

WORDS = f"""
    CREATE TEXT SEARCH CONFIGURATION public.helpdesk (COPY = pg_catalog.simple);
    ALTER TEXT SEARCH CONFIGURATION public.helpdesk
        ALTER MAPPING FOR word, numword, hword, hword_part, hword_numpart, numhword
        WITH public.unaccent, pg_catalog.simple;

    -- Marks between letters become spaces, so that no word hides in an address or a compound.
    CREATE FUNCTION public.search_words(words text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.to_tsvector('public.helpdesk'::regconfig,
        pg_catalog.translate(pg_catalog.normalize(pg_catalog.left(words, 20000)),
                             '{PUNCTUATION}', pg_catalog.repeat(' ', 32)));

    -- Numbers people know things by, whole (id/) and backwards (di/), to be found by their last digits too.
    CREATE FUNCTION public.search_names(names text[]) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT coalesce(array_to_tsvector(array_agg(written)), ''::tsvector)
        FROM (SELECT lower(regexp_replace(name, '[^A-Za-z0-9]', '', 'g')) AS compact
              FROM unnest(names) AS name) AS compacted,
             LATERAL (VALUES ('id/' || compact), ('di/' || reverse(compact))) AS forms (written)
        WHERE length(compact) >= 4;
    END;
"""

COLUMNS = "tenant_id, kind, conversation_id, occurred_at, expires_at, vector"
# Texts: table, kind and its column, when it happened, its words.
TEXTS = {
    "inbox_message": (
        "message",
        "sent_at",
        "setweight(search_words({row}.from_name), 'C') || setweight(search_words({row}.text), 'B')",
        "text, from_name",
    ),
    "inbox_note": ("note", "created_at", "setweight(search_words({row}.body), 'B')", "body"),
    "inbox_outboundreply": ("reply", "queued_at", "setweight(search_words({row}.body), 'C')", "body"),
}
TALK = "setweight(search_words({row}.buyer_name), 'A') || setweight(search_words({row}.subject), 'B')"


def function(name: str, body: str) -> str:
    """A trigger function; it writes as whoever changes the source, inside their tenant."""
    return f"""
        CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        BEGIN
            {body}
            RETURN NULL;
        END $$;
    """


def triggers_of_text(table: str) -> str:
    """A document for each row, in one statement for all that are stored together."""
    kind, at, words, watched = TEXTS[table]
    parts = [*(each.strip() for each in watched.split(",")), "conversation_id", "expires_at"]
    changed = f"({', '.join(f'OLD.{each}' for each in parts)}) IS DISTINCT FROM ({', '.join(f'NEW.{each}' for each in parts)})"
    return (
        function(
            f"search_{kind}_stored",
            f"""INSERT INTO {DOCUMENT} ({COLUMNS}, {kind}_id)
                SELECT tenant_id, '{kind}', conversation_id, {at}, expires_at, {words.format(row="fresh")}, id
                FROM fresh;""",
        )
        + function(
            f"search_{kind}_changed",
            f"""UPDATE {DOCUMENT} SET conversation_id = NEW.conversation_id, expires_at = NEW.expires_at,
                vector = {words.format(row="NEW")}
                WHERE tenant_id = NEW.tenant_id AND {kind}_id = NEW.id;""",
        )
        + f"""
        CREATE TRIGGER search_stored AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
            FOR EACH STATEMENT EXECUTE FUNCTION public.search_{kind}_stored();
        CREATE TRIGGER search_changed AFTER UPDATE OF {", ".join(parts)} ON {table}
            FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION public.search_{kind}_changed();
        """
    )


TRIGGERS_OF_TALK = (
    function(
        "search_talk_stored",
        f"""INSERT INTO {DOCUMENT} ({COLUMNS})
            SELECT tenant_id, 'talk', id, last_message_at, expires_at, {TALK.format(row="fresh")} FROM fresh;""",
    )
    + function(
        "search_talk_changed",
        f"""UPDATE {DOCUMENT} SET vector = {TALK.format(row="NEW")}
            WHERE tenant_id = NEW.tenant_id AND conversation_id = NEW.id AND kind = 'talk';""",
    )
    # No index holds expires_at: the row is changed in place, without touching the index of words.
    + function(
        "search_talk_kept",
        f"""UPDATE {DOCUMENT} SET expires_at = NEW.expires_at
            WHERE tenant_id = NEW.tenant_id AND conversation_id = NEW.id AND kind = 'talk';""",
    )
    + """
    CREATE TRIGGER search_stored AFTER INSERT ON inbox_conversation REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION public.search_talk_stored();
    CREATE TRIGGER search_changed AFTER UPDATE OF buyer_name, subject ON inbox_conversation
        FOR EACH ROW WHEN ((OLD.buyer_name, OLD.subject) IS DISTINCT FROM (NEW.buyer_name, NEW.subject))
        EXECUTE FUNCTION public.search_talk_changed();
    CREATE TRIGGER search_kept AFTER UPDATE OF expires_at ON inbox_conversation
        FOR EACH ROW WHEN (OLD.expires_at IS DISTINCT FROM NEW.expires_at)
        EXECUTE FUNCTION public.search_talk_kept();
    """
)

# An order's document is made anew from all it consists of, whichever part has changed.
ORDERS = f"""
    CREATE FUNCTION public.search_orders(ids bigint[]) RETURNS void LANGUAGE sql
    SET search_path = public, pg_temp AS $$
        INSERT INTO {DOCUMENT} (tenant_id, kind, order_id, occurred_at, expires_at, vector)
        SELECT o.tenant_id, 'order', o.id, coalesce(o.ordered_at, o.created_at), o.expires_at,
               setweight(search_words(concat_ws(' ', o.external_id, o.buyer_name)), 'A')
               || setweight(search_words(concat_ws(' ', o.item_title, l.titles)), 'B')
               || search_names(ARRAY[o.external_id, o.item_id]::text[] || p.numbers || l.skus || s.numbers)
        FROM orders_order o
        CROSS JOIN LATERAL (SELECT array_agg(external_id::text) AS numbers FROM orders_purchaseorder
                            WHERE tenant_id = o.tenant_id AND order_id = o.id) p
        CROSS JOIN LATERAL (SELECT array_agg(sku::text) AS skus, string_agg(sku || ' ' || title, ' ') AS titles
                            FROM orders_orderline WHERE tenant_id = o.tenant_id AND order_id = o.id) l
        CROSS JOIN LATERAL (SELECT array_agg(tracking_number::text) AS numbers FROM orders_shipment
                            WHERE tenant_id = o.tenant_id AND order_id = o.id) s
        WHERE o.id = ANY (ids) ORDER BY o.id
        ON CONFLICT (tenant_id, order_id) WHERE order_id IS NOT NULL DO UPDATE
        SET vector = excluded.vector, occurred_at = excluded.occurred_at, expires_at = excluded.expires_at
        WHERE ({DOCUMENT}.vector, {DOCUMENT}.occurred_at, {DOCUMENT}.expires_at)
              IS DISTINCT FROM (excluded.vector, excluded.occurred_at, excluded.expires_at)
    $$;
"""
PARTS = {
    "orders_order": ("id", "external_id, buyer_name, item_title, item_id, ordered_at, expires_at"),
    "orders_purchaseorder": ("order_id", "order_id, external_id"),
    "orders_orderline": ("order_id", "order_id, sku, title"),
    "orders_shipment": ("order_id", "order_id, tracking_number"),
}


def triggers_of_part(table: str) -> str:
    """Whatever is stored, changed or removed of an order has its document made anew, once a statement."""
    key, watched = PARTS[table]
    names = [each.strip() for each in watched.split(",")]
    fresh, gone = (", ".join(f"{side}.{each}" for each in names) for side in ("fresh", "gone"))
    name = table.removeprefix("orders_")
    removal = (
        f"""
        CREATE TRIGGER search_removed AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION public.search_{name}_removed();
        """
        if key == "order_id"
        else ""
    )
    return (
        function(f"search_{name}_stored", f"PERFORM search_orders(ARRAY(SELECT DISTINCT {key} FROM fresh));")
        + function(
            f"search_{name}_changed",
            f"""PERFORM search_orders(ids) FROM (SELECT array_agg(DISTINCT touched) AS ids
                FROM fresh JOIN gone ON gone.id = fresh.id,
                LATERAL (VALUES (fresh.{key}), (gone.{key})) AS both_sides (touched)
                WHERE ({fresh}) IS DISTINCT FROM ({gone})) AS differing WHERE ids IS NOT NULL;""",
        )
        + (
            function(
                f"search_{name}_removed", "PERFORM search_orders(ARRAY(SELECT DISTINCT order_id FROM gone));"
            )
            if removal
            else ""
        )
        + f"""
        CREATE TRIGGER search_stored AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
            FOR EACH STATEMENT EXECUTE FUNCTION public.search_{name}_stored();
        CREATE TRIGGER search_changed AFTER UPDATE ON {table} REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
            FOR EACH STATEMENT EXECUTE FUNCTION public.search_{name}_changed();
        """
        + removal
    )


SEARCH = """
    CREATE FUNCTION public.search_conversations(
        words text, whole text, part text, texts boolean, states text[], accounts bigint[],
        as_of timestamptz, skip integer, most integer)
    RETURNS TABLE (conversation_id bigint, order_id bigint, kind text, source_id bigint, exact integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    #variable_conflict use_column
    DECLARE
        me CONSTANT bigint := current_setting('app.tenant_id')::bigint;
        wanted CONSTANT tsquery := to_tsquery('public.helpdesk', nullif(words, ''));
        whole_name CONSTANT tsquery := nullif(whole, '')::tsquery;
        part_name CONSTANT tsquery := nullif(part, '')::tsquery;
    BEGIN
        RETURN QUERY
        WITH named AS (
            SELECT d.*, CASE WHEN d.vector @@ whole_name THEN 2 ELSE 1 END AS exact, 0::real AS rank
            FROM (SELECT d.id, d.kind, d.conversation_id, d.order_id, d.order_id AS source_id, d.occurred_at, d.vector
                  FROM public.inbox_searchdocument d
                  WHERE d.tenant_id = me AND d.vector @@ part_name AND d.kind = 'order'
                  ORDER BY d.vector @@ whole_name DESC, d.occurred_at DESC LIMIT 200) d
        ), worded AS (
            -- The newest that match are ranked, not all: a word of every mail must not cost more each day.
            SELECT d.*, 0 AS exact, ts_rank(d.vector, wanted) AS rank
            FROM (SELECT d.id, d.kind, d.conversation_id, d.order_id,
                         coalesce(d.message_id, d.note_id, d.reply_id, d.order_id) AS source_id, d.occurred_at, d.vector
                  FROM public.inbox_searchdocument d
                  WHERE d.tenant_id = me AND d.vector @@ wanted AND (texts OR d.kind = 'order')
                  ORDER BY d.occurred_at DESC LIMIT 1000) d
        ), hits AS (SELECT * FROM named UNION ALL SELECT * FROM worded),
        placed AS (
            SELECT c.id AS talk, NULL::bigint AS sold, h.id, h.kind, h.source_id, h.exact, h.rank,
                   c.last_message_at AS at
            FROM hits h JOIN public.inbox_conversation c ON c.tenant_id = me AND c.id = h.conversation_id
            WHERE texts AND (states IS NULL OR c.state = ANY (states))
              AND (accounts IS NULL OR c.account_id = ANY (accounts))
            UNION ALL
            SELECT c.id, NULL, h.id, h.kind, h.source_id, h.exact, h.rank, c.last_message_at
            FROM hits h JOIN public.inbox_conversation c ON c.tenant_id = me AND c.order_id = h.order_id
            WHERE texts AND (states IS NULL OR c.state = ANY (states))
              AND (accounts IS NULL OR c.account_id = ANY (accounts))
            UNION ALL
            SELECT NULL, o.id, h.id, h.kind, h.source_id, h.exact, h.rank, h.occurred_at
            FROM hits h JOIN public.orders_order o ON o.tenant_id = me AND o.id = h.order_id
            WHERE states IS NULL AND (accounts IS NULL OR o.account_id = ANY (accounts))
              AND (NOT texts OR h.exact > 0 AND NOT EXISTS (
                   SELECT FROM public.inbox_conversation c WHERE c.tenant_id = me AND c.order_id = o.id))
        ), scored AS (
            SELECT p.*, (p.rank + 0.01)
                   * (1 + 1 / (1 + greatest(extract(epoch FROM as_of - p.at), 0)::float8 / 1209600)) AS score
            FROM placed p
        ), best AS (
            SELECT DISTINCT ON (s.talk, s.sold) s.* FROM scored s
            ORDER BY s.talk, s.sold, s.exact DESC, s.score DESC, s.id DESC
        )
        SELECT b.talk, b.sold, b.kind::text, b.source_id, b.exact FROM best b
        ORDER BY b.exact DESC, b.score DESC, b.at DESC, b.id DESC OFFSET skip LIMIT most;
    END $$;

    GRANT SELECT (id, tenant_id, kind, conversation_id, order_id, message_id, note_id, reply_id, occurred_at, vector)
        ON inbox_searchdocument TO hd_search;
    GRANT SELECT (id, tenant_id, account_id, order_id, state, last_message_at) ON inbox_conversation TO hd_search;
    GRANT SELECT (id, tenant_id, account_id) ON orders_order TO hd_search;
    REVOKE ALL ON FUNCTION public.search_conversations FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.search_conversations TO hd_app;
    GRANT CREATE ON SCHEMA public TO hd_search;
    ALTER FUNCTION public.search_conversations OWNER TO hd_search;
    REVOKE CREATE ON SCHEMA public FROM hd_search;
"""

NEEDS_ROLE = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hd_search') THEN
            RAISE EXCEPTION 'The role hd_search is missing. Run manage.py provision, then migrate again.';
        END IF;
    END $$;
"""

# The owner is held by row level security as everybody is; the login that migrates is not.
FILL = (
    "RESET ROLE;"
    + "".join(
        f"INSERT INTO {DOCUMENT} ({COLUMNS}, {kind}_id) SELECT tenant_id, '{kind}', conversation_id, {at},"
        f" expires_at, {words.format(row=table)}, id FROM {table};"
        for table, (kind, at, words, _) in TEXTS.items()
    )
    + f"INSERT INTO {DOCUMENT} ({COLUMNS}) SELECT tenant_id, 'talk', id, last_message_at, expires_at,"
    f" {TALK.format(row='inbox_conversation')} FROM inbox_conversation;"
    "SELECT search_orders(array_agg(id)) FROM orders_order;"
    "SET ROLE hd_owner;"
)

UNDO_TRIGGERS = "".join(
    f"DROP TRIGGER {name} ON {table};"
    for table, names in (
        *((table, ("search_stored", "search_changed")) for table in TEXTS),
        ("inbox_conversation", ("search_stored", "search_changed", "search_kept")),
        ("orders_order", ("search_stored", "search_changed")),
        *((table, ("search_stored", "search_changed", "search_removed")) for table in list(PARTS)[1:]),
    )
    for name in names
) + "".join(
    f"DROP FUNCTION public.search_{name}();"
    for name in (
        *(f"{kind}_{when}" for kind, *_ in TEXTS.values() for when in ("stored", "changed")),
        *("talk_stored", "talk_changed", "talk_kept", "order_stored", "order_changed"),
        *(
            f"{table.removeprefix('orders_')}_{when}"
            for table in list(PARTS)[1:]
            for when in ("stored", "changed", "removed")
        ),
    )
)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_search_documents")]

    operations = [
        migrations.RunSQL(NEEDS_ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(
            WORDS,
            "DROP FUNCTION public.search_names; DROP FUNCTION public.search_words;"
            " DROP TEXT SEARCH CONFIGURATION public.helpdesk",
        ),
        migrations.RunSQL(ORDERS, "DROP FUNCTION public.search_orders"),
        migrations.RunSQL(
            "".join(map(triggers_of_text, TEXTS)) + TRIGGERS_OF_TALK + "".join(map(triggers_of_part, PARTS)),
            UNDO_TRIGGERS,
        ),
        migrations.RunSQL(
            SEARCH, "SET ROLE hd_search; DROP FUNCTION public.search_conversations; SET ROLE hd_owner"
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
