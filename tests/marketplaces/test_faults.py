"""Whatever an API does wrong, the right error comes of it, and never an empty success."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from marketplaces import registry
from marketplaces.amazon import messages
from marketplaces.amazon.sites import MARKETPLACE_IDS
from marketplaces.errors import (
    ApiError,
    AuthRevoked,
    CircuitOpen,
    NotFound,
    Refused,
    ScopeMissing,
    Temporary,
    Throttled,
    Unsettled,
)
from marketplaces.models import SellerAccount
from marketplaces.records import Oddity, OrderRecord, Page, Window
from tests.marketplaces.conftest import seal_keys
from tests.simulator.api_clients import AmazonClient
from tests.simulator_client import Control, SimulatorProcess

BOTH = ["walmart", "amazon"]


@pytest.fixture
def account(request: pytest.FixtureRequest) -> SellerAccount:
    """The account named by the test's parameter."""
    found: SellerAccount = request.getfixturevalue(request.param)
    return found


def read(account: SellerAccount) -> list[Page[OrderRecord]]:
    now = timezone.now()
    with registry.adapter(account) as api:
        return list(api.orders(Window(now - timedelta(days=30), now)))


def fault_of(account: SellerAccount) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(account)
    return caught.value


FAULTS: list[tuple[dict[str, Any], type[ApiError]]] = [
    ({"action": "throttle"}, Throttled),
    ({"action": "server_error", "status": 500}, Temporary),
    ({"action": "server_error", "status": 503}, Temporary),
    ({"action": "html", "status": 200}, Temporary),
    ({"action": "html", "status": 502}, Temporary),
    ({"action": "forbidden"}, ScopeMissing),
    ({"action": "cut"}, Temporary),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=[str(fault) for fault, _ in FAULTS])
@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_each_fault_of_a_list_is_told_apart(
    account: SellerAccount, control: Control, fault: dict[str, Any], kind: type[ApiError]
) -> None:
    placed = control.place_orders(account.sender_address, 3)
    control.fault("api.orders", account=account.sender_address, **fault)
    found = fault_of(account)
    assert type(found) is kind
    assert account.sender_address not in str(found)
    control.clear_faults()
    if kind is not Throttled:
        assert sum(len(page.records) for page in read(account)) == len(placed)


def test_an_amazon_page_that_comes_again_and_again_ends_in_an_error(
    amazon: SellerAccount, control: Control
) -> None:
    control.place_orders(amazon.sender_address, 3)
    control.fault("api.orders", "repeat", account=amazon.sender_address, times=99)
    assert type(fault_of(amazon)) is Temporary


@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_an_expired_token_is_renewed_once_and_nobody_notices(
    account: SellerAccount, control: Control
) -> None:
    placed = control.place_orders(account.sender_address, 2)
    read(account)
    control.fault("api.orders", "expired", account=account.sender_address)
    assert sum(len(page.records) for page in read(account)) == len(placed)


@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_a_token_refused_again_and_again_is_not_asked_for_for_ever(
    account: SellerAccount, control: Control
) -> None:
    read(account)
    control.fault("api.orders", "expired", account=account.sender_address, times=9)
    before = len(control.calls(account.sender_address))
    assert isinstance(fault_of(account), (AuthRevoked, ScopeMissing))
    assert len(control.calls(account.sender_address)) - before <= 3


@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_a_consent_taken_away_is_told_as_that(account: SellerAccount, control: Control) -> None:
    control.change_account(account.sender_address, api={"revoked": True})
    assert isinstance(fault_of(account), AuthRevoked)


@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_a_wrong_secret_is_told_as_that(account: SellerAccount, control: Control) -> None:
    seal_keys(account, {"client_id": "nobody", "client_secret": "nothing", "refresh_token": "none"})
    assert isinstance(fault_of(account), AuthRevoked)


def test_an_account_without_keys_says_so(world: Any) -> None:
    with pytest.raises(AuthRevoked, match="No api client id is stored"), registry.adapter(world.walmart):
        pass


@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_a_slow_answer_is_waited_for(account: SellerAccount, control: Control) -> None:
    placed = control.place_orders(account.sender_address, 1)
    control.fault("api.orders", "slow", account=account.sender_address, seconds=1)
    assert sum(len(page.records) for page in read(account)) == len(placed)


@pytest.mark.parametrize("how", ["missing_field", "wrong_type"])
@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_a_record_that_cannot_be_read_is_left_out_and_named(
    account: SellerAccount, control: Control, how: str
) -> None:
    placed = control.place_orders(account.sender_address, 3, fulfilment="seller")
    control.fault("api.orders", "garble", account=account.sender_address, how=how)
    pages = read(account)
    strange = [each for page in pages for each in page.strange]
    records = [each.external_id for page in pages for each in page.records]
    assert strange
    assert {each.oddity for each in strange} == {Oddity.LEFT_OUT}
    assert len(records) + len(strange) == len(placed)
    assert {each.external_id for each in strange} - {""} | set(records) <= set(placed)


