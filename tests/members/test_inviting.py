"""A place is offered by mail and taken once, by whoever reads that mailbox and by nobody else."""

import base64
import email
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.hashers import check_password
from django.core import signing
from django.db import connections
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import inviting, mails, places
from accounts.models import AuditEntry, Invitation, Membership, Role, SystemMail, User
from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from tests.simulator_client import Control
from tests.web.conftest import Browser, browser_of
from tests.world import PASSWORD, World, make_member

PAGE = "/t/acme/members/"
INA = {"email": "ina@example.com", "name": "Ina Irving", "role": "lead"}
LOGIN = {"name": "Ina Irving", "password": "a good long secret"}


def invited(
    world: World, address: str = "ina@example.com", role: Role = Role.AGENT, **more: bool
) -> Invitation:
    place = inviting.Place(address, "", role, **more)
    with tenant_tx(world.acme.pk):
        return inviting.invite(place, by=world.ada, now=timezone.now())


def token_of(invitation: Invitation) -> str:
    return inviting.link_of(invitation).partition("token=")[2]


def take(browser: Client, token: str, **login: str) -> tuple[int, str]:
    answer = browser.post("/invitation/", {"token": signing_text(token), **login})
    return answer.status_code, unescape(answer.content.decode())


def signing_text(token: str) -> str:
    return token.replace("%3A", ":")


def counts(world: World) -> tuple[int, int]:
    with tenant_tx(world.acme.pk):
        return Invitation.objects.count(), SystemMail.objects.count()


def test_somebody_new_is_invited_by_mail_and_takes_the_place(
    world: World, post: Control, ada: Browser
) -> None:
    start = post.last()
    assert ada.post(PAGE, INA).status_code == 303
    ((tenant_id, mail_id),) = mails.due()
    mails.send(mail_id, tenant_id=tenant_id, now=timezone.now())
    raw = base64.b64decode(post.wait_for("outside", after=start, rcpt="ina@example.com")["raw"])
    told = email.message_from_bytes(raw)
    body = told.get_payload(decode=True)
    assert isinstance(body, bytes)
    (link,) = re.findall(r"https://desk\.example(\S+)", body.decode())
    assert "Ada Adams has invited you to Acme, as lead" in body.decode()
    page = ada.get(PAGE)
    assert b"Mail sent" in page.content
    assert b"token=" not in page.content

    ina = Client()
    offer = ina.get(link)
    assert offer["Cache-Control"].count("no-store") == 1
    assert "At least 12 characters" in offer.content.decode()
    token = re.findall(r'name="token" value="([^"]+)"', offer.content.decode())[0]
    answer = ina.post("/invitation/", {"token": token, **LOGIN})
    assert (answer.status_code, answer["Location"]) == (303, "/t/acme/")
    assert ina.get("/t/acme/queue/all/").status_code == 200
    member = Membership.objects.select_related("user").get(user__email="ina@example.com")
    assert (member.role, member.restricted, member.user.name) == (Role.LEAD, False, "Ina Irving")
    status, said = take(Client(), token, **LOGIN)
    assert status == 404
    assert "was used already" in said
    with tenant_tx(world.acme.pk):
        acts = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_id"))
        assert SystemMail.objects.get().text == ""
    assert acts == [("member_invited", world.ada.pk), ("invitation_accepted", member.pk)]
    assert Client().login(email="ina@example.com", password=LOGIN["password"])


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"email": ""}, 422, "Write the mail address to invite."),
        ({"email": "ina at example"}, 422, "That is no mail address."),
        ({"email": "x" * 250 + "@e.com"}, 422, "That is no mail address."),
        ({"role": "owner"}, 422, "Choose one of the roles."),
        ({"role": ""}, 422, "Choose a role."),
        ({"name": "x" * 101}, 422, "A name holds 100 characters at most."),
        (
            {"email": "ALICE.archer@acme.example"},
            409,
            "(alice.archer@acme.example) is a member already.",
        ),
        (
            {"email": "leo.lang@acme.example"},
            409,
            "(leo.lang@acme.example) was a member. Reactivate",
        ),
        ({"role": "admin", "restricted": "on"}, 409, "An admin sees every account."),
        ({"email": "Twice@example.com"}, 409, "twice@example.com is invited already."),
    ],
)
def test_bad_input_gets_its_own_sentence_and_stores_nothing(
    world: World, ada: Browser, changes: dict[str, str], status: int, sentence: str
) -> None:
    Membership.objects.filter(pk=world.leo.pk).update(is_active=False)
    invited(world, "twice@example.com")
    before = counts(world)
    answer = ada.post(PAGE, INA | changes)
    assert answer.status_code == status
    assert sentence in unescape(answer.content.decode())
    assert counts(world) == before


