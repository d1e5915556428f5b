"""Which faults an evening holds: for each account those of its own APIs and mailbox, in random order."""

from random import Random
from typing import Any

from marketplaces.models import SellerAccount
from marketplaces.types import Marketplace
from tests.simulator_client import Control

Fault = dict[str, Any]
REFUSED = "[AUTHENTICATIONFAILED] Invalid credentials (Failure)"
STOPPING: tuple[Fault, ...] = (
    {"action": "throttle"},
    {"action": "server_error", "status": 500},
    {"action": "server_error", "status": 503},
    {"action": "html", "status": 200},
    {"action": "html", "status": 502},
    {"action": "cut"},
    {"action": "forbidden"},
)
PASSING: tuple[Fault, ...] = (
    {"action": "slow", "seconds": 0.3},
    {"action": "late", "seconds": 0.3},
    {"action": "expired"},
)
BROKEN: tuple[Fault, ...] = (
    {"action": "repeat"},
    {"action": "garble", "how": "missing_field"},
    {"action": "garble", "how": "wrong_type"},
)
# Where a stream reads what has changed, and where it reads on: the second page, or the second list.
CHANGES = {Marketplace.WALMART: "lastModifiedStartDate", Marketplace.AMAZON: "lastUpdatedAfter"}
READS_ON = {Marketplace.WALMART: "shipNodeType=WFSFulfilled", Marketplace.AMAZON: "paginationToken"}
LISTS = {
    Marketplace.WALMART: ("api.orders", "api.returns"),
    Marketplace.AMAZON: ("api.orders", "api.reports", "api.mcf"),
}


def before_the_first_reading(account: SellerAccount, rng: Random) -> list[Fault]:
    """Faults in the middle of a shop's first, long reading, and of its pictures."""
    market = account.marketplace
    middle = [
        {"point": "api.orders", "match": READS_ON[market], **fault} for fault in rng.sample(STOPPING, 2)
    ]
    # Nobody says whose picture is asked for.
    images = [{"point": "api.image", "account": "", **fault} for fault in rng.sample(STOPPING[1:6], 2)]
    if market is Marketplace.AMAZON:
        images += [{"point": "api.catalog", **fault} for fault in rng.sample(STOPPING, 3)]
    return _mixed(account, [*middle, *images], rng)


def of_a_gulp(account: SellerAccount, rng: Random) -> list[Fault]:
    """Faults while mails and orders come in."""
    market = account.marketplace
    found: list[Fault] = []
    for point in LISTS[market]:
        found += [{"point": point, **fault} for fault in rng.sample(STOPPING, 1)]
        found += [{"point": point, **fault} for fault in rng.sample(PASSING[:2], 1)]
    found.append({"point": "api.orders", "match": CHANGES[market], **rng.choice(BROKEN)})
    # A word nobody knows: what it stands in is read again within seconds only where the stream reads.
    found.append({"point": "api.orders", "match": CHANGES[market], "action": "garble", "how": "unknown_enum"})
    if market is Marketplace.AMAZON:
        found.append({"point": "api.orders", "match": CHANGES[market], "action": "foreign"})
        found.append({"point": "api.order", **rng.choice(STOPPING[:6])})
        found.append({"point": "api.messaging", **rng.choice(STOPPING[:6])})
    # An expired token has another fetched, which goes wrong too.
    found.append({"point": "api.any", "action": "expired"})
    found.append({"point": "api.token", **rng.choice(STOPPING)})
    mailbox = {"action": "close"} if rng.random() < 0.5 else {"action": "reply", "reply": REFUSED}
    found.append({"point": "imap.login", **mailbox})
    return _mixed(account, found, rng)


def inject(control: Control, faults: list[Fault]) -> int:
    """Set them in this order; how many there are."""
    for fault in faults:
        control.fault(**fault)
    return len(faults)


def _mixed(account: SellerAccount, faults: list[Fault], rng: Random) -> list[Fault]:
    rng.shuffle(faults)
    return [{"account": account.sender_address, **fault} for fault in faults]
