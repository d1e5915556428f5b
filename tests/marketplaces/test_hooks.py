"""Webhooks: asked for and taken back, verified over their bytes, counted once, and never more than a hint."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.tenancy import tenant_tx
from marketplaces import credentials, disconnecting, hooks, keys, streams, subscribing
from marketplaces.models import ApiStream, Health, HookEvent, HookState, HookSubscription, SellerAccount
from orders.models import Order
from tests.marketplaces.canned import Asked, Canned, Server, serving
from tests.orders.rows import make_order
from tests.simulator_client import Control
from tests.world import World

ORDER = "200011874402913"


def hooks_of(account: SellerAccount) -> HookSubscription:
    with tenant_tx(account.tenant_id):
        return HookSubscription.objects.select_related("account").get(account=account)


def look_after(account: SellerAccount, *, now: datetime | None = None) -> HookSubscription:
    """Once, as its task would."""
    now = now or timezone.now()
    with tenant_tx(account.tenant_id):
        HookSubscription.objects.update(next_at=now)
    subscribing.look_after(account.pk, tenant_id=account.tenant_id, now=now)
    return hooks_of(account)


@pytest.fixture
def ours(settings: Settings) -> Iterator[Server]:
    """What Walmart reaches under our address: it hears everything and does nothing."""
    with serving(lambda asked: Canned()) as server:
        settings.PUBLIC_URL, settings.ALLOW_PRIVATE_HOSTS = server.url, True
        yield server


@pytest.fixture
def wanted(walmart: SellerAccount) -> SellerAccount:
    """Lumen US, whose webhooks are wanted; with an order, and streams that are up to date."""
    later = timezone.now() + timedelta(minutes=20)
    with tenant_tx(walmart.tenant_id):
        subscribing.want(walmart, now=timezone.now())
        streams.begin(walmart, now=later)
    make_order(walmart, external_id=ORDER)
    return walmart


def secret_of(account: SellerAccount) -> bytes:
    with tenant_tx(account.tenant_id):
        return credentials.secret_of(account, hooks.SECRET).encode()


def event(kind: str = "ORDER_UPDATES", **more: Any) -> dict[str, Any]:
    source = {"eventType": kind, "eventTime": timezone.now().isoformat(), "eventId": str(uuid4())}
    payload = {"partnerId": "10100000000", "subEventType": "INTENT_TO_CANCEL", "customerOrderId": ORDER}
    return {"source": source | more.pop("source", {}), "payload": payload, **more}


def path_of(account: SellerAccount) -> str:
    return hooks.address(hooks_of(account)).removeprefix(settings.PUBLIC_URL)


def post(path: str, content: bytes, **headers: str) -> int:
    named = {name.replace("__", "."): value for name, value in headers.items()}
    response = Client(enforce_csrf_checks=True).post(
        path,
        content,
        content_type="application/json",
        headers={n.replace("_", "-"): v for n, v in named.items()},
    )
    assert response.content == b"" or response.status_code == 404
    return response.status_code


def send(account: SellerAccount, body: dict[str, Any], *, path: str = "") -> int:
    """A delivery as it should be."""
    content = json.dumps(body).encode()
    signature = hmac.new(secret_of(account), content, hashlib.sha256).hexdigest()
    return post(path or path_of(account), content, X_Helpdesk_Signature=signature)


def stored(account: SellerAccount) -> tuple[int, list[Any], list[Any]]:
    """All that a delivery could change."""
    with tenant_tx(account.tenant_id):
        return (
            HookEvent.objects.count(),
            list(Order.objects.order_by("pk").values_list("wanted_at", flat=True)),
            list(ApiStream.objects.order_by("pk").values_list("next_at", flat=True)),
        )


def test_a_delivery_makes_its_stream_due_and_its_order_wanted(wanted: SellerAccount) -> None:
    before = timezone.now()
    assert send(wanted, event()) == 200
    with tenant_tx(wanted.tenant_id):
        order = Order.objects.get(external_id=ORDER)
        due = {row.name: row.next_at or timezone.now() for row in ApiStream.objects.all()}
        row = HookSubscription.objects.get()
    assert order.wanted_at is not None
    assert order.wanted_at >= before
    assert not order.wanted_by_person
    # Not at once: what has just changed is read when it has settled.
    assert streams.SETTLING < due["orders"] - before < timedelta(minutes=3)
    assert due["returns"] > before + timedelta(minutes=15)
    assert row.last_event_at is not None


@pytest.mark.parametrize(
    ("kind", "stream"),
    [("RETURN_CREATED", "returns"), ("SELLER_PERFORMANCE_NOTIFICATIONS", "performance"), ("NEW_KIND", "")],
)
def test_each_kind_hastens_its_own_stream(wanted: SellerAccount, kind: str, stream: str) -> None:
    assert send(wanted, event(kind, payload={"notificationType": "ALARMS"})) == 200
    with tenant_tx(wanted.tenant_id):
        due = {row.name: row.next_at or timezone.now() for row in ApiStream.objects.all()}
    soon = timezone.now() + timedelta(minutes=5)
    assert [name for name, at in due.items() if at < soon] == ([stream] if stream else [])


def test_a_stream_that_was_stopped_stays_so(wanted: SellerAccount) -> None:
    with tenant_tx(wanted.tenant_id):
        ApiStream.objects.filter(name="orders").update(health=Health.PAUSED)
        ApiStream.objects.filter(name="returns").update(health=Health.AUTH_FAILED, next_at=None)
    before = stored(wanted)[2]
    assert send(wanted, event()) == send(wanted, event("RETURN_CREATED")) == 200
    assert stored(wanted)[2] == before


def test_an_event_counts_once_however_often_it_comes(wanted: SellerAccount) -> None:
    body = event()
    assert send(wanted, body) == 200
    with tenant_tx(wanted.tenant_id):
        Order.objects.update(wanted_at=None)
    once = stored(wanted)
    assert send(wanted, body) == 200
    assert stored(wanted) == once


def test_old_numbers_go_and_their_events_are_too_old_to_come_again(
    wanted: SellerAccount, settings: Settings
) -> None:
    assert hooks.OLDEST + hooks.AHEAD < hooks.KEPT
    with tenant_tx(wanted.tenant_id):
        for days in (1, 20):
            HookEvent.objects.create(
                account=wanted,
                event_id=f"e{days}",
                kind="X",
                received_at=timezone.now() - timedelta(days=days),
            )
    assert send(wanted, event()) == 200
    with tenant_tx(wanted.tenant_id):
        assert HookEvent.objects.filter(event_id="e1").exists()
        assert not HookEvent.objects.filter(event_id="e20").exists()


Forgery = Callable[[SellerAccount, SellerAccount], int]


def signed(account: SellerAccount, content: bytes, **headers: str) -> int:
    digest = hmac.new(secret_of(account), content, hashlib.sha256).hexdigest()
    return post(path_of(account), content, X_Helpdesk_Signature=digest, **headers)


def aged(days: float) -> dict[str, Any]:
    return event(source={"eventTime": (timezone.now() - timedelta(days=days)).isoformat()})


def with_walmarts(account: SellerAccount, *, stamp: float, target: str = "", key: bytes = b"") -> int:
    content = json.dumps(event()).encode()
    path, moment = path_of(account), str(int(stamp))
    told = "\n".join(("POST", target or path, moment, hashlib.sha256(content).hexdigest()))
    digest = hmac.new(key or secret_of(account), told.encode(), hashlib.sha256).digest()
    given = {"WM_SEC__SIGNATURE": base64.b64encode(digest).decode(), "WM_SEC__TIMESTAMP": moment}
    own = hmac.new(secret_of(account), content, hashlib.sha256).hexdigest()
    response = Client().post(
        path,
        content,
        content_type="application/json",
        headers={"X-Helpdesk-Signature": own, **{n.replace("__", "."): v for n, v in given.items()}},
    )
    return response.status_code


FORGERIES: dict[str, Forgery] = {
    "no signature": lambda us, them: post(path_of(us), json.dumps(event()).encode()),
    "an empty one": lambda us, them: post(path_of(us), json.dumps(event()).encode(), X_Helpdesk_Signature=""),
    "all zeros": lambda us, them: post(
        path_of(us), json.dumps(event()).encode(), X_Helpdesk_Signature="0" * 64
    ),
    "no digest at all": lambda us, them: post(path_of(us), b"{}", X_Helpdesk_Signature="ünsigned"),
    "a hash without a key": lambda us, them: post(
        path_of(us), b"{}", X_Helpdesk_Signature=hashlib.sha256(b"{}").hexdigest()
    ),
    "another account's secret": lambda us, them: send(them, event(), path=path_of(us)),
    "another account's address": lambda us, them: send(us, event(), path=path_of(them)),
    "bytes changed after signing": lambda us, them: post(
        path_of(us),
        b'{"a": 2}',
        X_Helpdesk_Signature=hmac.new(secret_of(us), b'{"a": 1}', hashlib.sha256).hexdigest(),
    ),
    "the same JSON in other bytes": lambda us, them: post(
        path_of(us),
        json.dumps(body := event(), indent=1).encode(),
        X_Helpdesk_Signature=hmac.new(secret_of(us), json.dumps(body).encode(), hashlib.sha256).hexdigest(),
    ),
    "no JSON": lambda us, them: signed(us, b"order=1"),
    "no object": lambda us, them: signed(us, b"[]"),
    "half of it": lambda us, them: signed(us, json.dumps(event()).encode()[:60]),
    "no number": lambda us, them: signed(us, json.dumps(event(source={"eventId": ""})).encode()),
    "a number that is none": lambda us, them: signed(
        us, json.dumps(event(source={"eventId": {"a": 1}})).encode()
    ),
    "an old one": lambda us, them: send(us, aged(8)),
    "one from the future": lambda us, them: send(us, aged(-1)),
    "too large": lambda us, them: signed(us, b" " * (hooks.LARGEST + 1)),
    "an old signature of Walmart's": lambda us, them: with_walmarts(
        us, stamp=timezone.now().timestamp() - 600
    ),
    "one for another path": lambda us, them: with_walmarts(
        us, stamp=timezone.now().timestamp(), target="/hooks/walmart/other/"
    ),
    "one with another key": lambda us, them: with_walmarts(
        us, stamp=timezone.now().timestamp(), key=b"guessed"
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_told_nothing_and_leaves_nothing(
    forgery: str, wanted: SellerAccount, world: World
) -> None:
    theirs = make_neighbour(world)
    before = stored(wanted)
    assert FORGERIES[forgery](wanted, theirs) == 404
    assert stored(wanted) == before
    with tenant_tx(theirs.tenant_id):
        assert not HookEvent.objects.exists()


def make_neighbour(world: World) -> SellerAccount:
    """A Walmart account of the other organization, with webhooks of its own."""
    with tenant_tx(world.globex.pk):
        SellerAccount.objects.filter(pk=world.foreign.pk).update(market="walmart-us")
        found = SellerAccount.objects.get(pk=world.foreign.pk)
        subscribing.want(found, now=timezone.now())
    return found


def test_an_address_must_be_whole(wanted: SellerAccount) -> None:
    path, before = path_of(wanted), stored(wanted)
    other = hooks._signer().sign_object([wanted.tenant_id, wanted.pk, "guessed"])
    for wrong in (path[:-2] + "/", path.replace(".", "x"), f"{hooks.PATH}{other}/", f"{hooks.PATH}x/"):
        assert send(wanted, event(), path=wrong) == 404
    assert Client().get(path).status_code == 405
    assert Client().put(path).status_code == 405
    assert stored(wanted) == before


@pytest.mark.parametrize("how", ["hex", "base64", "prefixed", "with Walmart's own"])
def test_a_signature_may_be_written_in_each_way(wanted: SellerAccount, how: str) -> None:
    if how == "with Walmart's own":
        assert with_walmarts(wanted, stamp=timezone.now().timestamp()) == 200
        return
    content = json.dumps(event()).encode()
    digest = hmac.new(secret_of(wanted), content, hashlib.sha256).digest()
    written = {"hex": digest.hex().upper(), "base64": base64.b64encode(digest).decode()}
    written["prefixed"] = f"sha256={digest.hex()}"
    assert post(path_of(wanted), content, X_Helpdesk_Signature=written[how]) == 200


def test_the_marketplace_is_asked_once_and_what_it_sends_is_taken(
    wanted: SellerAccount, control: Control, ours: Server
) -> None:
    row = look_after(wanted)
    assert (row.state, row.fault, set(row.subscriptions)) == (HookState.ON, "", set(hooks.EVENTS))
    assert row.next_at is not None
    again = look_after(wanted)
    assert again.subscriptions == row.subscriptions
    assert len(control.calls(wanted.sender_address, operation="createSubscription")) == len(hooks.EVENTS)
    after = control.last()
    number = control.place_orders(wanted.sender_address, 1, state="fresh", parts=1)[0]
    control.advance(number, "cancel_requested")
    control.fault("hook.delivery", "twice", account=wanted.sender_address)
    control.hook(wanted.sender_address, "SELLER_PERFORMANCE_NOTIFICATIONS", notificationType="ALARMS")
    while len([each for each in ours.asked if each.method == "POST"]) < 4:
        control.wait_for("hook", after=after)
        after = control.last()
    assert {taken(asked) for asked in ours.asked} == {200}
    with tenant_tx(wanted.tenant_id):
        kinds = sorted(HookEvent.objects.values_list("kind", flat=True))
    assert kinds == ["ORDER_UPDATES", "ORDER_UPDATES", "SELLER_PERFORMANCE_NOTIFICATIONS"]


def taken(asked: Asked) -> int:
    """What our view says to a delivery as it really came."""
    name = next(name for name in asked.headers if name.lower() == hooks.HEADER.lower())
    return post(asked.path, asked.body, X_Helpdesk_Signature=asked.headers[name])


@pytest.mark.parametrize("action", ["forged", "garbled"])
def test_what_the_simulator_forges_is_not_taken(
    wanted: SellerAccount, control: Control, ours: Server, action: str
) -> None:
    look_after(wanted)
    after = control.last()
    control.fault("hook.delivery", action, account=wanted.sender_address)
    control.hook(wanted.sender_address, "RETURN_CREATED", customerOrderId=ORDER)
    control.wait_for("hook", after=after, fault=action)
    assert [taken(asked) for asked in ours.asked] == [404]


def test_a_scope_that_is_missing_leaves_the_rest(
    wanted: SellerAccount, control: Control, ours: Server
) -> None:
    control.change_account(wanted.sender_address, api={"scopes": {"feeds": "no_access"}})
    row = look_after(wanted)
    assert row.state == HookState.PARTLY
    assert "scope" in row.fault
    assert set(row.subscriptions) == {"ORDER_UPDATES", "RETURN_CREATED"}


@pytest.mark.parametrize("action", ["server_error", "html", "throttle"])
def test_a_marketplace_that_fails_is_asked_again(
    wanted: SellerAccount, control: Control, ours: Server, action: str
) -> None:
    control.fault("api.webhooks", action, account=wanted.sender_address)
    now = timezone.now()
    row = look_after(wanted, now=now)
    assert row.state == HookState.FAILED
    assert row.fault
    assert "<" not in row.fault
    assert row.next_at is not None
    assert row.next_at < now + timedelta(hours=1)


def test_without_a_public_address_it_is_said_and_nobody_is_asked(
    wanted: SellerAccount, control: Control, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_HOSTS = False
    for address in ("http://desk.example", "http://localhost:8000", "https://localhost", ""):
        settings.PUBLIC_URL = address
        row = look_after(wanted)
        assert (row.state, row.fault) == (HookState.NO_ADDRESS, subscribing.NO_ADDRESS)
    assert control.calls(wanted.sender_address, operation="getSubscriptions") == []


def test_taken_back_nothing_is_told_and_nothing_taken(
    wanted: SellerAccount, control: Control, ours: Server
) -> None:
    look_after(wanted)
    path, secret = path_of(wanted), secret_of(wanted)
    with tenant_tx(wanted.tenant_id):
        subscribing.unwant(wanted, now=timezone.now())
    content = json.dumps(event()).encode()
    signature = hmac.new(secret, content, hashlib.sha256).hexdigest()
    assert post(path, content, X_Helpdesk_Signature=signature) == 404
    row = look_after(wanted)
    assert (row.state, row.fault, row.subscriptions, row.next_at) == (HookState.OFF, "", {}, None)
    assert control.hook(wanted.sender_address, "RETURN_CREATED") == 0
    with tenant_tx(wanted.tenant_id):
        subscribing.want(wanted, now=timezone.now())
    assert look_after(wanted).state == HookState.ON
    assert path_of(wanted) != path


def test_a_new_key_outlives_the_word_to_stop_that_comes_late(
    wanted: SellerAccount, ours: Server, world: World
) -> None:
    look_after(wanted)
    with tenant_tx(wanted.tenant_id):
        account = SellerAccount.objects.select_related("tenant").get(pk=wanted.pk)
        fields = credentials.API_FIELDS[account.marketplace]
        again = {field: credentials.secret_of(account, field) for field in fields}
        disconnecting.disconnect(account, by=world.ada, now=timezone.now())
        # Somebody begins to connect it again: the key is entered first.
        keys.store(account, again, now=timezone.now())
    assert look_after(wanted).state == HookState.OFF
    with tenant_tx(wanted.tenant_id):
        assert credentials.has_key(account)
        disconnecting.reconnect(account, now=timezone.now())
    assert look_after(wanted).state == HookState.ON


def test_with_the_key_gone_it_ends_all_the_same(
    wanted: SellerAccount, control: Control, ours: Server
) -> None:
    look_after(wanted)
    with tenant_tx(wanted.tenant_id):
        subscribing.unwant(wanted, now=timezone.now())
    control.change_account(wanted.sender_address, api={"revoked": True})
    row = look_after(wanted)
    assert row.state == HookState.OFF
    assert row.fault.startswith("Walmart could not be told to stop")


def test_a_disconnected_account_takes_nothing(wanted: SellerAccount) -> None:
    with tenant_tx(wanted.tenant_id):
        SellerAccount.objects.filter(pk=wanted.pk).update(disconnected_at=datetime.now(UTC))
    assert send(wanted, event()) == 404


def test_amazon_has_none(amazon: SellerAccount) -> None:
    with tenant_tx(amazon.tenant_id):
        subscribing.want(amazon, now=timezone.now())
        assert not HookSubscription.objects.exists()
