"""The parts orders are made of: lines, parcels, addresses, returns."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from simulator import ids
from simulator.accounts import SellerAccount
from simulator.orders.order import Address, Line, Order, Parcel, Return, ms
from simulator.stories import cast, catalogue

HOUR = 3_600_000
DAY = 24 * HOUR
_STREETS = (
    "Birch Street",
    "Maple Court",
    "Oak Avenue",
    "Cedar Lane",
    "Elm Road",
    "Willow Way",
    "Pine Terrace",
)
_COUNTRIES = {"uk": "GB"}
_CARRIERS = {
    "us": ("UPS", "USPS", "FedEx"),
    "ca": ("Canada Post", "UPS"),
    "de": ("DHL", "GLS"),
    "uk": ("Royal Mail",),
}
_WALMART_REASONS = (
    "DAMAGED",
    "DEFECTIVE",
    "NO_LONGER_WANTED",
    "NOT_AS_DESCRIBED",
    "ARRIVED_LATE",
    "INCORRECT_ITEM",
)
AMAZON_REASONS = (
    "Defective or does not work",
    "No longer needed",
    "Inaccurate website description",
    "Arrived too late",
)
_ACTIONS = (
    (),
    ("confirmDeliveryDetails", "confirmOrderDetails", "unexpectedProblem"),
    ("confirmOrderDetails", "confirmServiceDetails"),
    ("confirmCustomizationDetails", "confirmOrderDetails", "unexpectedProblem"),
    ("unexpectedProblem",),
    ("confirmDeliveryDetails", "digitalAccessKey"),
)


def day_end(at: int, days: int = 0) -> int:
    """The last second of the day (UTC) that lies so many days after a moment."""
    day = datetime.fromtimestamp(at // 1000, UTC) + timedelta(days=days)
    return ms(day.replace(hour=23, minute=59, second=59, microsecond=0))


def line(
    item: catalogue.CatalogueItem, account: SellerAccount, unique: Random, number: int, quantity: int
) -> Line:
    """One line of an order."""
    return Line(
        number=number,
        ref=ids.digits(unique, 14, "6"),
        sku=item.sku,
        title=item.title_in(account.site.language),
        asin=item.asin,
        item_id=item.item_id,
        quantity=quantity,
        price=str(item.price),
    )


def parcel(account: SellerAccount, rng: Random, unique: Random, shipped_at: int) -> Parcel:
    """A parcel on its way since that moment, with a carrier of the country."""
    carrier = rng.choice(_CARRIERS.get(account.market, ("DHL", "UPS")))
    tracking = {
        "UPS": f"1Z{ids.digits(unique, 16)}",
        "USPS": ids.digits(unique, 22, "9400"),
        "FedEx": ids.digits(unique, 12, "78"),
        "Royal Mail": f"RM{ids.digits(unique, 9)}GB",
    }.get(carrier, ids.digits(unique, 20, "00340"))
    return Parcel(carrier, tracking, shipped_at)


def blank(
    account: SellerAccount,
    rng: Random,
    unique: Random,
    *,
    lines: list[Line],
    ordered_at: int,
    ship_days: int,
    transit_days: int = 4,
    fulfilment: str = "seller",
    language: str = "",
    buyer_name: str = "",
    town: str = "",
    relay_address: str = "",
    order_id: str = "",
    purchase_order_id: str = "",
) -> Order:
    """An order just placed, to be shipped until the end of the day `ship_days` later."""
    language = language or account.site.language
    customer_order = order_id or ids.order_id(unique, account.site)
    walmart = account.marketplace == "walmart"
    city, _, state = (town or cast.town(rng, language)).partition(", ")
    ship_by = day_end(ordered_at, ship_days)
    country = _COUNTRIES.get(account.market, account.market.upper())
    return Order(
        id=(purchase_order_id or ids.purchase_order_id(unique)) if walmart else customer_order,
        customer_order_id=customer_order,
        account=account.address,
        fulfilment=fulfilment,
        buyer_name=buyer_name or cast.name(rng, language),
        relay_address=relay_address or ids.relay_address(unique, account.site),
        address=Address(
            street=f"{rng.randrange(2, 4000)} {rng.choice(_STREETS)}",
            city=city,
            state=state,
            postal_code=ids.digits(rng, 5, "4"),
            country={"US": "USA", "CA": "CAN"}.get(country, country) if walmart else country,
        ),
        currency=account.site.currency,
        language=language,
        ordered_at=ordered_at,
        ship_by=ship_by,
        promised_by=day_end(ship_by, transit_days),
        lines=lines,
        speed=rng.choice(("Value", "Value", "Standard", "Express")),
        actions=list(rng.choice(_ACTIONS)),
    )


def return_of(
    order: Order,
    account: SellerAccount,
    rng: Random,
    unique: Random,
    *,
    started_at: int,
    reason: str = "",
    comment: str = "",
) -> Return:
    """A return of the order's first line, started at that moment."""
    first = order.lines[0]
    reasons = _WALMART_REASONS if account.marketplace == "walmart" else AMAZON_REASONS
    back = parcel(account, rng, unique, started_at)
    return Return(
        id=ids.digits(unique, 18, "10")
        if account.marketplace == "walmart"
        else f"D{ids.hexes(unique, 8).upper()}RRMA",
        line=first.number,
        quantity=first.quantity,
        reason=reason or rng.choice(reasons),
        comment=comment,
        amount=str(Decimal(first.price) * first.quantity),
        started_at=started_at,
        carrier=back.carrier,
        tracking=back.tracking,
        channel=rng.choice(("ONLINE", "ONLINE", "ONLINE", "IN_STORE", "CUSTOMER_CARE")),
    )
