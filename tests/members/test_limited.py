"""A member who sees some seller accounts only finds nothing of the others, by any address and any query."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import DatabaseError, connection
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import Invitation, Membership, SystemMail
from accounts.tenancy import TenantModel, TenantSwitch, tenant_tx
from inbox import searching
from inbox.models import Conversation
from marketplaces import seeing
from marketplaces.models import AccountAccess, SellerAccount
from orders.models import Buyer, Order
from tests.tenancy.conftest import stored  # noqa: F401 - a fixture
from tests.tenancy.neighbours import Neighbours, closed_room
from tests.tenancy.walk import (
    TABLE,
    addresses,
    ask,
    faults_on_own_pages,
    faults_with_foreign_ids,
)
from tests.web.conftest import Browser
from tests.world import World

FOR_ADMINS = (Invitation, SystemMail)
Stored = Callable[..., dict[str, object]]


def limit(world: World, member: Membership, *accounts: SellerAccount) -> None:
    with tenant_tx(world.acme.pk):
        seeing.choose(member, accounts, by=world.ada, now=timezone.now())


@pytest.fixture
def room(world: World) -> Neighbours:
    """Acme has a seller account full of canaries, and Alice sees the Walmart account only."""
    made = closed_room(world)
    limit(world, world.alice, world.walmart)
    return made


def test_the_canaries_sing_for_whoever_sees_all(room: Neighbours, ada: Browser) -> None:
    silent = set()
    for name in TABLE:
        for path in addresses(name, "acme", room.theirs):
            answer = ask(ada, "GET", path)
            if not room.heard_in(answer.everything):
                silent.add(name)
    assert {"conversation", "order", "buyer", "accounts", "queue", "attachment", "message_raw"}.isdisjoint(
        silent
    )


def test_ids_of_a_hidden_account_open_nothing_and_change_nothing(
    room: Neighbours,
    alice: Browser,
    stored: Stored,  # noqa: F811
) -> None:
    before = stored()
    assert faults_with_foreign_ids(alice, room) == []
    assert stored() == before


def test_ones_own_pages_work_and_show_no_byte_of_a_hidden_account(room: Neighbours, alice: Browser) -> None:
    assert faults_on_own_pages(alice, room) == []
    for name in ("conversation", "timeline", "order", "order_card", "buyer", "attachment", "item_picture"):
        for path in addresses(name, "acme", room.ours):
            assert ask(alice, "GET", path).status == 200, path


def test_counts_lists_and_search_are_of_the_accounts_that_are_seen(
    world: World, room: Neighbours, alice: Browser, ada: Browser
) -> None:
    rows = "/t/acme/queue/all/rows/"
    assert b'data-title="Due soon (1)' in alice.get(rows, htmx=True).content
    assert b'data-title="Due soon (2)' in ada.get(rows, htmx=True).content
    now, found = timezone.now(), {}
    for asked in (*room.canaries, room.canaries[1][-5:]):
        for who, member_id in ((world.ada, None), (world.alice, world.alice.pk)):
            with tenant_tx(world.acme.pk, member_id=member_id):
                results = searching.search(searching.parse(asked), membership=who, now=now, page=1)
            found[asked, who.pk] = len(results.conversations) + len(results.orders)
            assert not results.more
            assert not results.hidden
    assert {count for (_, who), count in found.items() if who == world.alice.pk} == {0}
    assert (found[room.canaries[0], world.ada.pk], found[room.canaries[1], world.ada.pk]) == (2, 1)


def test_the_function_that_searches_past_the_policies_keeps_to_what_the_member_sees(
    world: World, room: Neighbours
) -> None:
    # Its ids alone would tell that something is there, and hidden matches would push out those that are seen.
    statement = "SELECT * FROM search_conversations(%s, %s, %s, true, NULL, NULL, now(), 0, 50)"
    word, order, _ = room.canaries
    for given in ((word, "", ""), ("", f"'id/{order}'", f"'id/{order}'"), ("lamp", "", "")):
        seen = {}
        for who in (None, world.alice.pk):
            with tenant_tx(world.acme.pk, member_id=who), connection.cursor() as cursor:
                cursor.execute(statement, given)
                seen[who] = len(cursor.fetchall())
        assert seen == {None: seen[None], world.alice.pk: 1 if given[0] == "lamp" else 0}, given
        assert seen[None] > seen[world.alice.pk], given


@pytest.mark.parametrize("accounts", [0, 1])
def test_the_database_itself_shows_nothing_else(world: World, room: Neighbours, accounts: int) -> None:
    limit(world, world.alice, *[world.walmart][:accounts])
    with tenant_tx(world.acme.pk, member_id=world.alice.pk), scopes_disabled():
        for model in apps.get_models():
            if issubclass(model, TenantModel) and model not in FOR_ADMINS:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {model._meta.db_table} t")
                    (everything,) = cursor.fetchone()
                assert room.heard_in((everything or "").encode()) == [], model
        assert Conversation.objects.count() == Order.objects.count() == Buyer.objects.count() == accounts
        assert SellerAccount.objects.count() == accounts


def test_the_limit_cannot_be_lifted_from_within(world: World, room: Neighbours) -> None:
    for statement in (
        "UPDATE accounts_membership SET restricted = false",
        "SELECT * FROM accounts_invitation",
        "SELECT * FROM accounts_systemmail",
        "UPDATE marketplaces_accountaccess SET account_id = account_id",
        "INSERT INTO marketplaces_accountaccess (tenant_id, membership_id, account_id) VALUES (1, 1, 1)",
        f"UPDATE inbox_conversation SET account_id = {world.amazon.pk}",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied|row-level security"),
            tenant_tx(world.acme.pk, member_id=world.alice.pk),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with tenant_tx(world.acme.pk, member_id=world.alice.pk), tenant_tx(world.acme.pk):
        assert Conversation.objects.count() == 1
    with (
        pytest.raises(TenantSwitch),
        tenant_tx(world.acme.pk),
        tenant_tx(world.acme.pk, member_id=world.alice.pk),
    ):
        pass
    with tenant_tx(world.acme.pk):
        assert Conversation.objects.count() > 1


def test_without_a_member_the_limited_role_reads_nothing(world: World, room: Neighbours) -> None:
    with (
        pytest.raises(DatabaseError, match=r"app\.membership_id|bigint"),
        tenant_tx(world.acme.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL ROLE hd_limited; SELECT count(*) FROM inbox_message")


def test_what_is_given_and_taken_holds_from_the_next_request_on(
    world: World, room: Neighbours, alice: Browser
) -> None:
    (hidden,) = addresses("conversation", "acme", room.theirs)
    assert alice.get(hidden).status_code == 404
    with tenant_tx(world.acme.pk):
        seeing.choose(world.alice, None, by=world.ada, now=timezone.now())
        assert not AccountAccess.objects.exists()
    assert alice.get(hidden).status_code == 200
    limit(world, world.alice)
    assert alice.get(hidden).status_code == 404
    for name in ("queue", "orders", "accounts", "search", "tags"):
        for path in addresses(name, "acme", room.ours):
            assert alice.get(path).status_code == 200, path
