"""Who may go where: every route names a permission, a stranger gets 404 and a wrong role 403."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import inviting
from accounts.access import PERMISSIONS
from accounts.models import Invitation, Role
from accounts.tenancy import tenant_tx
from cases.acts import Wanted, open_by_hand
from inbox import tagging
from inbox.models import Attachment, Conversation
from marketplaces import backfills, trying
from marketplaces.models import Backfill, TrialKind
from orders.models import Item, Order
from tests.cases.checks import check_in
from tests.orders.rows import make_order
from tests.tenancy.neighbours import evidence_of
from tests.web.conftest import browser_of
from tests.web.rows import PNG, file_in, only_message, reply_in
from tests.world import World

# Routes outside every tenant: the door itself, invitations and pictures whose address is signed, where
# webhooks come in, and where the companies that ask for consent send people back to.
OUTSIDE = {
    *("home", "account_login", "account_logout", "account_inactive", "invitation", "picture"),
    *("walmart_hook", "consent_amazon", "consent_mailbox"),
}
WITHOUT_IDS = {
    *("start", "warehouse", "queue", "queue_rows", "queue_more", "accounts", "orders", "tags", "search"),
    *("board", "board_definitions", "board_table"),
    "cases",
}
ACTS = {
    *("account_check", "account_pause", "account_resumption", "account_refetching", "account_history_stop"),
    *("account_comparison", "account_names"),
    *("connection_switches", "connection_completion", "connection_cancellation"),
    "replies",
    "reply_undo",
    "reply_settlement",
    "courtesy",
    "draft",
    "draft_cancellation",
    "presence",
    "notes",
    "closure",
    "reopening",
    "settlement",
    *("case_stages", "case_decision", "case_closure", "case_packs", "case_evidence_removal"),
    "order_refresh",
    *("check_answer", "check_withdrawal", "check_reply", "check_reply_editing", "check_reply_cancellation"),
    "warehouse_rule",
    "tag",
    "tag_merging",
    "tag_removal",
    "member_role",
    "member_accounts",
    "member_deactivation",
    "member_reactivation",
    "invitation_sending",
    "invitation_withdrawal",
    *("policy_preview", "policy_withdrawal", "policy_hours_preview", "warnings_seen"),
}


def routes(patterns: list[URLPattern | URLResolver] | None = None) -> Iterator[URLPattern]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        else:
            yield pattern


def test_every_route_has_a_name_and_a_permission() -> None:
    for route in routes():
        assert route.name, route
        if route.name not in OUTSIDE:
            assert getattr(route.callback, "permission", None) in PERMISSIONS, route.name


@pytest.fixture
def places(world: World, talk: Conversation, settings: Settings) -> dict[str, str]:
    """An address of acme for every route inside a tenant."""
    settings.MAIL_PROVIDERS["google"] = settings.MAIL_PROVIDERS["google"] | {"client_id": "ours"}
    message = only_message(talk)
    file: Attachment = file_in(message)
    known: dict[str, Any] = {
        "slug": "acme",
        "view": "all",
        "table": "rates",
        "number": talk.number,
        "message_id": message.pk,
        "reply_id": reply_in(talk, world.alice, "unknown").pk,
        "file_id": file.pk,
        "member_id": world.leo.pk,
        "invitation_id": invitation_in(world).pk,
        "account_id": world.amazon.pk,
        "backfill_id": backfill_in(world).pk,
        **case_ids(world, talk),
        "check_id": check_in(talk, world.alice, world.wendy).pk,
        **order_ids(talk),
    }
    found = {}
    for route in routes():
        if route.name and route.name not in OUTSIDE:
            wanted = get_resolver().reverse_dict.getlist(route.name)[0][0][0][1]
            found[route.name] = reverse(route.name, kwargs={name: known[name] for name in wanted})
    return found


def case_ids(world: World, talk: Conversation) -> dict[str, int]:
    """The ids of a case on the conversation, and of its evidence."""
    with tenant_tx(world.acme.pk):
        held = Conversation.objects.select_related("account", "order").get(pk=talk.pk)
        case = open_by_hand(held, Wanted("return_dispute"), by=world.alice, now=timezone.now())
    return {"case_id": case.pk, **evidence_of(case, world.alice, "ours")}


def backfill_in(world: World) -> Backfill:
    """History of the Amazon account is being fetched, and both consents for it wait to be asked for."""
    now = timezone.now()
    asked = {"application_id": "amzn1.sp.solution.1", "mail_sign_in": "google", "imap_user": "a@acme.example"}
    with tenant_tx(world.acme.pk):
        for kind in TrialKind:
            trying.begin(
                world.amazon, kind, settings=asked, secrets={}, by=world.ada, now=now, by_consent=True
            )
        return backfills.begin(world.amazon, since=now - timedelta(days=7), by=world.ada, now=now)[0]


def invitation_in(world: World) -> Invitation:
    """Somebody is invited."""
    place = inviting.Place("ina@example.com", "Ina", Role.AGENT)
    with tenant_tx(world.acme.pk):
        return inviting.invite(place, by=world.ada, now=timezone.now())


def order_ids(talk: Conversation) -> dict[str, int]:
    """The ids of the conversation's order, an article with a picture, and the buyer."""
    with tenant_tx(talk.tenant_id):
        path = default_storage.save(f"{talk.tenant_id}/picture", ContentFile(PNG))
        known = Order.objects.select_related("account").get(conversations=talk)
    make_order(known.account, external_id=known.external_id, lines=[{"image_path": path}])
    with tenant_tx(talk.tenant_id):
        ids = {"tag_id": tagging.named("damaged").pk}
        return ids | {"order_id": known.pk, "item_id": Item.objects.get().pk, "buyer_id": known.buyer_id or 0}


