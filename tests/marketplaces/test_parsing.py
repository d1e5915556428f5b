"""The parsers by themselves: the published samples, and what may be wrong with a record."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from marketplaces.amazon import fulfilments
from marketplaces.amazon import parse as amazon
from marketplaces.amazon import returns as amazon_returns
from marketplaces.records import Fulfilment, Money, Oddity, OrderStatus, ReturnStatus, ShipmentStatus
from marketplaces.walmart import parse as walmart
from marketplaces.walmart import returns as walmart_returns
from marketplaces.wire import decoded
from tests.contracts.models import folder

Change = Callable[[dict[str, Any]], object]

WALMART: dict[str, Any] = {
    "purchaseOrderId": "1796277083022",
    "customerOrderId": "5281956426648",
    "customerEmailId": "3A31739D8B0A45A1B23F7F8C81C8747F@relay.walmart.com",
    "orderDate": 1568466571000,
    "shippingInfo": {
        "estimatedDeliveryDate": 1569438000000,
        "estimatedShipDate": "2019-09-17T06:00:00.000Z",
        "postalAddress": {"name": "Ann", "city": "Warners", "state": "NY", "postalCode": "13164"},
    },
    "orderLines": {
        "orderLine": [
            {
                "lineNumber": "4",
                "item": {
                    "productName": "Bag",
                    "sku": "test1",
                    "imageUrl": "https://i5.walmartimages.com/a.png",
                },
                "charges": {
                    "charge": [
                        {
                            "chargeType": "PRODUCT",
                            "chargeAmount": {"currency": "USD", "amount": 10},
                            "tax": {"taxAmount": {"currency": "USD", "amount": "0.80"}},
                        }
                    ]
                },
                "orderLineQuantity": {"amount": "1"},
                "statusDate": 1568466647000,
                "orderLineStatuses": {
                    "orderLineStatus": [
                        {
                            "status": "Delivered",
                            "statusQuantity": {"amount": "1"},
                            "trackingInfo": {
                                "shipDateTime": 1568460000000,
                                "carrierName": {"otherCarrier": "Bikes"},
                                "trackingNumber": "T1",
                                "trackingURL": "javascript:alert(1)",
                            },
                        }
                    ]
                },
                "refund": {
                    "refundId": "R1",
                    "refundCharges": {
                        "refundCharge": [
                            {
                                "refundReason": "DamagedItem",
                                "charge": {"chargeAmount": {"currency": "USD", "amount": Decimal("-4.5")}},
                            }
                        ]
                    },
                },
                "intentToCancel": "true",
            }
        ]
    },
}
AMAZON: dict[str, Any] = {
    "orderId": "111-1111111-1111111",
    "createdTime": "2026-11-01T10:00:00Z",
    "lastUpdatedTime": "2026-11-02T10:00:00+01:00",
    "programs": ["PRIME"],
    "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A1PA6795UKMFR9"},
    "buyer": {"buyerEmail": "abc@marketplace.amazon.de", "buyerName": "Ann"},
    "proceeds": {"grandTotal": {"amount": "19.90", "currencyCode": "EUR"}},
    "fulfillment": {"fulfillmentStatus": "SHIPPED", "fulfilledBy": "AMAZON"},
    "orderItems": [
        {
            "orderItemId": "1",
            "quantityOrdered": 2,
            "product": {"asin": "B012345678", "title": "Lamp", "sellerSku": "L"},
            "cancellation": {"cancellationRequest": {"requester": "BUYER", "cancelReason": "Too late"}},
        }
    ],
    "packages": [
        {"packageReferenceId": "1", "packageStatus": {"status": "DELIVERED"}, "trackingNumber": "T9"}
    ],
}


def changed(value: dict[str, Any], change: Change) -> dict[str, Any]:
    fresh = copy.deepcopy(value)
    change(fresh)
    return fresh


def line(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = value["orderLines"]["orderLine"][0]
    return found


def test_a_walmart_order_says_what_there_is_to_say() -> None:
    page = walmart.orders([WALMART], "WFSFulfilled", with_place=True)
    record = page.records[0]
    assert page.strange == ()
    assert record.ordered_at == datetime(2019, 9, 14, 13, 9, 31, tzinfo=UTC)
    assert record.modified_at == datetime(2019, 9, 14, 13, 10, 47, tzinfo=UTC)
    assert record.ship_by == datetime(2019, 9, 17, 6, tzinfo=UTC)
    assert record.status is OrderStatus.DELIVERED
    assert record.fulfilment is Fulfilment.WFS
    assert record.ship_to_place == "Warners, NY 13164"
    assert record.total == Money(Decimal("10.80"), "USD")
    assert record.lines[0].cancel_requested
    assert record.refunds[0].amount == Money(Decimal("4.5"), "USD")
    assert record.refunds[0].external_id == "R1"
    shipment = record.shipments[0]
    assert (shipment.carrier, shipment.status) == ("Bikes", ShipmentStatus.DELIVERED)
    assert shipment.tracking_url == "", "nobody is to click on a script"
    assert shipment.delivered_at == record.modified_at


@pytest.mark.parametrize(
    "address", ["nocxemail@walmartone.com", "NOCXEMAIL@walmartone.com", "nocxemail-1@relay.walmart.com"]
)
def test_walmarts_placeholder_is_no_address(address: str) -> None:
    value = changed(WALMART, lambda order: order.update(customerEmailId=address))
    assert walmart.orders([value], "").records[0].relay_address == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda order: order.pop("purchaseOrderId"),
        lambda order: order.update(purchaseOrderId=None),
        lambda order: order.update(purchaseOrderId={"id": 1}),
        lambda order: order.update(purchaseOrderId="1" * 41),
        lambda order: order.update(purchaseOrderId="1\n2"),
        lambda order: order.pop("customerOrderId"),
        lambda order: order.pop("orderDate"),
        lambda order: order.update(orderDate="yesterday"),
        lambda order: order.update(orderDate=10**30),
        lambda order: order.update(orderDate=True),
        lambda order: order.update(orderLines=[]),
        lambda order: order.update(orderLines={"orderLine": ["x"]}),
        lambda order: order.update(shippingInfo="soon"),
        lambda order: line(order).update(item=[]),
        lambda order: line(order).update(orderLineQuantity={"amount": "1e9"}),
        lambda order: line(order).update(orderLineQuantity={"amount": "-1"}),
        lambda order: line(order)["charges"]["charge"][0].update(
            chargeAmount={"amount": "1e99", "currency": "USD"}
        ),
        lambda order: line(order)["charges"]["charge"][0].update(chargeAmount={"amount": 1, "currency": "$"}),
    ],
)
def test_a_walmart_order_with_something_wrong_is_left_out_and_named(change: Change) -> None:
    page = walmart.orders([changed(WALMART, change), WALMART], "SellerFulfilled")
    assert len(page.records) == 1
    assert [each.oddity for each in page.strange] == [Oddity.LEFT_OUT]
    assert page.strange[0].external_id in ("", WALMART["purchaseOrderId"])
    assert "Ann" not in page.strange[0].text


@pytest.mark.parametrize("value", [None, 7, "order", ["order"]])
def test_what_is_no_record_at_all_is_remarked(value: object) -> None:
    for page in (walmart.orders([value], ""), amazon.orders([value], ""), walmart_returns.returns([value])):
        assert page.records == ()
        assert [each.oddity for each in page.strange] == [Oddity.LEFT_OUT]


def test_an_unknown_status_keeps_the_order_and_its_word() -> None:
    told = {"orderLineStatus": [{"status": "Teleported", "statusQuantity": {"amount": "1"}}]}
    value = changed(WALMART, lambda order: line(order).update(orderLineStatuses=told))
    page = walmart.orders([value], "")
    assert page.records[0].status is OrderStatus.UNKNOWN
    assert page.records[0].status_text == "Teleported"
    assert page.strange[0].oddity is Oddity.UNKNOWN_VALUE
    assert page.strange[0].external_id == WALMART["purchaseOrderId"]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ({"Created": 1}, OrderStatus.UNSHIPPED),
        ({"Cancelled": 2}, OrderStatus.CANCELLED),
        ({"Cancelled": 1, "Shipped": 1}, OrderStatus.SHIPPED),
        ({"Acknowledged": 1, "Shipped": 1}, OrderStatus.PARTLY_SHIPPED),
        ({"Delivered": 1, "Shipped": 1}, OrderStatus.SHIPPED),
        ({"Delivered": 2, "Created": 0}, OrderStatus.DELIVERED),
        ({"Refund": 1}, OrderStatus.SHIPPED),
        ({}, OrderStatus.UNKNOWN),
    ],
)
def test_units_that_go_different_ways_make_one_status(states: dict[str, int], status: OrderStatus) -> None:
    told = [{"status": word, "statusQuantity": {"amount": str(count)}} for word, count in states.items()]
    value = changed(WALMART, lambda order: line(order).update(orderLineStatuses={"orderLineStatus": told}))
    assert walmart.orders([value], "").records[0].status is status


def test_an_amazon_order_says_what_there_is_to_say() -> None:
    page = amazon.orders([AMAZON], "A1PA6795UKMFR9")
    record = page.records[0]
    assert page.strange == ()
    assert record.modified_at == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert record.status is OrderStatus.DELIVERED
    assert record.status_text == "SHIPPED"
    assert record.fulfilment is Fulfilment.FBA
    assert record.total == Money(Decimal("19.90"), "EUR")
    assert record.programs == ("PRIME",)
    assert record.lines[0].item_id == "B012345678"
    assert (record.lines[0].cancel_requested, record.lines[0].cancel_reason) == (True, "Too late")


def test_an_amazon_order_without_buyer_and_address_is_read() -> None:
    value = changed(AMAZON, lambda order: [order.pop(name) for name in ("buyer", "proceeds", "packages")])
    record = amazon.orders([value], "A1PA6795UKMFR9").records[0]
    assert (record.buyer_name, record.relay_address, record.ship_to_place, record.total) == ("", "", "", None)


def test_an_order_of_another_site_is_not_among_the_records() -> None:
    page = amazon.orders([AMAZON], "ATVPDKIKX0DER")
    assert page.records == ()
    assert [(each.oddity, each.external_id) for each in page.strange] == [
        (Oddity.FOREIGN, "111-1111111-1111111")
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda order: order.pop("orderId"),
        lambda order: order.pop("createdTime"),
        lambda order: order.update(lastUpdatedTime=[]),
        lambda order: order.update(orderItems=[]),
        lambda order: order.update(orderItems={"orderItemId": "1"}),
        lambda order: order.update(programs="PRIME"),
        lambda order: order.update(fulfillment="SHIPPED"),
        lambda order: order["orderItems"][0].pop("orderItemId"),
        lambda order: order["packages"][0].update(packageStatus=7),
    ],
)
def test_an_amazon_order_with_something_wrong_is_left_out_and_named(change: Change) -> None:
    page = amazon.orders([AMAZON, changed(AMAZON, change)], "A1PA6795UKMFR9")
    assert len(page.records) == 1
    assert [each.oddity for each in page.strange] == [Oddity.LEFT_OUT]


def test_text_a_database_cannot_hold_is_mended() -> None:
    value = decoded(json.dumps({**AMAZON, "buyer": {"buyerName": "A\x00n\ud800n"}}).encode())
    assert amazon.orders([value], "A1PA6795UKMFR9").records[0].buyer_name == "An?n"


HEADER = (
    "Order ID\tOrder date\tReturn request date\tReturn request status\tAmazon RMA ID\tCurrency code\t"
    "Return carrier\tTracking ID\tA-to-Z Claim\tASIN\tMerchant SKU\tItem Name\tReturn quantity\t"
    "Return Reason\tIn policy\tReturn delivery date\tSafeT claim id\tRefunded Amount"
)
ROW = (
    "111-1111111-1111111\t01-Nov-2026\t05-Nov-2026\tApproved\tDRMA1\tEUR\tDHL\tT7\tY\tB012345678\t"
    "SKU-1\tGrüne Lampe\t1\tCR-DEFECTIVE\tN\t\t5-1\t12,50"
)
SECOND = ROW.replace("SKU-1", "SKU-2").replace("12,50", "7.50")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_returns_report_is_read_in_every_encoding(encoding: str, end: str) -> None:
    page = amazon_returns.returns(end.join([HEADER, ROW, SECOND, ""]).encode(encoding))
    assert page.strange == ()
    record = page.records[0]
    assert len(page.records) == 1
    assert (record.external_id, record.order_id) == ("DRMA1", "111-1111111-1111111")
    assert record.requested_at == datetime(2026, 11, 5, tzinfo=UTC)
    assert (record.status, record.status_text) == (ReturnStatus.STARTED, "Approved")
    assert (record.a_to_z, record.in_policy, record.safe_t) == (True, False, "5-1")
    assert record.refund == Money(Decimal("20.00"), "EUR")
    assert [each.sku for each in record.lines] == ["SKU-1", "SKU-2"]
    assert record.lines[0].title == "Grüne Lampe"
    assert len({each.external_id for each in record.lines}) == 2


@pytest.mark.parametrize(
    ("second", "status"),
    [("7.50", ReturnStatus.COMPLETED), ("", ReturnStatus.RECEIVED)],
)
def test_a_return_that_is_back_and_paid_for_is_over_though_the_report_says_approved(
    second: str, status: ReturnStatus
) -> None:
    rows = [row.replace("\tN\t\t", "\tN\t09-Nov-2026\t") for row in (ROW, SECOND.replace("7.50", second))]
    (record,) = amazon_returns.returns("\n".join([HEADER, *rows]).encode()).records
    assert (record.status, record.status_text) == (status, "Approved")


def test_returns_of_two_orders_without_a_number_of_amazons_are_two_returns() -> None:
    row = ROW.replace("DRMA1", "")
    other = row.replace("111-1111111-1111111", "222-2222222-2222222")
    page = amazon_returns.returns("\n".join([HEADER, row, row, other]).encode())
    assert [len(each.lines) for each in page.records] == [2, 1]
    assert len({each.external_id for each in page.records}) == 2


def test_a_report_of_only_columns_is_empty() -> None:
    assert amazon_returns.returns(HEADER.encode()) == amazon_returns.returns((HEADER + "\n").encode())
    assert amazon_returns.returns(HEADER.encode()).records == ()


@pytest.mark.parametrize("content", [b"", b"<html>", b"Order ID\tOther\n", b"\x00\x01\x02"])
def test_what_is_no_returns_report_is_not_taken_for_an_empty_one(content: bytes) -> None:
    with pytest.raises(amazon_returns.NoReport):
        amazon_returns.returns(content)


@pytest.mark.parametrize(
    "row",
    [
        ROW[:40],
        ROW.replace("111-1111111-1111111", ""),
        ROW.replace("05-Nov-2026", "the other day"),
        ROW.replace("05-Nov-2026", ""),
        ROW + "\tmore",
    ],
)
def test_a_row_with_something_wrong_is_left_out_and_remarked(row: str) -> None:
    page = amazon_returns.returns("\n".join([HEADER, ROW, row.replace("DRMA1", "DRMA2")]).encode())
    assert len(page.records) == 1
    assert [each.oddity for each in page.strange] == [Oddity.LEFT_OUT]


def test_a_return_is_as_far_as_its_slowest_line() -> None:
    def returned(*states: str) -> ReturnStatus:
        lines = [{"returnOrderLineNumber": n, "status": state} for n, state in enumerate(states)]
        value = {
            "returnOrderId": "1",
            "customerOrderId": "2",
            "returnOrderDate": "2026-11-01T00:00:00Z",
            "returnOrderLines": lines,
        }
        return walmart_returns.returns([value]).records[0].status

    assert returned("COMPLETED", "COMPLETED") is ReturnStatus.COMPLETED
    assert returned("COMPLETED", "INITIATED") is ReturnStatus.STARTED
    assert returned("DELIVERED", "COMPLETED") is ReturnStatus.RECEIVED
    assert returned("VANISHED") is ReturnStatus.UNKNOWN


def test_a_refunded_line_does_not_hide_one_that_is_here_and_waits() -> None:
    def returned(*lines: tuple[str, dict[str, int]]) -> tuple[int | None, int | None]:
        rows = []
        for number, (state, tags) in enumerate(lines):
            track = [
                {"eventTag": tag, "eventTime": f"2026-11-{day:02}T00:00:00Z"} for tag, day in tags.items()
            ]
            rows.append({"returnOrderLineNumber": number, "status": state, "returnTrackingDetail": track})
        value = {
            "returnOrderId": "1",
            "customerOrderId": "2",
            "returnOrderDate": "2026-11-01T00:00:00Z",
            "returnOrderLines": rows,
        }
        record = walmart_returns.returns([value]).records[0]
        return (
            record.received_at.day if record.received_at else None,
            record.refunded_at.day if record.refunded_at else None,
        )

    done = ("COMPLETED", {"DELIVERED_AT_RETURN_CENTER": 3, "REFUND_ISSUED": 4})
    assert returned(done, ("DELIVERED", {"DELIVERED_AT_RETURN_CENTER": 9})) == (9, None)
    assert returned(done, ("INITIATED", {"RETURN_IN_TRANSIT": 9})) == (None, None)
    assert returned(done, ("INITIATED", {"RETURN_CANCELLED": 9})) == (3, 4)
    later = ("COMPLETED", {"DELIVERED_AT_RETURN_CENTER": 9, "REFUND_ISSUED": 10})
    assert returned(done, later) == (9, 10)


def test_every_state_of_a_parcel_in_amazons_model_is_known() -> None:
    model = sample("amazon/fulfillmentOutbound_2020-07-01.json")
    assert set(model["definitions"]["CurrentStatus"]["enum"]) == set(fulfilments.STATUSES)


def test_every_order_status_in_the_models_is_known() -> None:
    model = sample("amazon/orders_2026-01-01.json")["definitions"]
    assert set(model["FulfillmentStatus"]["enum"]) == set(amazon.STATUSES)
    assert set(model["PackageStatus"]["properties"]["status"]["enum"]) == set(amazon.PACKAGES)


def test_the_published_walmart_orders_are_read() -> None:
    listed = sample("walmart/samples/orders-list.response.json")["list"]["elements"]["order"]
    page = walmart.orders(listed, "SellerFulfilled")
    assert page.strange == ()
    assert len(page.records) == len(listed)
    assert all(record.relay_address.endswith("@relay.walmart.com") for record in page.records)


def test_the_published_walmart_returns_are_read() -> None:
    page = walmart_returns.returns(sample("walmart/samples/returns-list.response.json")["returnOrders"])
    assert page.strange == ()
    record = page.records[0]
    assert (record.carrier, record.tracking_number, record.channel) == ("FEDEX", "785611449666", "IN_STORE")
    assert record.refund == Money(Decimal("127.45"), "USD")
    assert record.status is ReturnStatus.COMPLETED


def test_the_published_amazon_orders_are_read() -> None:
    paths = sample("amazon/orders_2026-01-01.json")["paths"]
    cases = paths["/orders/2026-01-01/orders"]["get"]["responses"]["200"]["x-amzn-api-sandbox"]["static"]
    count = 0
    for case in cases:
        for value in case["response"]["orders"]:
            page = amazon.orders([value], value["salesChannel"].get("marketplaceId", ""))
            assert page.strange == ()
            count += len(page.records)
    assert count >= len(cases)


def sample(file: str) -> Any:
    path = folder() / file
    if not path.is_file():
        pytest.skip("The marketplaces' API models are not beside this checkout; nothing to read.")
    return decoded(path.read_bytes())
