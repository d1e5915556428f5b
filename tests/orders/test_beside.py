"""What an order's own record does not bring is read for the orders somebody waits for, and for no others."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import registry
from marketplaces.models import SellerAccount
from orders import wanted
from orders.models import Order, Refund, Return
from tests.orders.test_sync import begin, read, without_limits
from tests.simulator_client import Control


def ask(account: SellerAccount, number: str) -> Order:
    """As if somebody had opened it; the order afterwards."""
    now = timezone.now()
    with tenant_tx(account.tenant_id):
        Order.objects.filter(external_id=number).update(wanted_at=now, wanted_by_person=True)
    without_limits(account)
    wanted.read_wanted(account.pk, tenant_id=account.tenant_id, now=now)
    with tenant_tx(account.tenant_id):
        return Order.objects.get(external_id=number)


@pytest.fixture
def refunded(amazon: SellerAccount, control: Control) -> str:
    """An order on which Amazon gave the money back."""
    number = control.place_orders(amazon.sender_address, 1, state="delivered", fulfilment="seller")[0]
    control.advance(number, "refunded", amount="12.50", by="marketplace", reason="A-to-z Guarantee")
    return number


def test_an_amazon_refund_and_the_buyers_language_come_with_an_order_somebody_waits_for(
    amazon: SellerAccount, control: Control, refunded: str
) -> None:
    control.place_orders(amazon.sender_address, 3, state="delivered", fulfilment="seller")
    read(begin(amazon)["orders"])
    for operation in ("listTransactions", "getAttributes"):
        assert control.calls(amazon.sender_address, operation=operation) == []
    order = ask(amazon, refunded)
    assert (order.buyer_locale, order.fault, order.wanted_at) == ("de-DE", "", None)
    assert order.refunds_as_of is not None
    with tenant_tx(amazon.tenant_id):
        given = Refund.objects.get(order=order)
    assert (given.amount, given.currency, given.issued_by) == (Decimal("12.50"), "EUR", "marketplace")
    ask(amazon, refunded)
    with tenant_tx(amazon.tenant_id):
        assert Refund.objects.count() == 1
    assert len(control.calls(amazon.sender_address, operation="getAttributes")) == 1
    assert len(control.calls(amazon.sender_address, operation="listTransactions")) == 2


@pytest.mark.parametrize("scope", ["finances", "messaging"])
def test_a_role_the_app_lacks_keeps_no_order_away(
    amazon: SellerAccount, control: Control, refunded: str, scope: str
) -> None:
    read(begin(amazon)["orders"])
    control.change_account(amazon.sender_address, api={"scopes": {scope: "no_access"}})
    order = ask(amazon, refunded)
    assert (order.fault, order.wanted_at) == ("", None)
    assert (order.refunds_as_of is None) == (scope == "finances")
    assert (order.buyer_locale == "") == (scope == "messaging")


@pytest.mark.parametrize("action", ["server_error", "html", "cut"])
def test_refunds_that_cannot_be_read_are_said_and_read_later(
    amazon: SellerAccount, control: Control, refunded: str, action: str
) -> None:
    read(begin(amazon)["orders"])
    control.fault("api.finances", action, account=amazon.sender_address)
    order = ask(amazon, refunded)
    assert order.fault
    assert "<" not in order.fault
    assert order.wanted_at is not None
    assert order.wanted_at > timezone.now()
    assert ask(amazon, refunded).fault == ""


def test_only_what_needs_no_restricted_role_is_asked_for(amazon: SellerAccount, control: Control) -> None:
    number = control.place_orders(amazon.sender_address, 1, state="delivered", fulfilment="seller")[0]
    read(begin(amazon)["orders"])
    order = ask(amazon, number)
    assert (order.buyer_name, order.ship_to_place, order.relay_address) == ("", "", "")
    calls = control.calls(amazon.sender_address)
    asked = [call["query"] for call in calls if call["operation"] in ("searchOrders", "getOrder")]
    assert len(asked) >= 2
    assert all("includedData=PROCEEDS" in query for query in asked)
    assert not any(word in call["query"] for call in calls for word in ("BUYER", "RECIPIENT"))
    assert not any("token" in call["path"] and "auth" not in call["path"] for call in calls)
    with tenant_tx(amazon.tenant_id):
        amazon.restricted_data = True
        amazon.save(update_fields=["restricted_data"])
    order = ask(amazon, number)
    truth = control.order(number)
    assert (order.buyer_name, order.relay_address) == (truth["buyer_name"], truth["relay_address"])
    assert truth["address"]["city"] in order.ship_to_place


def test_walmart_sends_the_place_unasked_and_it_is_not_kept(walmart: SellerAccount, control: Control) -> None:
    number = control.place_orders(walmart.sender_address, 1, state="in_transit", parts=1)[0]
    for restricted in (False, True):
        walmart.restricted_data = restricted
        with registry.adapter(walmart) as api:
            record = api.order(number)[0]
        assert (record.ship_to_place != "") is restricted
        assert record.relay_address


def test_a_return_keeps_its_steps_and_who_refunds(walmart: SellerAccount, control: Control) -> None:
    number = control.place_orders(walmart.sender_address, 1, state="return_received", parts=1)[0]
    control.advance(number, "refunded", by="marketplace")
    read(begin(walmart)["returns"])
    with tenant_tx(walmart.tenant_id):
        back = Return.objects.get()
    assert [step["code"] for step in back.events] == [
        *("RETURN_INITIATED", "RETURN_IN_TRANSIT", "DELIVERED_AT_RETURN_CENTER", "REFUND_ISSUED"),
    ]
    assert back.refund_channel == "WALMART_TRIGGERED_REFUND"


def test_amazons_answer_to_the_sellers_own_claim_is_kept(amazon: SellerAccount, control: Control) -> None:
    number = control.place_orders(amazon.sender_address, 1, state="return_received", fulfilment="seller")[0]
    control.advance(number, "refunded", by="marketplace", amount="9.99")
    stream = begin(amazon)["returns"]
    for _ in range(5):
        stream = read(stream)
    with tenant_tx(amazon.tenant_id):
        back = Return.objects.get()
    assert back.safe_t.endswith("-T Granted")
    assert (back.safe_t_paid, back.safe_t_reason) == (Decimal("9.99"), "Item not as it was sent")
    assert back.safe_t_at is not None
