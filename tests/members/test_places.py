"""Roles, deactivating and what a member sees: who changes them, what holds at once, who remains."""

from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import places
from accounts.models import AuditEntry, Membership, Role
from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from helpdesk.live import door
from inbox import actions
from inbox.models import Conversation, Event
from marketplaces import seeing
from marketplaces.models import AccountAccess
from tests.tenancy.neighbours import move_in
from tests.tenancy.walk import faults_with_foreign_ids
from tests.web.conftest import Browser, browser_of
from tests.world import World, conversation_of, make_member


def act(browser: Client, member: Membership, what: str, **body: object) -> tuple[int, str]:
    answer = browser.post(f"/t/acme/members/{member.pk}/{what}/", body)
    return answer.status_code, unescape(answer.content.decode())


def acts(world: World) -> list[str]:
    with tenant_tx(world.acme.pk):
        return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def given_to(world: World, member: Membership, *, order: str = "200011874402913") -> Conversation:
    talk = conversation_of(world.walmart, order=order)
    with tenant_tx(world.acme.pk):
        actions.assign(talk, by=world.ada, assignee=member, now=timezone.now())
    return talk


def test_a_deactivated_member_is_out_at_once_and_in_again_only_by_signing_in(
    world: World, ada: Browser, alice: Browser
) -> None:
    key = str(alice.session.session_key)
    assert alice.get("/t/acme/queue/all/").status_code == 200
    assert door._seat_of(key, "acme").member_id == world.alice.pk
    assert act(ada, world.alice, "deactivation")[0] == 303
    assert alice.get("/t/acme/queue/all/").status_code == 404
    with pytest.raises(door.Refused):
        door._seat_of(key, "acme")
    assert alice.get("/").url == "/login/?next=/"
    assert act(ada, world.alice, "reactivation")[0] == 303
    assert alice.get("/t/acme/queue/all/").status_code == 302
    with pytest.raises(door.Refused):
        door._seat_of(key, "acme")
    world.alice.user.refresh_from_db()
    assert browser_of(world.alice).get("/t/acme/queue/all/").status_code == 200
    assert acts(world) == ["member_deactivated", "member_reactivated"]


def test_whoever_has_another_place_stays_signed_in_there(world: World, ada: Browser, alice: Browser) -> None:
    Membership.objects.create(tenant=world.globex, user=world.alice.user, role=Role.AGENT)
    act(ada, world.alice, "deactivation")
    assert alice.get("/t/acme/queue/all/").status_code == 404
    assert alice.get("/t/globex/queue/all/").status_code == 200


@pytest.mark.parametrize("how", ["deactivation", "role", "accounts"])
def test_open_conversations_of_whoever_loses_access_are_nobodys(world: World, ada: Browser, how: str) -> None:
    kept = given_to(world, world.leo, order="200011874402001")
    lost = given_to(world, world.alice)
    closed = given_to(world, world.alice, order="200011874402002")
    with tenant_tx(world.acme.pk):
        Conversation.objects.filter(pk=closed.pk).update(state="closed", closed_at=timezone.now())
    body: dict[str, dict[str, object]] = {"role": {"role": "warehouse"}}
    body["accounts"] = {"sees": "some", "account": world.amazon.pk}
    assert act(ada, world.alice, how, **body.get(how, {}))[0] == 303
    with tenant_tx(world.acme.pk):
        lost.refresh_from_db()
        kept.refresh_from_db()
        assert (lost.assignee_id, kept.assignee_id) == (None, world.leo.pk)
        event = Event.objects.get(conversation=lost, kind="handed_back")
        assert (event.actor_id, event.data) == (world.ada.pk, {"name": "Alice Archer"})
    assert acts(world)[-1] == "conversations_unassigned"
    # What was closed comes back as nobody's.
    with tenant_tx(world.acme.pk):
        closed.refresh_from_db()
        assert closed.assignee_id is None
    page = ada.get(f"/t/acme/c/{lost.number}/").content.decode()
    assert "Alice Archer has no access any more: nobody is assigned now" in page


def test_the_only_admin_stays_and_nobody_changes_their_own_place(world: World, ada: Browser) -> None:
    for what, body in (("deactivation", {}), ("role", {"role": "agent"})):
        status, said = act(ada, world.ada, what, **body)
        assert (status, "Ada Adams is the only admin." in said) == (409, True)
    make_member(world.acme, "Bea Brown", Role.ADMIN)
    for what, body in (("deactivation", {}), ("role", {"role": "agent"})):
        status, said = act(ada, world.ada, what, **body)
        assert (status, "Ask another admin." in said) == (409, True)
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="no longer an admin"):
        places.change_role(world.leo, Role.ADMIN, by=world.leo, now=timezone.now())
    assert acts(world) == []


