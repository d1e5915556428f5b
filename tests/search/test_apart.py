"""Searching as one organization never hears of another, whatever is asked and by whichever layer alone."""

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, connections
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.tenancy import tenant_tx
from inbox.models import DocumentKind, SearchDocument
from inbox.searching import PAGE_ROWS
from tests.search.conftest import Search
from tests.tenancy.neighbours import Neighbours, move_in
from tests.tenancy.test_one_layer import scopes_alone
from tests.world import World

Superuser = psycopg.Connection[tuple[object, ...]]
CALL = "SELECT * FROM search_conversations(%s, '', '', true, NULL, NULL, now(), 0, 10)"
__all__ = ["scopes_alone"]


@pytest.fixture
def next_door(world: World) -> Neighbours:
    """Globex full of canaries."""
    return move_in(world)


def found_by(find: Search, next_door: Neighbours, **who: object) -> dict[str, int]:
    found = {}
    for canary in (*next_door.canaries, next_door.canaries[1][-6:], next_door.canaries[0][:8]):
        results = find(canary, **who)
        found[canary] = len(results.conversations) + len(results.orders)
    return found


def test_canaries_are_found_at_home_and_nowhere_else(
    world: World, find: Search, next_door: Neighbours
) -> None:
    assert not any(found_by(find, next_door).values())
    at_home = found_by(find, next_door, by=world.gus)
    assert at_home[next_door.canaries[0]]
    assert at_home[next_door.canaries[1]]


def test_row_level_security_alone_keeps_them_apart(find: Search, next_door: Neighbours) -> None:
    with scopes_disabled():
        assert not any(found_by(find, next_door).values())


def test_scopes_and_conditions_alone_keep_them_apart(
    find: Search, next_door: Neighbours, scopes_alone: None
) -> None:
    assert not any(found_by(find, next_door).values())


def test_without_a_tenant_the_function_raises(world: World, next_door: Neighbours) -> None:
    with (
        pytest.raises(DatabaseError, match="app.tenant_id|invalid input syntax"),
        connection.cursor() as cursor,
    ):
        cursor.execute(CALL, [next_door.canaries[0]])


def test_the_sweepers_login_may_not_search(world: World) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), connections["sweep"].cursor() as cursor:
        cursor.execute(CALL, ["lamp"])


def test_nobody_reads_or_writes_another_tenants_documents(world: World, next_door: Neighbours) -> None:
    with tenant_tx(world.acme.pk), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tenant_id FROM inbox_searchdocument")
        assert cursor.fetchall() == [(world.acme.pk,)]
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        tenant_tx(world.acme.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO inbox_searchdocument (tenant_id, kind, occurred_at, expires_at, vector)"
            " VALUES (%s, 'note', now(), now(), '')",
            [world.globex.pk],
        )


def test_a_document_cannot_hang_on_a_neighbours_conversation(world: World, next_door: Neighbours) -> None:
    with tenant_tx(world.globex.pk):
        foreign = SearchDocument.objects.filter(kind=DocumentKind.TALK).values_list("conversation_id")[0][0]
    now = timezone.now()
    with (
        pytest.raises(DatabaseError, match="inbox_searchdocument_conversation_id_tenant_fk"),
        tenant_tx(world.acme.pk),
    ):
        SearchDocument.objects.create(
            kind=DocumentKind.TALK, conversation_id=foreign, occurred_at=now, expires_at=now, vector=""
        )


@pytest.fixture
def crowded(world: World, superuser: Superuser) -> None:
    """12 000 documents each of acme and globex."""
    for tenant, account in ((world.acme, world.walmart), (world.globex, world.foreign)):
        superuser.execute(
            "INSERT INTO inbox_conversation (tenant_id, number, account_id, kind, state, subject, buyer_name,"
            " preview, relay_address, relay_alias, case_ref, possibly_same_as, last_message_at,"
            " last_message_is_buyers, needs_settling, created_at, expires_at)"
            " SELECT %s, n, %s, 'buyer', 'closed', 'Question number w' || n, 'Buyer ' || md5(n::text),"
            " '', '', '', '', '', now(), true, false, now(), now() FROM generate_series(1, 12000) n",
            [tenant.pk, account.pk],
        )
    # VACUUM also files what waits at the index of words, which would be read as a heap and sway the planner.
    superuser.execute("VACUUM ANALYZE inbox_searchdocument, inbox_conversation")


def scans(superuser: Superuser) -> tuple[int, int]:
    """How often the index of words was read, and how often the whole table."""
    superuser.execute("SELECT pg_stat_force_next_flush()")
    superuser.execute("SELECT pg_stat_clear_snapshot()")
    row = superuser.execute(
        "SELECT (SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'inbox_search_vector'),"
        " (SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'inbox_searchdocument')"
    ).fetchone()
    assert row is not None
    return int(str(row[0])), int(str(row[1]))


def tell_statistics() -> None:
    """Have the tests' own connection tell what it has read; it would do so within a second or so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")


@pytest.mark.parametrize("typed", ["w77", "buyer question w1234", '"number w9"', "200011874402913"])
def test_a_search_reads_the_index_of_words_and_not_the_table(
    world: World, find: Search, crowded: None, superuser: Superuser, typed: str
) -> None:
    tell_statistics()  # what making the rows has read is told before the counting begins
    before = scans(superuser)
    for _ in range(7):  # more than it takes a connection to settle for a generic plan
        results = find(typed)
        tell_statistics()
    by_index, by_table = scans(superuser)
    assert (by_index - before[0] >= 7, by_table - before[1]) == (True, 0)
    assert bool(results.conversations) == typed.startswith(("w", "b", '"'))
    assert {found.row.account_name for found in results.conversations if found.row} <= {"Lumen US"}


def test_a_word_of_every_mail_gives_the_newest(world: World, find: Search, crowded: None) -> None:
    results = find("question", now=timezone.now() + timedelta(minutes=1))
    assert len(results.conversations) == PAGE_ROWS
    assert results.more
