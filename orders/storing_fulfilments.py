"""Parcels Amazon ships for another channel (MCF): into the order whose number stands on the packing slip."""

from collections.abc import Iterable
from datetime import datetime

from marketplaces.models import SellerAccount
from marketplaces.records import FulfilmentRecord
from orders import summary
from orders.models import Order
from orders.storing import Stored, write_shipments


def store_fulfilments(
    account: SellerAccount, records: Iterable[FulfilmentRecord], *, now: datetime
) -> Stored:
    """Store records inside the caller's transaction.

    The order may be of any seller account of the tenant; a number two accounts have is not guessed at, and
    one nobody has (yet) is read again with the next sweep.
    """
    newest = {record.external_id: record for record in sorted(records, key=lambda each: each.modified_at)}
    numbers = {record.order_id for record in newest.values()}
    rows = Order.objects.select_for_update(no_key=True, of=("self",)).filter(external_id__in=numbers)
    by_number: dict[str, list[Order]] = {}
    for row in rows.select_related("account__tenant").order_by("pk"):
        by_number.setdefault(row.external_id, []).append(row)
    found = [
        (by_number[record.order_id][0], None, parcel)
        for record in newest.values()
        if len(by_number.get(record.order_id, [])) == 1
        for parcel in record.shipments
    ]
    write_shipments(found)
    changed = {order.pk: order for order, _, _ in found}
    for order in changed.values():
        summary.refresh(order.account, [order.pk], now=now)
    return Stored(changed=sorted(changed))