def test_somebody_with_a_login_comes_as_themselves_or_not_at_all(world: World) -> None:
    invitation = invited(world, "sam@example.com")
    token, before = token_of(invitation), world.sam.password
    nobody, alice = Client(), browser_of(world.alice)
    page = unescape(nobody.get("/invitation/?token=" + token).content.decode())
    assert "There is a login for sam@example.com already" in page
    assert 'name="password"' not in page
    status, said = take(nobody, token, name="Thief", password="a good long secret")
    assert (status, "Sign in with it first" in said) == (409, True)
    assert "you are signed in as alice.archer@acme.example" in unescape(
        alice.get("/invitation/?token=" + token).content.decode().replace("You are", "you are")
    )
    status, said = take(alice, token, name="Thief", password="a good long secret")
    assert (status, "This invitation is for sam@example.com" in said) == (409, True)
    assert not Membership.objects.filter(user=world.sam).exists()

    assert take(browser_of(world.sam), token, name="Other", password="another long secret")[0] == 303
    assert Membership.objects.get(user=world.sam, tenant=world.acme).role == Role.AGENT
    sam = User.objects.get(pk=world.sam.pk)
    assert (sam.password, sam.name) == (before, "Sam Stranger")
    assert check_password(PASSWORD, sam.password)
    assert User.objects.filter(email__iexact="sam@example.com").count() == 1


def test_a_sign_in_leads_back_to_the_invitation(world: World) -> None:
    token = token_of(invited(world, "sam@example.com"))
    page = Client().get("/invitation/?token=" + token).content.decode()
    (way,) = re.findall(r'href="(/login/\?next=[^"]+)"', page)
    sam = Client()
    answer = sam.post(unescape(way), {"login": "sam@example.com", "password": PASSWORD})
    assert answer.status_code == 302
    assert "Take the place" in sam.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("expired", "has run out"),
        ("withdrawn", "was withdrawn"),
        ("sent again", "A newer invitation was sent"),
        ("of nobody", "was withdrawn"),
        ("tampered", "not whole"),
        ("signed for something else", "not whole"),
        ("empty", "not whole"),
        ("of another shape", "not whole"),
    ],
)
def test_a_dead_link_says_why_and_opens_nothing(world: World, ada: Browser, what: str, sentence: str) -> None:
    invitation = invited(world)
    token = signing_text(token_of(invitation))
    facts = {"t": world.acme.pk, "i": invitation.pk, "r": 1}
    with tenant_tx(world.acme.pk):
        if what == "expired":
            Invitation.objects.update(expires_at=timezone.now())
        if what == "sent again":
            Invitation.objects.update(expires_at=F("expires_at") - timedelta(minutes=2))
    if what == "withdrawn":
        assert ada.post(f"/t/acme/invitations/{invitation.pk}/withdrawal/").status_code == 303
    if what == "sent again":
        assert ada.post(f"/t/acme/invitations/{invitation.pk}/sending/").status_code == 303
    token = {
        "of nobody": signing.dumps(facts | {"t": world.globex.pk}, salt=inviting.SALT),
        "tampered": token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        "signed for something else": signing.dumps(facts, salt="inbox.picture"),
        "empty": "",
        "of another shape": signing.dumps(["t"], salt=inviting.SALT),
    }.get(what, token)
    status, said = take(Client(), token, **LOGIN)
    assert (status, sentence in said) == (404, True), said
    answer = Client().get("/invitation/", {"token": token})
    assert answer.status_code == 404
    assert b"Acme" not in answer.content
    assert not User.objects.filter(email="ina@example.com").exists()


@pytest.mark.parametrize(
    ("login", "sentence"),
    [
        ({"name": "", "password": "a good long secret"}, "Write your name."),
        ({"name": "Ina", "password": ""}, "Choose a password."),
        ({"name": "Ina", "password": "short"}, "at least 12 characters"),
        ({"name": "Ina", "password": "password12345"}, "too common"),
        ({"name": "Ina", "password": "ina@example.com"}, "too similar"),
    ],
)
def test_a_bad_password_gets_its_own_sentence_and_leaves_nothing(
    world: World, login: dict[str, str], sentence: str
) -> None:
    invitation = invited(world)
    status, said = take(Client(), token_of(invitation), **login)
    assert (status, sentence in said) == (422, True), said
    assert "password12345" not in said
    assert not User.objects.filter(email="ina@example.com").exists()
    assert take(Client(), token_of(invitation), **LOGIN)[0] == 303


