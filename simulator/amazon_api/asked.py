"""Reads the queries of Amazon's operations; refuses what the models do not have."""

from simulator.accounts import SellerAccount
from simulator.api import Call, Refused
from simulator.http import Request


def check_names(request: Request, known: tuple[str, ...]) -> None:
    """Refuse a parameter the operation does not have."""
    unknown = set(request.query) - set(known)
    if unknown:
        raise Refused(400, "InvalidInput", f"Unknown parameter: {', '.join(sorted(unknown))}.")


def listed(request: Request, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """A list of the query; each of its values is one of the known."""
    given = tuple(request.all(name))
    if set(given) - set(known):
        raise Refused(400, "InvalidInput", f"{name} knows {', '.join(known)}.")
    return given


def on_sites(call: Call) -> tuple[SellerAccount, ...]:
    """The seller's accounts on the marketplaces asked for, all when none is named."""
    asked = call.request.all("marketplaceIds")
    if not asked:
        return call.accounts
    found = tuple(account for account in call.accounts if account.site.marketplace_id in asked)
    if not found:
        raise Refused(400, "InvalidInput", "The seller takes no part in these marketplaces.")
    return found


def on_one_site(call: Call) -> SellerAccount:
    """The seller's account on the one marketplace that must be named."""
    if len(call.request.all("marketplaceIds")) != 1:
        raise Refused(400, "InvalidInput", "marketplaceIds names exactly one marketplace.")
    return on_sites(call)[0]
