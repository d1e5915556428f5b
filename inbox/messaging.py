"""What leaves by a marketplace's messaging API instead of by mail; how that went is said in the same words.

A message handed over is never asked for again: neither marketplace lets one read what was sent.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from inbox.models import OutboundReply
from marketplaces.errors import ApiError, Permanent, Temporary
from marketplaces.mailbox.smtp import Accepted, Answer, NotHanded, Refused, Silent
from marketplaces.models import SellerAccount


class Messenger(Protocol):
    """What a marketplace's adapter offers for writing first."""

    def send_message(self, order_id: str, action: str, text: str) -> str:
        """Begin a message; the marketplace's reference.

        Temporary: it has not left. Permanent: it will not. Any other ApiError: nobody knows.
        """
        ...


Door = Callable[[SellerAccount], AbstractContextManager[Messenger]]


@dataclass(frozen=True, slots=True)
class Letter:
    """All that is needed to hand a message over, so that no transaction stays open for it."""

    account: SellerAccount
    order_id: str
    action: str
    text: str


def pack(reply: OutboundReply) -> Letter | Answer:
    """What is to be handed over; what is wrong with it is the answer at once."""
    order = reply.conversation.order
    if order is None:
        return Refused("The order this message is about is no longer kept.", permanent=True)
    return Letter(reply.account, order.external_id, reply.action, reply.body)


def hand_over(letter: Letter, door: Door, *, before_it_leaves: Callable[[], bool]) -> Answer:
    """Call the marketplace; `before_it_leaves` says, right before, whether the row is still ours."""
    try:
        with door(letter.account) as messenger:
            if not before_it_leaves():
                return NotHanded("Another worker has taken it over.")
            reference = messenger.send_message(letter.order_id, letter.action, letter.text)
    except Permanent as error:
        return Refused(str(error), permanent=True)
    except Temporary as error:
        return NotHanded(str(error))
    except ApiError as error:
        return Silent(str(error))
    return Accepted(reference or "accepted")
