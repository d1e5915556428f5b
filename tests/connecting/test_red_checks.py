"""Each live check has a fault that turns it red and no other, with its own sentence."""

from collections.abc import Callable

import pytest

from accounts.tenancy import tenant_tx
from tests.connecting.conftest import MakeWizard, Wizard

# Checks that can only be looked at after another one: they wait, and are not red.
# Amazon tells of no rights: they are tried, in the same reading as the order.
BESIDE = {("order", "amazon"): {"rights"}}
AFTER = {
    "token": {"rights", "seller", "order", "clock"},
    "rights": {"order"},
    "mailbox": {"folders", "sender", "received", "bounce"},
    "sender": {"received", "bounce"},
}


def revoke(shop: Wizard) -> None:
    shop.control.change_account(shop.seller["address"], api={"revoked": True})


def forbid_orders(shop: Wizard) -> None:
    shop.control.fault("api.orders", "forbidden", account=shop.seller["address"])


def another_seller(shop: Wizard) -> None:
    with tenant_tx(shop.world.acme.pk):
        same = {"seller_id": shop.seller["api"]["seller_id"]}
        twins = [shop.world.amazon.pk, shop.world.walmart.pk, shop.account_id]
        type(shop.account).objects.filter(pk__in=twins).update(**same)


def turn_the_clock(shop: Wizard) -> None:
    shop.control.fault("api.any", "skew", account=shop.seller["address"], seconds=300, times=20)


def break_orders(shop: Wizard) -> None:
    shop.control.fault("api.orders", "server_error", account=shop.seller["address"])


def wrong_password(shop: Wizard) -> None:
    shop.control.change_account(shop.seller["address"], password="another")


def no_spam_folder(shop: Wizard) -> None:
    shop.control.hide_folder(shop.seller["address"], "Spam")


def refuse_sender(shop: Wizard) -> None:
    reply = "553 5.7.1 Sender address rejected: not owned by user"
    shop.control.fault("smtp.mail", "reply", account=shop.seller["address"], reply=reply)


def lose_the_mail(shop: Wizard) -> None:
    shop.control.own_outcome(shop.seller["address"], "spam", match="<check.received.")


def bounce_the_reply(shop: Wizard) -> None:
    shop.control.own_outcome(shop.seller["address"], "bounce", match="<check.bounce.")


TABLE: list[tuple[str, Callable[[Wizard], None], dict[str, str]]] = [
    (
        "token",
        revoke,
        {"walmart": "does not accept the client id", "amazon": "no longer accepts this account's auth"},
    ),
    ("rights", forbid_orders, {"walmart": "The key may not: read orders", "amazon": "may not: read orders"}),
    ("seller", another_seller, {"walmart": "is connected already", "amazon": "is connected already"}),
    ("order", break_orders, {"walmart": "Reading one order did not", "amazon": "Reading one order did not"}),
    ("clock", turn_the_clock, {"walmart": "s behind Walmart's", "amazon": "s behind Amazon's"}),
    ("mailbox", wrong_password, {"walmart": "refuses user and password", "amazon": "refuses user and pass"}),
    ("folders", no_spam_folder, {"walmart": "There is no folder Spam", "amazon": "There is no folder Spam"}),
    ("sender", refuse_sender, {"walmart": "does not take mail from", "amazon": "does not take mail from"}),
    ("received", lose_the_mail, {"walmart": "fell into the spam folder", "amazon": "fell into the spam"}),
    ("bounce", bounce_the_reply, {"walmart": "A test reply came back", "amazon": "A test reply came back"}),
]


@pytest.mark.parametrize("marketplace", ["walmart", "amazon"])
@pytest.mark.parametrize(("name", "fault", "sentences"), TABLE, ids=[row[0] for row in TABLE])
def test_a_fault_turns_exactly_its_own_check_red(
    wizard: MakeWizard,
    marketplace: str,
    name: str,
    fault: Callable[[Wizard], None],
    sentences: dict[str, str],
) -> None:
    shop = wizard(marketplace)
    shop.start()
    shop.enter("key", shop.key())
    shop.enter("mailbox", shop.mailbox())
    shop.control.place_orders(shop.seller["address"], 1)
    fault(shop)
    checks = shop.check()
    red = {row.name for row in checks.values() if row.state == "failed"}
    assert red == {name}, [(row.name, row.words) for row in checks.values() if row.state == "failed"]
    assert {row.name for row in checks.values() if row.state == "waiting"} == AFTER.get(
        name, set()
    ) | BESIDE.get((name, marketplace), set())
    assert sentences[marketplace] in checks[name].words
    assert checks[name].fix
