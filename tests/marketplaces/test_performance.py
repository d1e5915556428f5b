"""How the marketplaces rate a seller is read, kept by day, and shown; what goes wrong is said in words."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import performance, streams
from marketplaces.models import (
    ApiBucket,
    ApiCircuit,
    ApiStream,
    Health,
    PerformanceFigure,
    ResponseReport,
    SellerAccount,
)
from marketplaces.types import PERFORMANCE, streams_of
from orders import sync
from tests.simulator_client import Control

# A report is queued, in progress, done; and once it must be asked for.
MOST_LOOKS = 6


def begin(account: SellerAccount) -> ApiStream:
    with tenant_tx(account.tenant_id):
        streams.begin(account, now=timezone.now())
        return ApiStream.objects.get(account=account, name=PERFORMANCE)


def read(stream: ApiStream, *, times: int = 1) -> ApiStream:
    """Read it as its task would, so often."""
    for _ in range(times):
        now = timezone.now()
        with tenant_tx(stream.tenant_id):
            ApiStream.objects.filter(pk=stream.pk).update(next_at=now)
            ApiBucket.objects.filter(account=stream.account_id).delete()
            ApiCircuit.objects.filter(account=stream.account_id).delete()
        sync.read(stream.pk, tenant_id=stream.tenant_id, now=now)
        with tenant_tx(stream.tenant_id):
            stream = ApiStream.objects.get(pk=stream.pk)
        if not stream.pending:
            break
    return stream


def figures(account: SellerAccount) -> dict[str, PerformanceFigure]:
    with tenant_tx(account.tenant_id):
        return {row.metric: row for row in PerformanceFigure.objects.filter(account=account)}


def test_walmarts_figures_and_its_report_are_what_its_own_log_says(
    walmart: SellerAccount, control: Control
) -> None:
    address = walmart.sender_address
    control.place_orders(address, 4, state="delivered", fulfilment="seller")
    missed = control.story("where_is_my_order", address, age_minutes=60 * 60)
    answered = control.story(
        "damaged", address, age_minutes=20 * 60, answered="sent", answered_after_minutes=90
    )
    control.story("wrong_item", address, age_minutes=30)  # neither answered nor late: it does not count
    stream = read(begin(walmart))
    assert (stream.health, stream.health_reason, stream.failures) == (Health.OK, "", 0)
    assert stream.next_at is not None
    assert timedelta(hours=5) < stream.next_at - timezone.now() <= performance.EVERY
    found = figures(walmart)
    assert set(found) == set(performance.TITLES) - {
        *("order_defects", "late_shipment", "invoice_defects", "account_status")
    }
    rate = found["response_rate"]
    assert (rate.rate, rate.standard, rate.at_least, rate.risk) == (Decimal(50), Decimal(95), True, "urgent")
    assert (rate.orders, rate.affected, rate.period_days) == (2, 1, 30)
    assert (found["cancellations"].rate, found["cancellations"].risk) == (Decimal(0), "good")
    with tenant_tx(walmart.tenant_id):
        told = performance.latest_response_rate(walmart)
    assert told is not None
    assert told.figure is not None
    assert (told.figure.metric, told.period_days) == ("response_rate", 30)
    rows = {row.order_id: row for row in told.rows}
    assert set(rows) == {missed["order_id"], answered["order_id"]}
    late, met = rows[missed["order_id"]], rows[answered["order_id"]]
    assert (late.answered_at, late.in_time) == (None, False)
    assert met.in_time is True
    assert met.received_at is not None
    assert met.answered_at is not None
    assert met.answered_at - met.received_at < timedelta(hours=2)


def test_amazons_health_comes_as_a_report(amazon: SellerAccount, control: Control) -> None:
    control.place_orders(amazon.sender_address, 5, state="delivered", fulfilment="seller")
    stream = begin(amazon)
    waiting = read(stream)
    assert (waiting.health, waiting.pending != "") == (Health.OK, True)
    done = read(waiting, times=MOST_LOOKS)
    assert (done.pending, done.health, done.health_reason) == ("", Health.OK, "")
    found = figures(amazon)
    assert {"order_defects", "late_shipment", "valid_tracking", "account_status"} <= set(found)
    assert (found["order_defects"].standard, found["order_defects"].period_days) == (Decimal(1), 60)
    assert (found["valid_tracking"].at_least, found["valid_tracking"].rate) == (True, Decimal(100))
    assert (found["account_status"].rate, found["account_status"].risk) == (None, "good")
    with tenant_tx(amazon.tenant_id):
        assert performance.latest_response_rate(amazon) is None


def test_a_day_read_twice_is_kept_once_and_old_days_go(walmart: SellerAccount, control: Control) -> None:
    control.place_orders(walmart.sender_address, 2, state="delivered", fulfilment="seller")
    control.story("where_is_my_order", walmart.sender_address, age_minutes=60 * 60)
    stream = read(begin(walmart))
    once = len(figures(walmart))
    with tenant_tx(walmart.tenant_id):
        long_ago = (timezone.now() - timedelta(days=500)).date()
        PerformanceFigure.objects.filter(metric="returns").update(day=long_ago)
    read(stream)
    with tenant_tx(walmart.tenant_id):
        assert PerformanceFigure.objects.count() == once
        assert not PerformanceFigure.objects.filter(day=long_ago).exists()
        assert ResponseReport.objects.count() == 1


def test_no_figures_yet_are_no_fault(walmart: SellerAccount, control: Control) -> None:
    stream = read(begin(walmart))
    assert (stream.health, stream.last_ok_at is not None) == (Health.OK, True)
    assert figures(walmart) == {}
    assert {call["status"] for call in control.calls(walmart.sender_address, operation="getSummary")} == {204}


@pytest.mark.parametrize("which", ["walmart", "amazon"])
@pytest.mark.parametrize("action", ["server_error", "html", "throttle", "cut", "forbidden"])
def test_what_hinders_reading_is_said_and_tried_again(
    which: str, action: str, control: Control, request: pytest.FixtureRequest
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    control.place_orders(account.sender_address, 2, state="delivered", fulfilment="seller")
    point = {"walmart": "api.insights", "amazon": "api.reports"}[which]
    control.fault(point, action, account=account.sender_address, times=20)
    asked_at = timezone.now()
    stream = read(begin(account))
    assert stream.next_at is not None
    assert stream.next_at > asked_at
    if action != "throttle":  # a limit is nobody's fault
        assert stream.health == Health.DEGRADED
        assert stream.health_reason
        assert "<" not in stream.health_reason
    control.clear_faults()
    mended = read(stream, times=MOST_LOOKS)
    assert (mended.health, mended.health_reason) == (Health.OK, "")
    assert figures(account)


def test_one_figure_that_cannot_be_read_keeps_no_other_away(walmart: SellerAccount, control: Control) -> None:
    control.place_orders(walmart.sender_address, 2, state="delivered", fulfilment="seller")
    control.fault("api.insights", "forbidden", account=walmart.sender_address, match="/vtr/")
    stream = read(begin(walmart))
    assert stream.health == Health.DEGRADED
    assert stream.health_reason.startswith("The figure valid tracking could not be read: ")
    assert stream.next_at is not None
    assert stream.next_at < timezone.now() + timedelta(hours=1)
    assert "valid_tracking" not in figures(walmart)
    assert "on_time_delivery" in figures(walmart)


def test_walmart_rates_sellers_in_the_united_states_only() -> None:
    assert PERFORMANCE in streams_of("walmart-us")
    assert PERFORMANCE not in streams_of("walmart-ca")
    assert PERFORMANCE in streams_of("amazon-de")


def test_the_block_says_the_figure_and_the_standard_in_words(
    walmart: SellerAccount, control: Control
) -> None:
    control.story("where_is_my_order", walmart.sender_address, age_minutes=60 * 60)
    read(begin(walmart))
    with tenant_tx(walmart.tenant_id):
        shown = performance.shown(walmart)
    context: dict[str, Any] = {"figures": shown, "zone": "UTC", "now": timezone.now()}
    page = render_to_string("inbox/_performance.html", context)
    assert "<title>Answered in time: 0 %, at least 95 % is the standard</title>" in page
    assert "Needs action now" in page
    assert "30 days, 1 counted, 1 affected" in page
    assert 'data-face="red"' in page
    assert " style=" not in page
    assert "No figures yet" in render_to_string("inbox/_performance.html", context | {"figures": []})