def test_two_who_come_with_one_link_at_once_are_one(world: World) -> None:
    token = signing_text(token_of(invited(world)))

    def come(number: int) -> str:
        try:
            inviting.accept_as_new(
                token, name=f"Ina {number}", password="a good long secret", now=timezone.now()
            )
        except inviting.NoInvitation:
            return "late"
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(come, range(4))) == ["in", "late", "late", "late"]
    assert Membership.objects.filter(user__email="ina@example.com").count() == 1


def test_an_invitation_holds_no_longer_than_whoever_sent_it_is_an_admin(world: World) -> None:
    second = make_member(world.acme, "Bea Brown", Role.ADMIN)
    token = token_of(invited(world, role=Role.ADMIN))
    with tenant_tx(world.acme.pk):
        places.change_role(world.ada, Role.AGENT, by=second, now=timezone.now())
    assert take(Client(), token, **LOGIN)[0] == 404
    with tenant_tx(world.acme.pk), pytest.raises(Refused, match="no longer an admin"):
        inviting.invite(inviting.Place("b@example.com", "", Role.ADMIN), by=world.ada, now=timezone.now())


def test_a_place_that_was_taken_away_meanwhile_is_not_given_back_by_an_old_invitation(world: World) -> None:
    token = token_of(invited(world, "sam@example.com", Role.ADMIN))
    Membership.objects.create(tenant=world.acme, user=world.sam, role=Role.AGENT, is_active=False)
    status, said = take(browser_of(world.sam), token)
    assert (status, "was deactivated" in said) == (409, True)
    member = Membership.objects.get(tenant=world.acme, user=world.sam)
    assert (member.is_active, member.role) == (False, Role.AGENT)


def test_an_invitation_may_begin_with_no_account_in_sight(world: World) -> None:
    sam = browser_of(world.sam)
    assert take(sam, token_of(invited(world, "sam@example.com", restricted=True)))[0] == 303
    assert Membership.objects.get(user=world.sam).restricted
    assert b"Lumen" not in sam.get("/t/acme/accounts/").content


def test_the_link_is_shown_only_where_no_mail_can_carry_it(
    world: World, ada: Browser, settings: Settings
) -> None:
    settings.EMAIL_HOST = ""
    ada.post(PAGE, INA)
    page = unescape(ada.get(PAGE).content.decode())
    assert "has no mail server" in page
    shown = re.search(r"/invitation/\?token=([\w%.:-]+)", page)
    assert shown
    settings.EMAIL_HOST = "mail.example"
    assert "token=" not in ada.get(PAGE).content.decode()
    assert take(Client(), shown[1], **LOGIN)[0] == 303


def test_sending_again_waits_a_minute_and_forgets_the_mail_with_the_dead_link(
    world: World, ada: Browser
) -> None:
    invitation = invited(world)
    again = f"/t/acme/invitations/{invitation.pk}/sending/"
    answer = ada.post(again)
    assert answer.status_code == 409
    assert b"Wait a minute" in answer.content
    with tenant_tx(world.acme.pk):
        Invitation.objects.update(expires_at=F("expires_at") - timedelta(days=8))
    assert ada.post(again).status_code == 303
    with tenant_tx(world.acme.pk):
        assert SystemMail.objects.get().key == f"invitation:{invitation.pk}:2"
        assert take(Client(), token_of(Invitation.objects.get()), **LOGIN)[0] == 303


def test_letters_that_were_never_a_link_are_answered_in_words(world: World, ada: Browser) -> None:
    for token in ("é:é:é", "a:b:c", ":", "\0", "x" * 100_000, "eyJ0IjoxfQ:1:1"):
        status, said = take(Client(), token, **LOGIN)
        assert (status, "not whole" in said) == (404, True), token[:20]
        assert Client().get("/invitation/", {"token": token}).status_code == 404
    token = token_of(invited(world))
    for name in ("a\0b", "<script>alert(1)</script>" * 5):
        assert take(Client(), token, name=name, password=LOGIN["password"])[0] == 422
    assert take(Client(), token, name="<script>alert(1)</script>", password=LOGIN["password"])[0] == 303
    assert b"<script>alert" not in ada.get(PAGE).content
