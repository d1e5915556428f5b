"""The order and the buyer a mail names, before the marketplace's own records are here."""

from datetime import datetime

from django.db.models.functions import Now

from marketplaces.mailbox.parsed import ParsedMail
from marketplaces.models import SellerAccount
from orders.models import Buyer, BuyerIdentity, Order, PurchaseOrder


def buyer_and_order(
    account: SellerAccount, mail: ParsedMail, *, expires_at: datetime, buyer: Buyer | None = None
) -> tuple[Buyer | None, Order | None]:
    """Find or make them; a mail that names neither a relay alias nor an order has neither."""
    identity = None
    if mail.relay_alias:
        identity = BuyerIdentity.objects.filter(account=account, relay_alias=mail.relay_alias[:254]).first()
    order = None
    if mail.order_ids:
        order = _order(account, mail, expires_at=expires_at)
    buyer = buyer or (identity.buyer if identity else None)
    if buyer is None and (mail.relay_alias or order is not None):
        buyer = (order.buyer if order and not mail.relay_alias else None) or Buyer.objects.create(
            tenant_id=account.tenant_id, name=mail.buyer_name[:200], expires_at=expires_at
        )
    if buyer is not None and identity is None and mail.relay_alias:
        BuyerIdentity.objects.create(
            tenant_id=account.tenant_id,
            buyer=buyer,
            account=account,
            relay_alias=mail.relay_alias[:254],
            expires_at=expires_at,
        )
    if order is not None and order.buyer_id is None and buyer is not None:
        order.buyer = buyer
        order.save(update_fields=["buyer"])
    return buyer, order


def _order(account: SellerAccount, mail: ParsedMail, *, expires_at: datetime) -> Order:
    """The order a mail names, by the buyer's number or by a purchase order's; wanted where it is not here."""
    number = mail.order_ids[0][:40]
    order = Order.objects.filter(account=account, external_id=number).first()
    if order is not None:
        return order
    purchase = (
        PurchaseOrder.objects.filter(account=account, external_id=number).select_related("order").first()
    )
    if purchase is not None:
        return purchase.order
    order, _ = Order.objects.get_or_create(
        tenant_id=account.tenant_id,
        account=account,
        external_id=number,
        defaults={
            "item_title": mail.item_title[:500],
            "item_id": mail.item_id[:40],
            "expires_at": expires_at,
            "wanted_at": Now(),
        },
    )
    return order
