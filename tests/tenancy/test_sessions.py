"""A place in an organization is looked up for every request: who loses it is out at once."""

import pytest
from django.test import Client

from accounts.models import Membership, Role, User
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.walk import addresses, ask
from tests.world import World


@pytest.fixture
def own(next_door: Neighbours) -> str:
    """The address of a conversation of acme."""
    return addresses("conversation", "acme", next_door.ours)[0]


def test_a_deactivated_place_is_gone_in_a_running_session(world: World, alice: Client, own: str) -> None:
    assert ask(alice, "GET", own).status == 200
    Membership.objects.filter(pk=world.alice.pk).update(is_active=False)
    assert ask(alice, "GET", own).status == 404
    assert b"/t/acme/" not in ask(alice, "GET", "/").everything


def test_a_deactivated_person_is_out_in_a_running_session(world: World, alice: Client, own: str) -> None:
    assert ask(alice, "GET", own).status == 200
    User.objects.filter(pk=world.alice.user.pk).update(is_active=False)
    assert ask(alice, "GET", own).status in (302, 404)
    assert b"/t/acme/" not in ask(alice, "GET", "/").everything


def test_a_new_role_holds_in_a_running_session(world: World, alice: Client, own: str) -> None:
    assert ask(alice, "GET", own).status == 200
    Membership.objects.filter(pk=world.alice.pk).update(role=Role.WAREHOUSE)
    assert ask(alice, "GET", own).status == 403


def test_a_changed_password_ends_running_sessions(world: World, alice: Client, own: str) -> None:
    assert ask(alice, "GET", own).status == 200
    user = User.objects.get(pk=world.alice.user.pk)
    user.set_password("another horse battery")
    user.save()
    answer = ask(alice, "GET", own)
    assert answer.status in (302, 404)
    assert b"Denise" not in answer.everything


def test_a_second_place_in_another_organization_shows_only_that_one(
    world: World, alice: Client, next_door: Neighbours, own: str
) -> None:
    Membership.objects.create(tenant=world.globex, user=world.alice.user, role=Role.AGENT)
    (theirs,) = addresses("conversation", "globex", next_door.theirs)
    assert next_door.heard_in(ask(alice, "GET", theirs).content)
    assert next_door.heard_in(ask(alice, "GET", own).everything) == []
    (crossed,) = addresses("conversation", "acme", next_door.theirs)
    assert ask(alice, "GET", crossed).status == 404
