"""An admin connects an account: each step is tried before it counts, and finishing begins to read."""

import re

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import account_acts, credentials
from marketplaces.models import (
    ApiStream,
    CheckName,
    CheckState,
    ConnectionCheck,
    Credential,
    Health,
    SellerAccount,
)
from tests.connecting.conftest import MakeWizard, text_of

PASSED = ("token", "rights", "seller", "order", "clock", "mailbox", "folders", "sender", "received", "bounce")


@pytest.mark.parametrize("marketplace", ["walmart", "amazon"])
def test_an_account_is_connected_step_by_step_and_read_from_then_on(
    wizard: MakeWizard, marketplace: str
) -> None:
    shop = wizard(marketplace)
    shop.control.place_orders(shop.seller["address"], 1)
    assert shop.start().status_code == 303
    assert "takes the key" in shop.enter("key", shop.key())
    assert "opens and sends" in shop.enter("mailbox", shop.mailbox())
    with tenant_tx(shop.world.acme.pk):
        assert shop.account.next_poll_at is None
        assert not ApiStream.objects.filter(account=shop.account_id).exists()
    checks = shop.check()
    assert {name: row.state for name, row in checks.items()} == dict.fromkeys(PASSED, "passed"), [
        (row.name, row.words, row.fix) for row in checks.values() if row.state != "passed"
    ]
    page = text_of(shop.browser.get(shop.address("checks")))
    assert "10 of 10 pass" in page
    assert shop.seller["address"] in page  # what to enter at the marketplace
    answer = shop.browser.post(shop.address("completion"))
    assert answer.status_code == 302
    account = shop.account
    assert account.connecting_since is None
    assert account.next_poll_at is not None
    with tenant_tx(shop.world.acme.pk):
        assert ApiStream.objects.filter(account=account, next_at__isnull=False).exists()
        assert not Credential.objects.filter(field__startswith="trial:").exists()


def test_what_was_chosen_at_the_checks_outlasts_checking_again(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.start()
    answer = shop.browser.post(shop.address("checks"), {"name": "token"}, htmx=True)
    assert answer.status_code == 200
    # The checks alone: what stands beside them, ticked and chosen, is not sent again.
    assert 'id="checks"' in answer.content.decode()
    assert 'name="days"' not in answer.content.decode()
    kept = shop.browser.post(shop.address("switches"), {"switch": "contact", "days": "90"})
    chosen = 'value="90" form="finish" checked'
    assert chosen in shop.browser.get(kept["Location"]).content.decode()
    refused = shop.browser.post(shop.address("completion"), {"days": "90"})
    assert refused.status_code == 409
    assert chosen in refused.content.decode()


def test_an_unfinished_account_stands_under_accounts_and_nowhere_else(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.start(name="Half a shop")
    page = text_of(shop.browser.get("/t/acme/accounts/"))
    assert "Half a shop" in page
    assert "Half a shop" not in text_of(shop.browser.get("/t/acme/queue/all/"))
    answer = shop.browser.post(shop.address("completion"))
    assert answer.status_code == 409
    assert "has to pass" in text_of(answer)
    shop.browser.post(shop.address("cancellation"))
    with tenant_tx(shop.world.acme.pk):
        assert not SellerAccount.objects.filter(pk=shop.account_id).exists()


def test_going_on_leads_to_the_first_step_that_is_missing_and_ticks_no_other(wizard: MakeWizard) -> None:
    shop = wizard("amazon")
    shop.start()

    def goes_on_at() -> list[str]:
        page = shop.browser.get("/t/acme/accounts/").content.decode()
        return re.findall(rf"/accounts/{shop.account_id}/connection/(\w+)/", page)

    assert goes_on_at() == ["key", "key"]
    page = text_of(shop.browser.get(shop.address("checks")))
    assert "Done: Account" in page
    assert "Done: Consent" not in page
    assert "Done: Mailbox" not in page
    assert "“Mailbox opens” has to pass." in page
    shop.enter("key", shop.key())
    assert goes_on_at() == ["mailbox", "mailbox"]
    shop.enter("mailbox", shop.mailbox())
    assert goes_on_at() == ["checks", "checks"]
    page = text_of(shop.browser.get(shop.address("key")))
    assert "Done: Mailbox" in page


def test_a_finished_account_is_not_discarded(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.account_id = shop.world.walmart.pk
    shop.browser.post(shop.address("cancellation"))
    assert shop.account.name == "Lumen US"


def test_finishing_a_connected_account_again_makes_nothing_history(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.account_id = shop.world.walmart.pk
    with tenant_tx(shop.world.acme.pk):
        ConnectionCheck.objects.create(
            account=shop.world.walmart,
            name=CheckName.MAILBOX,
            state=CheckState.PASSED,
            asked_at=timezone.now(),
        )
    answer = shop.browser.post(shop.address("completion"), {"days": "7"})
    assert (answer.status_code, "It is connected already." in text_of(answer)) == (409, True)
    assert shop.account.clocks_from == shop.world.walmart.clocks_from


def test_new_settings_leave_a_paused_account_paused(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.account_id = shop.world.walmart.pk
    with tenant_tx(shop.world.acme.pk):
        account_acts.pause(shop.account, by=shop.world.ada, now=timezone.now())
    assert "opens and sends" in shop.enter("mailbox", shop.mailbox())
    assert shop.account.health == Health.PAUSED


def test_a_new_key_that_does_not_work_leaves_the_old_one(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.start()
    shop.enter("key", shop.key())
    other = "00000000-0000-0000-0000-000000000000"
    said = shop.enter("key", shop.key(api_client_id=other))
    assert "Walmart does not accept the client id and secret" in said
    assert "copy Client ID and Client Secret once more" in said
    with tenant_tx(shop.world.acme.pk):
        kept = credentials.api_secrets(shop.account)
    assert kept["api_client_id"] == shop.seller["api"]["client_id"]


def test_a_passing_fault_is_tried_again_and_says_so(wizard: MakeWizard) -> None:
    shop = wizard("amazon")
    shop.start()
    shop.control.fault("api.token", "html", account=shop.seller["address"])
    said = shop.enter("key", shop.key())
    assert "tried again by itself" in said
    assert "<" not in said
    # Whoever sees that something else was wrong need not wait for the end of it.
    looked = shop.browser.get(f"{shop.address('key')}?part=trial", htmx=True).content.decode()
    assert "Change what was entered" in looked
    assert "hx-get" in looked
    page = shop.browser.get(shop.address("key")).content.decode()
    assert '<fieldset class="plain">' in page
    assert "?part=trial" not in page
    with tenant_tx(shop.world.acme.pk):
        shop.account.trials.update(next_at=shop.account.created_at)
    shop.work()
    assert "takes the key" in text_of(shop.browser.get(shop.address("key")))