@pytest.mark.parametrize("account", BOTH, indirect=True)
def test_a_status_nobody_knows_keeps_its_record(account: SellerAccount, control: Control) -> None:
    placed = control.place_orders(account.sender_address, 3, fulfilment="seller")
    control.fault("api.orders", "garble", account=account.sender_address, how="unknown_enum")
    pages = read(account)
    assert sum(len(page.records) for page in pages) == len(placed)
    assert {each.oddity for page in pages for each in page.strange} == {Oddity.UNKNOWN_VALUE}


def test_walmarts_empty_list_may_be_a_404(walmart: SellerAccount, control: Control) -> None:
    control.change_account(walmart.sender_address, api={"empty_is_404": True})
    assert sum(len(page.records) for page in read(walmart)) == 0


def test_a_call_inside_a_transaction_is_refused(walmart: SellerAccount) -> None:
    refused = pytest.raises(RuntimeError, match="inside a transaction")
    with registry.adapter(walmart) as api, transaction.atomic(), refused:
        api.check()


def test_a_host_that_is_not_there_is_temporary_and_opens_the_circuit(
    walmart: SellerAccount, settings: Any
) -> None:
    settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": "http://127.0.0.1:9"}
    kinds = [type(fault_of(walmart)) for _ in range(6)]
    assert kinds == [Temporary] * 5 + [CircuitOpen]


@pytest.fixture
def allowed(amazon: SellerAccount, control: Control, shops: SimulatorProcess) -> tuple[str, str]:
    """An order, and a kind of message Amazon allows for it: not all orders have one."""
    client = AmazonClient(shops, amazon.sender_address)
    try:
        for order_id in control.place_orders(amazon.sender_address, 20, state="in_transit"):
            path = f"/messaging/v1/orders/{order_id}"
            named = client.get(path, marketplaceIds=MARKETPLACE_IDS["amazon-de"]).json()["_links"]["actions"]
            if plain := [each["name"] for each in named if each["name"] in messages.LONGEST]:
                return order_id, plain[0]
    finally:
        client.close()
    raise AssertionError("No order allows a message.")


def message(account: SellerAccount, order_id: str, action: str) -> str:
    with registry.adapter(account, interactive=True) as api:
        return api.send_message(order_id, action, "The parcel comes a day later.")


def test_a_message_is_sent_and_has_a_number(
    amazon: SellerAccount, control: Control, allowed: tuple[str, str]
) -> None:
    order_id, action = allowed
    with registry.adapter(amazon) as api:
        assert action in [each.name for each in api.message_actions(order_id)]
    reference = message(amazon, order_id, action)
    calls = [call for call in control.calls(amazon.sender_address) if call["method"] == "POST"]
    assert [call["request_id"] for call in calls if call["path"].endswith(action)] == [reference]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"action": "throttle"}, Throttled),
        ({"action": "server_error", "status": 503}, Unsettled),
        ({"action": "cut"}, Unsettled),
        ({"action": "html", "status": 200}, Unsettled),
        ({"action": "forbidden"}, ScopeMissing),
    ],
    ids=lambda each: str(each),
)
def test_a_message_that_may_have_been_taken_is_told_from_one_that_was_not(
    amazon: SellerAccount,
    control: Control,
    allowed: tuple[str, str],
    fault: dict[str, Any],
    kind: type[ApiError],
) -> None:
    order_id, action = allowed
    control.fault("api.messaging", account=amazon.sender_address, **fault)
    with pytest.raises(ApiError) as caught:
        message(amazon, order_id, action)
    assert type(caught.value) is kind


def test_a_message_is_not_unsettled_when_only_the_token_could_not_be_fetched(
    amazon: SellerAccount, control: Control
) -> None:
    control.fault("api.token", "cut", account=amazon.sender_address)
    with pytest.raises(ApiError) as caught:
        message(amazon, "111-1111111-1111111", "unexpectedProblem")
    assert type(caught.value) is Temporary


def test_a_message_amazon_does_not_know_is_refused_before_it_is_sent(
    amazon: SellerAccount, control: Control
) -> None:
    before = len(control.calls(amazon.sender_address))
    with pytest.raises(Refused):
        message(amazon, "111-1111111-1111111", "praise")
    with registry.adapter(amazon) as api, pytest.raises(Refused):
        api.send_message("111-1111111-1111111", "digitalAccessKey", "x" * 401)
    assert len(control.calls(amazon.sender_address)) == before


def test_an_order_of_nobody_is_not_found(amazon: SellerAccount, shops: SimulatorProcess) -> None:
    with registry.adapter(amazon) as api, pytest.raises(NotFound):
        api.order("../sellers")
