"""Which buyers' messages were answered, and when: told by what was delivered and what the relay accepted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.accounts import SellerAccount
from simulator.relay import alias_of
from simulator.store import Store

ALLOWED = timedelta(hours=48)


@dataclass(frozen=True)
class Answered:
    """One message of a buyer about an order; `answered_at` is the first answer after it."""

    order_id: str
    received_at: datetime
    answered_at: datetime | None

    @property
    def in_time(self) -> bool:
        """Whether it was answered within 48 hours."""
        return self.answered_at is not None and self.answered_at - self.received_at <= ALLOWED


def messages(store: Store, account: SellerAccount, *, since: datetime, now: datetime) -> list[Answered]:
    """Those received since then that count: answered, or their 48 hours are over. Oldest first."""
    replies: dict[str, list[datetime]] = {}
    for event in store.events_after(0, ("accepted",), account.address):
        replies.setdefault(alias_of(event["rcpt"]), []).append(datetime.fromisoformat(event["at"]))
    found = []
    for story in store.stories(account.address):
        if not story["order_id"] or not story["relay_address"]:
            continue
        answers = replies.get(story["alias"], [])
        answers = sorted([*answers, *map(datetime.fromisoformat, story.get("answered", ()))])
        for received_at in map(datetime.fromisoformat, story.get("received", ())):
            if received_at < since:
                continue
            answered_at = next((at for at in answers if at >= received_at), None)
            if answered_at is not None or now - received_at > ALLOWED:
                found.append(Answered(story["order_id"], received_at, answered_at))
    return sorted(found, key=lambda one: (one.received_at, one.order_id))