@pytest.mark.parametrize("how", ["deactivate", "demote"])
def test_two_admins_who_put_each_other_out_at_once_leave_one(world: World, how: str) -> None:
    bea = make_member(world.acme, "Bea Brown", Role.ADMIN)

    def put_out(pair: tuple[Membership, Membership]) -> str:
        by, other = pair
        try:
            with tenant_tx(world.acme.pk):
                if how == "deactivate":
                    places.deactivate(other, by=by, now=timezone.now())
                else:
                    places.change_role(other, Role.AGENT, by=by, now=timezone.now())
        except Refused:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    for _ in range(5):
        Membership.objects.filter(pk__in=[bea.pk, world.ada.pk]).update(role=Role.ADMIN, is_active=True)
        with ThreadPoolExecutor(2) as threads:
            ends = sorted(threads.map(put_out, [(world.ada, bea), (bea, world.ada)]))
        assert ends == ["done", "refused"]
        assert Membership.objects.filter(tenant=world.acme, role=Role.ADMIN, is_active=True).count() == 1


def test_what_makes_no_sense_gets_its_own_sentence(world: World, ada: Browser) -> None:
    walmart = str(world.walmart.pk)
    cases: list[tuple[Membership, str, dict[str, object], int, str]] = [
        (world.alice, "role", {"role": "king"}, 422, "Choose one of the roles."),
        (world.alice, "accounts", {}, 422, "Say whether they see all accounts or only some."),
        (world.alice, "accounts", {"sees": "some"}, 422, "Choose at least one account"),
        (
            world.ada,
            "accounts",
            {"sees": "some", "account": walmart},
            409,
            "admins see every account",
        ),
        (world.alice, "accounts", {"sees": "some", "account": world.foreign.pk}, 404, ""),
        (world.alice, "accounts", {"sees": "some", "account": "1 OR 1"}, 404, ""),
        (world.alice, "accounts", {"sees": "some", "account": ["²", "9" * 30]}, 404, ""),
        (world.gus, "deactivation", {}, 404, ""),
        (world.gus, "role", {"role": "agent"}, 404, ""),
    ]
    for member, what, body, status, sentence in cases:
        got, said = act(ada, member, what, **body)
        assert (got, sentence in said) == (status, True), (what, body)
    assert acts(world) == []


def test_an_admin_finds_nothing_of_a_neighbour_either(world: World, ada: Browser) -> None:
    assert faults_with_foreign_ids(ada, move_in(world)) == []


def test_what_a_member_sees_is_chosen_account_by_account(world: World, ada: Browser) -> None:
    for chosen in ([world.walmart.pk], [world.walmart.pk, world.amazon.pk], [world.amazon.pk]):
        assert act(ada, world.alice, "accounts", sees="some", account=chosen)[0] == 303
        with tenant_tx(world.acme.pk):
            assert seeing.chosen(world.alice) == chosen
    page = ada.get("/t/acme/members/").content.decode()
    assert '<td data-label="Sees"><span>Lumen DE</span></td>' in page
    status, said = act(ada, world.alice, "role", role="admin")
    assert (status, "An admin sees every account. Let Alice Archer see all" in said) == (409, True)
    assert act(ada, world.alice, "accounts", sees="all")[0] == 303
    with tenant_tx(world.acme.pk):
        assert not AccountAccess.objects.exists()
    assert acts(world) == ["member_accounts_chosen"] * 4


def test_whoever_does_not_see_the_account_is_given_no_conversation_of_it(
    world: World, ada: Browser, alice: Browser
) -> None:
    talk = conversation_of(world.walmart)
    act(ada, world.leo, "accounts", sees="some", account=world.amazon.pk)
    act(ada, world.alice, "accounts", sees="some", account=world.walmart.pk)
    for browser in (ada, alice):
        asked = browser.get(f"/t/acme/c/{talk.number}/assignment/").content.decode()
        offered = [f'value="{member.pk}"' in asked for member in (world.alice, world.leo, world.ada)]
        assert offered == [True, False, True]
        answer = browser.post(f"/t/acme/c/{talk.number}/assignment/", {"assignee": world.leo.pk})
        assert answer.status_code == 409
        assert "Leo Lang does not see Lumen US." in answer.content.decode()
        answer = browser.post(f"/t/acme/c/{talk.number}/assignment/", {"assignee": world.alice.pk})
        assert answer.status_code in (302, 303)


def test_what_concerns_the_whole_organization_takes_somebody_who_sees_it(world: World, ada: Browser) -> None:
    leo = browser_of(world.leo)
    act(ada, world.leo, "accounts", sees="some", account=world.walmart.pk)
    assert leo.get("/t/acme/tags/").status_code == 200
    assert leo.post("/t/acme/tags/1/removal/").status_code == 403
