"""Buyers' mails as the simulated marketplaces write them, for the intake to read."""

from datetime import datetime, timedelta
from random import Random

from simulator import ids
from simulator.accounts import ApiKeys, SellerAccount
from simulator.shapes import amazon, walmart
from simulator.shapes.transport import Draft, stamped

WORDS = (
    *("where", "is", "my", "parcel", "the", "lamp", "arrived", "broken", "please", "send", "another"),
    *("one", "or", "refund", "me", "it", "was", "a", "gift", "and", "never", "came"),
)
TITLE = "Arched floor lamp with linen shade"


def mails(marketplace: str, address: str, count: int, *, seed: int, now: datetime) -> list[bytes]:
    """So many mails to one mailbox; three of ten continue a conversation that an earlier one began."""
    rng = Random(f"{seed}/{address}")
    account = SellerAccount(
        marketplace=marketplace,
        market="us",
        name="Bench",
        address=address,
        password="",
        registered_sender=address,
        confirmations=False,
        api=ApiKeys.made_for(marketplace, address, seed),
    )
    matters: list[tuple[str, str]] = []
    made: list[bytes] = []
    for number in range(count):
        if not matters or rng.random() < 0.7:
            matters.append((ids.relay_address(rng, account.site), ids.order_id(rng, account.site)))
        relay, order = rng.choice(matters)
        sent_at = now - timedelta(minutes=count - number)
        draft = _draft(account, relay, order, rng)
        made.append(stamped(draft, account, sent_at=sent_at, received_at=sent_at + timedelta(seconds=3)))
    return made


def _draft(account: SellerAccount, relay: str, order: str, rng: Random) -> Draft:
    text = " ".join(rng.choice(WORDS) for _ in range(rng.randint(8, 60))).capitalize() + "."
    message_id = f"<{ids.hexes(rng, 24)}@{account.site.relay_domain}>"
    if account.marketplace == "walmart":
        about = walmart.About(order, ids.digits(rng, 8), TITLE, ids.hexes(rng, 32))
        return walmart.buyer_message(account, relay, "Denise Kowalczyk", text, about, message_id, rng)
    bought = amazon.About(order, 1, TITLE, "B0CX23V2ZK", ids.digits(rng, 11))
    return amazon.buyer_message(
        account, relay, "Denise Kowalczyk", text, bought, message_id, rng, language="en"
    )
