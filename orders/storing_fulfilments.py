"""Parcels Amazon ships for another channel (MCF): into the order whose number stands on the packing slip."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count

from marketplaces.models import SellerAccount
from marketplaces.records import FulfilmentRecord, ShipmentRecord
from orders import summary
from orders.models import Order, Shipment
from orders.storing import Stored, write_shipments

Found = tuple[Order, None, ShipmentRecord]


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
    found: list[Found] = [
        (by_number[record.order_id][0], None, parcel)
        for record in newest.values()
        if len(by_number.get(record.order_id, [])) == 1
        for parcel in record.shipments
    ]
    changed = {order.pk: order for order, _, parcel in _news(found)}
    write_shipments(found)
    for order in changed.values():
        summary.refresh(order.account, [order.pk], now=now)
    return Stored(changed=sorted(changed))


def _news(found: list[Found]) -> list[Found]:
    """Those that tell of a parcel something we do not have."""
    known = {
        (row.order_id, row.external_id): row
        for row in Shipment.objects.filter(
            order__in={order.pk for order, _, _ in found}, by_mcf=True
        ).annotate(scans=Count("events"))
    }
    return [each for each in found if _is_news(known.get((each[0].pk, each[2].external_id[:100])), each[2])]


def _is_news(row: Shipment | None, parcel: ShipmentRecord) -> bool:
    return (
        row is None
        or (row.status, row.status_text) != (parcel.status.value, parcel.status_text[:60])
        or (row.shipped_at, row.estimated_at, row.delivered_at)
        != (parcel.shipped_at, parcel.estimated_at, parcel.delivered_at)
        or getattr(row, "scans", 0) < len({(scan.at, scan.code[:60]) for scan in parcel.events})
    )
