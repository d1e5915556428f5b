"""Whose order it is: the relay address the marketplace gives is the buyer's name in that seller account."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from marketplaces.models import SellerAccount
from marketplaces.records import OrderRecord
from orders.models import Buyer, BuyerIdentity, Order

SAID = ("relay_address", "buyer_name", "ship_to_place", "programs")


def connect_buyers(account: SellerAccount, found: Iterable[tuple[Order, OrderRecord]]) -> None:
    """Write down what records say of their buyers, and give orders that have none their buyer.

    The buyer may be known already or new; an order without an alias stays without.
    """
    found = list(found)
    for order, record in found:
        _note_what_is_said(order, record)
    wanted = {
        order.pk: (order, alias, record)
        for order, record in found
        if order.buyer_id is None and order.purged_at is None and (alias := alias_of(record.relay_address))
    }
    aliases = {alias for _, alias, _ in wanted.values()}
    identities = BuyerIdentity.objects.filter(account=account, relay_alias__in=aliases)
    known = {row.relay_alias: row.buyer_id for row in identities}
    for order, alias, record in wanted.values():
        if alias not in known:
            known[alias] = _new_buyer(account, order, alias, record.buyer_name)
        order.buyer_id = known[alias]
    Order.objects.bulk_update({order.pk: order for order, _ in found}.values(), ["buyer", *SAID])


def _note_what_is_said(order: Order, record: OrderRecord) -> None:
    """What a record leaves out stays as it was: a relay address is not there from the first minute."""
    if order.purged_at is not None:
        return
    order.relay_address = record.relay_address[:254] or order.relay_address
    order.buyer_name = record.buyer_name[:200] or order.buyer_name
    order.ship_to_place = record.ship_to_place[:200] or order.ship_to_place
    others = [] if record.external_id == record.order_id else order.programs
    order.programs = list(dict.fromkeys([*others, *record.programs]))


def alias_of(relay_address: str) -> str:
    """The relay address in lower case without what follows a plus sign; empty for what is no address."""
    local, at, domain = relay_address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"[:254] if at else ""


def _new_buyer(account: SellerAccount, order: Order, alias: str, name: str) -> int:
    try:
        with transaction.atomic():
            buyer = Buyer.objects.create(
                tenant_id=account.tenant_id, name=name[:200], expires_at=order.expires_at
            )
            BuyerIdentity.objects.create(
                tenant_id=account.tenant_id,
                buyer=buyer,
                account=account,
                relay_alias=alias,
                expires_at=order.expires_at,
            )
    except IntegrityError:
        # A mail of the same buyer was filed in the same moment.
        return BuyerIdentity.objects.get(account=account, relay_alias=alias).buyer_id
    return buyer.pk
