"""The orders and buyers mails name, before the marketplace's own records are here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from marketplaces.mailbox.parsed import ParsedMail
from marketplaces.models import SellerAccount
from orders.models import Buyer, BuyerIdentity, Order, PurchaseOrder


@dataclass(slots=True)
class Named:
    """Rows the mails of a batch have made or changed, to be written together."""

    buyers: list[Buyer] = field(default_factory=list)
    identities: list[BuyerIdentity] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    with_buyer: list[Order] = field(default_factory=list)

    def write(self) -> None:
        """Store them, parents first, and forget them.

        Orders by number and before identities, as a stream writes them: two that meet do not deadlock.
        """
        Buyer.objects.bulk_create(self.buyers)
        Order.objects.bulk_create(sorted(self.orders, key=lambda order: order.external_id))
        Order.objects.bulk_update(self.with_buyer, ["buyer"])
        BuyerIdentity.objects.bulk_create(sorted(self.identities, key=lambda each: each.relay_alias))
        self.buyers, self.identities, self.orders, self.with_buyer = [], [], [], []


def known_orders(account: SellerAccount, mails: Sequence[ParsedMail]) -> dict[str, Order]:
    """The orders these mails name first, by the number named: the buyer's, or a purchase order's."""
    numbers = {mail.order_ids[0][:40] for mail in mails if mail.order_ids}
    if not numbers:
        return {}
    rows = Order.objects.filter(account=account, external_id__in=numbers).select_related("buyer")
    found = {row.external_id: row for row in rows}
    if rest := numbers - set(found):
        purchases = PurchaseOrder.objects.filter(account=account, external_id__in=rest)
        found |= {each.external_id: each.order for each in purchases.select_related("order__buyer")}
    return found


def known_identities(account: SellerAccount, mails: Iterable[ParsedMail]) -> dict[str, BuyerIdentity]:
    """The buyers these mails come from, by relay alias."""
    aliases = {mail.relay_alias[:254] for mail in mails if mail.relay_alias}
    rows = BuyerIdentity.objects.filter(account=account, relay_alias__in=aliases).select_related("buyer")
    return {row.relay_alias: row for row in rows} if aliases else {}


def order_numbered(account: SellerAccount, number: str, *, expires_at: datetime, now: datetime) -> Order:
    """The account's order of this number, or a placeholder that is asked for at once."""
    purchase = (
        PurchaseOrder.objects.filter(account=account, external_id=number).select_related("order").first()
    )
    if purchase is not None:
        return purchase.order
    order, _ = Order.objects.get_or_create(
        tenant_id=account.tenant_id,
        account=account,
        external_id=number[:40],
        defaults={"expires_at": expires_at, "wanted_at": now},
    )
    return order


def buyer_and_order(
    account: SellerAccount,
    mail: ParsedMail,
    named: Named,
    *,
    orders: dict[str, Order],
    identities: dict[str, BuyerIdentity],
    expires_at: datetime,
    wanted_at: datetime | None,
    buyer: Buyer | None = None,
) -> tuple[Buyer | None, Order | None]:
    """Find or make them; a mail that names neither a relay alias nor an order has neither.

    `wanted_at` is when a new order is asked for; of history nothing is, for its orders come in by themselves.
    What is made goes into `named`, and into `orders` and `identities` for the next mail of the batch.
    """
    order = (
        _order(account, mail, named, orders, expires_at=expires_at, wanted_at=wanted_at)
        if mail.order_ids
        else None
    )
    alias = mail.relay_alias[:254]
    identity = identities.get(alias) if alias else None
    buyer = buyer or (identity.buyer if identity else None)
    if buyer is None and (alias or order is not None):
        buyer = order.buyer if order is not None and not alias else None
        if buyer is None:
            buyer = Buyer(tenant_id=account.tenant_id, name=mail.buyer_name[:200], expires_at=expires_at)
            named.buyers.append(buyer)
    if buyer is not None and identity is None and alias:
        identities[alias] = BuyerIdentity(
            tenant_id=account.tenant_id,
            buyer=buyer,
            account=account,
            relay_alias=alias,
            expires_at=expires_at,
        )
        named.identities.append(identities[alias])
    if order is not None and order.buyer is None and buyer is not None:
        order.buyer = buyer
        if order.pk is not None:
            named.with_buyer.append(order)
    return buyer, order


def _order(
    account: SellerAccount,
    mail: ParsedMail,
    named: Named,
    orders: dict[str, Order],
    *,
    expires_at: datetime,
    wanted_at: datetime | None,
) -> Order:
    number = mail.order_ids[0][:40]
    if number not in orders:
        orders[number] = Order(
            tenant_id=account.tenant_id,
            account=account,
            external_id=number,
            item_title=mail.item_title[:500],
            item_id=mail.item_id[:40],
            expires_at=expires_at,
            wanted_at=wanted_at,
        )
        named.orders.append(orders[number])
    return orders[number]
