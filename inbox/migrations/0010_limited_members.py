"""What members see of the inbox who see some seller accounts only, buyers and what search finds among it."""

from importlib import import_module

from django.db import migrations

from accounts.rls import LimitMembers

# As it was before this migration.
BEFORE = import_module("inbox.migrations.0005_search").SEARCH.partition("GRANT SELECT")[0]

SEARCH = """
    CREATE OR REPLACE FUNCTION public.search_conversations(
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
        seen bigint[];  -- NULL: all of them
    BEGIN
        -- This function runs as hd_search; the setting still says as whom it was called.
        IF current_setting('role') = 'hd_limited' THEN
            seen := ARRAY(SELECT a.account_id FROM public.marketplaces_accountaccess a WHERE a.tenant_id = me
                          AND a.membership_id = current_setting('app.membership_id')::bigint);
        END IF;
        RETURN QUERY
        WITH named AS (
            SELECT d.*, CASE WHEN d.vector @@ whole_name THEN 2 ELSE 1 END AS exact, 0::real AS rank
            FROM (SELECT d.id, d.kind, d.conversation_id, d.order_id, d.order_id AS source_id, d.occurred_at, d.vector
                  FROM public.inbox_searchdocument d
                  WHERE d.tenant_id = me AND d.vector @@ part_name AND d.kind = 'order'
                  AND (seen IS NULL
                       OR EXISTS (SELECT FROM public.inbox_conversation c WHERE c.tenant_id = me
                                  AND c.id = d.conversation_id AND c.account_id = ANY (seen))
                       OR EXISTS (SELECT FROM public.orders_order o WHERE o.tenant_id = me
                                  AND o.id = d.order_id AND o.account_id = ANY (seen)))
                  ORDER BY d.vector @@ whole_name DESC, d.occurred_at DESC LIMIT 200) d
        ), worded AS (
            -- The newest that match are ranked, not all: a word of every mail must not cost more each day.
            SELECT d.*, 0 AS exact, ts_rank(d.vector, wanted) AS rank
            FROM (SELECT d.id, d.kind, d.conversation_id, d.order_id,
                         coalesce(d.message_id, d.note_id, d.reply_id, d.order_id) AS source_id, d.occurred_at, d.vector
                  FROM public.inbox_searchdocument d
                  WHERE d.tenant_id = me AND d.vector @@ wanted AND (texts OR d.kind = 'order')
                  AND (seen IS NULL
                       OR EXISTS (SELECT FROM public.inbox_conversation c WHERE c.tenant_id = me
                                  AND c.id = d.conversation_id AND c.account_id = ANY (seen))
                       OR EXISTS (SELECT FROM public.orders_order o WHERE o.tenant_id = me
                                  AND o.id = d.order_id AND o.account_id = ANY (seen)))
                  ORDER BY d.occurred_at DESC LIMIT 1000) d
        ), hits AS (SELECT * FROM named UNION ALL SELECT * FROM worded),
        placed AS (
            SELECT c.id AS talk, NULL::bigint AS sold, h.id, h.kind, h.source_id, h.exact, h.rank,
                   c.last_message_at AS at
            FROM hits h JOIN public.inbox_conversation c ON c.tenant_id = me AND c.id = h.conversation_id
            WHERE texts AND (states IS NULL OR c.state = ANY (states))
              AND (accounts IS NULL OR c.account_id = ANY (accounts)) AND (seen IS NULL OR c.account_id = ANY (seen))
            UNION ALL
            SELECT c.id, NULL, h.id, h.kind, h.source_id, h.exact, h.rank, c.last_message_at
            FROM hits h JOIN public.inbox_conversation c ON c.tenant_id = me AND c.order_id = h.order_id
            WHERE texts AND (states IS NULL OR c.state = ANY (states))
              AND (accounts IS NULL OR c.account_id = ANY (accounts)) AND (seen IS NULL OR c.account_id = ANY (seen))
            UNION ALL
            SELECT NULL, o.id, h.id, h.kind, h.source_id, h.exact, h.rank, h.occurred_at
            FROM hits h JOIN public.orders_order o ON o.tenant_id = me AND o.id = h.order_id
            WHERE states IS NULL AND (accounts IS NULL OR o.account_id = ANY (accounts)) AND (seen IS NULL OR o.account_id = ANY (seen))
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
"""

AS_ITS_OWNER = """
    GRANT SELECT (tenant_id, membership_id, account_id) ON marketplaces_accountaccess TO hd_search;
    GRANT CREATE ON SCHEMA public TO hd_search;
    SET ROLE hd_search;
    {function}
    {right};
    SET ROLE hd_owner;
    REVOKE CREATE ON SCHEMA public FROM hd_search;
"""
CALL = "EXECUTE ON FUNCTION public.search_conversations"
IN_CONVERSATION = ["conversation_id = inbox_conversation.id"]


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0008_arrivals"),
        ("orders", "0010_limited_members"),
        ("accounts", "0002_members"),
    ]

    operations = [
        # The organization's own.
        LimitMembers("inbox_conversationnumber"),
        LimitMembers("inbox_tag"),
        LimitMembers("inbox_conversation", account="account_id"),
        LimitMembers("inbox_message", account="account_id"),
        LimitMembers("inbox_outboundreply", account="account_id"),
        # A policy that names no seller account is the organization's.
        LimitMembers("inbox_slapolicy", account="account_id", or_none=True),
        LimitMembers("inbox_attachment", through=["message_id = inbox_message.id"]),
        LimitMembers("inbox_replyattempt", through=["reply_id = inbox_outboundreply.id"]),
        LimitMembers("inbox_deadline", through=IN_CONVERSATION),
        LimitMembers("inbox_draft", through=IN_CONVERSATION),
        LimitMembers("inbox_note", through=IN_CONVERSATION),
        LimitMembers("inbox_event", through=IN_CONVERSATION),
        LimitMembers("inbox_conversationtag", through=IN_CONVERSATION),
        LimitMembers("inbox_searchdocument", through=[*IN_CONVERSATION, "order_id = orders_order.id"]),
        # Whoever wrote or bought in an account that is seen.
        LimitMembers(
            "orders_buyer", through=["id = orders_order.buyer_id", "id = inbox_conversation.buyer_id"]
        ),
        migrations.RunSQL(
            AS_ITS_OWNER.format(function=SEARCH, right=f"GRANT {CALL} TO hd_limited"),
            AS_ITS_OWNER.format(
                function=BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
                right=f"REVOKE {CALL} FROM hd_limited",
            ),
        ),
    ]
