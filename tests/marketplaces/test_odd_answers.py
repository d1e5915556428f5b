"""Answers no marketplace should give: cursors that lead nowhere, cut and swollen bodies, redirects."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.tenancy import tenant_tx
from marketplaces import credentials, registry, transport
from marketplaces.errors import ApiError, Refused, Temporary
from marketplaces.models import SellerAccount
from marketplaces.records import OrderRecord, Page, Window
from tests.marketplaces.canned import Asked, Canned, Server, serving
from tests.world import World

TOKEN = Canned(json.dumps({"access_token": "t" * 20, "expires_in": 900, "token_type": "Bearer"}).encode())
CURSOR = "?limit=200&soIndex=7&poIndex=&x=%2Bplus%3A&createdStartDate=2026-01-01T00:00:00.000Z&y=a|b"


@pytest.fixture
def account(world: World) -> SellerAccount:
    """Lumen US with keys of its own."""
    with tenant_tx(world.acme.pk):
        credentials.seal(world.walmart, "api_client_id", "id")
        credentials.seal(world.walmart, "api_client_secret", "secret")
    return world.walmart


def page(*numbers: int, cursor: str = "") -> Canned:
    orders = [
        {
            "purchaseOrderId": str(number),
            "customerOrderId": f"2000{number}",
            "orderDate": 1_760_000_000_000,
            "orderLines": {"orderLine": [{"lineNumber": "1", "item": {"sku": "S", "productName": "P"}}]},
        }
        for number in numbers
    ]
    meta = {"totalCount": len(orders), "limit": 200} | ({"nextCursor": cursor} if cursor else {})
    return Canned(json.dumps({"list": {"meta": meta, "elements": {"order": orders}}}).encode())


def read(account: SellerAccount, server: Server, settings: Any) -> list[Page[OrderRecord]]:
    settings.MARKETPLACE_API_HOSTS = settings.MARKETPLACE_API_HOSTS | {"walmart:us": server.url}
    now = timezone.now()
    with registry.adapter(account) as api:
        return list(api.orders(Window(now - timedelta(days=1), now)))


def answering(canned: Canned) -> Any:
    return lambda asked: TOKEN if asked.path == "/v3/token" else canned


def test_a_cursor_goes_back_to_the_byte(account: SellerAccount, settings: Any) -> None:
    def answer(asked: Asked) -> Canned:
        if asked.path == "/v3/token":
            return TOKEN
        return page(2) if "soIndex" in asked.path else page(1, cursor=CURSOR)

    with serving(answer) as server:
        pages = read(account, server, settings)
    followed = [asked.path for asked in server.asked if "soIndex" in asked.path]
    assert followed == [f"/v3/orders{CURSOR}"] * 3
    assert [record.external_id for each in pages for record in each.records] == ["1", "2"] * 3


def test_a_page_that_comes_again_and_again_ends_in_an_error(account: SellerAccount, settings: Any) -> None:
    with serving(answering(page(1, cursor=CURSOR))) as server, pytest.raises(Temporary, match="same page"):
        read(account, server, settings)
    assert len(server.asked) <= 4


@pytest.mark.parametrize("cursor", ["?a b", "?a\r\nHost: other", "?a#b", "?ä"])
def test_a_cursor_that_is_no_query_is_not_followed(
    account: SellerAccount, settings: Any, cursor: str
) -> None:
    with serving(answering(page(1, cursor=cursor))) as server, pytest.raises(Temporary, match="cursor"):
        read(account, server, settings)


WHOLE = page(1).body
ODD = {
    "cut short": Canned(WHOLE[:-9], length=len(WHOLE)),
    "half the JSON": Canned(WHOLE[:-9]),
    "nothing": Canned(b""),
    "no content": Canned(b"", status=204),
    "a list": Canned(b"[]"),
    "null": Canned(b"null"),
    "another object": Canned(b"{}"),
    "a null list": Canned(b'{"list": null}'),
    "no order list": Canned(b'{"list": {"meta": {"totalCount": 5}, "elements": {}}}'),
    "an object for the list": Canned(b'{"list": {"meta": {}, "elements": {"order": {}}}}'),
    "not a number": Canned(b'{"list": {"elements": {"order": [NaN]}}}'),
    "deep nesting": Canned(b"[" * 200_000),
    "redirect": Canned(status=302, headers={"Location": "https://elsewhere.example/"}),
    "a gateway's 404": Canned(b"<html>not found</html>", status=404),
    "a 404 of the API": Canned(b'{"errors":[{"code":"NO_SUCH_RESOURCE","description":"?"}]}', status=404),
    "broken gzip": Canned(b"\x1f\x8b\x08\x00junk", headers={"Content-Encoding": "gzip"}),
    "cut gzip": Canned(gzip.compress(WHOLE)[:-12], headers={"Content-Encoding": "gzip"}),
    "unknown packing": Canned(WHOLE, headers={"Content-Encoding": "br"}),
    "swollen gzip": Canned(
        gzip.compress(b" " * (transport.LARGEST_ANSWER + 1)), headers={"Content-Encoding": "gzip"}
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_temporary_and_never_an_empty_list(
    account: SellerAccount, settings: Any, name: str
) -> None:
    with serving(answering(ODD[name])) as server, pytest.raises(ApiError) as caught:
        read(account, server, settings)
    assert type(caught.value) is Temporary


def test_a_packed_answer_is_unpacked(account: SellerAccount, settings: Any) -> None:
    packed = Canned(gzip.compress(WHOLE), headers={"Content-Encoding": "gzip"})
    with serving(answering(packed)) as server:
        assert [len(each.records) for each in read(account, server, settings)] == [1, 1, 1]


def test_the_request_itself_can_be_refused_in_the_marketplaces_words(
    account: SellerAccount, settings: Any
) -> None:
    refusal = Canned(b'{"errors":[{"code":"BAD","description":"limit is too large"}]}', status=400)
    with serving(answering(refusal)) as server, pytest.raises(Refused, match="limit is too large") as caught:
        read(account, server, settings)
    assert caught.value.code == "BAD"


@pytest.mark.parametrize(
    "token", [b"", b"{}", b"<html>", b'{"access_token":"t"}', b'{"access_token":"a\\nb","expires_in":900}']
)
def test_a_token_that_is_none_is_temporary(account: SellerAccount, settings: Any, token: bytes) -> None:
    with serving(lambda asked: Canned(token)) as server, pytest.raises(ApiError) as caught:
        read(account, server, settings)
    assert type(caught.value) is Temporary
    assert [asked.path for asked in server.asked] == ["/v3/token"]
