"""What the screens say of an order: states, who ships and what follows from it, programs; pure data."""

from dataclasses import dataclass

from marketplaces.records import Fulfilment, OrderStatus, ReturnStatus, ShipmentStatus

ORDER_STATUS = {
    OrderStatus.PENDING: "Not paid yet",
    OrderStatus.UNSHIPPED: "Not shipped yet",
    OrderStatus.PARTLY_SHIPPED: "Partly shipped",
    OrderStatus.SHIPPED: "Shipped",
    OrderStatus.DELIVERED: "Delivered",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.UNKNOWN: "Status unknown",
}
SHIPMENT_STATUS = {
    ShipmentStatus.PRE_TRANSIT: "Label made, not handed over yet",
    ShipmentStatus.IN_TRANSIT: "On its way",
    ShipmentStatus.OUT_FOR_DELIVERY: "Out for delivery",
    ShipmentStatus.AVAILABLE_FOR_PICKUP: "Waits to be picked up",
    ShipmentStatus.DELIVERED: "Delivered",
    ShipmentStatus.EXCEPTION: "Something went wrong on the way",
    ShipmentStatus.RETURNED: "Went back to the sender",
    ShipmentStatus.UNKNOWN: "",
}
RETURN_STATUS = {
    ReturnStatus.STARTED: "Return opened",
    ReturnStatus.IN_TRANSIT: "On its way back",
    ReturnStatus.RECEIVED: "Received back",
    ReturnStatus.COMPLETED: "Return completed",
    ReturnStatus.CANCELLED: "Return cancelled",
    ReturnStatus.UNKNOWN: "Return",
}
PROGRAMS = {"PRIME": "Prime", "AMAZON_BUSINESS": "Business", "TWO_DAY": "2-day", "THREE_DAY": "3-day"}
# Who refunds a return, as Walmart says it; what is not here is shown in its own words.
REFUND_CHANNELS = {
    "WALMART_TRIGGERED_REFUND": "Walmart decided it",
    "WALMART_SETTLED_REFUND": "Walmart settled it",
    "SELLER_AUTO_REFUND": "by your own rule",
    "SELLER_MANUAL_REFUND": "by you",
    "SELLER_SYSTEM_REFUND": "by your own system",
}
LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "sv": "Swedish",
    "tr": "Turkish",
    "zh": "Chinese",
}
ISSUERS = {"seller": "by you", "marketplace": "by the marketplace"}


@dataclass(frozen=True, slots=True)
class Badge:
    """Who ships an order, and what follows from it."""

    name: str
    meaning: str


FULFILMENT = {
    Fulfilment.SELLER: Badge("Seller", "You ship, and you answer for delivery and returns."),
    Fulfilment.WFS: Badge("WFS", "Walmart ships from its warehouse and answers for delivery and returns."),
    Fulfilment.FBA: Badge("FBA", "Amazon ships and answers for delivery and returns."),
    Fulfilment.THIRD_PARTY: Badge("3PL", "A warehouse you hired ships; you answer for delivery and returns."),
    Fulfilment.MCF: Badge("MCF", "Amazon ships for you; to this buyer you answer for delivery and returns."),
}


def program(name: str) -> str:
    """A program of the marketplace as people call it; an unknown one by its own name."""
    return PROGRAMS.get(name.upper(), name.replace("_", " ").capitalize())


def plain(text: str) -> str:
    """A word of the marketplace's API for people: "DELIVERED_AT_RETURN_CENTER" reads as a sentence."""
    if text.isupper() or "_" in text:
        return text.replace("_", " ").capitalize()
    return text


def language_of(locale: str) -> str:
    """The language of a locale such as "de-AT"; empty for one we have no name for."""
    return LANGUAGES.get(locale.replace("_", "-").partition("-")[0].lower(), "")
