"""Whatever is wrong with what a marketplace says, the account's page says it in a sentence."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import streams
from marketplaces.models import ApiStream, SellerAccount
from orders import sync
from orders.models import Order, Return
from tests.simulator_client import Control
from tests.web.conftest import Browser
from tests.web.test_pages import text

BOTH = ("walmart", "amazon")


@pytest.fixture(params=BOTH)
def account(request: pytest.FixtureRequest) -> SellerAccount:
    """Each marketplace in turn, with orders of its seller's own."""
    found: SellerAccount = request.getfixturevalue(request.param)
    control: Control = request.getfixturevalue("control")
    control.place_orders(found.sender_address, 3, fulfilment="seller", state="in_transit")
    return found


def page_of(account: SellerAccount) -> str:
    """The address of the account's own page."""
    return f"/t/acme/accounts/{account.pk}/"


def read(account: SellerAccount, name: str = "orders", *, minutes: int = 0) -> ApiStream:
    """Have one stream of the account read, as its task would."""
    now = timezone.now() + timedelta(minutes=minutes)
    with tenant_tx(account.tenant_id):
        if not ApiStream.objects.filter(account=account).exists():
            streams.begin(account, now=now)
        ApiStream.objects.filter(account=account, name=name).update(next_at=now)
        stream = ApiStream.objects.get(account=account, name=name)
    sync.read(stream.pk, tenant_id=account.tenant_id, now=now)
    with tenant_tx(account.tenant_id):
        return ApiStream.objects.get(pk=stream.pk)


SENTENCES: list[tuple[dict[str, Any], str]] = [
    ({"action": "garble", "how": "unknown_enum"}, "A status of"),
    ({"action": "garble", "how": "missing_field"}, "1 such records; reading them again."),
    ({"action": "garble", "how": "wrong_type"}, "1 such records; reading them again."),
    ({"action": "repeat", "times": 9}, "The same page of the list came again."),
    ({"action": "cut"}, "The connection to the API broke."),
    ({"action": "html", "status": 200}, "The answer is not what this API answers with."),
    ({"action": "server_error", "status": 503}, "The API answered with 503."),
]


@pytest.mark.parametrize(("fault", "sentence"), SENTENCES, ids=[str(fault) for fault, _ in SENTENCES])
def test_a_fault_is_a_sentence_with_the_next_try(
    alice: Browser, account: SellerAccount, control: Control, fault: dict[str, Any], sentence: str
) -> None:
    control.fault("api.orders", account=account.sender_address, **fault)
    read(account)
    page = text(alice.get(page_of(account)))
    assert sentence in page
    assert "Behind since" in page
    assert "by itself" in page
    assert "orders behind" in page
    control.clear_faults()
    read(account, minutes=20)
    page = text(alice.get(page_of(account)))
    assert "Behind since" not in page
    assert "over since" in page
    assert "orders behind" not in page


@pytest.mark.parametrize(
    ("account", "words"),
    [("walmart", "The requested scope is not granted"), ("amazon", "The application lacks a role.")],
    indirect=["account"],
)
def test_a_missing_scope_is_told_in_the_marketplaces_words(
    alice: Browser, account: SellerAccount, control: Control, words: str
) -> None:
    control.fault("api.orders", "forbidden", account=account.sender_address)
    read(account)
    assert words in text(alice.get(page_of(account)))


@pytest.mark.parametrize(
    ("account", "state", "mends", "rail"),
    [
        ("walmart", "Key refused", "the account is given a new key", "key refused"),
        ("amazon", "Consent taken back", "the account is authorised again", "consent gone"),
    ],
    indirect=["account"],
)
def test_a_key_or_a_consent_taken_away_is_asked_for_again(
    alice: Browser, account: SellerAccount, control: Control, state: str, mends: str, rail: str
) -> None:
    control.change_account(account.sender_address, api={"revoked": True})
    read(account)
    read(account)
    page = text(alice.get(page_of(account)))
    assert f"{state} since" in page
    assert f"not tried again until {mends}" in page
    assert rail in text(alice.get("/t/acme/queue/all/"))
    # Orders may be old; no message is missing.
    assert "messages may be missing" not in text(alice.get("/t/acme/queue/all/"))


def test_an_order_of_another_site_is_told_and_not_kept(
    alice: Browser, amazon: SellerAccount, control: Control
) -> None:
    own = control.place_orders(amazon.sender_address, 1, fulfilment="seller")
    control.open_account("shop@elsewhere.example", marketplace="amazon", market="us")
    control.place_orders("shop@elsewhere.example", 1, fulfilment="seller")
    control.fault("api.orders", "foreign", account=amazon.sender_address)
    read(amazon)
    assert "An order of another site came." in text(alice.get(page_of(amazon)))
    with tenant_tx(amazon.tenant_id):
        assert list(Order.objects.values_list("external_id", flat=True)) == own


def test_a_return_before_its_order_is_no_fault_and_has_the_order_read(
    alice: Browser, walmart: SellerAccount, control: Control
) -> None:
    number = control.place_orders(walmart.sender_address, 1, state="delivered", fulfilment="seller")[0]
    control.advance(number, "return_started")
    read(walmart, "returns", minutes=5)
    with tenant_tx(walmart.tenant_id):
        order = Return.objects.select_related("order").get().order
        assert (order.is_placeholder, order.wanted_at is not None) == (True, True)
    page = text(alice.get(page_of(walmart)))
    assert "just now" in page
    assert "Behind" not in page


def test_an_account_without_a_key_says_that_only_mail_is_read(alice: Browser, walmart: SellerAccount) -> None:
    assert "No key is stored; only the mailbox is read." in text(alice.get(page_of(walmart)))