def permissions() -> dict[str, str]:
    """The permission of every route inside a tenant."""
    return {
        str(route.name): route.callback.permission  # type: ignore[attr-defined]
        for route in routes()
        if route.name not in OUTSIDE
    }


def status(client: Client, name: str, path: str) -> int:
    response = client.post(path) if name in ACTS else client.get(path)
    response.close()
    return response.status_code


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_what_its_permissions_say(world: World, places: dict[str, str], role: Role) -> None:
    member = {
        Role.AGENT: world.alice,
        Role.LEAD: world.leo,
        Role.ADMIN: world.ada,
        Role.WAREHOUSE: world.wendy,
    }[role]
    allowed = permissions()
    browser = browser_of(member)
    for name, path in places.items():
        got = status(browser, name, path)
        if role in PERMISSIONS[allowed[name]]:
            assert got in (200, 204, 302, 303, 409, 422), (name, got)
        else:
            assert got == 403, (name, got)


def test_strangers_and_neighbours_find_nothing(world: World, places: dict[str, str]) -> None:
    for person in (world.gus, world.sam):
        browser = browser_of(person)
        for name, path in places.items():
            assert status(browser, name, path) == 404, name


def test_a_neighbours_ids_open_nothing_at_home(world: World, places: dict[str, str]) -> None:
    browser = browser_of(world.gus)
    for name, path in places.items():
        if name in (
            "start",
            "warehouse",
            "warehouse_rule",
            "queue",
            "queue_rows",
            "queue_more",
            "accounts",
            "orders",
            "tags",
            "search",
            "board",
            "board_definitions",
            "board_table",
            "cases",
            "members",
            "connection_new_walmart",
            "connection_new_amazon",
            "warnings",
            "warnings_seen",
        ):
            continue
        wrong_role = {403} if Role.AGENT not in PERMISSIONS[permissions()[name]] else set()
        assert status(browser, name, path.replace("/t/acme/", "/t/globex/")) in {404} | wrong_role, name


def test_whoever_is_not_signed_in_is_asked_to(world: World, places: dict[str, str]) -> None:
    for name, path in places.items():
        response = Client().post(path) if name in ACTS else Client().get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=/t/acme/"), name
