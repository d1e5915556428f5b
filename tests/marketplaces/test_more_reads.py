"""Returns, the returns report, Multi-Channel shipments, pictures and the connection test."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from marketplaces import registry, transport
from marketplaces.errors import ApiError, NotFound, NotReady, Refused, Temporary
from marketplaces.hosts import ForbiddenHost
from marketplaces.models import SellerAccount
from marketplaces.records import Fulfilment, Page, ReturnRecord, ReturnStatus, ShipmentStatus, Window
from tests.marketplaces.canned import Canned, serving
from tests.simulator_client import Control
from tests.world import World

MOST_LOOKS = 8
TOKEN = Canned(b'{"access_token": "token", "expires_in": 900}')


def last_days(days: int = 50) -> Window:
    now = timezone.now()
    return Window(now - timedelta(days=days), now)


def report(account: SellerAccount) -> list[Page[ReturnRecord]]:
    """The returns, asked for until Amazon has made the report."""
    pending = ""
    for _ in range(MOST_LOOKS):
        with registry.adapter(account) as api:
            try:
                return list(api.returns(last_days(), pending=pending))
            except NotReady as wait:
                pending = wait.pending
    raise AssertionError("The report was never made.")


@pytest.mark.parametrize("fulfilment", ["seller", "wfs", "3pl"])
def test_walmart_orders_are_as_the_referee_says(
    walmart: SellerAccount, control: Control, fulfilment: str
) -> None:
    for state in ("fresh", "acknowledged", "in_transit", "delivered", "cancelled"):
        control.place_orders(walmart.sender_address, 2, state=state, fulfilment=fulfilment)
    with registry.adapter(walmart) as api:
        found = {each.external_id: each for page in api.orders(last_days()) for each in page.records}
    kinds = {"seller": Fulfilment.SELLER, "wfs": Fulfilment.WFS, "3pl": Fulfilment.THIRD_PARTY}
    truth = {each["id"]: each for each in control.orders(walmart.sender_address)}
    assert set(found) == set(truth)
    for number, record in found.items():
        fact = truth[number]
        assert [line.sku for line in record.lines] == fact["skus"]
        assert record.order_id == fact["customer_order_id"]
        assert record.fulfilment is kinds[fulfilment]
        assert [each.tracking_number for each in record.shipments] == list(filter(None, [fact["tracking"]]))
        said = {"created": "unshipped", "acknowledged": "unshipped"}.get(fact["status"], fact["status"])
        assert record.status.value == said
        assert record.modified_at <= timezone.now()


def test_units_of_one_line_may_go_different_ways(walmart: SellerAccount, control: Control) -> None:
    number = control.place_orders(walmart.sender_address, 1, quantity=3, cancelled=1, state="in_transit")[0]
    with registry.adapter(walmart) as api:
        line = api.order(number)[0].lines[0]
    assert line.quantity == 3
    assert sorted(line.status_text.split(", ")) == ["Cancelled 1", "Shipped 2"]
    assert line.status.value == "shipped"


def test_a_placeholder_is_no_relay_address(walmart: SellerAccount, control: Control) -> None:
    early = control.place_orders(walmart.sender_address, 1, placeholder_minutes=9999, state="fresh")[0]
    ready = control.place_orders(walmart.sender_address, 1, state="fresh")[0]
    with registry.adapter(walmart) as api:
        assert api.order(early)[0].relay_address == ""
        assert api.order(ready)[0].relay_address.endswith("@relay.walmart.com")


@pytest.mark.parametrize("which", ["walmart", "amazon"])
def test_a_wish_to_cancel_is_seen(which: str, control: Control, request: pytest.FixtureRequest) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    number = control.place_orders(account.sender_address, 1, state="cancel_asked")[0]
    with registry.adapter(account) as api:
        assert any(line.cancel_requested for line in api.order(number)[0].lines)


def test_walmarts_returns_are_read(walmart: SellerAccount, control: Control) -> None:
    states = {
        "return_started": {ReturnStatus.STARTED, ReturnStatus.IN_TRANSIT},
        "return_received": {ReturnStatus.RECEIVED},
        "refunded": {ReturnStatus.COMPLETED},
    }
    wanted: dict[str, set[ReturnStatus]] = {}
    for state, kinds in states.items():
        for number in control.place_orders(walmart.sender_address, 2, state=state):
            wanted |= {number: kinds} if control.order(number)["returns"] else {}
    assert len(wanted) >= 3
    with registry.adapter(walmart) as api:
        pages = list(api.returns(last_days()))
    found = [record for page in pages for record in page.records]
    assert [each for page in pages for each in page.strange] == []
    assert sorted(line.purchase_order_id for record in found for line in record.lines) == sorted(wanted)
    for record in found:
        assert record.status in wanted[record.lines[0].purchase_order_id]
        assert record.lines[0].reason
        if record.status is ReturnStatus.RECEIVED:
            assert record.received_at is not None


def test_amazons_returns_come_as_a_report(amazon: SellerAccount, control: Control) -> None:
    placed = control.place_orders(amazon.sender_address, 4, state="return_received", fulfilment="seller")
    pages = report(amazon)
    assert [each for page in pages for each in page.strange] == []
    records = [record for page in pages for record in page.records]
    assert sorted(record.order_id for record in records) == sorted(placed)
    assert {record.status for record in records} == {ReturnStatus.RECEIVED}


def test_a_report_amazon_has_forgotten_is_asked_for_again(amazon: SellerAccount) -> None:
    with registry.adapter(amazon) as api, pytest.raises(NotReady) as caught:
        list(api.returns(last_days(), pending="50000000000"))
    assert caught.value.pending not in ("", "50000000000")


@pytest.mark.parametrize("action", ["cut", "html", "server_error"])
def test_a_report_that_cannot_be_fetched_is_temporary(
    amazon: SellerAccount, control: Control, action: str
) -> None:
    control.fault("api.reports", action, account=amazon.sender_address, times=99)
    with pytest.raises(ApiError) as caught:
        report(amazon)
    assert type(caught.value) is Temporary


def test_multi_channel_shipments_bring_their_scans(
    world: World, walmart: SellerAccount, amazon: SellerAccount, control: Control
) -> None:
    options: dict[str, Any] = {"mcf_account": amazon.sender_address}
    placed = control.place_orders(walmart.sender_address, 2, state="delivered", **options)
    placed += control.place_orders(walmart.sender_address, 1, state="in_transit", **options)
    with registry.adapter(amazon) as api:
        pages = list(api.fulfilments(last_days()))
    assert [each for page in pages for each in page.strange] == []
    records = [record for page in pages for record in page.records]
    truth = {each["id"]: each for each in control.orders(walmart.sender_address)}
    assert len(records) == len(truth) == len(placed)
    assert {record.order_id for record in records} <= {
        number for each in truth.values() for number in (each["id"], each["customer_order_id"])
    }
    shipments = [shipment for record in records for shipment in record.shipments]
    assert sum(each.status is ShipmentStatus.DELIVERED for each in shipments) == sum(
        each["status"] == "delivered" for each in truth.values()
    )
    for shipment in shipments:
        assert shipment.events
        assert (shipment.delivered_at is not None) == (shipment.status is ShipmentStatus.DELIVERED)


@pytest.mark.parametrize("which", ["walmart", "amazon"])
def test_an_items_picture_is_found_and_fetched(
    which: str, control: Control, request: pytest.FixtureRequest
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    number = control.place_orders(account.sender_address, 1)[0]
    with registry.adapter(account) as api:
        line = api.order(number)[0].lines[0]
        url = api.item_image(line.sku, line.item_id, line.image_url)
        assert api.picture(url)[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"GIF8", b"RIFF")
        assert api.item_image("", "", "") == ""


def test_an_item_amazon_does_not_know_has_no_picture(amazon: SellerAccount) -> None:
    with registry.adapter(amazon) as api:
        assert api.item_image("X", "B000000000", "") == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://i5.walmartimages.com/a.png",
        "https://i5.walmartimages.com:8443/a.png",
        "https://walmartimages.com.evil.example/a.png",
        "https://evilwalmartimages.com/a.png",
        "https://i5.walmartimages.com@127.0.0.1/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "//i5.walmartimages.com/a.png",
        "https://evil.example\\@i5.walmartimages.com/",
        "",
        "https://",
    ],
)
def test_a_picture_from_anywhere_else_is_not_fetched(walmart: SellerAccount, url: str) -> None:
    with registry.adapter(walmart) as api, pytest.raises(Refused):
        api.picture(url)


def test_a_host_that_leads_into_a_private_network_hears_nothing(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    with serving(lambda asked: Canned(b"secret")) as server:
        with transport.client(guarded=True) as client, pytest.raises(ForbiddenHost):
            client.get(server.url.replace("127.0.0.1", "localhost"))
        assert server.asked == []


def test_a_picture_host_in_a_private_network_is_refused_in_words(
    walmart: SellerAccount, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    settings.PICTURE_HOSTS = {**settings.PICTURE_HOSTS, "walmart": ["localhost"]}
    with registry.adapter(walmart) as api, pytest.raises((Refused, Temporary)):
        api.picture("https://localhost/a.png")


def test_what_is_no_picture_or_too_large_is_refused(walmart: SellerAccount, settings: Any) -> None:
    answers = {
        "/page": Canned(b"<html>"),
        "/large": Canned(b"\x89PNG\r\n\x1a\n" + b"0" * 2**21),
        "/moved": Canned(status=302, headers={"Location": "/good"}),
        "/gone": Canned(status=404),
        "/good": Canned(b"\x89PNG\r\n\x1a\n" + b"0" * 1000),
    }
    with serving(lambda asked: answers[asked.path]) as server:
        settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": server.url}
        kinds = {"/page": Refused, "/large": Refused, "/moved": Temporary, "/gone": NotFound}
        with registry.adapter(walmart) as api:
            for path, kind in kinds.items():
                with pytest.raises(kind):
                    api.picture(server.url + path)
            assert len(api.picture(f"{server.url}/good")) == 1008


def test_walmarts_connection_test_says_what_the_key_may_do(walmart: SellerAccount) -> None:
    with registry.adapter(walmart, interactive=True) as api:
        assert api.check().summary == "Orders and returns can be read."


@pytest.mark.parametrize(
    ("scopes", "summary"),
    [
        ({"orders": "view_only"}, "The key may not read returns."),
        ({"orders": "no_access", "returns": "no_access"}, "The key may not read orders or read returns."),
    ],
)
def test_what_a_walmart_key_may_not_do_is_named(
    walmart: SellerAccount, settings: Any, scopes: dict[str, str], summary: str
) -> None:
    answers = {"/v3/token": TOKEN, "/v3/token/detail": Canned(json.dumps({"scopes": scopes}).encode())}
    with serving(lambda asked: answers[asked.path]) as server:
        settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": server.url}
        with registry.adapter(walmart) as api:
            facts = api.check()
    assert facts.summary == summary
    assert facts.missing


def site(number: str, **participation: bool) -> dict[str, Any]:
    return {"marketplace": {"id": number}, "storeName": "Lumen", "participation": participation}


@pytest.mark.parametrize(
    ("sites", "summary"),
    [
        ([site("ATVPDKIKX0DER"), site("A1PA6795UKMFR9")], "Lumen can be read."),
        (
            [site("A1PA6795UKMFR9", hasSuspendedListings=True)],
            "Lumen can be read; Amazon has suspended some of its listings.",
        ),
        ([site("ATVPDKIKX0DER")], "The authorisation is good, but not for this site."),
    ],
)
def test_amazons_connection_test_looks_for_the_accounts_site(
    amazon: SellerAccount, settings: Any, sites: list[dict[str, Any]], summary: str
) -> None:
    answers = {
        "/auth/o2/token": TOKEN,
        "/sellers/v1/marketplaceParticipations": Canned(json.dumps({"payload": sites}).encode()),
    }
    with serving(lambda asked: answers[asked.path]) as server:
        settings.MARKETPLACE_API_HOSTS = dict.fromkeys(settings.MARKETPLACE_API_HOSTS, server.url)
        with registry.adapter(amazon) as api:
            assert api.check().summary == summary


@pytest.mark.parametrize(
    ("which", "scope", "missing", "advised"),
    [
        ("walmart", "orders", "read orders", ""),
        ("walmart", "returns", "read returns", ""),
        ("walmart", "insights", "", "read performance figures"),
        ("walmart", "feeds", "", "be told of performance alarms"),
        ("amazon", "orders", "read orders", ""),
        ("amazon", "reports", "read returns", ""),
        ("amazon", "messaging", "write to buyers", ""),
        ("amazon", "finances", "", "read refunds"),
        ("amazon", "mcf", "", "read Multi-Channel parcels"),
    ],
)
def test_each_right_that_is_missing_is_named_by_itself(
    which: str, scope: str, missing: str, advised: str, control: Control, request: pytest.FixtureRequest
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    control.place_orders(account.sender_address, 1, state="delivered", fulfilment="seller")
    control.change_account(account.sender_address, api={"scopes": {scope: "no_access"}})
    with registry.adapter(account, interactive=True) as api:
        facts = api.check(thorough=True)
    assert [*facts.missing] == list(filter(None, [missing]))
    assert [*facts.advised] == list(filter(None, [advised]))
    assert missing in facts.summary


def test_walmarts_token_tells_its_scopes_and_its_end(walmart: SellerAccount) -> None:
    with registry.adapter(walmart, interactive=True) as api:
        facts = api.check()
    assert facts.scopes["orders"] == "full_access"
    assert facts.scopes["price"] == "no_access"
    assert facts.expires_at is not None
    assert timedelta(minutes=10) < facts.expires_at - timezone.now() <= timedelta(minutes=15)


@pytest.mark.parametrize("which", ["walmart", "amazon"])
@pytest.mark.parametrize("seconds", [-300, 0, 4000])
def test_a_clock_that_goes_wrong_is_measured(
    which: str, seconds: int, control: Control, request: pytest.FixtureRequest
) -> None:
    account: SellerAccount = request.getfixturevalue(which)
    if seconds:
        control.fault("api.any", "skew", account=account.sender_address, seconds=seconds, times=2)
    with registry.adapter(account, interactive=True) as api:
        facts = api.check()
    assert facts.clock_ahead is not None
    assert abs(facts.clock_ahead - timedelta(seconds=seconds)) < timedelta(seconds=3)


def test_an_answer_without_a_date_says_nothing_of_the_clock(walmart: SellerAccount, settings: Any) -> None:
    detail = Canned(b'{"scopes": {}}', headers={"Date": "some day"})
    with serving(lambda asked: TOKEN if asked.path == "/v3/token" else detail) as server:
        settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": server.url}
        with registry.adapter(walmart) as api:
            facts = api.check()
    assert facts.missing == ("read orders", "read returns")
