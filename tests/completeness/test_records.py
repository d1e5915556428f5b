"""The history of orders and returns comes in by parts, beside the stream, within the marketplace's limits."""

from datetime import datetime, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import backfills, estimating
from marketplaces.backfill_progress import progress
from marketplaces.models import MAIL, ApiBucket, ApiStream, Backfill, BackfillEstimate, SellerAccount
from orders import backfilling
from tests.completeness.mailbox import fill
from tests.orders.test_sync import begin, everything_is_here, held, without_limits
from tests.simulator_client import Control, SimulatorProcess


@pytest.fixture(params=["walmart", "amazon"])
def shop(request: pytest.FixtureRequest) -> SellerAccount:
    """Each marketplace in turn."""
    found: SellerAccount = request.getfixturevalue(request.param)
    return found


def ask(account: SellerAccount, *, days: float, now: datetime) -> dict[str, Backfill]:
    begin(account)
    with tenant_tx(account.tenant_id):
        return {
            row.stream: row
            for row in backfills.begin(account, since=now - timedelta(days=days), by=None, now=now)
        }


def read(row: Backfill, now: datetime) -> Backfill:
    """Its next part is read as the task would; the row afterwards."""
    with tenant_tx(row.tenant_id):
        Backfill.objects.filter(pk=row.pk).update(next_at=now)
    backfilling.read_records(row.pk, tenant_id=row.tenant_id, now=now)
    with tenant_tx(row.tenant_id):
        return Backfill.objects.get(pk=row.pk)


def test_the_history_of_orders_is_complete(shop: SellerAccount, control: Control) -> None:
    control.place_orders(shop.sender_address, 30)
    now = timezone.now() + timedelta(minutes=5)
    row = ask(shop, days=59, now=now)["orders"]
    for _ in range(12):
        without_limits(shop)
        row = read(row, now)
        if row.state == "done":
            break
    assert (row.state, row.reason) == ("done", "")
    everything_is_here(shop, control)
    assert row.done == len(held(shop))


def test_each_marketplace_has_its_streams(walmart: SellerAccount, amazon: SellerAccount) -> None:
    now = timezone.now()
    assert set(ask(walmart, days=30, now=now)) == {MAIL, "orders", "returns"}
    # Amazon's returns report spans all that may be kept anyway.
    assert set(ask(amazon, days=30, now=now)) == {MAIL, "orders", "fulfilments"}


@pytest.mark.parametrize(
    ("action", "more", "words"),
    [
        ("server_error", {"status": 503}, "answered with 503"),
        ("html", {"status": 200}, "not what this API answers with"),
        ("cut", {}, "broke"),
        ("throttle", {}, "limit is used up"),
    ],
)
def test_a_fault_is_told_in_words_and_the_history_goes_on_where_it_was(
    walmart: SellerAccount, control: Control, action: str, more: dict[str, int], words: str
) -> None:
    control.place_orders(walmart.sender_address, 12)
    now = timezone.now() + timedelta(minutes=5)
    row = ask(walmart, days=30, now=now)["orders"]
    with tenant_tx(row.tenant_id):
        # The newest part is here; the fault is met in the one after it.
        Backfill.objects.filter(pk=row.pk).update(reached=now - timedelta(hours=1), done=0)
    control.fault("api.orders", action, account=walmart.sender_address, **more)
    row = read(row, now)
    assert row.state == "waiting"
    assert words in row.reason
    assert row.reached == now - timedelta(hours=1)
    assert row.next_at is not None
    assert row.next_at > now
    for _ in range(8):
        without_limits(walmart)
        row = read(row, now)
        if row.state == "done":
            return
    pytest.fail(f"not done: {row.reason}")


def test_a_part_that_breaks_after_its_first_page_is_read_again_from_where_it_began(
    walmart: SellerAccount, control: Control
) -> None:
    control.place_orders(walmart.sender_address, 210, fulfilment="seller")
    now = timezone.now() + timedelta(minutes=5)
    row = ask(walmart, days=90, now=now)["orders"]
    with tenant_tx(row.tenant_id):
        Backfill.objects.filter(pk=row.pk).update(span_seconds=90 * 86_400)
    control.fault("api.orders", "cut", account=walmart.sender_address, match="soIndex")
    row = read(row, now)
    assert (row.state, row.reached, row.done) == ("waiting", None, 0)
    assert row.part_done == 200
    without_limits(walmart)
    row = read(row, now)
    assert (row.state, row.done) == ("done", 210)
    everything_is_here(walmart, control)


