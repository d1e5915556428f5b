"""What an admin does on an account's page, with and without JavaScript, and what is written down of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tenancy import tenant_tx
from marketplaces.models import Backfill, Credential, Health, SellerAccount
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
