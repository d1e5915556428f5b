"""What an admin does on an account's page, with and without JavaScript, and what is written down of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_tx
from marketplaces import auditing, backfills, disconnecting, streams
from marketplaces.models import (
    ApiStream,
    Backfill,
    CheckName,
    CheckState,
    ConnectionCheck,
    ConnectionTrial,
    Credential,
    Health,
    SellerAccount,
    TrialKind,
    TrialState,
)
from tests.connecting.conftest import text_of
from tests.web.conftest import browser_of
from tests.world import World


def stored(world: World) -> SellerAccount:
    with tenant_tx(world.acme.pk):
        return SellerAccount.objects.get(pk=world.walmart.pk)


@pytest.mark.parametrize("htmx", [False, True])
def test_an_account_is_paused_resumed_and_looked_at_again(world: World, htmx: bool) -> None:
    ada, page = browser_of(world.ada), f"/t/acme/accounts/{world.walmart.pk}/"
    assert ada.post(f"{page}pause/", htmx=htmx).status_code == 303
    assert stored(world).health == Health.PAUSED
    assert "Ada Adams paused it." in text_of(ada.get(page))
    ada.post(f"{page}resumption/", htmx=htmx)
    assert stored(world).health == Health.OK
    ada.post(f"{page}check/", htmx=htmx)
    ada.post(f"{page}comparison/", htmx=htmx)
    ada.post(f"{page}names/", {"wanted": "1"}, htmx=htmx)
    assert stored(world).restricted_data
    with tenant_tx(world.acme.pk):
        done = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_id"))
    names = ("paused", "resumed", "checked", "compared", "names_wanted")
    assert done == [(f"account_{name}", world.ada.pk) for name in names]


def test_history_is_fetched_again_from_a_day_that_has_begun(world: World) -> None:
    ada, page = browser_of(world.ada), f"/t/acme/accounts/{world.walmart.pk}/"
    for given, sentence in (
        ("", "Choose a day."),
        ("tomorrow", "Write the day like 2026-11-01."),
        ((timezone.now() + timedelta(days=3)).date().isoformat(), "Choose a day that has begun already."),
    ):
        answer = ada.post(f"{page}refetching/", {"since": given})
        assert answer.status_code == 422
        assert sentence in text_of(answer)
    ada.post(f"{page}refetching/", {"since": (timezone.now() - timedelta(days=5)).date().isoformat()})
    with tenant_tx(world.acme.pk):
        row = Backfill.objects.get()
    assert "Being fetched" in text_of(ada.get(page)) or "Waiting" in text_of(ada.get(page))
    assert ada.post(f"{page}history/{row.pk}/stop/", htmx=True).status_code == 200
    assert "Ada Adams stopped it." in text_of(ada.get(page))


def test_disconnecting_says_first_what_goes_and_when(world: World) -> None:
    ada, page = browser_of(world.ada), f"/t/acme/accounts/{world.walmart.pk}/"
    said = text_of(ada.get(f"{page}disconnection/"))
    assert "2 stored secrets" in said
    assert "within 30 days" in said
    with tenant_tx(world.acme.pk):
        assert Credential.objects.filter(account=world.walmart).count() == 2
    assert ada.post(f"{page}disconnection/").status_code == 302
    with tenant_tx(world.acme.pk):
        assert not Credential.objects.filter(account=world.walmart).exists()
        assert AuditEntry.objects.get().action == "account_disconnected"
    said = text_of(ada.get("/t/acme/accounts/"))
    assert "Disconnected" in said
    assert "Lumen US" not in text_of(ada.get("/t/acme/queue/all/"))


def test_what_was_asked_for_says_that_it_is_under_way(world: World) -> None:
    ada, page = browser_of(world.ada), f"/t/acme/accounts/{world.walmart.pk}/"
    assert "Being compared now" not in text_of(ada.get(page))
    assert "Being compared now" in text_of(ada.post(f"{page}comparison/", follow=True))
    checked = ada.post(f"{page}check/", follow=True)
    assert "Mailbox and marketplace are tried now." in text_of(checked)
    with tenant_tx(world.acme.pk):
        account = SellerAccount.objects.select_related("tenant").get(pk=world.walmart.pk)
    auditing.over(account, now=timezone.now())
    assert "Being compared now" not in text_of(ada.get(page))


def test_a_stream_says_how_far_it_is(world: World) -> None:
    with tenant_tx(world.acme.pk):
        streams.begin(world.walmart, now=timezone.now())
        read_until = datetime(2026, 3, 12, 11, 58, tzinfo=UTC)
        ApiStream.objects.filter(account=world.walmart, name="orders").update(read_until=read_until)
    page = text_of(browser_of(world.ada).get(f"/t/acme/accounts/{world.walmart.pk}/"))
    said = re.sub(r"<[^>]+>", "", page.partition("everything modified until")[2])[:60]
    assert "12 Mar" in said


def test_connecting_again_begins_anew_after_disconnecting(world: World) -> None:
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        account = SellerAccount.objects.select_related("tenant").get(pk=world.walmart.pk)
        for kind in TrialKind:
            ConnectionTrial.objects.create(
                account=account, kind=kind, state=TrialState.PASSED, asked_by=world.ada, began_at=now
            )
        for name in CheckName:
            ConnectionCheck.objects.create(account=account, name=name, state=CheckState.PASSED, asked_at=now)
        (backfill, *_) = backfills.begin(account, since=now - timedelta(days=7), by=world.ada, now=now)
        disconnecting.disconnect(account, by=world.ada, now=now)
        assert Backfill.objects.get(pk=backfill.pk).reason == "Disconnected by Ada Adams."
    ada, page = browser_of(world.ada), f"/t/acme/accounts/{world.walmart.pk}/"
    assert "takes the key" not in text_of(ada.get(f"{page}connection/key/"))
    assert "opens and sends" not in text_of(ada.get(f"{page}connection/mailbox/"))
    checks = text_of(ada.get(f"{page}connection/checks/"))
    assert "Nothing has been checked yet." in checks
    assert "Still disconnected." in checks
    shown = text_of(ada.get(page))
    assert "not while it is disconnected" in shown
    assert "by itself" not in shown
