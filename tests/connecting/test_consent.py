"""Consent round trips: with the right state, once, and only by the browser that asked."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.utils import timezone
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from inbox.views.consent import SALT
from marketplaces import mail_login, polling
from marketplaces.models import ApiToken, Credential, MailSignIn, TokenPurpose
from simulator import apps
from tests.connecting.conftest import MakeWizard, Wizard, text_of
from tests.web.conftest import browser_of


@pytest.fixture
def operators_app(settings: Settings) -> None:
    settings.AMAZON_APP = {
        "application_id": apps.AMAZON.application_id,
        "lwa_client_id": apps.AMAZON.client_id,
        "lwa_client_secret": apps.AMAZON.client_secret,
    }


def asked(shop: Wizard, kind: str = "key") -> dict[str, str]:
    """What stands in the address of the page that asks."""
    out = shop.browser.get(f"{shop.address(kind)}consent/")
    return {name: values[0] for name, values in parse_qs(urlsplit(out["Location"]).query).items()}


@pytest.mark.usefixtures("operators_app")
def test_amazon_is_connected_by_consent_to_the_operators_application(wizard: MakeWizard) -> None:
    shop = wizard("amazon")
    shop.start()
    answer = shop.browser.post(shop.address("key"), {"way": "consent"})
    assert answer.status_code == 303
    shop.consent("key")
    shop.work()
    assert "Amazon takes the key" in text_of(shop.browser.get(shop.address("key")))
    assert shop.account.seller_id == shop.seller["api"]["seller_id"]
    with tenant_tx(shop.world.acme.pk):
        stored = set(Credential.objects.filter(account=shop.account_id).values_list("field", flat=True))
    assert stored == {"refresh_token"}  # the operator's secret is copied into no account
    assert shop.check()["order"].state == "passed"


def test_amazon_is_connected_by_consent_to_the_sellers_own_application(wizard: MakeWizard) -> None:
    shop = wizard("amazon")
    shop.start()
    own = f"amzn1.sp.solution.{shop.seller['api']['seller_id'].lower()}"
    shop.browser.post(shop.address("key"), shop.key(refresh_token="", application_id=own))
    shop.consent("key")
    shop.work()
    assert "Amazon takes the key" in text_of(shop.browser.get(shop.address("key")))


@pytest.mark.usefixtures("operators_app")
def test_a_consent_that_was_denied_says_so_and_stores_nothing(wizard: MakeWizard) -> None:
    shop = wizard("amazon")
    shop.start()
    shop.browser.post(shop.address("key"), {"way": "consent"})
    assert "The consent was not given." in text_of(shop.consent("key", "deny"))
    with tenant_tx(shop.world.acme.pk):
        assert not Credential.objects.filter(account=shop.account_id).exists()


@pytest.mark.usefixtures("operators_app")
def test_an_answer_is_taken_once_and_only_from_the_browser_that_asked(wizard: MakeWizard) -> None:
    shop = wizard("amazon")
    shop.start()
    shop.browser.post(shop.address("key"), {"way": "consent"})
    state = asked(shop)["state"]
    answer = {"state": state, "spapi_oauth_code": "planted", "selling_partner_id": "A1"}
    # Another admin of the same organization, with the very same state.
    assert browser_of(shop.world.ada).get("/consent/amazon/", answer).status_code == 404
    assert browser_of(shop.world.alice).get("/consent/amazon/", answer).status_code == 404
    forged = signing.dumps([shop.world.acme.pk, shop.account_id, "key", "guessed"], salt=SALT)
    assert shop.browser.get("/consent/amazon/", answer | {"state": forged}).status_code == 404
    assert shop.browser.get("/consent/amazon/", answer | {"state": state[:-2]}).status_code == 404
    assert shop.browser.get("/consent/mailbox/", {"state": state, "code": "x"}).status_code == 404
    assert shop.browser.get("/consent/amazon/", answer).status_code in (302, 404)
    assert shop.browser.get("/consent/amazon/", answer).status_code == 404


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_a_mailbox_is_opened_by_consent_and_read_with_its_token(wizard: MakeWizard, provider: str) -> None:
    shop = wizard("walmart")
    shop.start()
    given = {"mail_sign_in": provider, "imap_user": shop.seller["address"]}
    assert shop.browser.post(shop.address("mailbox"), given).status_code == 303
    page = text_of(shop.browser.get(shop.address("mailbox")))
    assert f"Sign in at {MailSignIn(provider).label}" in page
    shop.consent("mailbox")
    shop.work()
    assert "The mailbox opens and sends." in text_of(shop.browser.get(shop.address("mailbox")))
    checks = shop.check()
    assert {checks[name].state for name in ("mailbox", "sender", "received", "bounce")} == {"passed"}
    with tenant_tx(shop.world.acme.pk):
        assert ApiToken.objects.filter(account=shop.account_id, purpose=TokenPurpose.MAIL).count() == 1
        fields = set(Credential.objects.filter(account=shop.account_id).values_list("field", flat=True))
    assert fields == {mail_login.REFRESH_TOKEN}
    logins = shop.control.log(0, kind="login", account=shop.seller["address"])
    assert any(event.get("by") == "token" for event in logins)


def test_a_mailbox_whose_consent_is_gone_stops_and_names_the_provider(wizard: MakeWizard) -> None:
    shop = wizard("walmart")
    shop.start()
    shop.browser.post(
        shop.address("mailbox"), {"mail_sign_in": "google", "imap_user": shop.seller["address"]}
    )
    shop.consent("mailbox")
    shop.work()
    shop.control.change_account(shop.seller["address"], password="changed at the provider")
    now = timezone.now()
    with tenant_tx(shop.world.acme.pk):
        ApiToken.objects.filter(purpose=TokenPurpose.MAIL).delete()
        account = shop.account
        type(account).objects.filter(pk=account.pk).update(next_poll_at=now, connecting_since=None)
    assert polling.poll(account.pk, tenant_id=shop.world.acme.pk, now=now, arrived=lambda ids: None) == 0
    assert "Google no longer lets the helpdesk into this mailbox." in shop.account.health_reason
    assert (shop.account.health, shop.account.next_poll_at) == ("revoked", None)