def test_what_is_new_comes_before_what_is_old(amazon: SellerAccount, control: Control) -> None:
    now = timezone.now()
    row = ask(amazon, days=30, now=now)["orders"]
    with tenant_tx(amazon.tenant_id):
        ApiBucket(
            account=amazon, operation="searchOrders", level=6, per_second=0.0056, burst=20, updated_at=now
        ).save()
    before = control.last()
    row = read(row, now)
    assert "what is new comes first" in row.reason
    assert control.calls(amazon.sender_address, after=before) == []


def test_a_key_that_is_refused_is_not_tried_by_the_history(walmart: SellerAccount, control: Control) -> None:
    now = timezone.now()
    row = ask(walmart, days=30, now=now)["orders"]
    with tenant_tx(walmart.tenant_id):
        ApiStream.objects.update(health="auth_failed")
    before = control.last()
    assert "key is accepted again" in read(row, now).reason
    assert control.calls(walmart.sender_address, after=before) == []


def test_an_estimate_says_what_each_span_would_bring(
    shop: SellerAccount, control: Control, provider: SimulatorProcess
) -> None:
    provider.control.open_account(shop.sender_address, password="mailbox secret")
    with tenant_tx(shop.tenant_id):
        SellerAccount.objects.filter(pk=shop.pk).update(
            imap_port=provider.imap[1], imap_user=shop.sender_address
        )
        shop.refresh_from_db()
    fill(provider.control, shop, [timedelta(days=day, hours=6) for day in (1, 5, 20, 50, 80)])
    control.place_orders(shop.sender_address, 20)
    begin(shop)
    now = timezone.now()
    with tenant_tx(shop.tenant_id):
        backfills.ask_for_estimate(shop, now=now)
    estimating.make(shop.pk, tenant_id=shop.tenant_id, now=now)
    with tenant_tx(shop.tenant_id):
        row = BackfillEstimate.objects.get(account=shop)
    assert (row.fault, row.wanted_at, row.made_at) == ("", None, now)
    amazon = shop.facts.name == "Amazon"
    assert [row.figures[days]["mails"] for days in ("7", "30", "90")] == [2, 3, 4 if amazon else 5]
    orders = [row.figures[days]["orders"] for days in ("7", "30", "90")]
    assert orders == sorted(orders)
    assert orders[-1] >= 20
    assert bool(row.figures["90"]["clamped"]) is amazon


def test_an_estimate_that_cannot_be_made_says_why(walmart: SellerAccount) -> None:
    now = timezone.now()
    with tenant_tx(walmart.tenant_id):
        backfills.ask_for_estimate(walmart, now=now)
    estimating.make(walmart.pk, tenant_id=walmart.tenant_id, now=now)
    with tenant_tx(walmart.tenant_id):
        row = BackfillEstimate.objects.get()
    assert "does not answer" in row.fault
    assert row.figures["7"]["mails"] is None


def test_the_fragment_says_how_far_it_is_and_looks_again_until_the_end(walmart: SellerAccount) -> None:
    now = timezone.now()
    rows = ask(walmart, days=30, now=now)
    with tenant_tx(walmart.tenant_id):
        row = Backfill.objects.filter(pk=rows[MAIL].pk)
        row.update(
            state="running", done=4000, part_done=120, estimated=20_000, reached=now - timedelta(days=9)
        )

        def shown() -> str:
            told = progress([walmart.pk], now=now)[walmart.pk]
            context = {
                "backfill": told, "backfill_url": "/here/", "zone": "UTC", "now": now, "csrf_input": "",
                "backfill_stop_url": lambda each: f"/stop/{each.id}/",
            }  # fmt: skip
            return render_to_string("inbox/_backfill.html", context)

        page = shown()
        assert "4,120 of 20,000 mails" in page
        assert 'value="20"' in page
        assert 'hx-get="/here/" hx-trigger="every 3s"' in page
        assert f'action="/stop/{rows[MAIL].pk}/"' in page
        Backfill.objects.update(state="done", next_at=None)
        page = shown()
    assert "hx-trigger" not in page
    assert 'value="100"' in page
    assert "<form" not in page
