"""Nobody reaches another organization's rows by any address: a stranger gets 404, a wrong role 403."""

import base64
import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import pytest
from django.test import Client

from accounts.access import PERMISSIONS
from accounts.models import Role
from tests.tenancy.conftest import browser_of
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.walk import (
    OUTSIDE,
    TABLE,
    addresses,
    ask,
    every_request,
    faults_at_their_address,
    faults_on_own_pages,
    faults_with_foreign_ids,
    routes,
)
from tests.world import World

Stored = Callable[..., dict[str, object]]
OPEN_TO_ALL = ("belong", "see_orders", "answer_checks")


def test_every_route_has_its_row_in_the_table() -> None:
    inside = {route.name for route in routes() if route.path.startswith("t/<slug:slug>/")}
    assert inside == set(TABLE)
    assert {route.name for route in routes()} - inside == OUTSIDE


def test_every_row_names_the_ids_and_the_permission_of_its_route() -> None:
    for route in routes():
        if route.name in OUTSIDE:
            continue
        row = TABLE[route.name]
        taken = {part.partition(":")[2].partition(">")[0] for part in route.path.split("<")[1:]}
        assert taken == {
            "slug",
            *row.ids,
            *(("view",) if row.views else ()),
            *(("table",) if row.tables else ()),
        }, route.name
        assert getattr(route.pattern.callback, "permission", None) == row.permission, route.name


def test_the_canary_sings_on_every_page_of_its_own_organization(world: World, next_door: Neighbours) -> None:
    gus, silent = browser_of(world.gus), set()
    for name, row in TABLE.items():
        for path in addresses(name, "globex", next_door.theirs):
            answer = ask(gus, "GET", path)
            if answer.status == HTTPStatus.OK and not next_door.heard_in(answer.content):
                silent.add(name)
            shut = Role.AGENT not in PERMISSIONS[row.permission] and answer.status == HTTPStatus.FORBIDDEN
            assert answer.status in (200, 302) or row.body is not None or shut, path
    # A list of nothing, and a mail with all that could sing replaced.
    assert silent <= {"queue_more", "message_sample"}


def test_foreign_ids_open_nothing_and_change_nothing(
    alice: Client, next_door: Neighbours, stored: Stored
) -> None:
    before = stored()
    assert faults_with_foreign_ids(alice, next_door) == []
    assert stored() == before


def test_another_organizations_address_opens_nothing_and_changes_nothing(
    alice: Client, next_door: Neighbours, stored: Stored
) -> None:
    before = stored()
    assert faults_at_their_address(alice, next_door) == []
    assert stored() == before


def test_foreign_ids_in_queries_and_bodies_bring_nothing_to_ones_own_pages(
    world: World, alice: Client, next_door: Neighbours, stored: Stored
) -> None:
    before = stored(world.globex.pk)
    assert faults_on_own_pages(alice, next_door) == []
    assert stored(world.globex.pk) == before


def test_a_member_of_another_organization_cannot_be_made_responsible(
    alice: Client, next_door: Neighbours
) -> None:
    (path,) = addresses("assignment", "acme", next_door.ours)
    assert ask(alice, "POST", path, {"assignee": str(next_door.their_member_id)}).status == 404


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00"])
def test_a_cursor_of_ones_own_making_goes_through_ones_own_rows_only(
    alice: Client, next_door: Neighbours, moment: str
) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([moment, next_door.theirs["message_id"]]).encode())
    for path in addresses("queue_more", "acme", {}):
        answer = ask(alice, "GET", path, QUERY_STRING=f"after={cursor.decode().rstrip('=')}")
        assert answer.status == 200
        assert next_door.heard_in(answer.everything) == []


def test_a_stranger_finds_nothing_anywhere(world: World, next_door: Neighbours, stored: Stored) -> None:
    sam, before = browser_of(world.sam), stored()
    for slug, ids in (("acme", next_door.ours), ("globex", next_door.theirs)):
        for _, verb, path in every_request(partial(addresses, slug=slug, ids=ids)):
            answer = ask(sam, verb, path)
            assert answer.status == 404, (verb, path)
            assert next_door.heard_in(answer.everything) == []
    assert stored() == before


def test_a_stranger_cannot_tell_an_organization_that_exists_from_one_that_does_not(
    world: World, next_door: Neighbours
) -> None:
    sam, nobody = browser_of(world.sam), Client()
    for browser in (sam, nobody):
        for name in TABLE:
            for known, invented in zip(
                addresses(name, "globex", next_door.theirs),
                addresses(name, "nowhere", next_door.theirs),
                strict=True,
            ):
                real, unreal = ask(browser, "GET", known), ask(browser, "GET", invented)
                assert real.status == unreal.status, name
                assert real.everything.replace(b"globex", b"nowhere") == unreal.everything, name


def test_whoever_is_not_signed_in_is_asked_to_and_told_nothing(next_door: Neighbours, stored: Stored) -> None:
    before = stored()
    for _, verb, path in every_request(partial(addresses, slug="globex", ids=next_door.theirs)):
        response = Client().generic(verb, path)
        assert response.status_code == 302, (verb, path)
        assert response["Location"].startswith("/login/?next=/t/globex/"), path
        assert next_door.heard_in(response["Location"].encode()) == []
    page = ask(Client(), "GET", "/login/", QUERY_STRING="next=/t/globex/queue/all/")
    assert page.status == 200
    assert next_door.heard_in(page.everything) == []
    assert stored() == before


def test_a_wrong_role_is_forbidden_by_every_verb(world: World, next_door: Neighbours, stored: Stored) -> None:
    wendy, before, forbidden = browser_of(world.wendy), stored(), set()
    for name, verb, path in every_request(partial(addresses, slug="acme", ids=next_door.ours)):
        if Role.WAREHOUSE in PERMISSIONS[TABLE[name].permission]:
            continue
        forbidden.add(name)
        assert ask(wendy, verb, path).status == 403, (verb, path)
    open_to_all = {name for name, row in TABLE.items() if row.permission in OPEN_TO_ALL}
    assert forbidden == set(TABLE) - open_to_all
    assert stored() == before


def test_no_act_is_done_without_the_token_of_a_page_of_ours(
    world: World, next_door: Neighbours, stored: Stored
) -> None:
    lured = Client(enforce_csrf_checks=True)
    lured.force_login(world.alice.user)
    before = stored()
    for name, row in TABLE.items():
        if row.body is not None:
            for path in addresses(name, "acme", next_door.ours):
                assert ask(lured, "POST", path, row.body(next_door)).status == 403, name
    assert stored() == before
