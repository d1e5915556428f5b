"""Mail of the helpdesk's own leaves once it is committed, by the operator's server, and is not sent twice."""

import base64
import email
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import mails, tasks
from accounts.models import MailState, SystemMail
from accounts.tenancy import tenant_tx
from helpdesk.env import BadSetting
from helpdesk.mail_urls import MailUrl
from tests.simulator_client import Control
from tests.world import World


def queued(world: World, key: str = "alarm:1", to: str = "ada@acme.example", **more: str) -> SystemMail:
    given = {"subject": "An account is\nsilent", "text": "Look at Lumen US.", **more}
    with tenant_tx(world.acme.pk):
        return mails.enqueue(world.acme.pk, to=to, key=key, now=timezone.now(), **given)


def stored(mail: SystemMail) -> SystemMail:
    with tenant_tx(mail.tenant_id):
        return SystemMail.objects.get(pk=mail.pk)


def send(mail: SystemMail, *, later: timedelta = timedelta(0)) -> SystemMail:
    mails.send(mail.pk, tenant_id=mail.tenant_id, now=timezone.now() + later)
    return stored(mail)


def test_a_mail_leaves_by_the_operators_server_and_its_text_is_forgotten(world: World, post: Control) -> None:
    start = post.last()
    mail = queued(world)
    assert (mail.tenant_id, mail.pk) in mails.due()
    tasks.send_mail.run(mail.pk, tenant_id=mail.tenant_id)
    seen = post.wait_for("outside", after=start, rcpt="ada@acme.example")
    assert seen["mail_from"] == "desk@operator.example"
    assert seen["message_id"] == mails.message_id(mail)
    told = email.message_from_bytes(base64.b64decode(seen["raw"]))
    assert told["Subject"] == "An account is silent"
    assert told["Auto-Submitted"] == "auto-generated"
    assert "Look at Lumen US." in told.get_payload()
    after = stored(mail)
    assert (after.state, after.text, after.attempts) == (MailState.SENT, "", 1)
    assert mails.due() == []


def test_a_mail_asked_for_twice_or_rung_for_twice_is_sent_once(world: World, post: Control) -> None:
    start = post.last()
    mail, again = queued(world), queued(world, text="Another.")
    assert again.pk == mail.pk
    send(mail)
    send(mail)
    send(mail, later=timedelta(days=1))
    assert len(post.log(start, kind="outside")) == 1


def test_who_is_at_a_mail_has_it_alone_and_one_that_died_holds_it_up_for_a_while(
    world: World, post: Control
) -> None:
    start, mail = post.last(), queued(world)
    with tenant_tx(world.acme.pk):
        SystemMail.objects.filter(pk=mail.pk).update(next_at=timezone.now() + mails.LEASE)
    assert send(mail).state == MailState.QUEUED
    assert mails.due() == []
    assert post.log(start, kind="outside") == []
    assert send(mail, later=mails.LEASE * 2).state == MailState.SENT


def test_what_is_rolled_back_is_never_sent(world: World, post: Control) -> None:
    with pytest.raises(ZeroDivisionError), tenant_tx(world.acme.pk):
        mails.enqueue(world.acme.pk, to="a@acme.example", subject="x", text="x", key="x", now=timezone.now())
        _ = 1 / 0
    assert mails.due() == []


def test_a_server_that_is_away_is_asked_again_later_and_given_up_in_the_end(
    world: World, post: Control, settings: Settings
) -> None:
    mail, port = queued(world), settings.EMAIL_PORT
    settings.EMAIL_PORT = 1
    failed = send(mail)
    assert (failed.state, failed.attempts) == (MailState.QUEUED, 1)
    assert failed.next_at > timezone.now() + mails.PAUSES[0] / 2
    assert "could not be reached" in failed.error
    with tenant_tx(world.acme.pk):
        SystemMail.objects.filter(pk=mail.pk).update(attempts=len(mails.PAUSES))
    gone = send(mail, later=timedelta(days=1))
    assert (gone.state, gone.text) == (MailState.FAILED, "")
    settings.EMAIL_PORT = port
    assert send(mail, later=timedelta(days=2)).state == MailState.FAILED


@pytest.mark.parametrize(
    ("reply", "state"), [("550 5.1.1 no such user", "failed"), ("450 4.2.0 later", "queued")]
)
def test_a_refused_recipient_is_believed_when_the_server_says_it_is_for_good(
    world: World, post: Control, reply: str, state: str
) -> None:
    post.fault("smtp.rcpt", "reply", reply=reply)
    refused = send(queued(world))
    assert refused.state == state
    assert reply[:3] in refused.error


def test_a_refused_sign_in_is_the_operators_to_mend_and_tells_nothing(
    world: World, post: Control, settings: Settings
) -> None:
    settings.EMAIL_HOST_PASSWORD = "wrong canary"
    refused = send(queued(world))
    assert refused.state == MailState.QUEUED
    assert "sign in" in refused.error
    assert "canary" not in refused.error


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("", MailUrl()),
        ("smtp://mx.example", MailUrl("smtp", "mx.example", 25)),
        ("smtps://u%40x:p%2Fw@mx.example", MailUrl("smtps", "mx.example", 465, "u@x", "p/w")),
        ("smtp+starttls://u:p@mx.example:2525", MailUrl("smtp+starttls", "mx.example", 2525, "u", "p")),
    ],
)
def test_the_operator_names_the_server_by_its_url(url: str, read: MailUrl) -> None:
    assert MailUrl.parse(url, "HELPDESK_SMTP_URL") == read
    assert "p/w" not in repr(read)


@pytest.mark.parametrize(
    "url", ["mx.example", "http://u:canary@mx.example", "smtp://u:canary@:25", "smtp://x:canary"]
)
def test_a_url_that_names_no_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="HELPDESK_SMTP_URL: must look like") as refused:
        MailUrl.parse(url, "HELPDESK_SMTP_URL")
    assert "canary" not in str(refused.value)


def test_without_a_server_mail_waits(world: World, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    mail = queued(world)
    assert mails.due() == []
    assert send(mail).state == MailState.QUEUED
    assert stored(mail).text
