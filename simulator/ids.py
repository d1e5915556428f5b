"""Numbers and addresses that must be unlike all others."""

from random import Random

from simulator.markets import Market

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def digits(unique: Random, count: int, start: str = "") -> str:
    """A number of that many digits."""
    return start + "".join(str(unique.randrange(10)) for _ in range(count - len(start)))


def hexes(unique: Random, count: int) -> str:
    """So many hexadecimal digits."""
    return f"{unique.getrandbits(4 * count):0{count}x}"


def order_id(unique: Random, site: Market) -> str:
    """An order number as the site writes it for the buyer."""
    if site.marketplace == "amazon":
        return f"{digits(unique, 3, '1')}-{digits(unique, 7)}-{digits(unique, 7)}"
    return digits(unique, 13 if site.code == "ca" else 15, "2000")


def purchase_order_id(unique: Random) -> str:
    """Walmart's number of one seller's part of a customer's order."""
    return digits(unique, 13, "10")


def relay_address(unique: Random, site: Market) -> str:
    """A relay address nobody has yet."""
    if site.marketplace == "walmart":
        return f"{hexes(unique, 32)}@{site.relay_domain}"
    return f"{''.join(unique.choice(_LETTERS) for _ in range(14))}@{site.relay_domain}"
