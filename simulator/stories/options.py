"""What can be said about how a story is told."""

from collections.abc import Mapping
from typing import Any

from simulator.mistakes import Mistake

LANGUAGES = ("en", "de", "ja", "it", "pt", "es", "fr")
DAMAGES = ("charset", "base64", "boundary", "header", "nul")

OPTIONS = {
    "folder": "where the mail is delivered (default INBOX, or as the story says)",
    "twice": "true: every mail is delivered twice, the same bytes under two UIDs",
    "delay_minutes": "minutes between Date and arrival (Received, INTERNALDATE)",
    "answered": '"sent" (the reply lies in Sent), "confirmation" (Amazon: only the copy), or "both"',
    "answered_after_minutes": "how long after the last mail (default a third of the age)",
    "opted_out": "true: this Amazon buyer has opted out; replies are accepted and an opt-out notice comes",
    "like": "id of an earlier story: the same buyer and relay address write again (Amazon: under a new case)",
    "fulfilment": "who ships the order: seller (default), wfs, 3pl (Walmart), fba (Amazon)",
    "about": "id of an order of this account: its buyer writes about it",
    "buyer_name": "the buyer's name",
    "text": "the buyer's first text",
    "order_id": "the order's id",
    "sku": "an item of the catalogue",
    "language": ", ".join(LANGUAGES),
    "form": "plain, html or alternative",
    "charset": "of Amazon mails, where it can hold the text",
    "case_stands": "where Amazon's +case stands: from, reply_to or original_recipient",
    "damage": f"how an unreadable mail is broken: {', '.join(DAMAGES)}",
}
_ONE_OF = {
    "answered": ("sent", "confirmation", "both"),
    "language": LANGUAGES,
    "form": ("plain", "html", "alternative"),
    "case_stands": ("from", "reply_to", "original_recipient"),
    "damage": DAMAGES,
}
_YES_OR_NO = ("twice", "opted_out")
_MINUTES = ("delay_minutes", "answered_after_minutes")


def check(options: Mapping[str, Any]) -> None:
    """Raise Mistake for the first option that makes no sense."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise Mistake(f"A story has no option {name}. Known: {', '.join(OPTIONS)}.")
        if name in _YES_OR_NO:
            if not isinstance(value, bool):
                raise Mistake(f"{name} is true or false.")
        elif name in _MINUTES:
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
                raise Mistake(f"{name} is a number of minutes.")
        elif not isinstance(value, str):
            raise Mistake(f"{name} is a text.")
        elif name in _ONE_OF and value not in _ONE_OF[name]:
            raise Mistake(f"{name} is one of: {', '.join(_ONE_OF[name])}.")
