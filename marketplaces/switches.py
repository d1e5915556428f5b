"""What a seller has to switch on at the marketplace itself; pure.

Amazon: Seller Central, Notification Preferences and Messaging Permissions. Walmart: Seller Center, Manage
Contacts, and Walmart's own advice to let its addresses through the spam filter.
"""

from dataclasses import dataclass

from marketplaces.types import Marketplace


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing to switch on: where, what to enter there (the mailbox, the sender, or nothing), and why."""

    key: str
    title: str
    where: str
    enter: str  # "mailbox", "sender" or ""
    why: str


# Where a seller makes the key of a program.
KEY_PAGES = {
    Marketplace.AMAZON: "https://solutionproviderportal.amazon.com/",
    Marketplace.WALMART: "https://developer.walmart.com/account/generateKey",
}
SWITCHES: dict[Marketplace, tuple[Switch, ...]] = {
    Marketplace.AMAZON: (
        Switch(
            "messaging",
            "Buyer messages, confirmations, delivery failures, opt-outs",
            "Settings, Notification Preferences, Messaging",
            "mailbox",
            "Buyers' messages come in by it, and you learn when a reply did not arrive.",
        ),
        Switch(
            "claims",
            "Claims, refunds, pending returns",
            "Settings, Notification Preferences, Return and Claim Notifications",
            "mailbox",
            "A claim has its own deadline, and its mail is the only notice of it.",
        ),
        Switch(
            "sender",
            "Approved sender",
            "Settings, Messaging Permissions",
            "sender",
            "Amazon rejects replies from every other address.",
        ),
    ),
    Marketplace.WALMART: (
        Switch(
            "contact",
            "Customer service contact",
            "Settings, Manage Contacts, Customer Service",
            "sender",
            "Walmart relays buyers' messages to this address, and takes replies from no other.",
        ),
        Switch(
            "filter",
            "Let Walmart through your spam filter",
            "Your mail account: allow relay.walmart.com, walmart.com and wal-mart.com",
            "",
            "A message in spam has the same 48 hours.",
        ),
    ),
}
